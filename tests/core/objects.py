"""Objects for the tests of the core: plausible, and made in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from interroam.model.agreements import Agreement, Terms
from interroam.model.charges import Cdr, ChargeToken, Session
from interroam.model.facts import Act, Body, Change, Entry, Stored, Wire
from interroam.model.ids import LANE_OF, Key, Module, Party, PartyId, Role, evse_key
from interroam.model.money import Price
from interroam.model.parties import Partner, PartnerState
from interroam.model.places import Availability, Connector, Coordinates, Evse, EvseStatus, Location
from interroam.model.tokens import Token, Whitelist

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
CPO = PartyId.of("FR", "CPO")
EMSP = PartyId.of("DE", "MSP")
HUB = PartyId.of("FR", "107")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def status(word: str, when: datetime | None = None) -> EvseStatus:
    return EvseStatus(word=word, availability=Availability.IN_SERVICE, at=when)


def connector(**fields) -> Connector:
    base = Connector(
        id="1", standard="IEC_62196_T2", format="SOCKET", power_type="AC_3_PHASE", voltage_v=230, amperage_a=32
    )
    return replace(base, **fields)


def evse(uid: str = "1", word: str = "AVAILABLE", when: datetime = NOW, owner: PartyId = CPO, **fields) -> Evse:
    base = Evse(
        owner=owner,
        location_id="L1",
        uid=uid,
        evse_id=f"{owner.country}*{owner.code}*E{uid}",
        status=status(word, when),
        capabilities=("RFID_READER",),
        connectors=(connector(),),
        last_updated=when,
        rest_at=when,
    )
    return replace(base, **fields)


def location(when: datetime = NOW, owner: PartyId = CPO, **fields) -> Location:
    base = Location(
        owner=owner,
        id="L1",
        address="Quai 1",
        city="Lyon",
        country="FRA",
        coordinates=Coordinates(Decimal("45.75000"), Decimal("4.85000")),
        time_zone="Europe/Paris",
        last_updated=when,
    )
    return replace(base, **fields)


def token(uid: str = "1A2B3C4D", when: datetime = NOW, owner: PartyId = EMSP, **fields) -> Token:
    base = Token(
        owner=owner,
        uid=uid,
        type="RFID",
        contract_id=f"{owner.country}-{owner.code}-C{uid}",
        issuer="Tests",
        valid=True,
        whitelist=Whitelist.NEVER,
        last_updated=when,
    )
    return replace(base, **fields)


def charge_token(uid: str = "1A2B3C4D", owner: PartyId = EMSP) -> ChargeToken:
    return ChargeToken(owner=owner, uid=uid, type="RFID", contract_id=f"{owner.country}-{owner.code}-C{uid}")


def session(session_id: str = "S1", when: datetime = NOW, owner: PartyId = CPO, **fields) -> Session:
    base = Session(
        owner=owner,
        id=session_id,
        status="ACTIVE",
        starts=NOW,
        energy_kwh=Decimal("1.5"),
        token=charge_token(),
        auth_method="AUTH_REQUEST",
        location_id="L1",
        evse_uid="1",
        connector_id="1",
        currency="EUR",
        last_updated=when,
    )
    return replace(base, **fields)


def cdr(cdr_id: str = "C1", when: datetime = NOW, owner: PartyId = CPO, **fields) -> Cdr:
    base = Cdr(
        owner=owner,
        id=cdr_id,
        session_id="S1",
        starts=NOW,
        ends=at(3600),
        token=charge_token(),
        auth_method="AUTH_REQUEST",
        location_id="L1",
        evse_uid="1",
        evse_id="FR*CPO*E1",
        connector_id="1",
        currency="EUR",
        total_cost=Price(Decimal("4.20")),
        total_energy_kwh=Decimal("12.5"),
        total_time_h=Decimal(1),
        last_updated=when,
    )
    return replace(base, **fields)


def stored(body: Body, **fields) -> Stored:
    when = getattr(body, "last_updated", NOW)
    base = Stored(no=1, key=body.key, hub_id="h", version=1, body=body, judged_at=when, updated=when)
    return replace(base, **fields)


def status_change(word: str, when: datetime, uid: str = "1") -> Change:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return replace(body, status=status(word, when)), wire

    return Change(evse_key(CPO, "L1", uid), frozenset({"status"}), when, merge)


def entry(seq: int, key: Key, act: Act = Act.CHANGE, fields: frozenset[str] = frozenset({"status"}), **more) -> Entry:
    base = Entry(
        seq=seq,
        at=NOW,
        lane=LANE_OF[key.kind],
        act=act,
        key=key,
        no=1,
        hub_id="h",
        origin="cpo",
        correlation="c",
        fields=fields,
    )
    return replace(base, **more)


def partner(name: str, *parties: str, **fields) -> Partner:
    base = Partner(
        id=name,
        protocol="ocpi",
        parties=tuple(Party.parse(one) for one in parties),
        state=PartnerState.CONNECTED,
    )
    return replace(base, **fields)


def agreement(
    emsp: str = "DE*MSP/EMSP",
    cpos: tuple[str, ...] = ("FR*CPO/CPO",),
    terms: dict[Module, Terms] | None = None,
    **fields,
) -> Agreement:
    base = Agreement(
        id=f"{emsp}-{'-'.join(cpos)}",
        emsp=Party.parse(emsp),
        cpos=tuple(Party.parse(one) for one in cpos),
        starts=at(-86_400),
        terms=terms or {},
    )
    return replace(base, **fields)


EMSP_PARTY = Party(EMSP, Role.EMSP)
CPO_PARTY = Party(CPO, Role.CPO)
HUB_PARTY = Party(HUB, Role.HUB)
