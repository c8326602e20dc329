"""Evse and Location → EVSEDescrip, the values that criteria look at, and the entries of data changes: pure.

What a CPO stated in eMIP goes out as it stated it; the rest comes from the model. Of an EVSE that was stated in OCPI
the kinds of plugs are missing, since eMIP has a list of them that nobody has published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from interroam.model.facts import Stored
from interroam.model.places import Connector, Coordinates, Evse, Location
from interroam.protocols.emip.rules import ids
from interroam.protocols.emip.wire.types import (
    EMI3,
    Address,
    Criteria,
    EvseDescription,
    EvseDynamicDataChange,
    EvseStaticDataChange,
)

from . import attributes as at_
from .attributes import Attributes, Values, by_number, first, kept_in
from .places import NOT_KNOWN, NOWHERE
from .statuses import halves, usability
from .tokens import DELETE

_LANGUAGES = {"FR": 0, "EN": 1, "GE": 2, "DE": 2}
_READER = ("Badge RFID", "RFID card", "RFID-Karte")
_AFAR = ("Application", "App", "App")
_CARD = ("Carte bancaire", "Credit card", "Kreditkarte")
_T = TypeVar("_T")
_MOST_DIGITS = Decimal("0.000001")
_MOST_WHOLE = 18


class Place:
    """An EVSE at its location, as a receiver is told of it at one time."""

    def __init__(self, location: Stored, evse: Stored, now: datetime, language: str = "EN") -> None:
        if not isinstance(location.body, Location) or not isinstance(evse.body, Evse):
            raise TypeError(f"{evse.key} is no EVSE at {location.key}")
        self.location, self.evse = location.body, evse.body
        self.row, self.now = evse, now
        self._pool, self._kept = kept_in(location.wire).own, kept_in(evse.wire)
        self._pooled = at_.is_ours(location.wire)
        self._language = _LANGUAGES.get(language.strip().upper(), 1)

    @property
    def evse_id(self) -> str:
        """The id by which eMIP knows the EVSE."""
        return evse_id(self.evse)

    @property
    def gone(self) -> bool:
        """Whether the EVSE is no more."""
        return self.row.withdrawn or self.evse.removed

    # -- values ----------------------------------------------------------------------------------------------------

    def values(self) -> Values:
        """Return all that is known of the EVSE, by the numbers of the attributes."""
        found = self._ids() | self._of_pool() | self._of_evse()
        plugs: Attributes = tuple(one for _, told in self._kept.connectors for one in told)
        found |= by_number(self._pool) | by_number(self._kept.station) | by_number(plugs) | by_number(self._kept.own)
        types = dict.fromkeys((*by_number(plugs).get(at_.CONNECTOR_TYPE, ()), *found.get(at_.CONNECTOR_TYPE, ())))
        found |= {at_.CONNECTOR_TYPE: tuple(types)} if types else {}
        return found | self._statuses(found)

    def _ids(self) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {
            at_.EVSE_ID_TYPE: (EMI3,),
            at_.EVSE_ID: (self.evse_id,),
            at_.POOL_ID_TYPE: (EMI3,),
            at_.POOL_ID: (pool_id(self.location),),
        }
        if self.evse.station_id:
            station = ids.named(self.evse.owner, ids.Letter.STATION, self.evse.station_id)
            found |= {at_.STATION_ID_TYPE: (EMI3,), at_.STATION_ID: (str(station),)}
        return found

    def _of_pool(self) -> dict[int, tuple[str, ...]]:
        body = self.location
        texts = {
            at_.BRAND: body.operator_name,
            at_.POOL_NAME: body.name,
            at_.OWNER_NAME: body.owner_name,
            at_.COUNTRY: body.country,
            at_.POST_CODE: body.postal_code,
            at_.CITY: body.city,
            at_.PROVINCE: body.state,
            at_.STREET_NAME: None if self._pooled else body.address,
            at_.ALWAYS_OPEN: None if body.always_open is None else _flag(body.always_open),
        }
        found = {number: (text,) for number, text in texts.items() if text and text != NOT_KNOWN}
        return found | _point(body.coordinates, at_.ENTRANCE_LATITUDE, at_.ENTRANCE_LONGITUDE)

    def _of_evse(self) -> dict[int, tuple[str, ...]]:
        body, language = self.evse, self._language
        has = frozenset(body.capabilities)
        means = [words[language] for name, words in _MEANS.items() if name in has]
        power = max((power_kw(each) for each in body.connectors), default=None)
        texts = {
            at_.POWER: None if power is None else f"{power:f}",
            at_.AUTHORISATION_INFORMATION: ", ".join(means) or None,
            at_.PAYMENT_INFORMATION: _CARD[language] if "CREDIT_CARD_PAYABLE" in has else None,
            at_.BOOKABLE: _flag("RESERVABLE" in has),
        }
        found = {number: (text,) for number, text in texts.items() if text is not None}
        return found | _point(body.coordinates, at_.STATION_LATITUDE, at_.STATION_LONGITUDE)

    def _statuses(self, known: Values) -> dict[int, tuple[str, ...]]:
        told = halves(self.evse.status, self.now)
        found: dict[int, tuple[str, ...]] = {
            at_.AVAILABILITY: (str(told.availability),),
            at_.BUSY: (str(told.busy),),
        }
        found |= _time(at_.AVAILABILITY_UNTIL, told.availability_until) | _time(at_.BUSY_UNTIL, told.busy_until)
        usable = None if at_.USABILITY in known else usability(self.location, self.evse, self.now)
        if usable is not None:
            found |= {at_.USABILITY: (str(usable[0]),)} | _time(at_.USABILITY_UNTIL, usable[1])
        return found

    # -- what is written -------------------------------------------------------------------------------------------

    def description(self) -> EvseDescription:
        """Write the EVSE with its station and its pool."""
        values = self.values()
        station = first(values, at_.STATION_ID)
        return EvseDescription(
            evse_id=self.evse_id,
            charging_station_id_type=EMI3 if station else None,
            charging_station_id=station,
            charging_pool_id_type=EMI3,
            charging_pool_id=first(values, at_.POOL_ID),
            charging_pool_brand_name=first(values, at_.BRAND),
            charging_pool_name=first(values, at_.POOL_NAME),
            charging_pool_address=_address(values),
            entrance_latitude=_decimal(values, at_.ENTRANCE_LATITUDE),
            entrance_longitude=_decimal(values, at_.ENTRANCE_LONGITUDE),
            charging_station_latitude=_decimal(values, at_.STATION_LATITUDE),
            charging_station_longitude=_decimal(values, at_.STATION_LONGITUDE),
            phone_number=first(values, at_.PHONE),
            connector_type=tuple(int(text) for text in values.get(at_.CONNECTOR_TYPE, ()) if _is_number(text)),
            power=_decimal(values, at_.POWER),
            speed=first(values, at_.SPEED),
            authorisation_information=first(values, at_.AUTHORISATION_INFORMATION),
            payment_information=first(values, at_.PAYMENT_INFORMATION),
            authorisation_mode=_number(values, at_.AUTHORISATION_MODE),
            payment_mode=_number(values, at_.PAYMENT_MODE),
            accessibility=_number(values, at_.ACCESSIBILITY),
            is_open_24_7=_read(at_.read_flag, values, at_.ALWAYS_OPEN),
            bookable=_read(at_.read_flag, values, at_.BOOKABLE),
            availability_status=_number(values, at_.AVAILABILITY),
            availability_status_until=_moment(values, at_.AVAILABILITY_UNTIL),
            busy_status=_number(values, at_.BUSY),
            busy_status_until=_moment(values, at_.BUSY_UNTIL),
            useability_status=_number(values, at_.USABILITY),
            useability_status_until=_moment(values, at_.USABILITY_UNTIL),
        )

    def static_change(self, action: int, at: datetime) -> EvseStaticDataChange:
        """Write how the description changed; of what is gone only the ids."""
        if action != DELETE:
            return EvseStaticDataChange(action_type=action, change_date_time=at, evse_descrip=self.description())
        ids_only = EvseDescription(
            evse_id=self.evse_id, charging_pool_id_type=EMI3, charging_pool_id=pool_id(self.location)
        )
        return EvseStaticDataChange(action_type=DELETE, change_date_time=at, evse_descrip=ids_only)

    def dynamic_change(self) -> EvseDynamicDataChange:
        """Write both statuses as they are now; a half that nobody stated is left out."""
        told = halves(self.evse.status, self.now)
        available, used = told.availability_at is not None, told.busy_at is not None
        return EvseDynamicDataChange(
            evse_id=self.evse_id,
            availability_status_event_date=told.availability_at,
            availability_status=told.availability if available else None,
            availability_status_until=told.availability_until if available else None,
            busy_status_event_date=told.busy_at,
            busy_status=told.busy if used else None,
            busy_status_until=told.busy_until if used else None,
        )


_MEANS = {"RFID_READER": _READER, "REMOTE_START_STOP_CAPABLE": _AFAR, "CREDIT_CARD_PAYABLE": _CARD}


def evse_id(evse: Evse) -> str:
    """Return the id by which eMIP knows an EVSE: its own where it is of that form, else one made of it."""
    return str(ids.named(evse.owner, ids.Letter.EVSE, evse.evse_id or evse.uid))


def pool_id(location: Location) -> str:
    """Return the id by which eMIP knows a location."""
    return str(ids.named(location.owner, ids.Letter.POOL, location.id))


def power_kw(connector: Connector) -> Decimal:
    """Return the power of a connector, from its volts and amperes where it is not stated."""
    phases = {"AC_3_PHASE": 3, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2}.get(connector.power_type, 1)
    watts = connector.power_w or connector.voltage_v * connector.amperage_a * phases
    return (Decimal(watts) / 1000).normalize()


def position(location: Location, evse: Evse) -> Coordinates | None:
    """Return where an EVSE is; None when nobody said."""
    point = evse.coordinates or location.coordinates
    return None if point == NOWHERE else point


# -- criteria ----------------------------------------------------------------------------------------------------------

_OPERATORS: Mapping[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def check(criteria: tuple[Criteria, ...]) -> None:
    """Pass when criteria can be looked at; ValueError for an operator that there is not, and where none is."""
    for one in criteria:
        if not one.attribute_condition:
            raise ValueError(f"criteria about attribute {one.attribute_id} have no condition")
        for condition in one.attribute_condition:
            if condition.condition_operator.strip() not in _OPERATORS:
                raise ValueError(f"{condition.condition_operator!r} is no conditionOperator")


def meets(values: Values, criteria: tuple[Criteria, ...]) -> bool:
    """Whether all criteria hold, each by any of its conditions; an attribute that is absent differs from any value."""
    return all(
        any(
            _holds(values.get(one.attribute_id, ()), condition.condition_operator.strip(), condition.attribute_value)
            for condition in one.attribute_condition
        )
        for one in criteria
    )


def _holds(texts: tuple[str, ...], operator: str, wanted: str) -> bool:
    orders = [_order(text, wanted) for text in texts]
    held = _OPERATORS[operator]
    return all(map(held, orders)) if operator == "!=" else any(map(held, orders))


def _order(text: str, wanted: str) -> int:
    """Compare two values: as numbers where both are, else as words, whatever their case."""
    try:
        left, right = Decimal(text.strip()), Decimal(wanted.strip())
        return (left > right) - (left < right)
    except InvalidOperation:
        one, other = text.strip().casefold(), wanted.strip().casefold()
        return (one > other) - (one < other)


# -- texts -------------------------------------------------------------------------------------------------------------


def _address(values: Values) -> Address | None:
    numbers = (at_.STREET_NUMBER, at_.STREET_NAME, at_.POST_CODE, at_.CITY, at_.PROVINCE, at_.COUNTRY)
    number, street, code, city, province, country = (first(values, one) for one in numbers)
    if not any((number, street, code, city, province, country)):
        return None
    return Address(
        street_number=number, street_name=street, post_code=code, city=city, province=province, country=country
    )


def _flag(value: bool) -> str:  # noqa: FBT001  a flag is what it writes
    return "1" if value else "0"


def _point(point: Coordinates | None, latitude: int, longitude: int) -> dict[int, tuple[str, ...]]:
    if point is None or point == NOWHERE:
        return {}
    return {latitude: (f"{point.latitude:f}",), longitude: (f"{point.longitude:f}",)}


def _time(number: int, at: datetime | None) -> dict[int, tuple[str, ...]]:
    return {} if at is None else {number: (at.isoformat(),)}


def _moment(values: Values, number: int) -> datetime | None:
    text = first(values, number)
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def _decimal(values: Values, number: int) -> Decimal | None:
    value = _read(at_.read_decimal, values, number)
    return value if value is None or value == value.quantize(_MOST_DIGITS) else value.quantize(_MOST_DIGITS)


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isdecimal() and len(digits) <= _MOST_WHOLE


def _number(values: Values, number: int) -> int | None:
    text = first(values, number)
    return int(text) if text is not None and _is_number(text) else None


def _read(reader: Callable[[Values, int], _T | None], values: Values, number: int) -> _T | None:
    """Read a value; none where it is not of its kind, since it is shown as a text nowhere."""
    try:
        return reader(values, number)
    except ValueError:
        return None
