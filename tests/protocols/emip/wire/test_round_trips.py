"""What is written is read again as it was."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.fields import fields_of
from interroam.protocols.emip.wire.operations import BY_NAME, OPERATIONS
from interroam.protocols.emip.wire.schema import schema
from interroam.protocols.emip.wire.types import ChargeDetailRecord, EvseDescription
from tests.protocols.emip.wire.messages import SOAP_12, any_of, full, least

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
FORMS = pytest.mark.parametrize("form", [full, least])


@EVERY
@FORMS
def test_every_request_comes_back(operation, form):
    message = form(operation.request)
    received = codec.read_request(codec.write_request(operation, message))
    assert (received.operation, received.message, received.qualified) == (operation, message, False)


@EVERY
@FORMS
@pytest.mark.parametrize("qualified", [False, True])
def test_every_answer_comes_back(operation, form, qualified):
    message = form(operation.response)
    assert codec.read_response(operation, codec.write_response(operation, message, qualified=qualified)) == message


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from(OPERATIONS), st.data())
def test_any_message_comes_back(operation, data):
    request, response = data.draw(any_of(operation.request)), data.draw(any_of(operation.response))
    assert codec.read_request(codec.write_request(operation, request)).message == request
    assert codec.read_response(operation, codec.write_response(operation, response)) == response


@pytest.mark.statement("EMIP-2", "EMIP-7")
@EVERY
@FORMS
def test_what_is_written_fits_the_schema_and_says_that_it_is_utf_8(operation, form):
    rules = etree.XMLSchema(etree.fromstring(schema(operation.family, OPERATIONS)))
    for written in (
        codec.write_request(operation, form(operation.request)),
        codec.write_response(operation, form(operation.response)),
    ):
        assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
        envelope = etree.fromstring(written)
        assert [child.tag for child in envelope] == [f"{{{SOAP_12}}}Header", f"{{{SOAP_12}}}Body"]
        (message,) = envelope[1]
        rules.assertValid(message)


@pytest.mark.statement("EMIP-7")
@EVERY
def test_roots_are_qualified_and_children_are_not(operation):
    written = etree.fromstring(codec.write_request(operation, full(operation.request)))[1][0]
    answered = etree.fromstring(codec.write_response(operation, full(operation.response)))[1][0]
    namespace = operation.family.namespace
    assert written.tag == f"{{{namespace}}}{operation.name}Request"
    assert answered.tag == f"{{{namespace}}}{operation.name}Response"
    assert {child.tag for child in (*written, *answered)} == {
        field.name for kind in (operation.request, operation.response) for field in fields_of(kind)
    }


def test_an_answer_to_a_qualified_request_is_qualified_all_the_way_down():
    operation = BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"]
    written = codec.write_response(operation, full(operation.response), qualified=True)
    answer = etree.fromstring(written)[1][0]
    assert {etree.QName(element).namespace for element in answer.iter()} == {operation.family.namespace}


@pytest.mark.parametrize("kind", [ChargeDetailRecord, EvseDescription])
def test_a_part_that_is_kept_comes_back(kind):
    assert codec.read_element(codec.write_element(full(kind)), kind) == full(kind)


def test_a_part_that_is_broken_is_malformed():
    with pytest.raises(codec.Malformed, match="CDRNature is missing"):
        codec.read_element(b"<chargeDetailRecord/>", ChargeDetailRecord)


@pytest.mark.statement("EMIP-2")
def test_letters_of_all_the_world_travel():
    operation = BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"]
    message = operation.request(
        partner_id="Ålesund–東京",
        operator_id="FR*C01",
        evse_id="FR*C01*E1",
        user_id_type="EMP-SPEC",
        user_id="Zoë",
        requested_service_id="1",
    )
    written = codec.write_request(operation, message)
    assert "Ålesund–東京".encode() in written
    assert codec.read_request(written).message == message
