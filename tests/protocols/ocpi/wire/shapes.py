"""Any valid shape, made from what the structs say about themselves."""

import string
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as described

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + ' -*_#é漢"\\'
MOMENTS = st.integers(946_684_800_000, 4_102_444_799_999).map(lambda at: EPOCH + timedelta(milliseconds=at))
NUMBERS = st.decimals(min_value=-99999, max_value=99999, places=4, allow_nan=False, allow_infinity=False)


def valid(kind: type[msgspec.Struct]) -> st.SearchStrategy:
    """Every value a strict partner may send of this kind."""
    return _of(described.type_info(kind))


def _of(expected: described.Type) -> st.SearchStrategy:  # noqa: C901, PLR0911  a table of types
    match expected:
        case described.Metadata(type=inner):
            return _of(inner)
        case described.UnionType(types=types):
            return st.one_of(st.none(), *(_of(one) for one in types if not isinstance(one, described.NoneType)))
        case described.StrType(pattern=str(pattern)):
            return st.from_regex(pattern)
        case described.StrType(min_length=least, max_length=most):
            return st.text(ALPHABET, min_size=least or 0, max_size=min(most or 12, 12)).filter(bool)
        case described.LiteralType(values=values):
            return st.sampled_from(values)
        case described.DateTimeType():
            return MOMENTS
        case described.CustomType():
            return NUMBERS
        case described.IntType(ge=least, le=most):
            return st.integers(least or 0, most or 1_000_000)
        case described.BoolType():
            return st.booleans()
        case described.VarTupleType(item_type=item, min_length=least):
            return st.lists(_of(item), min_size=least or 0, max_size=2).map(tuple)
        case described.StructType(cls=cls):
            fields = described.type_info(cls).fields
            return st.builds(cls, **{field.name: _of(field.type) for field in fields})
        case _:
            raise TypeError(expected)
