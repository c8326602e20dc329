"""Answers and faults: one or the other."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import BLAMES, Cause, FaultCode, SoapFault
from interroam.protocols.emip.wire.neutral import refusal
from interroam.protocols.emip.wire.operations import BY_NAME, OPERATIONS
from tests.protocols.emip.wire.messages import SOAP_12, full

NOW = datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)
OPERATION = BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"]
ANSWER = codec.write_response(OPERATION, full(OPERATION.response))
FAULT = SoapFault(FaultCode.AUTHENTICATION_ERROR, Cause.IP_NOT_ALLOWED, "Not from <here> & now.", "cpo-9b-000017")
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def body(data):
    return etree.fromstring(data).find(f"{{{SOAP_12}}}Body")


def fault_in(data):
    with pytest.raises(SoapFault) as caught:
        codec.read_response(OPERATION, data)
    return caught.value


@pytest.mark.statement("EMIP-6")
@EVERY
def test_an_answer_is_one_element_and_no_fault(operation):
    (child,) = body(codec.write_response(operation, full(operation.response)))
    assert etree.QName(child).localname == operation.response_element


@pytest.mark.statement("EMIP-6")
def test_a_fault_is_a_fault_and_no_answer():
    (child,) = body(codec.write_fault(FAULT))
    assert child.tag == f"{{{SOAP_12}}}Fault"
    read = fault_in(codec.write_fault(FAULT))
    assert (read.code, read.cause, read.message) == (FAULT.code, FAULT.cause, FAULT.message)
    assert (read.transaction_id, read.soap, read.http) == ("cpo-9b-000017", "Sender", 403)


@pytest.mark.statement("EMIP-6")
def test_a_fault_beside_an_answer_is_a_fault_and_two_answers_are_none():
    fault = codec.write_fault(FAULT).partition(b"<env:Body>")[2].partition(b"</env:Body>")[0]
    fault = fault.replace(b"<env:Fault>", b'<env:Fault xmlns:p="urn:p">')
    assert fault_in(ANSWER.replace(b"</env:Body>", fault + b"</env:Body>")).code == "AUTHENTICATION_ERROR"
    answer = ANSWER.partition(b"<env:Body>")[2].partition(b"</env:Body>")[0]
    with pytest.raises(codec.Malformed):
        codec.read_response(OPERATION, ANSWER.replace(b"</env:Body>", answer + b"</env:Body>"))


@pytest.mark.statement("EMIP-6")
def test_the_answer_to_another_question_is_no_answer():
    other = BY_NAME["eMIP_FromIOP_GetServiceAuthorisation"]
    with pytest.raises(codec.Malformed, match="holds no eMIP_ToIOP_GetServiceAuthorisationResponse"):
        codec.read_response(OPERATION, codec.write_response(other, full(other.response)))
    with pytest.raises(codec.Malformed):
        codec.read_response(OPERATION, codec.write_request(OPERATION, full(OPERATION.request)))


@pytest.mark.parametrize("data", [b"", b"<html/>", b"<html><body>Bad gateway</body></html>", b"OK"])
def test_what_is_no_soap_is_malformed(data):
    with pytest.raises(codec.Malformed):
        codec.read_response(OPERATION, data)


@pytest.mark.parametrize(
    ("code", "soap", "http"),
    [
        ("INTERNAL_ERROR", "Receiver", 500),
        ("INVALID_REQUEST", "Sender", 400),
        ("AUTHENTICATION_ERROR", "Sender", 403),
        ("ROLE_ERROR", "Sender", 403),
        ("SERVICE_UNAVAILABLE", "Receiver", 503),
    ],
)
def test_each_fault_says_who_is_to_blame(code, soap, http):
    fault = SoapFault(code, "X", "y")
    assert (fault.soap, fault.http, fault.by_receiver) == (soap, http, soap == "Receiver")
    read = fault_in(codec.write_fault(fault))
    assert (read.code, read.soap, read.http, read.transaction_id) == (code, soap, http, None)
    assert set(BLAMES) == set(FaultCode)


def test_a_fault_is_laid_out_as_soap_1_2_wants_it():
    fault = body(codec.write_fault(FAULT))[0]
    names = {"e": SOAP_12, "p": "https://api-iop.gireve.com/schemas/PlatformV1/"}
    assert fault.findtext("e:Code/e:Value", namespaces=names) == "env:Sender"
    assert fault.findtext("e:Code/e:Subcode/e:Value", namespaces=names) == "p:AUTHENTICATION_ERROR"
    assert fault.find("e:Reason/e:Text", names).get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    detail = fault.find("e:Detail/p:iopFault", names)
    assert [child.tag for child in detail] == ["faultCode", "exceptionCode", "transactionId", "message"]


@pytest.mark.statement("EMIP-31", "EMIP-48")
def test_faults_in_the_style_of_soap_1_1_are_read():
    data = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        "<faultcode>s:Server.INTERNAL_ERROR</faultcode><faultstring>Out of ids</faultstring>"
        "</s:Fault></s:Body></s:Envelope>"
    )
    fault = fault_in(data.encode())
    assert (fault.code, fault.message, fault.soap) == ("INTERNAL_ERROR", "Out of ids", "Receiver")
    client = fault_in(data.replace("s:Server.INTERNAL_ERROR", "s:Client").encode())
    assert (client.code, client.soap, client.http) == ("Client", "Sender", 500)


def test_a_fault_that_says_little_is_a_fault_all_the_same():
    data = f'<s:Envelope xmlns:s="{SOAP_12}"><s:Body><s:Fault/></s:Body></s:Envelope>'
    fault = fault_in(data.encode())
    assert (fault.code, fault.cause, fault.message, fault.by_receiver) == ("", "", "", True)


@EVERY
def test_every_operation_can_say_no(operation):
    answer = refusal(operation, "cpo-9b-000017", 19001, NOW)
    read = codec.read_response(operation, codec.write_response(operation, answer))
    assert (read.transaction_id, read.request_status) == ("cpo-9b-000017", 19001)
    assert getattr(read, "authorisation_value", 2) == 2
    assert getattr(read, "current_time", NOW) == NOW


def test_a_no_says_what_is_known():
    answer = refusal(OPERATION, "t", 10210, NOW, service_session_id="iop-1")
    assert (answer.service_session_id, answer.intermediate_cdr_requested) == ("iop-1", False)
