"""Sheet 4.6, row by row."""

import pytest

from interroam.model.errors import Refused
from interroam.protocols.ocpi.v211 import (
    commands,
    lift_command,
    lift_response,
    lift_result,
    lower_command,
    lower_response,
    lower_result,
)
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire.commands import COMMANDS, CommandResponse, CommandResult
from tests.protocols.ocpi.v211.samples import AT, EMSP, costs, down, names, old_token, plain, raw, token, up

URL = "https://emsp.example/result/1"
OLD = {"response_url": URL, "token": old_token(), "location_id": "hub-loc", "evse_uid": "hub-evse"}
NEW = {"response_url": URL, "token": token(), "location_id": "LOC1", "evse_uid": "E1"}
OWNERS = names(
    location={("hub-loc",): "LOC1"},
    evse={("hub-loc", "hub-evse"): "E1"},
    connector={("hub-loc", "hub-evse", "hub-plug"): "1"},
    session={("hub-session",): "S1"},
)


def known(**more):
    return up(owner=EMSP, names=OWNERS, **more)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("START_SESSION", OLD | {"authorization_id": "R1"}, NEW | {"authorization_reference": "R1"}),
        ("STOP_SESSION", {"response_url": URL, "session_id": "hub-session"}, {"response_url": URL, "session_id": "S1"}),
        (
            "RESERVE_NOW",
            OLD | {"expiry_date": AT, "reservation_id": 42},
            NEW | {"expiry_date": AT, "reservation_id": "DE*EEE*42"},
        ),
        (
            "UNLOCK_CONNECTOR",
            {"response_url": URL, "location_id": "hub-loc", "evse_uid": "hub-evse", "connector_id": "hub-plug"},
            {"response_url": URL, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
        ),
    ],
)
def test_a_command_goes_up_with_the_owners_ids(name, old, new):
    made = lift_command(name, raw(old), known())
    assert plain(made) == new
    assert costs(made) == set()
    assert read(COMMANDS[name], made.data)[1] == ()


def test_a_start_without_evse_is_refused_together_with_a_rejection():
    with pytest.raises(Malformed) as refused:
        lift_command("START_SESSION", raw({name: OLD[name] for name in OLD if name != "evse_uid"}), known())
    assert refused.value.field == "evse_uid"
    assert commands.REJECTED == b'{"result":"REJECTED"}'


def test_a_start_names_the_connector_only_where_that_is_set_so():
    assert "connector_id" not in plain(lift_command("START_SESSION", raw(OLD), known()))
    made = lift_command("START_SESSION", raw(OLD), known(connector_id="1"))
    assert plain(made)["connector_id"] == "1"
    assert costs(made) == {("connector_id", "invented")}


def test_our_reference_goes_with_a_start():
    made = lift_command("START_SESSION", raw(OLD | {"authorization_id": "R1"}), known(reference="ours"))
    assert plain(made)["authorization_reference"] == "ours"


def test_there_is_no_cancel_reservation():
    with pytest.raises(Refused):
        lift_command("CANCEL_RESERVATION", b"{}", known())
    assert lower_command("CANCEL_RESERVATION", b"{}", down()).data is None
    assert read(CommandResponse, commands.NOT_SUPPORTED)[0].result == "NOT_SUPPORTED"


OLD_OWN = {"response_url": URL, "token": old_token(issuer="DE*EEE"), "location_id": "LOC1", "evse_uid": "E1"}


@pytest.mark.parametrize(
    ("name", "new", "old", "cost"),
    [
        (
            "START_SESSION",
            NEW | {"authorization_reference": "R1", "connector_id": "1"},
            OLD_OWN | {"authorization_id": "R1"},
            {("connector_id", "lost")},
        ),
        ("STOP_SESSION", {"response_url": URL, "session_id": "S1"}, {"response_url": URL, "session_id": "S1"}, set()),
        (
            "RESERVE_NOW",
            NEW | {"expiry_date": AT, "reservation_id": "abc"},
            OLD_OWN | {"expiry_date": AT, "reservation_id": 7},
            set(),
        ),
        (
            "UNLOCK_CONNECTOR",
            {"response_url": URL, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
            {"response_url": URL, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
            set(),
        ),
    ],
)
def test_a_command_goes_down(name, new, old, cost):
    made = lower_command(name, raw(new), down(reservation=7))
    assert plain(made) == old
    assert costs(made) == cost


def test_a_reservation_without_a_number_is_our_mistake():
    with pytest.raises(Refused):
        lower_command("RESERVE_NOW", raw(NEW | {"expiry_date": AT, "reservation_id": "abc"}), down())


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NOT_SUPPORTED", "NOT_SUPPORTED"),
        ("REJECTED", "REJECTED"),
        ("ACCEPTED", "ACCEPTED"),
        ("TIMEOUT", "REJECTED"),
        ("UNKNOWN_SESSION", "UNKNOWN_SESSION"),
    ],
)
def test_the_answer_at_once_goes_up_with_a_timeout(old, new):
    made = lift_response(raw({"result": old}), up(timeout=45))
    assert plain(made) == {"result": new, "timeout": 45}
    assert costs(made) == ({("result", "approximated")} if old != new else set())
    assert read(CommandResponse, made.data)[1] == ()


@pytest.mark.parametrize("word", ["NOT_SUPPORTED", "REJECTED", "ACCEPTED", "UNKNOWN_SESSION"])
def test_the_answer_at_once_goes_down_as_its_result_alone(word):
    text = [{"language": "en", "text": "no"}]
    made = lower_response(raw({"result": word, "timeout": 30, "message": text}), down())
    assert plain(made) == {"result": word}
    assert costs(made) == {("message", "lost")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ACCEPTED", "ACCEPTED"),
        ("REJECTED", "REJECTED"),
        ("NOT_SUPPORTED", "NOT_SUPPORTED"),
        ("TIMEOUT", "TIMEOUT"),
        ("UNKNOWN_SESSION", "FAILED"),
    ],
)
def test_the_result_goes_up(old, new):
    made = lift_result(raw({"result": old}), up())
    assert plain(made) == {"result": new}
    assert read(CommandResult, made.data)[1] == ()


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("ACCEPTED", "ACCEPTED"),
        ("REJECTED", "REJECTED"),
        ("NOT_SUPPORTED", "NOT_SUPPORTED"),
        ("TIMEOUT", "TIMEOUT"),
        ("EVSE_OCCUPIED", "REJECTED"),
        ("EVSE_INOPERATIVE", "REJECTED"),
        ("FAILED", "REJECTED"),
        ("UNKNOWN_RESERVATION", "REJECTED"),
        ("CANCELED_RESERVATION", "REJECTED"),
    ],
)
def test_the_result_goes_down(new, old):
    made = lower_result(raw({"result": new}), down())
    assert plain(made) == {"result": old}
    assert costs(made) == ({("result", "approximated")} if old != new else set())
