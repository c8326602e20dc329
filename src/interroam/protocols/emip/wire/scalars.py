"""Simple values in XML: written one way, read in all the ways that peers write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SPECIAL = re.compile("[^\\t\\n\\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|]]>").search
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").sub

# A code, perhaps with blanks around it and what it means behind a colon ("1: Ok!").
_CODE = re.compile(r"\s*([+-]?\d{1,18})\s*(?::.*)?\Z", re.DOTALL | re.ASCII).match
_DIGITS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII).match
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?\Z", re.ASCII).match

_FLAGS = {"0": False, "1": True, "false": False, "true": True}

# Words that stand for codes, in any letter case.
WORDS: Final = {
    "authorisationValue": {"ok": 1, "start": 1, "ko": 2, "stop": 2},
    "CDRNature": {"final": 1, "intermediate": 2},
}

_ID_TYPES = {word.lower(): word for word in ("eMI3", "Gireve", "RFID-UID", "eMA", "EVCO", "EMP-SPEC")} | {
    "emi3_star": "eMI3",
    "emi3_hyphen": "eMI3",
}
_ID_TYPES |= {word: word for word in _ID_TYPES.values()}  # most are written as they should be


def escape(text: str) -> str:
    """Make text fit between two tags; what XML cannot hold becomes the replacement character."""
    if _SPECIAL(text) is None:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _FORBIDDEN("\ufffd", text).replace("\r", "&#13;")


def read_text(text: str) -> str:
    """Read text."""
    return text


def read_code(text: str) -> int:
    """Read a whole number."""
    found = _CODE(text)
    if found is None:
        raise ValueError(text)
    return int(found[1])


def read_worded_code(words: dict[str, int]) -> Callable[[str], int]:
    """Make a reader of a code that peers also write as a word."""

    def read(text: str) -> int:
        word = words.get(text.partition(":")[0].strip().lower())
        return read_code(text) if word is None else word

    return read


def read_flag(text: str) -> bool:
    """Read 0, 1, false or true."""
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def read_digits(text: str) -> str:
    """Read a decimal and keep it as it is written (EMIP-95)."""
    if _DIGITS(text) is None:
        raise ValueError(text)
    return text


def read_decimal(text: str) -> Decimal:
    """Read a decimal."""
    return Decimal(read_digits(text))


def read_moment(text: str) -> datetime:
    """Read a time; one without a zone is UTC."""
    if _MOMENT(text) is None:
        raise ValueError(text)
    read = datetime.fromisoformat(text.upper())
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def read_id_type(text: str) -> str:
    """Read what kind of identifier follows; a kind nobody knows stays as it is written."""
    return _ID_TYPES.get(text) or _ID_TYPES.get(text.lower(), text)


def write_flag(value: bool) -> str:  # noqa: FBT001 - a writer takes its value
    """Write 1 or 0."""
    return "1" if value else "0"


def write_decimal(value: Decimal) -> str:
    """Write a decimal without exponent."""
    return f"{value:f}"


def write_moment(value: datetime) -> str:
    """Write a time in UTC, with Z."""
    moment = value if value.tzinfo is None or value.tzinfo is UTC else value.astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat()}Z"
