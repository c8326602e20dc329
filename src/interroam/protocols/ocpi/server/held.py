"""Sessions and CDRs of 2.1.1 whose token nobody has stated yet: kept, and told as soon as it is.

2.1.1 names a contract and no token, so without the token such a message cannot be told as one of 2.2.1 (sheet 4.3).
To refuse it would lose it: its CPO drops what is answered HTTP 200 with 2xxx, and is stopped by anything else (C33,
OCPI-182). So it is durable here before it is acknowledged with success, and found in the register until it is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.chores import Chores
from interroam.core.hub import Hub
from interroam.core.refs import contract_ref
from interroam.core.telling.waiting import Waiting
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Entry
from interroam.model.ids import Kind
from interroam.model.tokens import Token
from interroam.protocols.ocpi import v211

from .call import Call

log = structlog.get_logger()
_TOKEN = Kind.TOKEN
SHELF = "ocpi_held"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for the token of a contract."""

    id: str
    at: datetime
    partner: str
    face: str
    method: str
    path: str
    body: bytes
    contract: str
    correlation: str
    message: str


Take = Callable[[Held], Awaitable[None]]
_decode = msgspec.msgpack.Decoder(Held).decode
_encode = msgspec.msgpack.Encoder().encode


class Holding:
    """Keeps messages and takes them up again; ``take`` answers one, or raises."""

    def __init__(self, hub: Hub, take: Take) -> None:
        self._hub = hub
        self._take = take
        self._waiting: dict[str, Held] | None = None
        self._chores = Chores()
        hub.store.subscribe(self._committed)
        hub.keepers.append(self)
        hub.forgetting.append(self._forget)

    async def hold(self, call: Call, face: str, no: Refused) -> None:
        """Keep the message of a call; the same one again takes the place of the first."""
        waiting = await self._load()
        body = call.request.body
        said = v211.mentioned(body)
        named = call.tail[2] if len(call.tail) > 2 else _id(body)
        one = Held(
            id=f"{call.partner.id}/{call.module}/{named}",
            at=call.now,
            partner=call.partner.id,
            face=face,
            method=call.request.method,
            path="/".join((call.module, *call.tail)),
            body=body,
            contract=contract_ref(said.auth_id),
            correlation=call.correlation,
            message=no.message,
        )
        await self._hub.store.save(SHELF, one.id, _encode(one))
        waiting[one.id] = one
        call.notes.append(f"{no.message}: held until its token is stated")
        log.warning("charge_held", partner=one.partner, object=one.id)

    # -- for an operator -------------------------------------------------------------------------------------------

    async def waiting(self) -> list[Waiting]:
        """Return what waits, the oldest first."""
        return [_shown(one) for one in sorted((await self._load()).values(), key=lambda each: each.at)]

    async def again(self, id: str) -> bool:
        """Try to tell a message now; false when it has to go on waiting."""
        one = (await self._load()).get(id)
        return one is not None and await self._try(one)

    async def drop(self, id: str) -> None:
        """Give a message up."""
        (await self._load()).pop(id, None)
        await self._hub.store.remove(SHELF, id)
        log.warning("held_charge_dropped", object=id)

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _load(self) -> dict[str, Held]:
        if self._waiting is None:
            found = await held(self._hub)
            if self._waiting is None:  # nobody else came first meanwhile
                self._waiting = {one.id: one for one in found}
        return self._waiting

    def _forget(self) -> None:
        """Read again what waits, since what it says of a driver was changed."""
        if self._waiting is not None:
            self._waiting.clear()  # whoever tries one of them now writes nothing back
            self._waiting = None

    def _committed(self, entries: Sequence[Entry]) -> None:
        contracts = {contract_ref(each.body.contract_id) for each in entries if isinstance(each.body, Token)}
        changed = any(each.key.kind is _TOKEN for each in entries)
        if changed and self._waiting != {}:
            self._chores.begin(self._retry(contracts))

    async def _retry(self, contracts: set[str]) -> None:
        waiting = await self._load()
        for one in sorted(waiting.values(), key=lambda each: each.at):
            if one.contract in contracts:
                await self._try(one)

    async def _try(self, one: Held) -> bool:
        waiting = await self._load()
        try:
            await self._take(one)
        except (Refused, Unavailable) as trouble:
            log.warning("held_charge_not_taken", object=one.id, reason=trouble.message)
            if waiting.get(one.id) is one and trouble.message != one.message:
                waiting[one.id] = replace(one, message=trouble.message)
                await self._hub.store.save(SHELF, one.id, _encode(waiting[one.id]))
            return False
        if waiting.get(one.id) is one:  # a newer message may have taken its place meanwhile
            del waiting[one.id]
            await self._hub.store.remove(SHELF, one.id)
        log.info("held_charge_told", object=one.id)
        return True


async def held(hub: Hub) -> list[Held]:
    """Return what is held, oldest first."""
    return sorted((_decode(body) for _, body in await hub.store.all(SHELF)), key=lambda each: each.at)


def _id(body: bytes) -> str:
    return str(msgspec.json.decode(body).get("id", ""))


def _shown(one: Held) -> Waiting:
    contract = v211.mentioned(one.body).auth_id
    module, _, named = one.id.removeprefix(f"{one.partner}/").partition("/")
    return Waiting(
        id=one.id,
        partner=one.partner,
        object=f"{module.removesuffix('s')} {named}",
        since=one.at,
        why=one.message,
        passes=f"its provider states a token of contract {contract}",
        contract=contract,
    )
