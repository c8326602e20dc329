"""Sheet 4.2, row by row."""

import pytest

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.rules.codes import CODES, for_version
from interroam.protocols.ocpi.v211 import (
    lift_authorization,
    lift_authorize,
    lift_token,
    lift_token_patch,
    lower_authorization,
    lower_authorize,
    lower_token,
    lower_token_patch,
    token_type,
)
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.tokens import AuthorizationInfo, LocationReferences, Token
from tests.protocols.ocpi.v211.samples import AT, EMSP, costs, down, names, old_token, plain, raw, token, up


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"auth_id": "DE-EEE-C1", "contract_id": None, "country_code": None, "party_id": None}, set()),
        ({"type": "APP_USER"}, {"type": "OTHER"}, {("type", "approximated")}),
        ({"type": "AD_HOC_USER"}, {"type": "OTHER"}, {("type", "approximated")}),
        ({"type": "OTHER"}, {"type": "OTHER"}, set()),
        ({"group_id": "G"}, {"group_id": None}, {("group_id", "lost")}),
        ({"default_profile_type": "FAST"}, {"default_profile_type": None}, {("default_profile_type", "lost")}),
        ({"energy_contract": {"supplier_name": "X"}}, {"energy_contract": None}, {("energy_contract", "lost")}),
        ({"whitelist": "ALLOWED_OFFLINE"}, {"whitelist": "ALLOWED_OFFLINE"}, set()),
        ({"visual_number": "V", "language": "de"}, {"visual_number": "V", "language": "de", "valid": True}, set()),
    ],
)
def test_a_token_goes_down(given, expected, cost):
    made = lower_token(raw(token(**given)), down())
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost


@pytest.mark.statement("OCPI-104")
def test_the_issuer_is_the_providers_id_where_there_is_no_owner_field():
    assert plain(lower_token(raw(token()), down()))["issuer"] == "DE*EEE"
    assert plain(lower_token(raw(token()), down(operator_ids=False)))["issuer"] == "Good Driving"


def test_a_token_goes_up_as_one_of_the_party_of_the_connection():
    made = lift_token(raw(old_token()), up(owner=EMSP))
    assert plain(made) == token()
    assert read(Token, made.data)[1] == ()
    assert costs(made) == set()


def test_some_fields_of_a_token_go_both_ways():
    made = lift_token_patch(b'{"valid":false,"auth_id":"X"}', up(owner=EMSP))
    assert plain(made) == {"valid": False, "contract_id": "X", "last_updated": "2026-05-04T10:20:30Z"}
    assert plain(lower_token_patch(raw({"valid": False, "last_updated": AT}), down())) == {
        "valid": False,
        "last_updated": AT,
    }
    assert lower_token_patch(raw({"group_id": "G", "last_updated": AT}), down()).data is None


@pytest.mark.parametrize("name", ["type", "token_type", "tokenType"])
def test_the_type_of_a_token_may_have_three_names_in_a_query(name):
    assert token_type({name: "OTHER"}) == "OTHER"
    assert token_type({}) == "RFID"


# -- authorize ---------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-100")
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 2002, "Missing Location Id"),
        (b"{}", 2002, "Missing Location Id"),
        (b'{"location_id":"LOC1"}', 2002, "Missing EVSE Id"),
        (b'{"location_id":"LOC1","evse_uids":[]}', 2002, "Missing EVSE Id"),
        (b'{"location_id":"LOC1","evse_uids":["E1","E2"]}', 2001, "More than one EVSE Id"),
    ],
)
def test_authorize_names_exactly_one_evse(body, status, message):
    with pytest.raises(Refused) as refused:
        lift_authorize(body, up())
    assert (CODES[refused.value.reason].status, refused.value.message) == (status, message)


def test_where_the_driver_stands_goes_up_without_connectors():
    made = lift_authorize(raw({"location_id": "LOC1", "evse_uids": ["E1"], "connector_ids": ["1"]}), up())
    assert plain(made) == {"location_id": "LOC1", "evse_uids": ["E1"]}
    assert costs(made) == {("connector_ids", "lost")}
    assert read(LocationReferences, made.data)[1] == ()


def test_where_the_driver_stands_goes_down_with_the_hubs_ids():
    hub = names(location={("LOC1",): "hub-loc"}, evse={("LOC1", "E1"): "hub-evse"})
    made = lower_authorize(raw({"location_id": "LOC1", "evse_uids": ["E1"]}), down(names=hub))
    assert plain(made) == {"location_id": "hub-loc", "evse_uids": ["hub-evse"]}
    assert lower_authorize(b"", down()).data == b""


def answer(**fields):
    return {"allowed": "ALLOWED", "authorization_reference": "R1", "token": token()} | fields


def test_the_answer_goes_down_without_the_token_and_with_the_reference_under_its_old_name():
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    made = lower_authorization(raw(answer(location=place, info={"language": "en", "text": "ok"})), down())
    assert plain(made) == {
        "allowed": "ALLOWED",
        "location": place,
        "authorization_id": "R1",
        "info": {"language": "en", "text": "ok"},
    }
    assert costs(made) == set()


@pytest.mark.parametrize("allowed", ["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"])
def test_the_answer_goes_up_with_the_token_as_the_hub_has_it(allowed):
    old = {"allowed": allowed, "authorization_id": "R1", "location": {"location_id": "hub", "evse_uids": ["hub-evse"]}}
    theirs = names(location={("hub",): "LOC1"}, evse={("hub", "hub-evse"): "E1"})
    known = up(owner=EMSP, token=raw(token()), names=theirs)
    made = lift_authorization(raw(old), known, "1A2B3C4D", "RFID")
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    assert plain(made) == answer(allowed=allowed, location=place)
    assert read(AuthorizationInfo, made.data)[1] == ()


def test_a_no_about_a_token_nobody_knows_gets_one_without_a_contract():
    made = lift_authorization(b'{"allowed":"BLOCKED"}', up(owner=EMSP), "1A2B3C4D", "RFID")
    shape, _ = read(AuthorizationInfo, made.data)
    assert (shape.token.uid, shape.token.type, shape.token.contract_id) == ("1A2B3C4D", "RFID", "#NA")
    assert (shape.token.country_code, shape.token.party_id) == ("DE", "EEE")
    assert costs(made) == {("token", "invented")}


def test_a_yes_about_a_token_nobody_knows_is_an_unknown_token():
    with pytest.raises(Refused) as refused:
        lift_authorization(b'{"allowed":"ALLOWED"}', up(owner=EMSP), "1A2B3C4D", "RFID")
    assert refused.value.reason is Reason.UNKNOWN_TOKEN
    assert CODES[refused.value.reason].status == 2004
    assert for_version(2004, "2.1.1") == 2000
