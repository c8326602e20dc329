"""What cannot be read, and what nobody should try to read."""

import pytest

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import SoapFault
from interroam.protocols.emip.wire.operations import BY_NAME
from interroam.protocols.emip.wire.parsing import LARGEST
from tests.protocols.emip.wire.messages import HEADER, SOAP_12, TARGET, enveloped, full

GET = "eMIP_ToIOP_GetServiceAuthorisation"
OPERATION = BY_NAME[GET]
GOOD = codec.write_request(OPERATION, full(OPERATION.request))


def fault_of(data):
    with pytest.raises(SoapFault) as caught:
        codec.read_request(data)
    assert (caught.value.code, caught.value.http, caught.value.soap) == ("INVALID_REQUEST", 400, "Sender")
    return caught.value


@pytest.mark.statement("EMIP-1")
@pytest.mark.parametrize("namespace", ["http://schemas.xmlsoap.org/soap/envelope/", "urn:soap", ""])
def test_only_envelopes_of_soap_1_2_are_served(namespace):
    assert codec.read_request(GOOD).operation is OPERATION
    old = GOOD.replace(f'xmlns:env="{SOAP_12}"'.encode(), f'xmlns="{namespace}"'.encode()).replace(b"env:", b"")
    assert fault_of(old).cause == "NOT_SOAP12"


def test_a_message_without_envelope_is_not_soap():
    assert fault_of(b"<eMIP_ToIOP_HeartBeatRequest/>").cause == "NOT_SOAP12"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"{}", b"<a", GOOD[:-5], GOOD + b"<more/>", b"\xff\xfe" + GOOD, b"<a>&colour;</a>"]
)
def test_what_is_not_well_formed_is_malformed(data):
    assert fault_of(data).cause == "MALFORMED_XML"


def test_control_characters_and_other_encodings_are_malformed():
    assert fault_of(GOOD.replace(b"eMI3", b"eM\x01I3")).cause == "MALFORMED_XML"
    assert fault_of(GOOD.replace(b"eMI3", b"eMI&#0;3")).cause == "MALFORMED_XML"
    assert fault_of(GOOD.replace(b"eMI3", "é".encode("latin-1"))).cause == "MALFORMED_XML"
    assert fault_of(GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")).cause == "MALFORMED_XML"


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
DOCTYPES = {
    "empty": "<!DOCTYPE a>",
    "laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>',
    "file": '<!DOCTYPE a [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "network": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd" [<!ENTITY l9 "x">]>',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p; <!ENTITY l9 "x">]>',
}


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-7"])
def test_document_types_and_entities_are_never_read(doctype, encoding):
    text = GOOD.decode().replace("?>", f"?>{doctype}").replace("UTF-8", encoding).replace(">eMI3<", ">&l9;<", 1)
    assert fault_of(text.encode(encoding)).cause == "MALFORMED_XML"
    if encoding == "utf-7":  # hidden from whoever looks for the letters alone
        start, rest = text.split("?>", 1)
        hidden = rest.replace("<", "+ADw-").replace("!", "+ACE-")
        assert fault_of(f"{start}?>{hidden}".encode("ascii")).cause == "MALFORMED_XML"


@pytest.mark.statement("EMIP-7")
def test_messages_beyond_ten_mebibytes_are_refused():
    assert LARGEST == 10 * 1024 * 1024
    start, end = GOOD.split(b"</env:Body>")
    padding = b" " * 1024 * 1024
    rest = b" " * (LARGEST - len(GOOD) - 9 * len(padding) - 9 * len(b"<!---->") - 1)
    large = start + b"</env:Body>" + (b"<!--" + padding + b"-->") * 9 + rest + end
    assert codec.read_request(large + b" ").operation is OPERATION
    assert fault_of(large + b"  ").cause == "MALFORMED_XML"


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deep_nesting_is_refused(depth):
    deep = "<a>" * depth + "</a>" * depth
    assert fault_of(enveloped(f"{GET}Request", HEADER + deep)).cause == "MALFORMED_XML"


@pytest.mark.parametrize("element", ["eMIP_ToIOP_SetFire", "eMIP_ToIOP_SetFireRequest", f"{GET}Response", GET])
def test_unknown_operations_are_refused(element):
    assert fault_of(enveloped(element, HEADER)).cause == "UNKNOWN_OPERATION"


def test_a_body_holds_one_request():
    envelope = f'<e:Envelope xmlns:e="{SOAP_12}">%s</e:Envelope>'
    assert fault_of((envelope % "").encode()).cause == "UNKNOWN_OPERATION"
    assert fault_of((envelope % "<e:Body/>").encode()).cause == "UNKNOWN_OPERATION"
    beat = f"<eMIP_ToIOP_HeartBeatRequest>{HEADER}</eMIP_ToIOP_HeartBeatRequest>"
    assert codec.read_request((envelope % f"<e:Body>{beat}</e:Body>").encode()).message.partner_id == "FR*P07"
    assert fault_of((envelope % f"<e:Body>{beat}{beat}</e:Body>").encode()).cause == "INVALID_VALUE"


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("name", ["partnerIdType", "partnerId", "operatorIdType", "operatorId"])
@pytest.mark.parametrize("left", ["", "<{0}/>", "<{0}>  </{0}>"])
def test_a_missing_field_of_the_header_is_a_fault(name, left):
    start, end = f"<{name}>", f"</{name}>"
    header = HEADER[: HEADER.index(start)] + left.format(name) + HEADER[HEADER.index(end) + len(end) :]
    fault = fault_of(enveloped(f"{GET}Request", header))
    assert (fault.cause, fault.transaction_id) == ("MISSING_FIELD", "cpo-9b-000017")
    assert name in fault.message


def test_the_platform_always_sends_a_transaction():
    header = HEADER.replace("<transactionId>cpo-9b-000017</transactionId>", "")
    beat = "eMIP_{}_HeartBeatRequest".format
    assert codec.read_request(enveloped(beat("ToIOP"), header)).message.transaction_id is None
    assert fault_of(enveloped(beat("FromIOP"), header + TARGET)).cause == "MISSING_FIELD"


EVSE = "<EVSEIdType>eMI3</EVSEIdType><EVSEId>FR*C07*E0042*1</EVSEId>"
USER = "<userIdType>RFID-UID</userIdType><userId>04A1B2C3</userId>"


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("children", "field"),
    [("", "EVSEIdType"), (EVSE, "userIdType"), (EVSE + USER, "requestedServiceId"), (EVSE + "<userId/>", "userIdType")],
)
def test_a_missing_field_of_the_body_leaves_a_header_to_answer_to(children, field):
    with pytest.raises(codec.Unreadable) as caught:
        codec.read_request(enveloped(f"{GET}Request", HEADER + children))
    unreadable = caught.value
    assert (unreadable.operation, unreadable.field, unreadable.missing) == (OPERATION, field, True)
    header = unreadable.header
    assert (header.transaction_id, header.partner_id, header.operator_id) == ("cpo-9b-000017", "FR*P07", "FR*C07")


def test_what_is_malformed_deep_inside_is_named_from_the_top():
    operation = BY_NAME["eMIP_FromIOP_SetChargeDetailRecord"]
    written = codec.write_request(operation, full(operation.request))
    with pytest.raises(codec.Unreadable) as caught:
        codec.read_request(written.replace(b"<meterTypeId>1<", b"<meterTypeId>one<"))
    unreadable = caught.value
    assert unreadable.field == "chargeDetailRecord/meterReportList/meterReport/meterTypeId"
    assert (unreadable.missing, unreadable.qualified) == (False, False)
    assert unreadable.header.target_operator_id == "some text"


def test_the_platform_names_its_events_and_actions():
    for name, part in (("SetSessionEventReport", "sessionEvent"), ("SetSessionActionRequest", "sessionAction")):
        nameless = (
            f"<serviceSessionId>s</serviceSessionId><{part}><{part}Nature>1</{part}Nature>"
            f"<{part}DateTime>2026-03-02T07:58:10Z</{part}DateTime></{part}>"
        )
        to_iop = codec.read_request(enveloped(f"eMIP_ToIOP_{name}Request", HEADER + nameless)).message
        assert getattr(to_iop, f"session_{part.removeprefix('session').lower()}") is not None
        with pytest.raises(codec.Unreadable, match=f"{part}/{part}Id is missing"):
            codec.read_request(enveloped(f"eMIP_FromIOP_{name}Request", HEADER + TARGET + nameless))


def test_conditions_of_a_search_are_not_empty():
    children = (
        "<latitude>48.85</latitude><longitude>2.35</longitude><radius>5</radius>"
        "<andCombinedCriteria><attributeId>3044</attributeId></andCombinedCriteria>"
    )
    with pytest.raises(codec.Unreadable, match="andCombinedCriteria/attributeCondition is missing"):
        codec.read_request(enveloped("eMIP_ToIOP_SearchEVSERequest", HEADER + children))


def test_control_characters_are_replaced_where_xml_cannot_hold_them():
    message = full(OPERATION.request)
    odd = "a\x00b\x1fc\ud800d\uffffe\rf<&>\"']]>"
    written = codec.write_request(OPERATION, with_user(message, odd))
    assert codec.read_request(written).message.user_id == "a\ufffdb\ufffdc\ufffdd\ufffde\rf<&>\"']]>"


def with_user(message, user_id):
    values = {name: getattr(message, name) for name in message.__struct_fields__}
    return type(message)(**values | {"user_id": user_id})
