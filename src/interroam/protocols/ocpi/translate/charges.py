"""OCPI 2.2.1 mod_sessions and mod_cdrs ⇄ Session and Cdr."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from interroam.model import charges as model
from interroam.model.facts import Body, Change, Fact, Wire
from interroam.model.ids import PartyId, party_id, session_key
from interroam.model.money import Price
from interroam.model.places import Connector, Location
from interroam.protocols.ocpi.wire import cdrs, sessions, types, write
from interroam.protocols.ocpi.wire.raw import fields_of, set_fields

from .places import NOT_KNOWN
from .points import fitting, is_long, write_point
from .rows import charge_fact, insist, insist_owner, merged, named, said, wired, written

_IDENTITY = frozenset({"country_code", "party_id", "id"})
_RESERVATION = "RESERVATION"
_PERIODS = "charging_periods"


# -- what sessions and CDRs share --------------------------------------------------------------------------------------


def read_price(price: types.Price | None) -> Price | None:
    """Read an amount."""
    return Price(price.excl_vat, price.incl_vat) if price is not None else None


def write_price(price: Price) -> types.Price:
    """Return the shape of an amount."""
    return types.Price(excl_vat=price.excl_vat, incl_vat=price.incl_vat)


def _read_token(token: types.CdrToken) -> model.ChargeToken:
    owner = party_id(token.country_code, token.party_id)
    return model.ChargeToken(owner, token.uid, token.type, token.contract_id)


def _write_token(token: model.ChargeToken) -> types.CdrToken:
    return types.CdrToken(
        country_code=token.owner.country,
        party_id=token.owner.code,
        uid=token.uid,
        type=token.type,  # type: ignore[arg-type]  # the words are those of OCPI
        contract_id=token.contract_id,
    )


def _read_periods(periods: Sequence[types.ChargingPeriod]) -> tuple[model.Period, ...]:
    read = []
    for each in periods:  # a comprehension in another would be a call for each
        dimensions = []
        for one in each.dimensions:
            dimensions.append(model.Dimension(one.type, one.volume))  # noqa: PERF401
        read.append(model.Period(each.start_date_time, tuple(dimensions), each.tariff_id))
    return tuple(read)


def _write_periods(periods: Sequence[model.Period]) -> tuple[types.ChargingPeriod, ...]:
    return tuple(
        types.ChargingPeriod(
            start_date_time=each.starts,
            dimensions=tuple(types.CdrDimension(type=one.type, volume=one.volume) for one in each.dimensions),
            tariff_id=each.tariff_id,
        )
        for each in periods
        if each.dimensions
    )


# -- sessions ----------------------------------------------------------------------------------------------------------


def read_session(shape: sessions.Session) -> model.Session:
    """Read a session."""
    return model.Session(
        owner=party_id(shape.country_code, shape.party_id),
        id=shape.id,
        status=shape.status,
        starts=shape.start_date_time,
        ends=shape.end_date_time,
        energy_kwh=shape.kwh,
        token=_read_token(shape.cdr_token),
        auth_method=shape.auth_method,
        authorization_reference=shape.authorization_reference,
        location_id=shape.location_id,
        evse_uid=shape.evse_uid,
        connector_id=shape.connector_id,
        currency=shape.currency,
        periods=_read_periods(shape.charging_periods),
        total_cost=None if shape.total_cost is None else read_price(shape.total_cost),
        last_updated=shape.last_updated,
    )


def write_session(session: model.Session) -> bytes:
    """Write the row form of a session."""
    return written(session_shape(session))


def session_shape(session: model.Session) -> sessions.Session:
    """Return the shape of a session."""
    return sessions.Session(
        country_code=session.owner.country,
        party_id=session.owner.code,
        id=session.id,
        start_date_time=session.starts,
        end_date_time=session.ends,
        kwh=session.energy_kwh,
        cdr_token=_write_token(session.token),
        auth_method=session.auth_method,  # type: ignore[arg-type]  # the words are those of OCPI
        authorization_reference=session.authorization_reference,
        location_id=session.location_id,
        evse_uid=session.evse_uid,
        connector_id=session.connector_id,
        currency=session.currency,
        charging_periods=_write_periods(session.periods),
        total_cost=write_price(session.total_cost) if session.total_cost is not None else None,
        status=session.status,  # type: ignore[arg-type]  # the words are those of OCPI
        last_updated=session.last_updated,
    )


def session_fact(shape: sessions.Session, raw: bytes) -> Fact:
    """Make a fact of a session as it stood."""
    return charge_fact(read_session(shape), _respelled(raw) if shape.status == _RESERVATION else raw)


def _respelled(raw: bytes) -> bytes:
    """Return a session or its PATCH with the one word for a reservation that everybody knows (C10)."""
    return set_fields(raw, {"status": b'"RESERVATION"'}) if b'"RESERVED"' in raw.upper() else raw


def session_change(
    shape: sessions.SessionPatch, raw: bytes, owner: PartyId, session_id: str, *, replaces: bool = False
) -> Change:
    """Make a change of a PATCH of a session: its charging periods are added to those known (OCPI-127).

    With ``replaces``, as in 2.1.1, they take the place of those known; then others are told the whole session.
    """
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("id", shape.id, session_id)
    raw = _respelled(raw) if shape.status == _RESERVATION else raw

    added = None if shape.charging_periods is None else _read_periods(shape.charging_periods)

    def periods(known: tuple[model.Period, ...]) -> tuple[model.Period, ...]:
        if added is None:
            return known
        return added if replaces else known + added

    def is_known(body: Body) -> bool:
        """Whether this is the PATCH that was merged last: sent again, its periods are added no second time."""
        if replaces or not added or not isinstance(body, model.Session):
            return False
        return shape.last_updated == body.last_updated and body.periods[-len(added) :] == added

    def change(body: model.Session) -> model.Session:
        return replace(
            body,
            status=shape.status or body.status,
            starts=shape.start_date_time or body.starts,
            ends=shape.end_date_time or body.ends,
            energy_kwh=shape.kwh if shape.kwh is not None else body.energy_kwh,
            token=_read_token(shape.cdr_token) if shape.cdr_token is not None else body.token,
            auth_method=shape.auth_method or body.auth_method,
            authorization_reference=shape.authorization_reference or body.authorization_reference,
            location_id=shape.location_id or body.location_id,
            evse_uid=shape.evse_uid or body.evse_uid,
            connector_id=shape.connector_id or body.connector_id,
            currency=shape.currency or body.currency,
            periods=body.periods if is_known(body) else periods(body.periods),
            total_cost=read_price(shape.total_cost) or body.total_cost,
            last_updated=max(shape.last_updated, body.last_updated),
        )

    patch = said(raw)
    growing = merged(model.Session, change, patch, append=() if replaces else (_PERIODS,))
    alike = merged(model.Session, change, {name: value for name, value in patch.items() if name != _PERIODS})

    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return (alike if is_known(body) else growing)(body, wire)

    fields = named(patch, _IDENTITY)
    stated = None if replaces and _PERIODS in fields else wired(raw)
    return Change(session_key(owner, session_id), fields, shape.last_updated, merge, stated)


# -- CDRs --------------------------------------------------------------------------------------------------------------


def read_cdr(shape: cdrs.Cdr) -> model.Cdr:
    """Read a CDR."""
    place = shape.cdr_location
    return model.Cdr(
        owner=party_id(shape.country_code, shape.party_id),
        id=shape.id,
        session_id=shape.session_id,
        starts=shape.start_date_time,
        ends=shape.end_date_time,
        token=_read_token(shape.cdr_token),
        auth_method=shape.auth_method,
        authorization_reference=shape.authorization_reference,
        location_id=place.id,
        evse_uid=place.evse_uid,
        evse_id=place.evse_id,
        connector_id=place.connector_id,
        currency=shape.currency,
        tariff_ids=tuple([each.id for each in shape.tariffs]),
        periods=_read_periods(shape.charging_periods),
        total_cost=Price(shape.total_cost.excl_vat, shape.total_cost.incl_vat),
        total_energy_kwh=shape.total_energy,
        total_time_h=shape.total_time,
        total_parking_time_h=shape.total_parking_time,
        fixed_cost=None if shape.total_fixed_cost is None else read_price(shape.total_fixed_cost),
        energy_cost=None if shape.total_energy_cost is None else read_price(shape.total_energy_cost),
        time_cost=None if shape.total_time_cost is None else read_price(shape.total_time_cost),
        parking_cost=None if shape.total_parking_cost is None else read_price(shape.total_parking_cost),
        reservation_cost=None if shape.total_reservation_cost is None else read_price(shape.total_reservation_cost),
        credit=bool(shape.credit),
        credit_of=shape.credit_reference_id,
        home_charging=bool(shape.home_charging_compensation),
        remark=shape.remark,
        last_updated=shape.last_updated,
    )


def write_cdr(
    cdr: model.Cdr, location: Location | None = None, plug: Connector | None = None, tariffs: Sequence[bytes] = ()
) -> bytes:
    """Write the row form of a CDR; the place as far as it is known, and its tariffs as they are written."""
    shape = cdrs.Cdr(
        country_code=cdr.owner.country,
        party_id=cdr.owner.code,
        id=cdr.id,
        start_date_time=cdr.starts,
        end_date_time=cdr.ends,
        session_id=cdr.session_id,
        cdr_token=_write_token(cdr.token),
        auth_method=cdr.auth_method,  # type: ignore[arg-type]  # the words are those of OCPI
        authorization_reference=cdr.authorization_reference,
        cdr_location=_cdr_location(cdr, location, plug),
        currency=cdr.currency,
        charging_periods=_write_periods(cdr.periods) or (_whole(cdr),),
        total_cost=write_price(cdr.total_cost),
        total_energy=cdr.total_energy_kwh,
        total_time=cdr.total_time_h,
        total_parking_time=cdr.total_parking_time_h,
        total_fixed_cost=_write_part(cdr.fixed_cost),
        total_energy_cost=_write_part(cdr.energy_cost),
        total_time_cost=_write_part(cdr.time_cost),
        total_parking_cost=_write_part(cdr.parking_cost),
        total_reservation_cost=_write_part(cdr.reservation_cost),
        remark=cdr.remark,
        credit=True if cdr.credit else None,
        credit_reference_id=cdr.credit_of,
        home_charging_compensation=True if cdr.home_charging else None,
        last_updated=cdr.last_updated,
    )
    row = written(shape)
    return set_fields(row, {"tariffs": b"[" + b",".join(tariffs) + b"]"}) if tariffs else row


def with_costs(row: bytes, charge: model.Session | model.Cdr) -> bytes:
    """Put the costs of a charge in the place of those that its owner wrote."""
    costs = {"total_cost": charge.total_cost}
    if isinstance(charge, model.Cdr):
        costs |= {
            "total_fixed_cost": charge.fixed_cost,
            "total_energy_cost": charge.energy_cost,
            "total_time_cost": charge.time_cost,
            "total_parking_cost": charge.parking_cost,
            "total_reservation_cost": charge.reservation_cost,
        }
    return set_fields(row, {name: write(write_price(price)) for name, price in costs.items() if price is not None})


def cdr_fact(shape: cdrs.Cdr, raw: bytes) -> Fact:
    """Make a fact of a CDR as it stood."""
    place = shape.cdr_location
    if is_long(place.coordinates):
        raw = set_fields(raw, {"cdr_location": fitting(bytes(fields_of(raw)["cdr_location"]), place.coordinates)})
    return charge_fact(read_cdr(shape), raw)


def _write_part(price: Price | None) -> types.Price | None:
    return write_price(price) if price is not None else None


def _whole(cdr: model.Cdr) -> types.ChargingPeriod:
    """Return the whole charge as one period: OCPI wants one at least."""
    dimensions = (
        types.CdrDimension(type="ENERGY", volume=cdr.total_energy_kwh),
        types.CdrDimension(type="TIME", volume=cdr.total_time_h - (cdr.total_parking_time_h or Decimal(0))),
    )
    return types.ChargingPeriod(start_date_time=cdr.starts, dimensions=dimensions)


def _cdr_location(cdr: model.Cdr, location: Location | None, plug: Connector | None) -> cdrs.CdrLocation:
    return cdrs.CdrLocation(
        id=cdr.location_id,
        name=location.name if location else None,
        address=location.address if location else NOT_KNOWN,
        city=location.city if location else NOT_KNOWN,
        postal_code=location.postal_code if location else None,
        state=location.state if location else None,
        country=location.country if location else NOT_KNOWN,
        coordinates=write_point(location.coordinates if location else None),
        evse_uid=cdr.evse_uid,
        evse_id=cdr.evse_id,
        connector_id=cdr.connector_id,
        connector_standard=plug.standard if plug else NOT_KNOWN,
        connector_format=plug.format if plug else NOT_KNOWN,
        connector_power_type=plug.power_type if plug else NOT_KNOWN,
    )
