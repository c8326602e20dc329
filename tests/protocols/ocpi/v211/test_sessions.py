"""Sheet 4.3, row by row."""

import pytest

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.v211 import (
    lift_session,
    lift_session_patch,
    lower_session,
    lower_session_patch,
    mentioned,
    patched_session,
)
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire.sessions import Session, SessionPatch
from tests.protocols.ocpi.v211.samples import (
    AT,
    CDR_TOKEN,
    PLACE,
    connector,
    costs,
    down,
    evse,
    location,
    names,
    old_connector,
    old_evse,
    old_location,
    old_session,
    period,
    plain,
    raw,
    session,
    token,
    up,
)

KNOWN = {"token": raw(token())}


def lowered(place=PLACE, **fields):
    return lower_session(raw(session(**fields)), down(place=place))


def lifted(known=KNOWN, **fields):
    return lift_session(raw(old_session(**fields)), up(**known))


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"start_datetime": AT, "end_datetime": "2026-05-04T11:00:00Z", "start_date_time": None, "kwh": 10}, set()),
        ({}, {"auth_id": "DE-EEE-C1", "cdr_token": None, "country_code": None, "party_id": None}, set()),
        ({}, {"authorization_id": "R1", "location_id": None, "evse_uid": None, "connector_id": None}, set()),
        ({"auth_method": "COMMAND"}, {"auth_method": "AUTH_REQUEST"}, {("auth_method", "approximated")}),
        ({"auth_method": "WHITELIST"}, {"auth_method": "WHITELIST"}, set()),
        ({"total_cost": {"excl_vat": 5, "incl_vat": 6}}, {"total_cost": 5}, {("total_cost", "lost")}),
        ({"total_cost": None}, {"total_cost": None}, set()),
        ({"status": "RESERVATION"}, {"status": "PENDING"}, {("status", "approximated")}),
        ({"meter_id": "M"}, {"meter_id": "M", "currency": "EUR"}, set()),
        (
            {"charging_periods": [period(("ENERGY", 1), ("STATE_OF_CHARGE", 50), tariff_id="T1")]},
            {"charging_periods": [period(("ENERGY", 1))]},
            {("charging_periods", "lost")},
        ),
        (
            {"charging_periods": [period(("ENERGY", 1)), period(("POWER", 7), starts="2026-05-04T10:30:00Z")]},
            {"charging_periods": [period(("ENERGY", 1))]},
            {("charging_periods", "lost"), ("charging_periods", "approximated")},
        ),
        (
            {"charging_periods": [period(("POWER", 7)), period(("TIME", 1), starts="2026-05-04T10:30:00Z")]},
            {"charging_periods": [period(("TIME", 0)), period(("TIME", 1), starts="2026-05-04T10:30:00Z")]},
            {("charging_periods", "lost"), ("charging_periods", "invented")},
        ),
    ],
)
def test_a_session_goes_down(given, expected, cost):
    made = lowered(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost


def test_the_place_of_a_session_is_its_evse_and_its_connector_alone_published_or_not():
    plugs = [connector(id="0", tariff_ids=["T0"]), connector(tariff_ids=["T9"])]
    place = location(publish=False, evses=[evse(uid="E0"), evse(connectors=plugs)])
    hub = names(location={("LOC1",): "hub-loc"}, evse={("LOC1", "E1"): "hub-evse"}, session={("S1",): "hub-session"})
    made = plain(lower_session(raw(session()), down(place=raw(place), names=hub)))
    assert (made["id"], made["location"]["id"]) == ("hub-session", "hub-loc")
    (one,) = made["location"]["evses"]
    (plug,) = one["connectors"]
    assert (one["uid"], plug["id"], plug["voltage"], plug["tariff_id"]) == ("hub-evse", "1", 230, "T0")


@pytest.mark.parametrize("place", [None, raw(location(evses=[])), raw(location(evses=[evse(uid="E2")]))])
def test_a_session_at_a_place_nobody_knows_is_held_rather_than_made_up(place):
    with pytest.raises(Refused) as refused:
        lowered(place=place)
    assert refused.value.reason is Reason.INCOMPLETE
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"country_code": "ES", "party_id": "AAA", "start_date_time": AT, "start_datetime": None}, set()),
        ({}, {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1", "location": None}, set()),
        ({}, {"cdr_token": CDR_TOKEN, "auth_id": None, "authorization_reference": "R1"}, set()),
        ({}, {"total_cost": {"excl_vat": 5}, "kwh": 10, "currency": "EUR", "status": "COMPLETED"}, set()),
        (
            {"location": old_location(evses=[old_evse(), old_evse(uid="E2")])},
            {"evse_uid": "E1"},
            {("location", "lost")},
        ),
        (
            {"location": old_location(evses=[old_evse(connectors=[old_connector(), old_connector(id="2")])])},
            {"connector_id": "1"},
            {("location", "lost")},
        ),
        (
            {"charging_periods": [period(("FLAT", 1), ("ENERGY", 2))]},
            {"charging_periods": [period(("ENERGY", 2))]},
            {("charging_periods", "lost")},
        ),
        (
            {"charging_periods": [period(("FLAT", 1))]},
            {"charging_periods": [period(("TIME", 0))]},
            {("charging_periods", "lost")},
        ),
        ({"total_cost": None}, {"total_cost": None}, set()),
    ],
)
def test_a_session_goes_up(given, expected, cost):
    made = lifted(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost
    assert read(Session, made.data)[1] == ()


def test_a_session_that_a_relayed_command_started_has_the_method_command():
    assert plain(lifted({**KNOWN, "by_command": True}))["auth_method"] == "COMMAND"
    assert plain(lifted({**KNOWN, "by_command": True}, auth_method="WHITELIST"))["auth_method"] == "WHITELIST"
    assert plain(lifted())["auth_method"] == "AUTH_REQUEST"


def test_our_reference_takes_the_place_of_the_partners():
    assert plain(lifted({**KNOWN, "reference": "ours"}))["authorization_reference"] == "ours"
    assert "authorization_reference" not in plain(lifted({**KNOWN, "reference": "ours"}, authorization_id=None))


def test_a_session_whose_token_nobody_knows_waits_for_it():
    with pytest.raises(Refused) as refused:
        lifted({})
    assert refused.value.reason is Reason.UNKNOWN_TOKEN
    assert refused.value.remedy


def test_a_token_of_another_contract_is_taken_and_reported():
    made = lifted(auth_id="DE-EEE-C2")
    assert plain(made)["cdr_token"] == CDR_TOKEN
    assert [each.field for each in made.findings] == ["auth_id"]


def test_a_session_without_evse_or_connector_is_refused_by_field():
    with pytest.raises(Malformed) as refused:
        lifted(location=old_location(evses=[]))
    assert refused.value.field == "location.evses"


def test_a_session_at_a_place_with_long_ids_names_the_short_ones():
    long = "L" * 39
    short = names(location={(long,): "short-loc"}, evse={(long, "E" * 39): "short-evse"})
    made = lifted({**KNOWN, "names": short}, location=old_location(id=long, evses=[old_evse(uid="E" * 39)]))
    assert (plain(made)["location_id"], plain(made)["evse_uid"]) == ("short-loc", "short-evse")


def test_what_a_charge_mentions_can_be_looked_up_before_it_is_lifted():
    found = mentioned(raw(old_session()))
    assert (found.auth_id, found.authorization_id, found.location_id, found.evse_uid) == (
        "DE-EEE-C1",
        "R1",
        "LOC1",
        "E1",
    )
    empty = mentioned(b'{"kwh":3}')
    assert (empty.auth_id, empty.authorization_id, empty.location_id, empty.evse_uid) == ("", None, "", None)


# -- PATCH -------------------------------------------------------------------------------------------------------------


def test_periods_in_a_patch_replace_those_known():
    patch = lift_session_patch(raw({"charging_periods": [period(("ENERGY", 3), ("FLAT", 1))], "kwh": 3}), up(), "S1")
    assert read(SessionPatch, patch.data)[1] == ()
    whole = patched_session(raw(session()), patch.data)
    assert read(Session, whole)[0].charging_periods[0].dimensions[0].volume == 3
    assert len(read(Session, whole)[0].charging_periods) == 1


def test_a_patch_with_periods_or_a_place_goes_down_as_the_whole_session():
    assert lower_session_patch(raw({"charging_periods": [], "last_updated": AT}), down(), "S1").data is None
    assert lower_session_patch(raw({"evse_uid": "E2", "last_updated": AT}), down(), "S1").data is None
    made = lower_session_patch(raw({"kwh": 4, "total_cost": {"excl_vat": 2}, "last_updated": AT}), down(), "S1")
    assert plain(made) == {"kwh": 4, "total_cost": 2, "last_updated": AT}
