"""Static data of pools, stations, EVSEs and connectors → Location, Evse, Connector: facts and changes.

What OCPI must have and eMIP does not say is guessed, by these rules (named in the loss statement):

- A connector's standard is taken from connectorType where that is a word of OCPI. Else it is direct current by CCS
  where the power is above 44 kW or the current says DC, and alternating current by Type 2 otherwise.
- Alternating current is of one phase up to 7.4 kW, else of three, at 230 V each; direct current is at 400 V. The
  amperage follows from the power; nothing said of power means 22 kW.
- A plug hangs on a cable for direct current and above 22 kW; else there is a socket.
- An EVSE without connectors has one, so that somebody may charge there; the first one stated takes its place.
- Every EVSE reads cards and starts from afar: a CPO of eMIP must have both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from interroam.core.ports import EPOCH
from interroam.model.facts import Body, Change, Fact, Merge, Wire
from interroam.model.ids import Key, PartyId, evse_key, location_key
from interroam.model.places import Availability, Connector, Coordinates, Evse, EvseStatus, Location
from interroam.protocols.emip.rules.ids import ElementId

from . import attributes as at_
from .attributes import Attributes, Kept, Values, by_number, first, kept_in, merged, stated, wired

NOT_KNOWN = "#NA"
"""What stands in a mandatory text of OCPI that cannot be filled."""
NOWHERE = Coordinates(Decimal(0), Decimal(0))
ALWAYS = ("RFID_READER", "REMOTE_START_STOP_CAPABLE")
_RESERVABLE = "RESERVABLE"
GUESSED = "1"
"""The connector of an EVSE of which none was stated."""
_UNSTATED = EvseStatus(word="", availability=Availability.UNKNOWN)  # no word: nobody has said anything yet
_STATED = frozenset({"attributes"})
_STATION = frozenset({"station"})
_CONNECTORS = frozenset({"connectors"})
_MOST_AC_KW, _MOST_SINGLE_KW, _MOST_SOCKET_KW = Decimal(44), Decimal("7.4"), Decimal(22)
_STANDARDS = {"DC": "IEC_62196_T2_COMBO", "AC": "IEC_62196_T2"}
_WORDS = ("IEC_", "DOMESTIC_", "NEMA_", "TESLA_", "PANTOGRAPH_", "GBT_")


# -- names -------------------------------------------------------------------------------------------------------------


def pool_key(pool: ElementId) -> Key:
    """Return the key of the location that a pool is."""
    return location_key(pool.operator, pool.compared)


def in_pool(pool: Key, evse: ElementId) -> Key:
    """Return the key of an EVSE in a pool."""
    return evse_key(pool.party, pool.id, evse.compared)


# -- pools -------------------------------------------------------------------------------------------------------------


def pool_fact(owner: PartyId, pool: ElementId, sent: Attributes, at: datetime) -> Fact:
    """Make a fact of a pool that is new; ValueError when a value is none of its kind."""
    own = tuple(one for one in stated(sent) if one[1])
    blank = Location(
        owner=owner, id=pool.compared, address=NOT_KNOWN, city=NOT_KNOWN, country=at_.country(None, owner.country),
        coordinates=NOWHERE, last_updated=at,
    )  # fmt: skip
    body = _with_pool(blank, by_number(own), frozenset(number for number, _ in own))
    return Fact(body, wired(Kept(own)))


def pool_change(key: Key, sent: Attributes, at: datetime, *, whole: bool = False) -> Change:
    """Make a change of what is stated of a pool; ``whole`` leaves nothing of what was stated before."""
    told = stated(sent)
    _with_pool(_SAMPLE, by_number(tuple(one for one in told if one[1])), _numbers(told))  # refuse what cannot be read

    def change(body: Location, kept: Kept) -> tuple[Location, Kept]:
        own = _grown(kept.own, told, whole=whole)
        touched = _numbers(told) | (_numbers(kept.own) if whole else frozenset())
        return replace(_with_pool(body, by_number(own), touched), last_updated=_later(at, body)), replace(kept, own=own)

    return Change(key, _STATED, at, _merge(Location, change), wired(Kept(told)))


def _with_pool(body: Location, values: Values, touched: frozenset[int]) -> Location:
    """Return a location with what the attributes touched say now."""
    fields: dict[str, Any] = {}
    if touched & {at_.STREET_NUMBER, at_.STREET_NAME}:
        parts = (first(values, at_.STREET_NUMBER), first(values, at_.STREET_NAME))
        fields["address"] = " ".join(part for part in parts if part) or NOT_KNOWN
    if at_.CITY in touched:
        fields["city"] = first(values, at_.CITY) or NOT_KNOWN
    if at_.COUNTRY in touched:
        fields["country"] = at_.country(first(values, at_.COUNTRY), body.owner.country)
    if touched & {at_.ENTRANCE_LATITUDE, at_.ENTRANCE_LONGITUDE}:
        fields["coordinates"] = at_.read_point(values, at_.ENTRANCE_LATITUDE, at_.ENTRANCE_LONGITUDE) or NOWHERE
    if at_.ALWAYS_OPEN in touched:
        fields["always_open"] = at_.read_flag(values, at_.ALWAYS_OPEN)
    fields |= {name: first(values, number) for number, name in _POOL_TEXTS.items() if number in touched}
    return replace(body, **fields) if fields else body


_POOL_TEXTS = {
    at_.POOL_NAME: "name",
    at_.BRAND: "operator_name",
    at_.OWNER_NAME: "owner_name",
    at_.POST_CODE: "postal_code",
    at_.PROVINCE: "state",
}


# -- EVSEs -------------------------------------------------------------------------------------------------------------


def evse_fact(
    location_id: str, evse: ElementId, station: tuple[str, Attributes] | None, sent: Attributes, at: datetime
) -> Fact:
    """Make a fact of an EVSE that is new: here, of this station if any (its id and what is stated of it)."""
    own = tuple(one for one in stated(sent) if one[1])
    kept = Kept(own, station[1] if station is not None else (), guessed=True)
    blank = Evse(
        owner=evse.operator,
        location_id=location_id,
        uid=evse.compared,
        evse_id=str(evse),
        status=_UNSTATED,
        station_id=station[0] if station is not None else None,
        last_updated=at,
    )
    return Fact(_with_evse(blank, kept, ()), wired(kept))


def evse_change(
    key: Key, sent: Attributes, at: datetime, *, whole: bool = False, station: tuple[str, Attributes] | None = None
) -> Change:
    """Make a change of what is stated of an EVSE; a station says that it is part of that one now."""
    told = stated(sent)
    _with_evse(_SAMPLE_EVSE, Kept(tuple(one for one in told if one[1])), ())

    def change(body: Evse, kept: Kept) -> tuple[Evse, Kept]:
        grown = replace(kept, own=_grown(kept.own, told, whole=whole))
        if station is not None:
            grown = replace(grown, station=station[1])
            body = replace(body, station_id=station[0])
        return _rebuilt(body, kept, grown, at), grown

    return Change(key, _STATED, at, _merge(Evse, change), wired(Kept(told)))


def station_change(key: Key, known: Attributes, at: datetime) -> Change:
    """Make a change of an EVSE whose station is described so from now on; ValueError for what cannot be read."""
    _with_evse(_SAMPLE_EVSE, Kept((), known), ())

    def change(body: Evse, kept: Kept) -> tuple[Evse, Kept]:
        grown = replace(kept, station=known)
        return _rebuilt(body, kept, grown, at), grown

    return Change(key, _STATION, at, _merge(Evse, change))


def connector_change(
    key: Key, connector: ElementId, sent: Attributes | None, at: datetime, *, whole: bool = False
) -> Change:
    """Make a change of one connector of an EVSE; without attributes it is no more."""
    name = connector.compared
    told = stated(sent or ())
    _guess(name, by_number(tuple(one for one in told if one[1])))

    def change(body: Evse, kept: Kept) -> tuple[Evse, Kept]:
        known = dict(kept.connectors)
        old = _stated_connectors(body, kept)
        if sent is None:
            known.pop(name, None)
            old = tuple(one for one in old if one.id != name)
        else:
            known[name] = _grown(known.get(name, ()), told, whole=whole)
        grown = replace(kept, connectors=tuple(known.items()), guessed=not known and not old)
        return replace(_with_evse(body, grown, old), last_updated=_later(at, body)), grown

    return Change(key, _CONNECTORS, at, _merge(Evse, change))


def _rebuilt(body: Evse, kept: Kept, grown: Kept, at: datetime) -> Evse:
    """Return an EVSE of which this is stated now, and no more what was."""
    touched = _numbers(kept.own) ^ _numbers(grown.own) | _numbers(kept.station) ^ _numbers(grown.station)
    if touched & {at_.STATION_LATITUDE, at_.STATION_LONGITUDE}:
        body = replace(body, coordinates=None)
    if at_.BOOKABLE in touched:
        body = replace(body, capabilities=tuple(one for one in body.capabilities if one != _RESERVABLE))
    return replace(_with_evse(body, grown, _stated_connectors(body, kept)), last_updated=_later(at, body))


def _stated_connectors(body: Evse, kept: Kept) -> tuple[Connector, ...]:
    """Return the connectors that somebody stated: not the one we guessed."""
    return () if kept.guessed else body.connectors


def _with_evse(body: Evse, kept: Kept, connectors: tuple[Connector, ...]) -> Evse:
    """Return an EVSE as what was stated of it, of its station and its connectors says."""
    values = by_number(kept.own) | {
        number: texts for number, texts in by_number(kept.station).items() if number not in _numbers(kept.own)
    }
    for name, told in kept.connectors:
        old = next((one for one in connectors if one.id == name), None)
        made = _guess(name, values | by_number(told))
        if old is not None:
            made = replace(made, tariff_ids=old.tariff_ids, status=old.status)
        connectors = _placed(connectors, made)
    if not connectors:
        groups = body.connectors[0].tariff_ids if body.connectors else ()
        connectors = (replace(_guess(GUESSED, values), tariff_ids=groups),)
    bookable = at_.read_flag(values, at_.BOOKABLE)
    point = at_.read_point(values, at_.STATION_LATITUDE, at_.STATION_LONGITUDE)
    known = tuple(one for one in body.capabilities if one != _RESERVABLE or bookable is not False)
    capabilities = dict.fromkeys((*known, *ALWAYS, *((_RESERVABLE,) if bookable else ())))
    return replace(body, connectors=connectors, capabilities=tuple(capabilities), coordinates=point or body.coordinates)


def _placed(connectors: tuple[Connector, ...], one: Connector) -> tuple[Connector, ...]:
    if any(each.id == one.id for each in connectors):
        return tuple(one if each.id == one.id else each for each in connectors)
    return (*connectors, one)


def _guess(name: str, values: Values) -> Connector:
    """Return a connector as the few words of eMIP let one guess it."""
    said = at_.read_decimal(values, at_.POWER)
    if said is not None and (said <= 0 or said > 10_000):
        raise ValueError(f"attribute {at_.POWER} is no power in kW: {said}")
    power = said or _MOST_SOCKET_KW
    direct = power > _MOST_AC_KW or (first(values, at_.CURRENT) or "").strip().upper().startswith("DC")
    word = (first(values, at_.CONNECTOR_TYPE) or "").strip().upper()
    phases = 1 if direct or power <= _MOST_SINGLE_KW else 3
    volts = 400 if direct else 230
    return Connector(
        id=name,
        standard=word if word.startswith(_WORDS) or word == "CHADEMO" else _STANDARDS["DC" if direct else "AC"],
        format="CABLE" if direct or power > _MOST_SOCKET_KW else "SOCKET",
        power_type="DC" if direct else f"AC_{phases}_PHASE",
        voltage_v=volts,
        amperage_a=max(1, round(power * 1000 / (volts * phases))),
        power_w=int(said * 1000) if said is not None else None,
    )


# -- statuses among the attributes -------------------------------------------------------------------------------------


def live(sent: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return the statuses that stand among the attributes of an EVSE."""
    return {number: text for number, text in sent if number in at_.LIVE and text}


# -- merging -----------------------------------------------------------------------------------------------------------


def _merge(kind: type[Any], change: Callable[[Any, Kept], tuple[Any, Kept]]) -> Merge:
    """Return what applies a change to an object and to what was stated of it in eMIP."""

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, kind):
            return body, wire
        changed, kept = change(body, kept_in(wire))
        return changed, wired(kept)

    return merge


def _grown(known: Attributes, told: Attributes, *, whole: bool) -> Attributes:
    return merged(() if whole else known, told)


def _numbers(some: Attributes) -> frozenset[int]:
    return frozenset(number for number, _ in some)


def _later(at: datetime, body: Location | Evse) -> datetime:
    return max(at, body.last_updated)


_NOBODY = PartyId("ZZ", "ZZZ")
_SAMPLE = Location(owner=_NOBODY, id="", address="", city="", country="", coordinates=NOWHERE, last_updated=EPOCH)
_SAMPLE_EVSE = Evse(owner=_NOBODY, location_id="", uid="", status=_UNSTATED, last_updated=EPOCH)
