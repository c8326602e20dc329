"""XML Schema, made from the structs: one schema for each namespace, complete in itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .fields import Field, Kind, fields_of
from .operations import PLATFORM, Family, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .types import Wire

_TYPES: Final = {
    Kind.TEXT: "xs:string",
    Kind.FILLED: "t:Filled",
    Kind.ID_TYPE: "xs:string",
    Kind.DIGITS: "xs:decimal",
    Kind.CODE: "xs:int",
    Kind.FLAG: "xs:boolean",
    Kind.DECIMAL: "xs:decimal",
    Kind.MOMENT: "xs:dateTime",
}
_FILLED = (
    '<xs:simpleType name="Filled"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction>'
    "</xs:simpleType>"
)
_FAULT = (
    '<xs:element name="iopFault"><xs:complexType><xs:sequence>'
    '<xs:element name="faultCode" type="xs:string"/><xs:element name="exceptionCode" type="xs:string"/>'
    '<xs:element name="transactionId" type="xs:string" minOccurs="0"/><xs:element name="message" type="xs:string"/>'
    "</xs:sequence></xs:complexType></xs:element>"
)


def schema(family: Family, operations: Iterable[Operation]) -> str:
    """Write the schema of a family's namespace, with the elements of these operations."""
    served = [operation for operation in operations if operation.family == family]
    roots = [
        (name, kind)
        for operation in served
        for name, kind in (
            (operation.request_element, operation.request),
            (operation.response_element, operation.response),
        )
    ]
    parts = dict.fromkeys(part for _, kind in roots for part in _parts(kind))
    return "".join(
        (
            (
                f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{family.namespace}" '
                f'targetNamespace="{family.namespace}" elementFormDefault="unqualified">'
            ),
            _FILLED,
            *(f'<xs:complexType name="{part.__name__}">{_sequence(part)}</xs:complexType>' for part in parts),
            *(
                f'<xs:element name="{name}"><xs:complexType>{_sequence(kind)}</xs:complexType></xs:element>'
                for name, kind in roots
            ),
            _FAULT if family == PLATFORM else "",
            "</xs:schema>",
        )
    )


def _parts(kind: type[Wire]) -> Iterator[type[Wire]]:
    """List the complex types that a struct is made of."""
    for field in fields_of(kind):
        if not isinstance(field.kind, Kind):
            yield from _parts(field.kind)
            yield field.kind


def _sequence(kind: type[Wire]) -> str:
    return f"<xs:sequence>{''.join(_element(field) for field in fields_of(kind))}</xs:sequence>"


def _element(field: Field) -> str:
    form = _TYPES[field.kind] if isinstance(field.kind, Kind) else f"t:{field.kind.__name__}"
    least = ' minOccurs="0"' if field.optional else ""
    if field.entry is not None:
        entry = f'<xs:element name="{field.entry}" type="{form}" minOccurs="0" maxOccurs="unbounded"/>'
        within = f"<xs:complexType><xs:sequence>{entry}</xs:sequence></xs:complexType>"
        return f'<xs:element name="{field.name}"{least}>{within}</xs:element>'
    most = ' maxOccurs="unbounded"' if field.repeated else ""
    return f'<xs:element name="{field.name}" type="{form}"{least}{most}/>'
