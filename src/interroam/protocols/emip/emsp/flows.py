"""Changes of EVSEs that the platform is to push: turned on where the partner's switch says so, and off again.

What the platform was told last is kept, so that a restart does not tell it again (EMIP-64: what we turn on, we serve).
"""

from __future__ import annotations

from interroam.core.documents import Documents
from interroam.model.ids import PartyId
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import ToIop

SHELF = "emip.flows"
_ON: tuple[type[ToIop], ...] = (
    to_iop.ActivateEVSEStaticDataChangesFlow,
    to_iop.ActivateEVSEDynamicDataChangesFlow,
)
_OFF: tuple[type[ToIop], ...] = (
    to_iop.DeActivateEVSEStaticDataChangesFlow,
    to_iop.DeActivateEVSEDynamicDataChangesFlow,
)


class Flows:
    """The flows of one platform, static and dynamic."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._told = Documents(peer.hub.store, SHELF, bool)

    @property
    def _wanted(self) -> bool:
        return self._peer.switches.follows_places

    async def due(self, emsp: PartyId) -> bool:
        """Whether the platform has yet to be told what is wanted."""
        return (await self._told.load(self._name(emsp)) or False) != self._wanted

    async def settle(self, emsp: PartyId) -> int:
        """Turn both flows on or off; returns how many."""
        wanted = self._wanted
        for form in _ON if wanted else _OFF:
            (await self._peer.call(form(**self._peer.header(emsp)))).check()
        await self._told.save(self._name(emsp), wanted)
        return len(_ON)

    def _name(self, emsp: PartyId) -> str:
        return f"{self._peer.partner.id}/{emsp}"
