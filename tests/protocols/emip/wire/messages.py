"""Messages for the tests of the codec, made up field by field."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from interroam.protocols.emip.wire.fields import Field, Kind, fields_of
from interroam.protocols.emip.wire.operations import AUTHORISATION
from interroam.protocols.emip.wire.types import Wire

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

VALUES = {
    Kind.TEXT: "some text",
    Kind.FILLED: "FR*C01*E0042*1",
    Kind.ID_TYPE: "eMI3",
    Kind.DIGITS: "65.5",
    Kind.CODE: 1,
    Kind.FLAG: True,
    Kind.DECIMAL: Decimal("48.123456"),
    Kind.MOMENT: datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC),
}

# What XML can hold, and what the reader does not take for padding.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")).map(str.strip)
FILLED = TEXT.filter(bool)
STRATEGIES = {
    Kind.TEXT: TEXT,
    Kind.FILLED: FILLED,
    Kind.ID_TYPE: st.sampled_from(["eMI3", "Gireve", "RFID-UID", "something else"]),
    Kind.DIGITS: st.from_regex(r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?", fullmatch=True),
    Kind.CODE: st.integers(-(10**9), 10**9),
    Kind.FLAG: st.booleans(),
    Kind.DECIMAL: st.decimals(-1000, 1000, places=6),
    Kind.MOMENT: st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
}


def full(kind: type[Wire]) -> Wire:
    """Make a message with every field."""
    return kind(**{field.attribute: _full(field) for field in fields_of(kind)})


def least(kind: type[Wire]) -> Wire:
    """Make a message with its mandatory fields alone."""
    return kind(**{field.attribute: _full(field) for field in fields_of(kind) if not field.optional})


def _full(field: Field) -> object:
    value = VALUES[field.kind] if isinstance(field.kind, Kind) else full(field.kind)
    return (value, value) if field.repeated else value


def any_of(kind: type[Wire]) -> st.SearchStrategy[Wire]:
    """Make any message of a kind."""
    return st.builds(kind, **{field.attribute: _any(field) for field in fields_of(kind)})


def _any(field: Field) -> st.SearchStrategy[object]:
    one: st.SearchStrategy[object]
    if isinstance(field.kind, Kind):
        # An empty element is an absent one where it may be.
        one = FILLED if field.kind is Kind.TEXT and (field.optional or field.repeated) else STRATEGIES[field.kind]
    else:
        one = any_of(field.kind)
        if field.optional and all(part.optional for part in fields_of(field.kind)):
            one = one.filter(lambda value: any(getattr(value, name) is not None for name in value.__struct_fields__))
    if field.repeated:
        within = field.entry is not None
        lists = st.lists(one, min_size=0 if within != field.optional else 1, max_size=2).map(tuple)
        return st.none() | lists if within and field.optional else lists
    return st.none() | one if field.optional else one


HEADER = (
    "<transactionId>cpo-9b-000017</transactionId><partnerIdType>eMI3</partnerIdType><partnerId>FR*P07</partnerId>"
    "<operatorIdType>eMI3</operatorIdType><operatorId>FR*C07</operatorId>"
)
TARGET = "<targetOperatorIdType>eMI3</targetOperatorIdType><targetOperatorId>FR*E07</targetOperatorId>"


def enveloped(element: str, children: str, namespace: str = AUTHORISATION.namespace) -> bytes:
    """Put children into an element, and that into an envelope."""
    return (
        f'<e:Envelope xmlns:e="{SOAP_12}" xmlns:x="{namespace}"><e:Header/><e:Body>'
        f"<x:{element}>{children}</x:{element}></e:Body></e:Envelope>"
    ).encode()
