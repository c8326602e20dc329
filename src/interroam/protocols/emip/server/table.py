"""Which handler answers which operation."""

from __future__ import annotations

from collections.abc import Mapping

from . import beats
from .desk import Handler

HANDLERS: Mapping[str, Handler] = {
    "eMIP_ToIOP_HeartBeat": beats.to_platform,
    "eMIP_FromIOP_HeartBeat": beats.from_platform,
}
"""By the operation's name on the wire; one that is not here is not offered."""
