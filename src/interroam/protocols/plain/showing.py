"""Objects and entries as this API shows them; what is stored apart is put together here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from interroam.core.hub import Hub
from interroam.model.charges import Cdr, Command, Session
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import OWNER_ROLE, Kind
from interroam.model.parties import Partner
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.protocols.plain import translate, wire

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: object) -> bytes:
    """Write JSON; decimals as numbers, with every digit they have."""
    return _ENCODER.encode(value)


def speaks_for_owner(partner: Partner, stored: Stored) -> bool:
    """Whether the object is the partner's own."""
    return partner.speaks_for(stored.key.party, OWNER_ROLE[stored.key.kind])


def sees(hub: Hub, partner: Partner, stored: Stored) -> bool:
    """Whether a partner may see an object: its own always, others' by agreement."""
    return speaks_for_owner(partner, stored) or any(hub.may_see(party, stored) for party in partner.parties)


def entitled(hub: Hub, partner: Partner, entry: Entry) -> bool:
    """Whether an entry is owed to one of the partner's parties."""
    told = hub.book.routing.receivers(entry, hub.clock.now())
    return any(key.party in partner.parties for key, _ in told)


async def objects(hub: Hub, rows: Sequence[Stored]) -> list[object]:
    """Show objects of the picture, locations with their EVSEs."""
    places = [row.key for row in rows if row.key.kind is Kind.LOCATION]
    inside = dict(zip(places, await hub.store.evses(places), strict=True)) if places else {}
    return [_shown(row, inside.get(row.key, ())) for row in rows]


def _shown(row: Stored, inside: Sequence[Stored]) -> object:
    match row.body:
        case Location() as location:
            evses = [one.body for one in inside if isinstance(one.body, Evse)]
            return translate.write_location(location, evses)
        case Evse() as evse:
            return translate.write_evse(evse)
        case Tariff() as tariff:
            return translate.write_tariff(tariff)
        case Token() as token:
            return translate.write_token(token)
        case Session() as session:
            return translate.write_session(session)
        case Cdr() as cdr:
            return translate.write_cdr(cdr)
        case Command() as command:
            return translate.write_outcome(command, row.updated)
        case _:
            return None


async def fact(hub: Hub, entry: Entry) -> wire.Fact | None:
    """Show an entry with its object as known now; None when there is nothing left to show."""
    shown = None
    if entry.act is not Act.WITHDRAWAL:
        row = await hub.store.get(entry.key)
        if row is None or row.withdrawn:
            return None  # a later entry says that it is gone
        (shown,) = await objects(hub, [row])
    kind = wire.KIND_WORDS[entry.key.kind]
    return wire.Fact(
        seq=entry.seq,
        at=entry.at,
        kind=kind,
        act=entry.act,
        key=translate.write_key(entry.key),
        object=shown,
        hub_id=entry.hub_id,
        fields=tuple(sorted(entry.fields)),
        removed=entry.removed,
        correlation=entry.correlation,
    )
