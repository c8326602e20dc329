"""HTTP in: authenticate, parse, translate; then tell, ask or find, and answer."""

from .front import Configuration, OcpiServer

__all__ = ["Configuration", "OcpiServer"]
