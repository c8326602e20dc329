"""The slow, patient reader: called only when the strict one said no, to find out what can be made of it.

What is kept, with a finding: text too long or of another pattern, open words we do not know, numbers with too many
decimals, times with an offset, whole numbers written as fractions, numbers where optional text is due, empty text for
an optional field, empty lists that should not be.
What is refused: a mandatory field that is missing or null, another type, a closed word we do not know.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.inspect import (
    BoolType,
    CustomType,
    DateTimeType,
    Field,
    IntType,
    LiteralType,
    Metadata,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

_INTEGER = 2**63
_DIGITS = 32
DECIMALS = 4  # OCPI 2.2.1 types: number
# The text of the specification says RESERVED of a session, its enumeration RESERVATION (C10).
_SPELLED = {"RESERVED": "RESERVATION"}
_AS_IT_IS = object()
MAGNITUDE = 15  # nothing that is billed has more digits before or after the point


class Finding(Struct, frozen=True, gc=False):
    """What was wrong in a message that was accepted all the same."""

    field: str
    message: str


class Malformed(Exception):  # noqa: N818  the message is, not we
    """A message that cannot be understood: ``field`` says where (status 2001)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class NotJson(Exception):  # noqa: N818  the body is not
    """A body that is no JSON at all."""


def understand(kind: type[Struct], value: object) -> tuple[Any, tuple[Finding, ...]]:
    """Make a struct of a decoded JSON value, with all that is wrong with it."""
    patience = _Patience()
    read = patience.struct(_struct_type(kind), value, "")
    return read, tuple(patience.findings)


def mend(kind: type[Struct], value: object) -> bool:
    """Put what was understood in the place of what was written, in a decoded JSON value; false where all is well.

    So others get a time in UTC, a word as it is spelled, text and whole numbers as such, and no empty optional text.
    """
    patience = _Patience()
    patience.struct(_struct_type(kind), value, "")
    return patience.mended


def plain(number: Decimal) -> bool:
    """Whether a number has a size that can be reckoned with."""
    return -MAGNITUDE <= number.adjusted() <= MAGNITUDE or not number


@cache
def _struct_type(kind: type[Struct]) -> StructType:
    described = msgspec.inspect.type_info(kind)
    if not isinstance(described, StructType):  # pragma: no cover
        raise TypeError(kind)
    return described


def _unwrapped(expected: Type) -> tuple[Type, dict[str, Any], bool]:
    """The type itself, what is noted beside it, and whether it may be absent."""
    notes: dict[str, Any] = {}
    optional = False
    while True:
        if isinstance(expected, Metadata):
            notes |= expected.extra or {}
            expected = expected.type
        elif isinstance(expected, UnionType):
            optional = True
            expected = next(each for each in expected.types if not isinstance(each, msgspec.inspect.NoneType))
        elif "pattern" in notes:  # the decoder has a list of all that matches
            return StrType(pattern=notes["pattern"]), notes, optional
        else:
            return expected, notes, optional


class _Patience:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.mended = False
        self._anew: object = _AS_IT_IS

    def note(self, path: str, message: str) -> None:
        self.findings.append(Finding(path, message))

    def struct(self, expected: StructType, value: object, path: str) -> object:
        if not isinstance(value, dict):
            raise Malformed(path, "an object is expected")
        given: dict[str, object] = {}
        for field in expected.fields:
            here = f"{path}.{field.encode_name}" if path else field.encode_name
            raw = value.get(field.encode_name)
            if raw is None:  # null and absent are the same thing
                if field.required:
                    raise Malformed(here, "is missing")
                continue
            self.field(given, field, value, here)
        return expected.cls(**given)

    def field(self, given: dict[str, object], field: Field, holder: dict[str, object], path: str) -> None:
        expected, notes, _ = _unwrapped(field.type)
        raw = holder[field.encode_name]
        if raw == "" and not (isinstance(expected, StrType) and not expected.min_length and not expected.pattern):
            if field.required:
                raise Malformed(path, "is empty")
            self.note(path, "is empty, read as absent")
            del holder[field.encode_name]
            self.mended = True
            return
        if not field.required and isinstance(expected, StrType):
            notes = {**notes, "text_of_number": True}
        given[field.name] = self.placed(expected, notes, holder, field.encode_name, path)

    def placed(self, expected: Type, notes: dict[str, Any], holder: Any, place: str | int, path: str) -> object:
        """Read a value; what it should have been written as takes its place."""
        read = self.value(expected, notes, holder[place], path)
        if self._anew is not _AS_IT_IS:
            holder[place], self._anew, self.mended = self._anew, _AS_IT_IS, True
        return read

    def value(self, expected: Type, notes: dict[str, Any], raw: object, path: str) -> object:
        match expected:
            case StrType():
                return self.text(expected, raw, path, number_too="text_of_number" in notes)
            case LiteralType():
                return self.word(expected, raw, path, is_open="open" in notes)
            case DateTimeType():
                return self.time(raw, path)
            case CustomType():
                return self.number(raw, path)
            case IntType():
                return self.integer(expected, raw, path)
            case BoolType():
                if not isinstance(raw, bool):
                    raise Malformed(path, "true or false is expected")
                return raw
            case VarTupleType():
                return self.items(expected, raw, path)
            case StructType():
                return self.struct(_struct_type(expected.cls), raw, path)
            case _:  # pragma: no cover
                raise TypeError(expected)

    def text(self, expected: StrType, raw: object, path: str, *, number_too: bool) -> str:
        if number_too and isinstance(raw, int | Decimal) and not isinstance(raw, bool):
            self.note(path, "is a number, text is expected")
            raw = self._anew = format(raw, "f") if isinstance(raw, Decimal) and plain(raw) else str(raw)
        if not isinstance(raw, str):
            raise Malformed(path, "text is expected")
        if expected.max_length is not None and len(raw) > expected.max_length:
            self.note(path, f"is longer than {expected.max_length} characters")
        elif expected.min_length is not None and len(raw) < expected.min_length:
            self.note(path, f"is shorter than {expected.min_length} characters")
        elif expected.pattern is not None and not re.search(expected.pattern, raw):
            self.note(path, f"does not match {expected.pattern}".replace(r"\Z", "$"))
        return raw

    def word(self, expected: LiteralType, raw: object, path: str, *, is_open: bool) -> str:
        if not isinstance(raw, str):
            raise Malformed(path, "text is expected")
        if raw in expected.values:
            return raw
        spelled = next((each for each in expected.values if str(each).casefold() == raw.casefold()), None)
        if spelled is not None:
            self.note(path, f"{raw!r} is spelled {spelled}")
            self._anew = spelled
            return str(spelled)
        if _SPELLED.get(raw) in expected.values:
            self.note(path, f"{raw!r} is spelled {_SPELLED[raw]}")
            self._anew = _SPELLED[raw]
            return _SPELLED[raw]
        if not is_open:
            raise Malformed(path, f"{raw!r} is not one of {', '.join(map(str, expected.values))}")
        self.note(path, f"{raw!r} is not known")
        return raw

    def time(self, raw: object, path: str) -> datetime:
        if not isinstance(raw, str):
            raise Malformed(path, "a time is expected")
        try:
            read = datetime.fromisoformat(raw)
            moment = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Malformed(path, f"{raw!r} is not a time") from None
        if read.tzinfo is not None and not raw.endswith(("Z", "z")):
            self.note(path, "has an offset, UTC is expected")
        elif len(raw) < len("2020-01-01T00:00:00"):
            self.note(path, "is not a full date and time")
        else:
            return moment
        self._anew = moment.isoformat().replace("+00:00", "Z")
        return moment

    def number(self, raw: object, path: str) -> Decimal:
        if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
            raise Malformed(path, "a number is expected")
        number = Decimal(raw)
        if not plain(number) or len(number.as_tuple().digits) > _DIGITS:
            raise Malformed(path, "is out of all proportion")
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and exponent < -DECIMALS:
            self.note(path, f"has more than {DECIMALS} decimals")
        return number

    def integer(self, expected: IntType, raw: object, path: str) -> int:
        if isinstance(raw, Decimal) and plain(raw) and raw == raw.to_integral_value():
            self.note(path, "is written as a fraction, a whole number is expected")
            raw = self._anew = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not -_INTEGER <= raw < _INTEGER:
            raise Malformed(path, "a whole number is expected")
        if (expected.ge is not None and raw < expected.ge) or (expected.le is not None and raw > expected.le):
            self.note(path, "is out of range")
        return raw

    def items(self, expected: VarTupleType, raw: object, path: str) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise Malformed(path, "a list is expected")
        if expected.min_length and len(raw) < expected.min_length:
            self.note(path, "is empty")
        inner, notes, _ = _unwrapped(expected.item_type)
        return tuple(
            self.placed(inner, notes, raw, place, f"{path}[{place}]")
            for place, each in enumerate(raw)
            if each is not None
        )
