"""Permissions, starts, records, events and actions: from the wire to the model and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.model.charges import Cdr, ChargeToken, Session
from interroam.model.ids import PartyId
from interroam.model.money import Price
from interroam.model.places import Availability, Connector, Evse, EvseStatus
from interroam.model.questions import Act, Authorize, Report
from interroam.model.tokens import Allowed, Authorization, Limit
from interroam.protocols.emip.translate import authorizations as pairs
from interroam.protocols.emip.translate import charges
from interroam.protocols.emip.wire import from_iop, to_iop
from interroam.protocols.emip.wire.types import ChargeDetailRecord, MeterReport, SessionAction, SessionEvent

CPO, EMSP = PartyId.parse("FR*C01"), PartyId.parse("FR*E01")
AT = datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)
HEAD = {"partner_id": "FR*107", "operator_id": "FR*C01"}
RELAYED = {**HEAD, "transaction_id": "t-1", "target_operator_id": "FR*E01"}
EVSE = "FR*C01*E0042*1"
TOKEN = ChargeToken(EMSP, "04A1B2C3D4E5F6", "RFID", "FR-E01-C00000001")


def record(*meters: tuple[int, str, str], **more) -> ChargeDetailRecord:
    fields = {
        "cdr_nature": 1,
        "service_session_id": "iop-1",
        "requested_service_id": "1",
        "evse_id": EVSE,
        "user_id_type": "RFID-UID",
        "user_id": TOKEN.uid,
        "start_time": AT,
        "end_time": AT + timedelta(minutes=65, seconds=30),
        "meter_report_list": tuple(
            MeterReport(meter_type_id=kind, meter_value=value, meter_unit=unit) for kind, value, unit in meters
        ),
    }
    return ChargeDetailRecord(**{**fields, **more})


def session(**more) -> Session:
    fields = {
        "owner": CPO,
        "id": "C01-S-1",
        "status": "PENDING",
        "starts": AT,
        "energy_kwh": Decimal(0),
        "token": TOKEN,
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": "iop-1",
        "location_id": "FR*C01*P1",
        "evse_uid": EVSE,
        "connector_id": "1",
        "currency": "EUR",
        "last_updated": AT,
    }
    return Session(**{**fields, **more})


# -- permissions -------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-95", "EMIP-97")
@given(
    st.lists(st.builds(Limit, st.integers(0, 9999).map(str), st.from_regex(r"\A0?\d{1,6}\.\d{1,4}\Z"), st.just("Wh")))
)
def test_limits_come_back_digit_for_digit(limits):
    assert pairs.read_limits(pairs.write_limits(limits)) == tuple(limits)


@pytest.mark.parametrize(
    ("kind", "user", "read"),
    [
        ("RFID-UID", "4a1b2c3", ("RFID", "04A1B2C3")),
        ("rfid-uid", "1a2b3c4d5e6f70", ("RFID", "1A2B3C4D5E6F70")),
        ("eMA", "FR-E01-C12345678-X", ("APP_USER", "FRE01C12345678X")),
        ("EVCO", "FR*E01*123456*X", ("OTHER", "FRE01123456X")),
        ("EMP-SPEC", "app-7", ("OTHER", "app-7")),
        ("eMI3", "x.1", ("OTHER", "x.1")),
    ],
)
def test_a_question_goes_on_with_the_user_as_it_was_meant(kind, user, read):
    asked = to_iop.GetServiceAuthorisation(
        **HEAD,
        evse_id=EVSE,
        user_id_type=kind,
        user_id=user,
        requested_service_id="1",
        partner_service_session_id="s-1",
        booking_id="b-1",
    )
    question = pairs.read_authorize(asked, CPO, "P1", EVSE)
    assert (question.type, question.uid, question.cpo_session, question.booking) == (*read, "s-1", "b-1")
    on = pairs.relay_authorize(replace(question, reference="iop-1"), EVSE, RELAYED)
    assert on.user_id_type.casefold() == kind.casefold()
    assert pairs.read_authorize(on, CPO, "P1", EVSE) == replace(
        question, cpo_session=None, reference="iop-1", type_word=on.user_id_type
    )
    assert pairs.write_authorize(question, EVSE, HEAD) == replace(
        asked, user_id_type=on.user_id_type, user_id=on.user_id
    )


def test_an_unknown_user_id_type_is_none():
    asked = to_iop.GetServiceAuthorisation(
        **HEAD, evse_id=EVSE, user_id_type="CARD", user_id="1", requested_service_id="1"
    )
    with pytest.raises(ValueError, match="userIdType"):
        pairs.read_authorize(asked, CPO, "P1", EVSE)


@pytest.mark.statement("EMIP-72")
def test_service_0_names_no_session():
    question = Authorize(cpo=CPO, uid="1", reference="iop-1", booking="b-1")
    asked = pairs.relay_authorize(question, EVSE, RELAYED, service="0")
    assert (asked.requested_service_id, asked.service_session_id, asked.booking_id) == ("0", None, None)


def test_an_answer_goes_on_as_it_came():
    question = Authorize(cpo=CPO, uid="04A1B2C3", reference="iop-1", cpo_session="s-1")
    given_answer = from_iop.GetServiceAuthorisationResponse(
        transaction_id="t",
        request_status=1,
        authorisation_value=1,
        partner_service_session_id="e-1",
        intermediate_cdr_requested=True,
        user_contract_id_alias="alias",
        meter_limit_list=(MeterReport(meter_type_id=2, meter_value="020.0", meter_unit="Wh"),),
        parameter="IOP={}",
    )
    read = pairs.read_answer(given_answer, question, EMSP, AT)
    assert (read.allowed, read.emsp_reference, read.cpo_session) == (Allowed.ALLOWED, "e-1", "s-1")
    assert pairs.write_own_answer(read, "t") == given_answer
    on = pairs.write_answer(read, "iop-1", "t-2")
    assert (on.service_session_id, on.sale_partner_operator_id, on.parameter) == ("iop-1", "FR*E01", "IOP={}")
    assert pairs.read_answer(on, question, None, AT) == replace(read, emsp_reference=None)


def test_a_no_says_nothing_but_no():
    no = Authorization(allowed=Allowed.BLOCKED, interim=True, alias="a", parameter="p", limits=(Limit("2", "1", "Wh"),))
    said = pairs.write_answer(no, "iop-1", "t")
    assert (said.authorisation_value, said.service_session_id, said.intermediate_cdr_requested) == (2, "iop-1", False)
    assert (said.user_contract_id_alias, said.meter_limit_list, said.parameter) == (None, None, None)


def test_a_start_goes_on_as_it_came():
    asked = to_iop.SetServiceAuthorisation(
        **HEAD,
        evse_id=EVSE,
        user_id_type="EMP-SPEC",
        user_id="app-7",
        requested_service_id="1",
        partner_service_session_id="e-1",
        authorisation_value=1,
        intermediate_cdr_requested=True,
        user_contract_id_alias="alias",
        meter_limit_list=(MeterReport(meter_type_id=2, meter_value="020.0", meter_unit="Wh"),),
        parameter="p",
        booking_id="b",
    )
    start = pairs.read_start(asked, EMSP, (CPO, "P1", EVSE), AT)
    assert pairs.write_start(start, EVSE, HEAD) == asked
    on = pairs.relay_start(replace(start, reference="iop-1"), EVSE, RELAYED)
    again = pairs.read_start(on, EMSP, (CPO, "P1", EVSE), AT)
    assert again == replace(start, reference="iop-1")


@pytest.mark.statement("EMIP-118")
def test_a_token_made_of_a_user_id_says_no_more_than_the_alias():
    made = pairs.made_token(EMSP, "RFID", "04A1B2C3", "alias", AT)
    plain = pairs.made_token(EMSP, "RFID", "04A1B2C3", None, AT)
    assert made.contract_id == "alias"
    assert "04A1B2C3" not in plain.contract_id


@pytest.mark.parametrize(
    ("status", "result"), [(1, "ACCEPTED"), (205, "REJECTED"), (206, "REJECTED"), (202, "REJECTED")]
)
@pytest.mark.statement("EMIP-127")
def test_only_1_starts_anything(status, result):
    assert pairs.read_started(status, "s").result == result


# -- records -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meters", "more", "wrong"),
    [
        ([(1, "1", "min"), (2, "1", "Wh")], {}, False),
        ([(1, "1", "min"), (2, "1", "Wh")], {"cdr_nature": 3}, True),
        ([(1, "1", "min"), (2, "1", "Wh")], {"end_time": AT - timedelta(seconds=1)}, True),
        ([(1, "1", "min"), (2, "1", "Wh")], {"end_time": AT}, False),
        ([(1, "1", "h"), (2, "1", "Wh")], {}, True),
        ([(1, "1", "min"), (2, "1", "kWh")], {}, True),
        ([(2, "1", "Wh")], {}, True),
        ([(1, "1", "min")], {}, True),
        ([(1, "-1", "min"), (2, "1", "Wh")], {}, True),
        ([(4711, "1", "odd"), (1, "1", "min"), (2, "1", "Wh")], {}, False),
    ],
)
@pytest.mark.statement("EMIP-94", "EMIP-96")
def test_what_is_wrong_with_a_record(meters, more, wrong):
    assert bool(charges.flaw(record(*meters, **more))) is wrong


@given(st.decimals(0, 10_000_000, places=3), st.decimals(0, 100_000, places=4))
@pytest.mark.statement("EMIP-95")
def test_numbers_are_written_with_a_point_and_read_back(energy_wh, minutes):
    cdr = charges.read_cdr(record((1, str(minutes), "min"), (2, str(energy_wh), "Wh")), session(), EVSE, AT)
    written = charges.write_cdr(cdr, "iop-1", ("RFID-UID", "1"), EVSE)
    for one in written.meter_report_list:
        assert set(one.meter_value) <= set("0123456789.")
    time, energy, _ = written.meter_report_list
    assert Decimal(energy.meter_value) == energy_wh.quantize(Decimal("0.0001"))
    assert abs(Decimal(time.meter_value) - minutes) <= Decimal("0.01")


def test_a_record_is_kept_as_it_came():
    one = record((1, "065.50", "min"), (2, "18350.0", "Wh"), (41, "1", "Wh"), (41, "2", "Wh"))
    assert charges.record_of(charges.wired(one)) == one
    assert charges.record_of(None) is None


def test_a_record_moves_the_session_and_ends_it():
    meters = [(1, "65.5", "min"), (2, "18350", "Wh"), (3, "7.42", "EUR"), (5, "60", "min")]
    moved = charges.read_session(record(*meters, cdr_nature=2), session(), AT)
    ended = charges.read_session(record(*meters), moved, AT)
    assert (moved.status, moved.ends, moved.energy_kwh) == ("ACTIVE", None, Decimal("18.35"))
    assert (ended.status, ended.ends) == ("COMPLETED", AT + timedelta(minutes=65, seconds=30))
    assert ended.total_cost == Price(Decimal("7.42"))
    (period,) = ended.periods
    assert {one.type: one.volume for one in period.dimensions} == {
        "ENERGY": Decimal("18.35"),
        "TIME": Decimal("1.0000"),
        "PARKING_TIME": Decimal("0.0917"),
    }


def test_a_record_without_a_price_says_so():
    cdr = charges.read_cdr(record((1, "60", "min"), (2, "1000", "Wh")), session(), EVSE, AT)
    assert (cdr.total_cost, cdr.id, cdr.session_id) == (Price(Decimal(0)), "iop-1", "C01-S-1")
    assert cdr.remark == "the CPO stated no price"


def test_a_cdr_of_another_protocol_is_written_with_its_cost_and_parking():
    cdr = Cdr(
        owner=CPO,
        id="C1",
        session_id="S1",
        starts=AT,
        ends=AT + timedelta(hours=2),
        token=TOKEN,
        auth_method="WHITELIST",
        location_id="L1",
        evse_uid="E1",
        evse_id=EVSE,
        connector_id="1",
        currency="CHF",
        total_cost=Price(Decimal("4.20"), Decimal(5)),
        total_energy_kwh=Decimal("10.5"),
        total_time_h=Decimal(2),
        total_parking_time_h=Decimal("0.5"),
        last_updated=AT,
    )
    written = charges.write_cdr(cdr, "iop-1", ("RFID-UID", TOKEN.uid), EVSE)
    assert [(one.meter_type_id, one.meter_value, one.meter_unit) for one in written.meter_report_list] == [
        (1, "120", "min"),
        (2, "10500", "Wh"),
        (3, "4.2", "CHF"),
        (5, "90", "min"),
    ]
    assert (written.exec_partner_session_id, written.service_session_id) == ("S1", "iop-1")


@pytest.mark.statement("EMIP-101", "EMIP-91")
def test_a_record_is_completed_for_its_emsp_and_else_left_as_it_is():
    known = Authorization(allowed=Allowed.ALLOWED, emsp_reference="e-1", cpo_session="s-1", alias="alias")
    one = record((1, "065.50", "min"), (2, "18350.0", "Wh"), service_session_id="theirs", partner_product_id="p")
    done = charges.completed(one, known, EMSP, CPO, "iop-1")
    assert (done.sale_partner_session_id, done.sale_partner_operator_id) == ("e-1", "FR*E01")
    assert (done.exec_partner_session_id, done.exec_partner_operator_id) == ("s-1", "FR*C01")
    assert (done.service_session_id, done.user_contract_id_alias) == ("iop-1", "alias")
    assert (done.meter_report_list, done.partner_product_id) == (one.meter_report_list, "p")


def test_a_permission_begins_a_session_at_the_evses_first_connector():
    plug = Connector(id="7", standard="X", format="SOCKET", power_type="DC", voltage_v=400, amperage_a=100)
    status = EvseStatus(word="AVAILABLE", availability=Availability.IN_SERVICE)
    evse = Evse(owner=CPO, location_id="P1", uid=EVSE, status=status, connectors=(plug,), last_updated=AT)
    token = pairs.made_token(EMSP, "RFID", "04A1B2C3", None, AT)
    known = Authorization(allowed=Allowed.ALLOWED, reference="iop-1", token=token)
    begun = charges.pending(known, CPO, evse, AT)
    assert (begun.id, begun.connector_id, begun.status, begun.auth_method) == ("iop-1", "7", "PENDING", "AUTH_REQUEST")
    assert charges.pending(replace(known, cpo_session="s-1", command="c"), CPO, evse, AT).auth_method == "COMMAND"
    assert charges.pending(replace(known, listed=True), CPO, evse, AT).auth_method == "WHITELIST"
    assert charges.pending(replace(known, token=None), CPO, evse, AT) is None


# -- events and actions ------------------------------------------------------------------------------------------------


@given(st.integers(0, 99))
@pytest.mark.statement("EMIP-115")
def test_every_event_comes_back(nature):
    event = SessionEvent(
        session_event_nature=nature,
        session_event_id="ev-1",
        session_event_date_time=AT,
        session_event_parameter="p",
        related_session_action_id="a-1",
    )
    report = charges.read_event(event, CPO, "iop-1")
    assert isinstance(report, Report)
    written = charges.write_event(report)
    assert {name: getattr(written, name) for name in event.__struct_fields__} == {
        name: getattr(event, name) for name in event.__struct_fields__
    }


@given(st.integers(0, 99))
@pytest.mark.statement("EMIP-115")
def test_every_action_comes_back(nature):
    action = SessionAction(
        session_action_nature=nature,
        session_action_id="a-1",
        session_action_date_time=AT,
        session_action_parameter="p",
        related_session_event_id="ev-1",
    )
    act = charges.read_action(action, EMSP, "iop-1")
    assert isinstance(act, Act)
    written = charges.write_action(act)
    assert {name: getattr(written, name) for name in action.__struct_fields__} == {
        name: getattr(action, name) for name in action.__struct_fields__
    }


@pytest.mark.parametrize(
    ("number", "event", "action"),
    [
        (0, "EMERGENCY_STOP", "EMERGENCY_STOP"),
        (1, "ENDED", "STOP"),
        (2, "SUSPENDED", "SUSPEND"),
        (3, "STARTED", "RESTART"),
        (12, "CHARGE_ENDED", "12"),
        (99, "99", "99"),
    ],
)
def test_the_words_of_natures(number, event, action):
    said = SessionEvent(session_event_nature=number, session_event_date_time=AT)
    wanted = SessionAction(session_action_nature=number, session_action_date_time=AT)
    assert charges.read_event(said, CPO, "s").nature == event
    assert charges.read_action(wanted, EMSP, "s").nature == action
