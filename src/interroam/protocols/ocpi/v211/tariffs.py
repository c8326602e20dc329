"""Tariff (sheet 4.5), with the extensions that are in use (OCPI-159, OCPI-160)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from interroam.protocols.ocpi.wire import tariffs as newer
from interroam.protocols.ocpi.wire import types
from interroam.protocols.ocpi.wire.raw import merge_patch

from . import shapes
from .context import Down, Up
from .doors import lifted, lifted_patch, lowered
from .hows import OWNER, UPDATED, energy_mix, hub_id, moments, said
from .table import (
    Lifted,
    Loss,
    Lowered,
    Outcome,
    Rule,
    Table,
    Work,
    dropped,
    invented,
    kept,
    lost,
    renamed,
)

PRICE_ROUND = {"round_granularity": "THOUSANDTH", "round_rule": "ROUND_NEAR"}
STEP_ROUND = {"round_granularity": "UNIT", "round_rule": "ROUND_UP"}
"""What holds where nobody says anything else (OCPI-160)."""
_CURRENT = ("min_current", "max_current")


# -- down --------------------------------------------------------------------------------------------------------------


def _restricted(element: Any, names: Iterable[str]) -> bool:
    restrictions = element.get("restrictions") if isinstance(element, dict) else None
    return isinstance(restrictions, dict) and any(restrictions.get(name) is not None for name in names)


def _elements(value: Any, work: Work[Down]) -> Any:
    """Leave out what 2.1.1 cannot say: without its restriction an element would be another price."""
    if not isinstance(value, list):
        return value
    charging = [each for each in value if not _restricted(each, ("reservation",))]
    said_all = [each for each in charging if not _restricted(each, _CURRENT)]
    if len(charging) < len(value):
        work.note(Loss.LOST, "for reservations")
    if len(said_all) < len(charging):
        work.note(Loss.LOST, "for currents")
    limited = work.given.get("min_price") is not None or work.given.get("max_price") is not None
    if not work.context.extensions or (len(said_all) == len(charging) and not limited):
        return said_all
    return [_inexact(each) for each in said_all]


def _inexact(element: Any) -> Any:
    components = element.get("price_components") if isinstance(element, dict) else None
    if not isinstance(components, list):
        return element
    marked = [each | {"exact_price_component": False} if isinstance(each, dict) else each for each in components]
    return element | {"price_components": marked}


def _limits(value: Any, work: Work[Down]) -> Any:
    """Say the limits of the price, for which 2.1.1 has no fields."""
    currency = work.given.get("currency", "")
    named = (("minimum", work.given.get("min_price")), ("maximum", work.given.get("max_price")))
    parts = [f"{name} price {each.get('excl_vat')} {currency}" for name, each in named if isinstance(each, dict)]
    if not parts:
        return value
    limits = " and ".join(parts)
    sentence = f"{limits[0].upper()}{limits[1:]} per charge, without VAT."
    work.note(Loss.INVENTED)
    return [*(value if isinstance(value, list) else []), {"language": "en", "text": sentence}]


def _extension(*, default: Any) -> Any:
    return lambda value, work: (default if value is None else value) if work.context.extensions else None


def _owner_code(value: Any, work: Work[Down]) -> Any:
    return value if work.context.extensions else None


def _says_nothing(_given: dict[str, Any], made: dict[str, Any], _work: Work[Any]) -> bool:
    return not made.get("elements")


def _not_now(given: dict[str, Any], made: dict[str, Any], work: Work[Down]) -> bool:
    regular = given.get("type") in (None, "REGULAR")
    at = work.context.at
    return not regular or not made.get("elements") or (at is not None and not in_force(given, at))


def in_force(tariff: dict[str, Any], at: datetime) -> bool:
    """Whether a decoded tariff is in force at a moment: its start included, its end not."""
    starts, ends = _read(tariff.get("start_date_time")), _read(tariff.get("end_date_time"))
    return (starts is None or starts <= at) and (ends is None or at < ends)


def _read(value: Any) -> datetime | None:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


_EXTENSION = invented("extension; what holds where nothing is said", always=True)
_OWNER_CODE = lost("2.1.1 has it as an extension only", always=True)
PRICE_DOWN = Table(
    "PriceComponent",
    "down",
    shapes.PriceComponent,
    (
        *kept("type", "price", "step_size"),
        dropped("vat", "2.1.1 prices are without VAT"),
        Rule("price_round", "price_round", _extension(default=PRICE_ROUND), (_EXTENSION,)),
        Rule("step_round", "step_round", _extension(default=STEP_ROUND), (_EXTENSION,)),
        Rule("exact_price_component", "exact_price_component", _extension(default=True), (_EXTENSION,)),
    ),
)
ELEMENT_DOWN = Table(
    "TariffElement",
    "down",
    shapes.TariffElement,
    (Rule("price_components", "price_components", inner=PRICE_DOWN), *kept("restrictions")),
)
_TARIFF_DOWN_RULES = (
    Rule("country_code", "country_code", _owner_code, (_OWNER_CODE,)),
    Rule("party_id", "party_id", _owner_code, (_OWNER_CODE,)),
    renamed("id", "id", "the hub's id", hub_id("tariff")),
    dropped("gireve_id", "it is the id", always=True),
    *kept("currency"),
    dropped("type", "only REGULAR tariffs are sent", always=True),
    Rule(
        "tariff_alt_text",
        "tariff_alt_text",
        _limits,
        (invented("the limits of the price, in a sentence"),),
        judged=False,
    ),
    *kept("tariff_alt_url"),
    dropped("min_price", "a sentence in tariff_alt_text, and exact_price_component is false"),
    dropped("max_price", "a sentence in tariff_alt_text, and exact_price_component is false"),
    Rule(
        "elements",
        "elements",
        _elements,
        (lost("2.1.1 cannot say these elements; the others are not exact, where currents matter"),),
        inner=ELEMENT_DOWN,
    ),
    *kept("restriction"),
    dropped("start_date_time", "only the tariff in force is sent", always=True),
    dropped("end_date_time", "only the tariff in force is sent", always=True),
    dropped("target_operator_country_code", "between the CPO and the hub", always=True),
    dropped("target_operator_party_id", "between the CPO and the hub", always=True),
    Rule("energy_mix", "energy_mix", inner=energy_mix("down", shapes.EnergyMix, shapes.EnvironmentalImpact)),
    *moments("last_updated"),
)
TARIFF_DOWN = Table(
    "Tariff",
    "down",
    shapes.Tariff,
    _TARIFF_DOWN_RULES,
    key="id",
    omit=_not_now,
    omitted="not REGULAR, not in force, or nothing of it can be said in 2.1.1",
)
CHARGED_BY_DOWN = Table(
    "Tariff",
    "down",
    shapes.Tariff,
    _TARIFF_DOWN_RULES,
    key="id",
    omit=_says_nothing,
    omitted="nothing of it can be said in 2.1.1",
)
"""A tariff inside a CDR: it was in force then."""


# -- up ----------------------------------------------------------------------------------------------------------------


def _components(value: Any, work: Work[Up]) -> Any:
    """Split SESSION_TIME; leave out of the extensions what says nothing new."""
    if not isinstance(value, list):
        return value
    made: list[Any] = []
    for each in value:
        if not isinstance(each, dict):
            made.append(each)
            continue
        plain = {name: one for name, one in each.items() if not _usual(name, one)}
        rounding = plain.get("step_round")
        if isinstance(rounding, dict) and rounding.get("round_rule") != "ROUND_UP":
            work.find(f"the quantity is rounded {rounding.get('round_rule')}, here it is rounded up")
        if plain.get("type") == "SESSION_TIME":
            work.note(Loss.APPROXIMATED)
            made += [plain | {"type": kind} for kind in ("TIME", "PARKING_TIME")]
        else:
            made.append(plain)
    return made


def _usual(name: str, value: Any) -> bool:
    usual = {"price_round": PRICE_ROUND, "step_round": STEP_ROUND, "exact_price_component": True}
    return name in usual and (value is None or value == usual[name])


def _own_code(rule: Rule) -> Rule:
    how = rule.how

    def given_or_known(value: Any, work: Work[Up]) -> Any:
        return value or (how(value, work) if how is not None else None)

    return Rule(rule.target, rule.target, given_or_known, rule.outcomes, always=True)


def _starts(_: Any, work: Work[Up]) -> str:
    return said(work.context.starts or work.context.received)


PRICE_UP = Table(
    "PriceComponent",
    "up",
    newer.PriceComponent,
    (
        *kept("type", "price", "step_size"),
        dropped("price_round", "prices of 2.2.1 are not rounded by the tariff"),
        dropped("step_round", "2.2.1 rounds up, once per session"),
        dropped("exact_price_component", "nothing like it"),
    ),
)
ELEMENT_UP = Table(
    "TariffElement",
    "up",
    newer.TariffElement,
    (
        Rule(
            "price_components",
            "price_components",
            _components,
            (Outcome(Loss.APPROXIMATED, "SESSION_TIME is TIME and PARKING_TIME; the step counts once, for the last"),),
            inner=PRICE_UP,
        ),
        *kept("restrictions"),
    ),
)
_TARIFF_UP_RULES = (
    *(_own_code(each) for each in OWNER),
    *kept("id", "currency", "tariff_alt_text", "tariff_alt_url"),
    Rule("", "type", lambda _, __: "REGULAR", (invented("2.1.1 tariffs are for all charges", always=True),)),
    Rule("elements", "elements", inner=ELEMENT_UP),
    *kept("restriction"),
    *kept("target_operator_country_code", "target_operator_party_id"),
    Rule("energy_mix", "energy_mix", inner=energy_mix("up", types.EnergyMix, types.EnvironmentalImpact)),
    UPDATED,
)
_STARTS = invented("the first reception", always=True)
TARIFF_UP = Table(
    "Tariff", "up", newer.Tariff, (*_TARIFF_UP_RULES, Rule("", "start_date_time", _starts, (_STARTS,))), key="id"
)
CHARGED_BY_UP = Table("Tariff", "up", newer.Tariff, _TARIFF_UP_RULES, key="id")
"""A tariff inside a CDR: since when it was in force nobody says."""


# -- the doors ---------------------------------------------------------------------------------------------------------


def lift_tariff(raw: bytes, context: Up) -> Lifted:
    """Lift a whole Tariff."""
    return lifted(TARIFF_UP, shapes.Tariff, raw, context)


def lift_tariff_patch(raw: bytes, context: Up, stored: bytes) -> Lifted:
    """Lift some fields of a Tariff into the whole of it: 2.2.1 has no PATCH here."""
    some = lifted_patch(TARIFF_UP, shapes.Tariff, raw, context)
    return some._replace(data=merge_patch(stored, some.data))


def lower_tariff(raw: bytes, context: Down) -> Lowered:
    """Lower a whole Tariff; None when it is not REGULAR or not in force."""
    return lowered(TARIFF_DOWN, raw, context)
