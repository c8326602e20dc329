"""How values get across: what several tables share."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Literal

from .context import Down, Thing, Up
from .table import How, Loss, Outcome, Rule, Table, Work, approximated, encode, invented, kept, renamed

NOT_KNOWN = "#NA"
"""What a mandatory text says that truly cannot be known (sheet 6.12)."""
CUT = "fractions of a second are cut"
_DEPTH = {"evse": 2, "connector": 3}
_SIX = Decimal("0.000001")
_FRACTION = approximated(CUT)
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"þ": "th", "Þ": "Th", "ð": "d", "ı": "i", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "€": "EUR"}
)


# -- down --------------------------------------------------------------------------------------------------------------


def moment(value: Any, work: Work[Any]) -> Any:
    """Write a time as 2.1.1 has it: UTC, to the second."""
    try:
        read = datetime.fromisoformat(value)
        at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return value
    if at.microsecond:
        work.note(Loss.APPROXIMATED)
    return said(at)


def said(at: datetime) -> str:
    """Write a moment to the second."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def moments(*names: str) -> tuple[Rule, ...]:
    """Times that have the same name in both versions."""
    return tuple(timed(name, name) for name in names)


def timed(source: str, target: str) -> Rule:
    """Return the rule of a time on its way down."""
    same = Outcome(Loss.KEPT, "") if source == target else Outcome(Loss.RENAMED, "")
    return Rule(source, target, moment, (same, _FRACTION))


def point(value: Any, work: Work[Any]) -> Any:
    """Write a point with exactly six decimals (C28)."""
    if not isinstance(value, dict):
        return value
    return value | {name: _degrees(value[name], work) for name in ("latitude", "longitude") if name in value}


def points(value: Any, work: Work[Any]) -> Any:
    """Write points with exactly six decimals."""
    return [point(each, work) for each in value] if isinstance(value, list) else value


def _degrees(value: Any, work: Work[Any]) -> Any:
    try:
        number = Decimal(value)
        rounded = number.quantize(_SIX, ROUND_HALF_EVEN)
    except (TypeError, ValueError, InvalidOperation):
        return value
    if rounded != number:
        work.note(Loss.APPROXIMATED)
    return f"{rounded:f}"


def cut(longest: int) -> How:
    """Cut a text."""
    return lambda value, _: value[:longest] if isinstance(value, str) else value


def only(words: Collection[str]) -> How:
    """Leave out of a list what the receiver has no word for."""
    return lambda value, _: [each for each in value if each in words] if isinstance(value, list) else value


def hub_id(thing: Thing) -> How:
    """Return the id under which the receiver knows this object."""

    def how(value: Any, work: Work[Down | Up]) -> Any:
        return work.context.names(thing, work.trail[-_DEPTH.get(thing, 1) :]) if value is not None else None

    return how


def operator_id(work: Work[Down]) -> str | None:
    """Return the eMI3 id of an object's owner, where it takes the place of a name (OCPI-88, OCPI-104)."""
    if not work.context.operator_ids:
        return None
    country, code = work.given.get("country_code"), work.given.get("party_id")
    if country and code:
        return f"{country}*{code}"
    return str(work.context.owner) if work.context.owner is not None else None


def excluding_vat(value: Any, work: Work[Any]) -> Any:
    """Take the amount without VAT."""
    if not isinstance(value, dict):
        return value
    if value.get("incl_vat") is not None:
        work.note(Loss.LOST)
    return value.get("excl_vat")


def finished(value: Any, work: Work[Down]) -> bytes:
    """Write an object for a 2.1.1 receiver, whose strings are ASCII."""
    if work.context.text == "transliterate":
        value = _spelled(value, work, "")
    return ascii_bytes(value)


def ascii_bytes(value: Any) -> bytes:
    """Write JSON in ASCII, with all else escaped: a parser that knows no UTF-8 reads the same text."""
    written = encode(value)
    if written.isascii():
        return written
    return "".join(each if each.isascii() else _escaped(each) for each in written.decode()).encode()


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _spelled(value: Any, work: Work[Any], path: str) -> Any:
    if isinstance(value, dict):
        return {name: _spelled(each, work, f"{path}.{name}" if path else name) for name, each in value.items()}
    if isinstance(value, list):
        return [_spelled(each, work, f"{path}[{place}]") for place, each in enumerate(value)]
    if not isinstance(value, str) or value.isascii():
        return value
    work.path, work.rule = "", Rule(path, path, None, (ASCII,))
    work.note(Loss.APPROXIMATED)
    plain = unicodedata.normalize("NFKD", value.translate(_SPELLED))
    return "".join("" if unicodedata.combining(each) else each if each.isascii() else "?" for each in plain)


ASCII = approximated("2.1.1 strings are ASCII: spelled with the nearest letters")


# -- up ----------------------------------------------------------------------------------------------------------------


def short_id(thing: Thing) -> How:
    """Keep the owner's id; 2.2.1 has no room for more than 36 characters."""

    def how(value: Any, work: Work[Up]) -> Any:
        if not isinstance(value, str):
            return value
        return work.context.short(thing, work.trail[-_DEPTH.get(thing, 1) :])

    return how


def received(value: Any, work: Work[Up]) -> Any:
    """Say when a message came that does not say when it was written."""
    if value not in (None, ""):
        return value
    work.find("is missing, the time of reception is taken")
    return said(work.context.received)


def price(value: Any, _: Work[Any]) -> Any:
    """Make an amount without VAT a Price."""
    return {"excl_vat": value} if value is not None else None


def _owner(part: Literal["country", "code"]) -> How:
    def how(_: Any, work: Work[Up]) -> str:
        owner = work.context.owner
        return owner.country if part == "country" else owner.code

    return how


_OWNER = invented("the party of the connection", always=True)
OWNER = (
    Rule("", "country_code", _owner("country"), (_OWNER,)),
    Rule("", "party_id", _owner("code"), (_OWNER,)),
)
UPDATED = Rule("last_updated", "last_updated", received, (invented("the time of reception"),), always=True)


# -- the energy mix, both ways -----------------------------------------------------------------------------------------


def energy_mix(direction: Literal["up", "down"], mix: type[Any], impact: type[Any]) -> Table:
    """Return the table of EnergyMix."""
    names = ("category", "source") if direction == "down" else ("source", "category")
    impacts = Table("EnvironmentalImpact", direction, impact, (renamed(*names), *kept("amount")))
    rules = (
        *kept("is_green_energy", "energy_sources", "supplier_name", "energy_product_name"),
        Rule("environ_impact", "environ_impact", inner=impacts),
    )
    return Table("EnergyMix", direction, mix, rules)
