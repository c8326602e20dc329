"""WSDL 1.1 with SOAP 1.2 bindings for the three servers, made from the table of operations (EMIP-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from .operations import FAMILIES, OPERATIONS, PLATFORM, Operation
from .schema import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from interroam.model.ids import Role

_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
_TRANSPORT: Final = "http://schemas.xmlsoap.org/soap/http"
_LITERAL: Final = '<soap:body use="literal"/>'


def served(side: Role) -> tuple[Operation, ...]:
    """List the operations of the platform's server (HUB), a CPO's or an eMSP's."""
    return tuple(operation for operation in OPERATIONS if side in operation.served_by)


def wsdl(side: Role, address: str) -> bytes:
    """Describe the server of the platform (HUB), of a CPO or of an eMSP at an address."""
    operations = served(side)
    families = [family for family in FAMILIES if any(operation.family == family for operation in operations)]
    prefixes = {family.namespace: f"f{number}" for number, family in enumerate(families)}
    here = f"urn:interroam:emip:{side.lower()}"

    def each(write: Callable[[Operation], str]) -> str:
        return "".join(write(operation) for operation in operations)

    def messages(operation: Operation) -> str:
        prefix = prefixes[operation.family.namespace]
        return _message(operation.request_element, prefix) + _message(operation.response_element, prefix)

    return "".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n',
            f'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="{_SOAP}" xmlns:h="{here}" ',
            *(f'xmlns:{prefix}="{namespace}" ' for namespace, prefix in prefixes.items()),
            f'targetNamespace="{here}"><wsdl:types>',
            *(schema(family, operations) for family in families),
            "</wsdl:types>",
            each(messages),
            _message("iopFault", prefixes[PLATFORM.namespace]),
            f'<wsdl:portType name="eMIP">{each(_offer)}</wsdl:portType>',
            '<wsdl:binding name="eMIPSoap12" type="h:eMIP">',
            f'<soap:binding style="document" transport="{_TRANSPORT}"/>{each(_bind)}</wsdl:binding>',
            '<wsdl:service name="eMIPService"><wsdl:port name="eMIPPort" binding="h:eMIPSoap12">',
            f"<soap:address location={quoteattr(address)}/></wsdl:port></wsdl:service></wsdl:definitions>",
        )
    ).encode()


def _message(element: str, prefix: str) -> str:
    return f'<wsdl:message name="{element}"><wsdl:part name="body" element="{prefix}:{element}"/></wsdl:message>'


def _offer(operation: Operation) -> str:
    return (
        f'<wsdl:operation name="{operation.name}"><wsdl:input message="h:{operation.request_element}"/>'
        f'<wsdl:output message="h:{operation.response_element}"/>'
        '<wsdl:fault name="iopFault" message="h:iopFault"/></wsdl:operation>'
    )


def _bind(operation: Operation) -> str:
    return (
        f'<wsdl:operation name="{operation.name}">'
        f'<soap:operation soapAction="{operation.action}" soapActionRequired="false" style="document"/>'
        f"<wsdl:input>{_LITERAL}</wsdl:input><wsdl:output>{_LITERAL}</wsdl:output>"
        '<wsdl:fault name="iopFault"><soap:fault name="iopFault" use="literal"/></wsdl:fault></wsdl:operation>'
    )
