"""How an object looks to one receiver: whole objects for lists and pushes, and the patches between them."""

from .dress import View
from .gallery import Views
from .looks import Looks

__all__ = ["Looks", "View", "Views"]
