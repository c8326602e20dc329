"""The bridge at work: what a conversion between 2.1.1 and 2.2.1 must be told is looked up here, then ``v211`` converts.

Lifting and lowering happen at the edge, so that all else knows 2.2.1 only: a 2.1.1 partner is looked at through
``OldViews``, and what it says goes through ``Lifting``.
"""

from interroam.protocols.ocpi.rules.versions import OLD

from .crawls import Crawls
from .lifting import Lifting
from .looks import OldViews, Unsaid
from .naming import HubNames, OwnerNames, long_id, short_names

__all__ = ["OLD", "Crawls", "HubNames", "Lifting", "OldViews", "OwnerNames", "Unsaid", "long_id", "short_names"]
