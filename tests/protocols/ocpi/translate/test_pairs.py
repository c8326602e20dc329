"""What is read is written again: everything the model holds survives both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interroam.model.facts import Wire
from interroam.model.ids import PartyId
from interroam.model.questions import Acknowledged, Authorize
from interroam.model.tokens import Allowed, Whitelist
from interroam.protocols.ocpi import translate
from interroam.protocols.ocpi.translate.rows import patched, said, same, wired
from interroam.protocols.ocpi.wire import (
    Malformed,
    NotJson,
    cdrs,
    commands,
    locations,
    profiles,
    read,
    sessions,
    tariffs,
    tokens,
)
from interroam.protocols.ocpi.wire.raw import set_fields
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.wire.shapes import EPOCH, valid

OWNER = PartyId.of("CH", "CCC")
NOW = b'"2026-03-14T12:00:00Z"'


def whole(row: bytes) -> bytes:
    """A row form with the time that the picture keeps beside it."""
    assert b'"last_updated":' not in row.split(b"connectors")[0].split(b"tariffs")[0]
    return set_fields(row, {"last_updated": NOW})


def at_now(body):
    return msgspec.structs.replace(body, last_updated=datetime(2026, 3, 14, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("shape", "there", "back"),
    [
        (tokens.Token, translate.read_token, translate.write_token),
        (sessions.Session, translate.read_session, translate.write_session),
        (tariffs.Tariff, translate.read_tariff, translate.write_tariff),
        (cdrs.Cdr, translate.read_cdr, translate.write_cdr),
    ],
    ids=["token", "session", "tariff", "cdr"],
)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_was_read_reads_the_same_when_written(shape, there, back, data):
    sent = data.draw(valid(shape))
    if shape is tariffs.Tariff:
        sent = msgspec.structs.replace(sent, target_operator_country_code=None, target_operator_party_id=None)
    body = at_now(there(sent))
    again, findings = read(shape, whole(back(body)))
    reread = at_now(there(again))
    if shape is cdrs.Cdr:  # of its place and tariffs a CDR keeps the ids alone
        reread = msgspec.structs.replace(reread, tariff_ids=body.tariff_ids)
        findings = ()
    assert reread == body
    assert not [found for found in findings if "is missing" in found.message]


@pytest.mark.parametrize(("services", "whitelist"), [((), "ALWAYS"), (("1", "7"), "ALWAYS"), (("7",), "NEVER")])
def test_a_token_that_is_good_for_other_services_only_is_always_asked_about(services, whitelist):
    body = translate.read_token(read(tokens.Token, msgspec.json.encode(messages.token()))[0])
    body = msgspec.structs.replace(body, whitelist=Whitelist.ALWAYS, services=services)
    assert read(tokens.Token, whole(translate.write_token(body)))[0].whitelist == whitelist


@settings(max_examples=20, deadline=None)
@given(sent=valid(locations.Evse))
def test_an_evse_reads_the_same_when_written(sent):
    body = at_now(translate.read_evse(sent, OWNER, "L1"))
    again, _ = read(locations.Evse, whole(translate.write_evse(body)))
    reread = at_now(translate.read_evse(again, OWNER, "L1"))
    assert msgspec.structs.replace(reread, coordinates=body.coordinates) == body


@settings(max_examples=20, deadline=None)
@given(sent=valid(locations.Location))
def test_a_location_reads_the_same_when_written(sent):
    body = at_now(translate.read_location(sent))
    again, _ = read(locations.Location, whole(translate.write_location(body)))
    reread = at_now(translate.read_location(again))
    rounded = msgspec.structs.replace(reread, coordinates=body.coordinates)
    # What is empty is absent, and hours that are not "always" have no place in the model.
    assert (
        msgspec.structs.replace(
            rounded, always_open=body.always_open, operator_name=body.operator_name, owner_name=body.owner_name
        )
        == body
    )
    assert abs(reread.coordinates.latitude - body.coordinates.latitude) < Decimal("0.00001")


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("-12.345678", "-123.456789"), ("1", "2.5"), ("0.1234567", "3.000001")]
)
def test_coordinates_fit_their_fields(latitude, longitude):
    """C28: at most ten and eleven characters."""
    location = translate.read_location(read(locations.Location, msgspec.json.encode(messages.location()))[0])
    point = type(location.coordinates)(Decimal(latitude), Decimal(longitude))
    again, findings = read(
        locations.Location, whole(translate.write_location(msgspec.structs.replace(location, coordinates=point)))
    )
    assert not findings
    assert len(again.coordinates.latitude) <= 10
    assert len(again.coordinates.longitude) <= 11


@pytest.mark.parametrize(
    ("shape", "there", "back"),
    [
        (commands.ReserveNow, translate.read_reserve, translate.write_reserve),
        (commands.CancelReservation, translate.read_cancel, translate.write_cancel),
        (commands.UnlockConnector, translate.read_unlock, translate.write_unlock),
    ],
)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_other_commands_read_the_same_when_written(shape, there, back, data):
    sent = data.draw(valid(shape))
    question = there(sent, OWNER, None)
    again, _ = read(shape, back(question, "https://b.example/2"))
    assert again == msgspec.structs.replace(sent, response_url="https://b.example/2")


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_charging_profiles_and_preferences_read_the_same_when_written(data):
    asked = data.draw(valid(profiles.SetChargingProfile))
    question = translate.read_set_profile(asked, "S", OWNER, None)
    assert read(profiles.SetChargingProfile, translate.write_set_profile(question, asked.response_url))[0] == asked
    active = data.draw(valid(profiles.ActiveChargingProfile))
    goes = translate.read_active_profile(active)
    assert read(profiles.ActiveChargingProfile, translate.write_active_profile(goes))[0] == active
    said = read(profiles.ChargingProfileResult, translate.write_profile_outcome("ACCEPTED", goes))[0]
    outcome = translate.read_profile_outcome(said, "C", EPOCH)
    assert (outcome.result, outcome.profile) == ("ACCEPTED", goes)
    wish = data.draw(valid(sessions.ChargingPreferences))
    again = read(sessions.ChargingPreferences, translate.write_prefer(translate.read_prefer(wish, "S", OWNER, None)))[0]
    assert again == wish


def test_a_time_out_is_unknown_where_profiles_have_no_word_for_it():
    assert read(profiles.ChargingProfileResult, translate.write_profile_outcome("TIMEOUT"))[0].result == "UNKNOWN"


def test_commands_and_their_answers_read_the_same_when_written():
    token = read(tokens.Token, msgspec.json.encode(messages.token()))[0]
    sent = commands.StartSession(
        response_url="https://a.example/1", token=token, location_id="L1", evse_uid="E1", authorization_reference="R"
    )
    question = translate.read_start(sent, token_owner := PartyId.of("DE", "EEE"), None)
    again = read(commands.StartSession, translate.write_start(question, "https://b.example/2"))[0]
    assert again.response_url == "https://b.example/2"
    assert translate.read_start(again, token_owner, None) == msgspec.structs.replace(question, reply=again.response_url)
    stop = translate.read_stop(commands.StopSession(response_url="u", session_id="S"), token_owner, OWNER)
    assert read(commands.StopSession, translate.write_stop(stop, "u"))[0].session_id == "S"
    for answer in (Acknowledged(result="ACCEPTED", within=30), Acknowledged(result="REJECTED", message="no " * 300)):
        shown = read(commands.CommandResponse, translate.write_acknowledged(answer))[0]
        back = translate.read_acknowledged(shown)
        assert (back.result, back.within) == (answer.result, answer.within)
        assert (back.message or "") == (answer.message or "")[:512]
    outcome = read(commands.CommandResult, translate.write_outcome("TIMEOUT", "too late"))[0]
    assert translate.read_outcome(outcome, "1", EPOCH).message == "too late"


def test_authorize_and_its_answer_read_the_same_when_written():
    question = Authorize(cpo=OWNER, uid="01", location_id="L1", evse_uids=("E1", "E2"))
    assert translate.read_authorize(translate.write_authorize(question), OWNER, "01", "RFID", None) == question
    info = {
        "allowed": "ALLOWED",
        "token": messages.token(),
        "location": {"location_id": "L1", "evse_uids": ["E1"]},
        "authorization_reference": "R",
        "info": {"language": "de", "text": "gut"},
    }
    answer = translate.read_authorization(msgspec.json.encode(info))
    assert (answer.emsp_reference, answer.reference) == ("R", "")
    assert translate.read_authorization(msgspec.json.encode({**info, "allowed": "BLOCKED"})).token is answer.token
    own = msgspec.structs.replace(answer, reference="R")
    stored = msgspec.json.encode(messages.token())
    assert msgspec.json.decode(translate.write_authorization(own, stored)) == info


def test_an_answer_that_is_not_as_it_should_be_is_read_with_patience():
    odd = {**messages.token(), "last_updated": "2024-05-01T10:00:00", "issuer": "I" * 80}
    answer = translate.read_authorization(msgspec.json.encode({"allowed": "blocked", "token": odd}))
    assert (answer.allowed, answer.token.issuer, answer.token.last_updated.hour) == (Allowed.BLOCKED, "I" * 80, 10)
    with pytest.raises(Malformed, match=r"token\.uid: is missing"):
        translate.read_authorization(b'{"allowed":"ALLOWED","token":{"country_code":"DE","party_id":"EEE"}}')
    with pytest.raises(NotJson):
        translate.read_authorization(msgspec.json.encode({"allowed": "ALLOWED", "token": odd}) + b"\xff")


@pytest.mark.parametrize(
    ("new", "old", "equal"),
    [
        (b'{"a":1,"b":null}', b'{ "a": 1.0 }', True),
        (b'{"a":[1,{"b":null}]}', b'{"a":[1,{}]}', True),
        (b'{"a":[1,2]}', b'{"a":[2,1]}', False),
        (b'{"a":"1"}', b'{"a":1}', False),
        (b'{"a":0.1}', b'{"a":0.10000000000000001}', False),
        (b'{"a":"\\ud800"}', b'{"a":"\\ud801"}', False),
    ],
)
def test_two_messages_are_the_same_when_they_say_the_same(new, old, equal):
    assert same(new, old) is equal


def test_a_row_of_another_room_is_left_to_be_rendered_from_the_body():
    patch = said(b'{"status":"CHARGING"}')
    assert patched(None, patch) is None
    assert patched(Wire("emip", "1", b"<a/>"), patch) is None
    ours = patched(wired(b'{"uid":"1","status":"AVAILABLE"}'), patch)
    assert ours == wired(b'{"uid":"1","status":"CHARGING"}')


@pytest.mark.statement("OCPI-187")
def test_a_merge_gives_the_same_whenever_it_is_applied_again():
    raw = msgspec.json.encode(messages.evse(custom=1))
    fact = translate.evse_fact(read(locations.Evse, raw)[0], raw, OWNER, "L1")
    patch = b'{"status":"CHARGING","floor_level":"1","last_updated":"2026-03-14T13:00:00Z"}'
    change = translate.evse_change(read(locations.EvsePatch, patch)[0], patch, OWNER, "L1", "E1")
    first = change.merge(fact.body, fact.row)
    assert first == change.merge(fact.body, fact.row)
    body, row = first
    assert change.fields == {"status", "floor_level"}
    assert body.last_updated == fact.body.last_updated + timedelta(hours=1)
    assert msgspec.json.decode(row.data)["floor_level"] == "1"
    assert "last_updated" not in msgspec.json.decode(row.data)


def test_the_slots_of_a_tariff_are_read_and_written():
    raw = json.dumps(
        messages.tariff(
            restriction={
                "start_time": "22:00",
                "end_time": "06:00",
                "start_time_2": "12:00",
                "end_time_2": "14:00",
                "day_of_week": ["MONDAY"],
            }
        )
    ).encode()
    fact = translate.tariff_fact(read(tariffs.Tariff, raw)[0], raw)
    assert fact.body.slots.times == (("22:00", "06:00"), ("12:00", "14:00"))
    written = json.loads(translate.write_tariff(fact.body))
    assert written["restriction"] == json.loads(raw)["restriction"]
