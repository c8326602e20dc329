"""The engine of the bridge: a table of field rules says how an object is converted and what that costs.

The conversion and the loss statement (``statement.py``) read the same tables, so they cannot diverge: whatever a
conversion loses, approximates or invents is noted with the reason that its rule declares.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from interroam.protocols.ocpi.wire import Finding, NotJson

C = TypeVar("C")
Direction = Literal["up", "down"]
How = Callable[[Any, "Work[Any]"], Any]
"""From the value of the source field (None: absent) to that of the target field."""

POSES = "no field of the version it came in"
_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


class Loss(StrEnum):
    """What becomes of a field on its way."""

    KEPT = "kept"
    RENAMED = "renamed"
    APPROXIMATED = "approximated"
    LOST = "lost"
    INVENTED = "invented"


class Outcome(msgspec.Struct, frozen=True):
    """What may become of a field, and why; ``always`` goes without saying in the note of a single conversion."""

    loss: Loss
    why: str
    always: bool = False


class Rule(msgspec.Struct, frozen=True):
    """One field: its name here and there, how it gets across, and what that may cost (nothing said: nothing)."""

    source: str
    target: str
    how: How | None = None
    outcomes: tuple[Outcome, ...] = ()
    inner: Table | None = None
    always: bool = False
    """Whether it is applied to some fields of an object, too, when its source is not among them."""
    judged: bool = True
    """Whether what happened shows from outside; else ``how`` notes it."""

    @property
    def name(self) -> str:
        """The name of the field in the message that is converted, else the one it gets."""
        return self.source or self.target

    def outcome(self, loss: Loss) -> Outcome | None:
        """What is declared for a class."""
        return next((each for each in self.outcomes if each.loss is loss), None)


class Table(msgspec.Struct, frozen=True):
    """All rules for one object in one direction; fields that no rule names are kept as they are."""

    object: str
    direction: Direction
    shape: type[msgspec.Struct]
    """The object after the conversion: a field that no rule names must not pose as one of these."""
    rules: tuple[Rule, ...]
    key: str = ""
    """The field that is the object's id."""
    omit: Callable[[dict[str, Any], dict[str, Any], Work[Any]], bool] | None = None
    """Whether an object, before and after, has to be left out altogether, for the reason ``omitted``."""
    omitted: str = ""
    named: frozenset[str] = frozenset()
    """The fields that have a rule."""
    known: frozenset[str] = frozenset()
    """The fields that mean something in the other version."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "named", frozenset(rule.source for rule in self.rules))
        msgspec.structs.force_setattr(self, "known", frozenset(self.shape.__struct_encode_fields__))


class Noted(msgspec.Struct, frozen=True, gc=False):
    """What one conversion really cost."""

    field: str
    loss: Loss
    why: str


class Lifted(NamedTuple):
    """An object of 2.1.1 as one of 2.2.1, with what that cost and what was wrong with it, in the sender's words."""

    data: bytes
    losses: tuple[Noted, ...] = ()
    findings: tuple[Finding, ...] = ()


class Lowered(NamedTuple):
    """An object of 2.2.1 as one of 2.1.1; None when 2.1.1 cannot be told, which the losses explain."""

    data: bytes | None
    losses: tuple[Noted, ...] = ()


class Work(Generic[C]):
    """One conversion under way: where it is and what it has noted."""

    def __init__(self, context: C, trail: tuple[str, ...] = (), *, partial: bool = False) -> None:
        self.context = context
        self.trail = trail
        """The ids of the object and of those around it, the outermost first."""
        self.partial = partial
        self.path = ""
        self.given: dict[str, Any] = {}
        self.rule = Rule("", "")
        self.losses: list[Noted] = []
        self.findings: list[Finding] = []

    def into(self, path: str) -> Work[C]:
        """Return the work on an inner object, which notes in the same lists."""
        inner = Work(self.context, self.trail)
        inner.path = path
        inner.losses, inner.findings = self.losses, self.findings
        return inner

    @property
    def here(self) -> str:
        """The path of the field being converted."""
        return f"{self.path}.{self.rule.name}" if self.path else self.rule.name

    def note(self, loss: Loss, detail: str = "") -> None:
        """Note what happened to this field, with the reason its rule declares."""
        declared = self.rule.outcome(loss)
        if declared is None or not declared.always:
            why = declared.why if declared is not None else ""
            self.losses.append(Noted(self.here, loss, f"{why}: {detail}" if detail else why))

    def find(self, message: str) -> None:
        """Note what is wrong with this field."""
        self.findings.append(Finding(self.here, message))


def convert(table: Table, given: dict[str, Any], work: Work[Any]) -> dict[str, Any] | None:
    """Convert one object; None when it has to be left out."""
    work.given = given
    if table.key and not work.partial and isinstance(given.get(table.key), str | int):
        work.trail = (*work.trail, str(given[table.key]))
    made: dict[str, Any] = {}
    for rule in table.rules:
        before = given.get(rule.source) if rule.source else None
        if work.partial and before is None and not rule.always:
            continue
        work.rule = rule
        after = _apply(rule, before, work)
        if after is not None and rule.target:
            made[rule.target] = after
    _others(table, given, made, work)
    if table.omit is not None and table.omit(given, made, work):
        work.losses.append(Noted(work.path or table.object, Loss.LOST, table.omitted))
        return None
    return made


def _others(table: Table, given: dict[str, Any], made: dict[str, Any], work: Work[Any]) -> None:
    """Keep the fields no rule names, but for those that pose as one of the other version."""
    for name, value in given.items():
        if value is None or name in table.named:
            continue
        if name not in table.known:
            made[name] = value
        else:
            work.losses.append(Noted(f"{work.path}.{name}" if work.path else name, Loss.LOST, POSES))


def _apply(rule: Rule, before: Any, work: Work[Any]) -> Any:
    if rule.inner is not None:
        return _inner(rule, rule.inner, before if rule.how is None else rule.how(before, work), work)
    plain = before if rule.target else None
    after = plain if rule.how is None else rule.how(before, work)
    happened = _happened(before, after)
    if happened is not None and rule.judged:
        _judge(rule, happened, before, after, work)
    return after


def _inner(rule: Rule, table: Table, value: Any, work: Work[Any]) -> Any:
    path = f"{work.path}.{rule.source}" if work.path else rule.source
    if isinstance(value, dict):
        return convert(table, value, work.into(path))
    if not isinstance(value, list):
        return value
    made = (
        convert(table, each, work.into(f"{path}[{place}]")) if isinstance(each, dict) else each
        for place, each in enumerate(value)
    )
    return [each for each in made if each is not None]


def _happened(before: Any, after: Any) -> Loss | None:
    """Return what became of a value, as far as one can see from outside."""
    nothing, left = before in (None, [], ""), after in (None, [], "")
    if nothing or left:
        return None if nothing and left else Loss.INVENTED if nothing else Loss.LOST
    if before == after:
        return None
    both = isinstance(before, list) and isinstance(after, list)
    return Loss.LOST if both and len(after) < len(before) else Loss.APPROXIMATED


def _judge(rule: Rule, happened: Loss, before: Any, after: Any, work: Work[Any]) -> None:
    """Note what happened, unless another form or another name is all there is to it."""
    other_form = rule.outcome(Loss.RENAMED) or rule.outcome(Loss.KEPT)
    if other_form and (happened is Loss.APPROXIMATED or rule.outcome(happened) is None):
        return
    gone = [each for each in before if each not in (after or ())] if isinstance(before, list) else []
    work.note(happened, ", ".join(each for each in gone if isinstance(each, str)))


def decode(raw: bytes) -> dict[str, Any]:
    """Read an object without types; numbers keep every digit."""
    try:
        raw.decode()
        value = _DECODE(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        raise NotJson(str(error)) from None
    if not isinstance(value, dict):
        raise NotJson("an object is expected")
    return value


def encode(value: Any) -> bytes:
    """Write a value as JSON."""
    return _ENCODE(value)


# -- how a table is written down ---------------------------------------------------------------------------------------


def kept(*names: str) -> tuple[Rule, ...]:
    """Fields that are the same in both versions."""
    return tuple(Rule(name, name) for name in names)


def renamed(source: str, target: str, why: str = "", how: How | None = None, *outcomes: Outcome) -> Rule:
    """Return the rule of a field that has another name or another form, and the same meaning."""
    return Rule(source, target, how, (Outcome(Loss.RENAMED, why), *outcomes))


def dropped(name: str, why: str, *, always: bool = False) -> Rule:
    """Return the rule of a field that has no counterpart."""
    return Rule(name, "", None, (Outcome(Loss.LOST, why, always),))


def approximated(why: str, *, always: bool = False) -> Outcome:
    """The value that arrives is another, near it."""
    return Outcome(Loss.APPROXIMATED, why, always)


def lost(why: str, *, always: bool = False) -> Outcome:
    """The value, or a part of it, does not arrive."""
    return Outcome(Loss.LOST, why, always)


def invented(why: str, *, always: bool = False) -> Outcome:
    """A value arrives that was not sent."""
    return Outcome(Loss.INVENTED, why, always)
