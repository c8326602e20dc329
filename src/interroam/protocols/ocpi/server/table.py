"""The routing table of 2.2.1: which side of which module answers at which path."""

from __future__ import annotations

from collections.abc import Mapping

from . import places
from .desk import Side

ROUTES: Mapping[tuple[str, str], Side] = {
    ("receiver", "locations"): places.RECEIVER,
}
