"""Find: lists in pages and single objects, each with what the caller may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from interroam.core.finding.offers import offered
from interroam.core.ports import Page, Query
from interroam.core.refs import token_ref
from interroam.core.rules.audience import may_be_shown
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Stored
from interroam.model.ids import (
    OWNER_ROLE,
    Key,
    Kind,
    PartyId,
    Role,
    evse_key,
    tariff_key,
    token_key,
)
from interroam.model.places import Location
from interroam.model.tokens import Token
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.showing import objects, sees
from interroam.protocols.plain.wire.misread import Misread

MOST = 1_000


_L = TypeVar("_L", bound=Struct)


async def listed(kind: Kind, shape: type[_L], call: Call) -> _L:
    """List objects of a kind.

    Of others' locations unpublished ones only with a card that they may be shown to (OCPI-194), of their tariffs the
    regular ones, in the description that is for the caller (OCPI-146, OCPI-152).
    """
    items, after = await _page(call, kind, await _shown(call) if kind is Kind.LOCATION else bool)
    return shape(items=items, next=after)


async def named(key_of: Callable[[PartyId, str], Key], call: Call) -> object:
    """Find one object by its id."""
    return await _one(call, key_of(_owner(call), call.params["id"]))


async def evse(call: Call) -> object:
    """Find one EVSE."""
    return await _one(call, evse_key(_owner(call), call.params["id"], call.params["uid"]))


async def tariff(call: Call) -> object:
    """Find one tariff; another's in the description that is for the caller."""
    owner, target = _owner(call), None
    if call.partner.speaks_for(owner, Role.CPO) or call.partner.is_hub:
        target = translate.party_of(call.query.target, "target") if call.query.target else None
    else:
        for party in call.partner.parties:
            if (row := await offered(call.hub.store, owner, call.params["id"], party.id)) is not None and row.key.sub:
                target = party.id
    return await _one(call, tariff_key(_owner(call), call.params["id"], target))


async def token(call: Call) -> object:
    """Find one token."""
    return await _one(call, token_key(_owner(call), translate.token_type(call.params["type"]), call.params["uid"]))


async def _shown(call: Call) -> Callable[[Stored], bool]:
    """Return what says whether the caller may show a place on a map."""
    asked: wire.ListedPlaces = call.query
    tokens: list[Token] = []
    if asked.card:
        kind, _, uid = asked.card.rpartition(":")
        rows = await call.hub.store.by_ref(token_ref(translate.token_type(kind or "RFID"), uid), Kind.TOKEN)
        tokens = [row.body for row in rows if isinstance(row.body, Token)]

    def shown(row: Stored) -> bool:
        if not isinstance(row.body, Location) or call.partner.speaks_for(row.body.owner):
            return True
        return may_be_shown(row.body, tokens)

    return shown


def _owner(call: Call) -> PartyId:
    return translate.party_of(call.params["party"])


async def _one(call: Call, key: Key) -> object:
    row = await call.hub.store.get(key)
    call.about([key.id])
    if row is None or row.withdrawn or not await sees(call.hub, call.partner, row):
        raise Refused(
            Reason.UNKNOWN_OBJECT,
            f"no {key.kind.value} {key.id} of {key.party} is known here, or none that you may see",
            remedy="see the list of what you may see",
        )
    (shown,) = await objects(call.hub, [row], call.partner.parties)
    return shown


async def _page(call: Call, kind: Kind, shown: Callable[[Stored], bool] = bool) -> tuple[tuple[Any, ...], int | None]:
    """Read what each of the partner's parties may see side by side; all are in order of creation, so is their sum."""
    asked: wire.Listed = call.query
    if not 1 <= asked.limit <= MOST or asked.after < 0:
        raise Misread("limit" if asked.after >= 0 else "after", f"a page has 1 to {MOST} objects, after a number")
    query = Query(
        kind=kind,
        owners=frozenset({translate.party_of(asked.party)}) if asked.party else None,
        updated_from=translate.utc(asked.from_) if asked.from_ else None,
        updated_to=translate.utc(asked.to) if asked.to else None,
        after=asked.after,
        limit=asked.limit,
    )
    found: dict[int, Stored] = {}
    more = False
    for page in await _views(call, query):
        found |= {row.no: row for row in page.items}
        more = more or page.next > 0
    rows = [found[number] for number in sorted(found)]
    more = more or len(rows) > asked.limit
    rows = rows[: asked.limit]
    after = rows[-1].no if more and rows else None
    seen = [row for row in rows if shown(row) and (kind is not Kind.TARIFF or await sees(call.hub, call.partner, row))]
    return tuple(await objects(call.hub, seen, call.partner.parties)), after


async def _views(call: Call, query: Query) -> list[Page]:
    hub, role = call.hub, OWNER_ROLE[query.kind]
    own = frozenset(party.id for party in call.partner.parties if party.role is role)
    if query.owners is not None:
        own &= query.owners
    pages = [await hub.store.page(replace(query, owners=own))] if own else []
    pages += [await hub.find(party, query) for party in call.partner.parties if party.role is not role]
    return pages
