"""How an object looks to one receiver: whole objects for lists and pushes, and the patches between them."""

from .dress import View
from .gallery import Views

__all__ = ["View", "Views"]
