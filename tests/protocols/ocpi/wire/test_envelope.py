from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.envelope import failure, read_reply, success, success_with

NOW = datetime(2025, 1, 1, 12, 0, 0, 900_000, UTC)
WRITTEN = "2025-01-01T12:00:00Z"


def test_success_without_data_leaves_data_out():
    assert msgspec.json.decode(success(NOW)) == {
        "status_code": 1000,
        "status_message": "Success",
        "timestamp": WRITTEN,
    }


def test_the_second_shown_is_that_of_now_forwards_and_backwards():
    for seconds in (0, 0.05, 0.2, 61, -3600, 0):
        now = NOW + timedelta(seconds=seconds)
        assert msgspec.json.decode(success(now))["timestamp"] == now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_data_is_carried_byte_for_byte():
    assert success_with(b'{"kwh":1.50}', NOW).startswith(b'{"data":{"kwh":1.50},"status_code":1000,')
    assert read_reply(success_with(b'[{"a":1.0},{"b":2}]', NOW)).items() == [b'{"a":1.0}', b'{"b":2}']
    assert read_reply(success_with(b"[]", NOW)).items() == []


def test_a_failure_says_why_whatever_the_message():
    reply = read_reply(failure(2001, 'the field "é" \n', NOW))
    assert (reply.status_code, reply.status_message, reply.data) == (2001, 'the field "é" \n', None)
    assert not reply.succeeded
    assert read_reply(failure(2000, "no", NOW, b'{"result":"REJECTED"}')).data == b'{"result":"REJECTED"}'


@pytest.mark.parametrize(
    ("raw", "data", "findings"),
    [
        (b'{"status_code":1000,"timestamp":"T"}', None, 0),
        (b'{"data":null,"status_code":1000,"timestamp":"T"}', None, 0),
        (b'{"data":{},"status_code":1000,"timestamp":"T"}', b"{}", 0),
        (b'{"data": "ACCEPTED" ,"status_code":1000,"timestamp":"T","x":1}', b'"ACCEPTED"', 0),
        (b'{"status_code":"1000","status_message":null}', None, 2),
    ],
)
def test_a_partners_envelope_is_read_with_patience(raw, data, findings):
    reply = read_reply(raw)
    assert reply.succeeded
    assert reply.data == data
    assert len(reply.findings) == findings
    assert reply.items() == []


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{}",
        b'{"status_code":true}',
        b'{"status_code":"ok"}',
        b'{"status_code":1.5}',
        b'{"status_code":%s}' % (b"1" * 5000),
    ],
)
def test_an_answer_without_a_status_code_is_no_answer(raw):
    with pytest.raises(Malformed):
        read_reply(raw)


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"status_code":1000,"data":"\xff"}', b'{"data":' * 100_000])
def test_an_answer_that_is_no_json_is_said_to_be_none(raw):
    with pytest.raises(NotJson):
        read_reply(raw)
