"""Changes of EVSEs that the platform is to push: turned on where the partner's switch says so, and off again.

What the platform was told last is kept, so that a restart does not tell it again (EMIP-64: what we turn on, we serve).
"""

from __future__ import annotations

import msgspec

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
        self._store = peer.hub.store

    @property
    def _wanted(self) -> bool:
        return self._peer.switches.follows_places

    async def due(self, emsp: PartyId) -> bool:
        """Whether the platform has yet to be told what is wanted."""
        return await self._told(emsp) != self._wanted

    async def settle(self, emsp: PartyId) -> int:
        """Turn both flows on or off; returns how many."""
        wanted = self._wanted
        for form in _ON if wanted else _OFF:
            (await self._peer.call(form(**self._peer.header(emsp)))).check()
        await self._store.save(SHELF, self._name(emsp), msgspec.msgpack.encode(wanted))
        return len(_ON)

    async def _told(self, emsp: PartyId) -> bool:
        body = await self._store.load(SHELF, self._name(emsp))
        return msgspec.msgpack.decode(body, type=bool) if body is not None else False

    def _name(self, emsp: PartyId) -> str:
        return f"{self._peer.partner.id}/{emsp}"
