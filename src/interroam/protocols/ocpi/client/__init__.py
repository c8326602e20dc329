"""The client: what we tell an OCPI partner and what we ask it."""

from .link import OcpiLink

__all__ = ["OcpiLink"]
