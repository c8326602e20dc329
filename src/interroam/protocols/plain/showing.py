"""Objects and entries as this API shows them; what is stored apart is put together here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.office.notary import Notary
from interroam.model.agreements import Agreement
from interroam.model.charges import Cdr, Command, Session
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import OWNER_ROLE, Key, Kind, Party, Role
from interroam.model.parties import Partner
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.wire import agreements

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: object) -> bytes:
    """Write JSON; decimals as numbers, with every digit they have."""
    return _ENCODER.encode(value)


def speaks_for_owner(partner: Partner, stored: Stored) -> bool:
    """Whether the object is the partner's own."""
    return partner.speaks_for(stored.key.party, OWNER_ROLE[stored.key.kind])


async def sees(hub: Hub, partner: Partner, stored: Stored) -> bool:
    """Whether a partner may see an object: its own always, others' by agreement."""
    if speaks_for_owner(partner, stored):
        return True
    for party in partner.parties:
        if await hub.sight.sees(party, stored):
            return True
    return False


async def entitled(hub: Hub, partner: Partner, entry: Entry) -> Entry | None:
    """Return an entry as one of the partner's parties may know it; None when it is owed to none of them."""
    for key, _ in hub.book.routing.receivers(entry, hub.clock.now()):
        told = await hub.sight.told(key.party, entry) if key.party in partner.parties else None
        if told is not None:
            return told
    return None


async def objects(hub: Hub, rows: Sequence[Stored], viewers: Sequence[Party]) -> list[object]:
    """Show objects of the picture, locations with those of their EVSEs that one of the viewers may see."""
    places = [row.key for row in rows if row.key.kind is Kind.LOCATION]
    inside = dict(zip(places, await hub.store.evses(places), strict=True)) if places else {}
    if hub.book.routing.selective:
        for key, evses in inside.items():
            inside[key] = [one for one in evses if await _seen(hub, viewers, one)]
    return [_shown(_known(row, viewers), inside.get(row.key, ())) for row in rows]


def _known(row: Stored, viewers: Iterable[Party]) -> Stored:
    """Return a row as viewers know it: whom a tariff is for is between its CPO and the hub (OCPI-155)."""
    if not isinstance(row.body, Tariff) or row.body.target is None or _knows_target(row.key, viewers):
        return row
    return replace(row, body=replace(row.body, target=None))


def _knows_target(key: Key, viewers: Iterable[Party]) -> bool:
    return any(party.role is Role.HUB or party == Party(key.party, Role.CPO) for party in viewers)


async def _seen(hub: Hub, viewers: Sequence[Party], evse: Stored) -> bool:
    if any(party.id == evse.key.party for party in viewers):
        return True
    for party in viewers:
        if await hub.sight.sees(party, evse):
            return True
    return False


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


async def fact(hub: Hub, entry: Entry, viewers: Sequence[Party]) -> wire.Fact | None:
    """Show an entry with its object as known now to its viewers; None when there is nothing left to show."""
    shown = None
    if entry.act is not Act.WITHDRAWAL:
        row = await hub.store.get(entry.key)
        if row is None or row.withdrawn:
            return None  # a later entry says that it is gone
        (shown,) = await objects(hub, [row], viewers)
    kind, key = wire.KIND_WORDS[entry.key.kind], entry.key
    if key.kind is Kind.TARIFF and not _knows_target(key, viewers):
        key = key._replace(sub="")
    return wire.Fact(
        seq=entry.seq,
        at=entry.at,
        kind=kind,
        act=entry.act,
        key=translate.write_key(key),
        object=shown,
        hub_id=entry.hub_id,
        fields=tuple(sorted(entry.fields)) if entry.act is Act.CHANGE else (),
        removed=entry.removed,
        correlation=entry.correlation,
    )


def agreement_report(one: Agreement, notary: Notary, beside: Iterable[str] = ()) -> agreements.AgreementReport:
    """Write an agreement or an offer, and which others hold beside it."""
    in_force = notary.is_in_force(one)
    return agreements.AgreementReport(
        id=one.id,
        version=one.version,
        emsp=str(one.emsp),
        cpos=tuple(map(str, one.cpos)),
        networks=one.networks,
        starts=one.starts,
        ends=one.ends,
        in_force=in_force,
        terms=one.terms,
        selections=tuple(
            agreements.SelectionSaid(
                cpo=str(each.cpo) if each.cpo else None,
                locations=tuple(sorted(each.locations)),
                tariff_groups=tuple(sorted(each.tariff_groups)),
                evses=tuple(sorted(each.evses)),
            )
            for each in one.selections
        ),
        prices=agreements.PricesSaid(
            tariffs=tuple(map(translate.write_tariff, one.prices.tariffs)),
            tolerance=one.prices.tolerance,
            beyond=one.prices.beyond,
            clearing=one.prices.clearing,
        ),
        services=tuple(sorted(one.services)),
        smart_charging=tuple(map(str, one.smart_charging)),
        accepted=tuple(agreements.Accepted(party=str(each.party), by=each.by, at=each.at) for each in one.accepted),
        waiting=tuple(map(str, notary.waiting(one))) if one.accepted != () or not in_force else (),
        beside=tuple(beside),
    )
