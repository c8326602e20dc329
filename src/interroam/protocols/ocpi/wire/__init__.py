"""Shapes of OCPI 2.2.1, one file per module, in the specification's own words.

Lenient in, strict out: ``read`` takes what can be understood and says what was wrong with it, ``write`` is correct, and
``mended`` is what may be passed on.
"""

from .codec import mended, read, reader, rewrite, write
from .lenient import Finding, Malformed, NotJson

__all__ = ["Finding", "Malformed", "NotJson", "mended", "read", "reader", "rewrite", "write"]
