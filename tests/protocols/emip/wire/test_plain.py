"""What is read without the parser is what the parser would have read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.protocols.emip.wire import codec, plain
from interroam.protocols.emip.wire.faults import SoapFault
from interroam.protocols.emip.wire.operations import BY_NAME, DYNAMIC
from tests.protocols.emip.wire.messages import HEADER, any_of, enveloped

BUSY = "eMIP_ToIOP_SetEVSEBusyStatusRequest"
STATUS = (
    "<EVSEIdType>eMI3</EVSEIdType><EVSEId>FR*C07*E0042*1</EVSEId>"
    "<statusEventDate>2026-03-02T07:58:10Z</statusEventDate><busyStatus>2</busyStatus>"
)
KNOWN = enveloped(BUSY, HEADER + STATUS, DYNAMIC.namespace)


def outcome(data):
    try:
        received = codec.read_request(data)
    except SoapFault as fault:
        return fault.code, fault.cause, str(fault)
    except codec.Unreadable as wrong:
        return wrong.operation, wrong.header, wrong.problem
    return received


def both(data, known=KNOWN):
    """Read by the parser alone, and after a message in the same envelope."""
    plain._seen.clear()
    parsed = outcome(data)
    plain._seen.clear()
    codec.read_request(known)
    again = outcome(data)
    assert outcome(data) == again
    return parsed, again


@pytest.mark.statement("EMIP-7")
def test_an_end_that_does_not_fit_its_beginning_is_no_xml_however_often_the_envelope_came():
    wrong = KNOWN.replace(b"</x:" + BUSY.encode(), b"</x:" + BUSY[::-1].encode())
    assert len(wrong) == len(KNOWN) != wrong
    parsed, again = both(wrong)
    assert again == parsed
    assert again[:2] == ("INVALID_REQUEST", "MALFORMED_XML")


def test_a_second_message_in_the_same_envelope_needs_no_parser(monkeypatch):
    plain._seen.clear()
    first = codec.read_request(KNOWN)
    monkeypatch.setattr(codec, "parse", None)
    assert codec.read_request(KNOWN) == first
    assert codec.read_request(KNOWN.replace(b"E0042", b"E0043")).message.evse_id == "FR*C07*E0043*1"


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"E0042*1", b"E0042&#42;1"),
        (b"E0042*1", b"E0042<!-- -->*1"),
        (b"E0042*1", b"<![CDATA[E0042]]>*1"),
        (b"E0042*1", "E0042*é".encode()),
        (b"E0042*1", b"E0042*\x01"),
        (b"E0042*1", b"E0042*1\xff"),
        (b"E0042*1", b"E0042\r\n*1"),
        (b"E0042*1", b"E0042*]]>"),
        (b"E0042*1", b"E" * 300),
        (b"<EVSEId>", b"  <EVSEId>\n  "),
        (b"<EVSEId>", b'<EVSEId a="1">'),
        (b"<EVSEId>", b"<EVSEid>"),
        (b"</EVSEId>", b"</EVSEId ></a></a>"),
        (b"<EVSEId>", b"<EVSEId>first</EVSEId><EVSEId>"),
        (b"<EVSEId>", b"<EVSEId/><EVSEId>"),
        (b"<EVSEId>", b"<EVSEId> </EVSEId><EVSEId>"),
        (b"<EVSEId>", b"<x:EVSEId>other</x:EVSEId><EVSEId>"),
        (b"<EVSEId>", b"<nobody>knows</nobody><EVSEId>"),
        (b"<EVSEId>", b"text<EVSEId>"),
        (b"<busyStatus>2<", b"<busyStatus>2: Occupied<"),
        (b"<busyStatus>2<", b"<busyStatus>taken<"),
        (b"<busyStatus>2</busyStatus>", b""),
        (b"<transactionId>cpo-9b-000017</transactionId>", b""),
        (b"</e:Envelope>", b"</e:Envelope>\n"),
        (b"</e:Envelope>", b"</e:Envelope><more/>"),
        (b"2026-03-02T07:58:10Z", b"2026-03-02T08:58:10.5+01:00"),
    ],
)
def test_what_is_less_plain_is_read_as_ever(old, new):
    assert old in KNOWN
    parsed, again = both(KNOWN.replace(old, new))
    assert again == parsed


@given(any_of(BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"].request), st.booleans())
def test_any_message_is_read_alike(message, known):
    operation = BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"]
    data = codec.write_request(operation, message)
    parsed, again = both(data, data if known else KNOWN)
    assert again == parsed
    assert parsed.message == message


def test_an_envelope_in_which_a_list_might_not_be_one_is_not_remembered():
    fields = HEADER + STATUS
    hidden = KNOWN.replace(b"<e:Body>", b"<e:Body ><!-- e:Body> -->").replace(
        b"<e:Header/>", b"<e:Header/><!--Body>-->"
    )
    plain._seen.clear()
    for data in (hidden, hidden.replace(fields.encode(), f"{fields}<!--{fields}-->".encode())):
        codec.read_request(data)
    assert not plain._seen


def test_so_many_envelopes_are_remembered_and_no_more():
    plain._seen.clear()
    for number in range(2 * plain._MOST):
        codec.read_request(KNOWN.replace(b"xmlns:x", f'xmlns:n{number}="urn:n" xmlns:x'.encode()))
        assert 0 < len(plain._seen) <= plain._MOST
    plain._seen.clear()
