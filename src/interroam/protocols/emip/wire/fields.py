"""The fields of a struct as the codec and the schema need them, read off its annotations."""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from typing import Final

import msgspec
from msgspec import Struct, inspect

from .types import FromIop, Response, ToIop, Wire

# Lists that stand in an element of their own, and what their entries are called.
ENTRIES: Final = {
    "attributeList": "attribute",
    "authenticationDataList": "authenticationData",
    "authenticationDataErrorList": "authenticationDataError",
    "chargeDetailRecordList": "chargeDetailRecord",
    "EVSEStaticDataChangeList": "EVSEStaticDataChange",
    "EVSEDynamicDataChangeList": "EVSEDynamicDataChange",
    "meterLimitList": "meterReport",
    "meterReportList": "meterReport",
}


class Kind(Enum):
    """What a simple field holds."""

    TEXT = auto()  # may be empty
    FILLED = auto()
    ID_TYPE = auto()
    DIGITS = auto()
    CODE = auto()
    FLAG = auto()
    DECIMAL = auto()
    MOMENT = auto()


class Field(Struct, frozen=True, kw_only=True):
    """One element."""

    attribute: str
    name: str
    kind: Kind | type[Wire]
    optional: bool
    repeated: bool = False  # the element itself, or its entries
    entry: str | None = None  # the name of the entries of a list that stands in an element of its own


@cache
def fields_of(kind: type[Wire]) -> tuple[Field, ...]:
    """List the fields of a struct in wire order."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - for the type checker
    fields = tuple(_field(field) for field in described.fields)
    if not issubclass(kind, Response):
        return fields
    (transaction, status), rest = fields[:2], fields[2:]
    orders = {
        "around": (transaction, *rest, status),
        "before": (transaction, status, *rest),
        "after": (*rest, transaction, status),
    }
    return orders[kind.HEADER]


def header_of(request: type[ToIop]) -> type[ToIop]:
    """Tell which header a request has."""
    return FromIop if issubclass(request, FromIop) else ToIop


def _field(field: inspect.Field) -> Field:
    optional = field.default is None or field.default == ()
    form: inspect.Type = field.type
    if isinstance(form, inspect.UnionType):
        form = next(part for part in form.types if not isinstance(part, inspect.NoneType))
    repeated = isinstance(form, inspect.VarTupleType)
    if isinstance(form, inspect.VarTupleType):
        form = form.item_type
    name = field.encode_name
    return Field(
        attribute=field.name,
        name=name,
        kind=_kind(name, form),
        optional=optional,
        repeated=repeated,
        entry=ENTRIES.get(name) if repeated else None,
    )


_KINDS: Final[dict[type[msgspec.inspect.Type], Kind]] = {
    inspect.IntType: Kind.CODE,
    inspect.BoolType: Kind.FLAG,
    inspect.DecimalType: Kind.DECIMAL,
    inspect.DateTimeType: Kind.MOMENT,
}


def _kind(name: str, form: inspect.Type) -> Kind | type[Wire]:
    if isinstance(form, inspect.StructType) and issubclass(form.cls, Wire):
        return form.cls
    if not isinstance(form, inspect.StrType):
        return _KINDS[type(form)]
    if name.endswith("IdType"):
        return Kind.ID_TYPE
    if form.pattern:
        return Kind.DIGITS
    return Kind.FILLED if form.min_length else Kind.TEXT
