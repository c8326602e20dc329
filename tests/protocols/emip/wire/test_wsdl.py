"""The descriptions of the three servers, used by a client that was made by others."""

from decimal import Decimal

import pytest
import zeep
from lxml import etree

from interroam.model.ids import Role
from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import FaultCode, SoapFault
from interroam.protocols.emip.wire.fields import Kind, fields_of
from interroam.protocols.emip.wire.operations import OPERATIONS
from interroam.protocols.emip.wire.types import Wire
from interroam.protocols.emip.wire.wsdl import served, wsdl
from tests.protocols.emip.wire.messages import full, least

ADDRESS = "https://hub.example/services?a=1&b=2"
SIDES = (Role.HUB, Role.CPO, Role.EMSP)
OFFERS = [(side, operation) for side in SIDES for operation in served(side)]
EACH = pytest.mark.parametrize(("side", "operation"), OFFERS, ids=lambda part: getattr(part, "name", part))


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wsdl")
    for side in SIDES:
        (folder / side).write_bytes(wsdl(side, ADDRESS))
    return {side: zeep.Client(str(folder / side)) for side in SIDES}


def spoken(message: Wire) -> dict[str, object]:
    """Say a message in the words of the schema."""
    said: dict[str, object] = {}
    for field in fields_of(type(message)):
        value = getattr(message, field.attribute)
        if value is None or (value == () and not field.entry):
            continue
        values = value if field.repeated else (value,)
        words = [part if isinstance(field.kind, Kind) else spoken(part) for part in values]
        entries = {field.entry: words} if field.entry else words
        said[field.name] = entries if field.repeated else words[0]
    return said


@pytest.mark.statement("EMIP-9")
@pytest.mark.parametrize(("side", "count"), [(Role.HUB, 27), (Role.CPO, 3), (Role.EMSP, 6)])
def test_each_server_is_described_with_all_it_serves(clients, side, count):
    binding = clients[side].service._binding
    assert isinstance(binding, zeep.wsdl.bindings.Soap12Binding)
    assert set(binding._operations) == {operation.name for operation in OPERATIONS if side in operation.served_by}
    assert len(binding._operations) == count
    assert {name: operation.soapaction for name, operation in binding._operations.items()} == {
        name: f"https://api-iop.gireve.com/services/{name}V1/" for name in binding._operations
    }
    assert clients[side].service._binding_options["address"] == ADDRESS


@pytest.mark.statement("EMIP-9")
@EACH
@pytest.mark.parametrize("form", [full, least])
def test_what_such_a_client_writes_is_read(clients, side, operation, form):
    message = form(operation.request)
    client = clients[side]
    envelope = client.create_message(client.service, operation.name, **spoken(message))
    received = codec.read_request(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))
    assert received.operation is operation
    assert received.message == message


@pytest.mark.statement("EMIP-9")
@EACH
@pytest.mark.parametrize("form", [full, least])
def test_what_is_written_is_read_by_such_a_client(clients, side, operation, form):
    message = form(operation.response)
    theirs = clients[side].service._binding._operations[operation.name]
    answer = theirs.process_reply(etree.fromstring(codec.write_response(operation, message)))
    assert without_nothing(zeep.helpers.serialize_object(answer, dict)) == without_nothing(heard(spoken(message)))


def heard(value):
    # Such a client gives meter values as numbers.
    if isinstance(value, dict):
        return {name: Decimal(part) if name == "meterValue" else heard(part) for name, part in value.items()}
    return [heard(part) for part in value] if isinstance(value, list) else value


def without_nothing(value):
    if isinstance(value, dict):
        return {name: without_nothing(part) for name, part in value.items() if part not in (None, [])}
    return [without_nothing(part) for part in value] if isinstance(value, list) else value


@pytest.mark.statement("EMIP-9")
def test_such_a_client_knows_a_fault(clients):
    client = clients[Role.HUB]
    data = codec.write_fault(SoapFault(FaultCode.ROLE_ERROR, "OPERATION_NOT_ALLOWED_FOR_ROLE", "No."))
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service._binding.process_error(etree.fromstring(data), None)
    assert (caught.value.message, caught.value.subcodes[0].localname) == ("No.", "ROLE_ERROR")
