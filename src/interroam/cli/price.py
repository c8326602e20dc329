"""``interroam price``: what a charge costs, line by line, from files alone; needs no node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import typer
from msgspec.structs import replace
from rich.markup import escape

from interroam.cli.files import objects_of
from interroam.cli.reach import Json
from interroam.cli.tables import error, print_json, say, table
from interroam.core.rules.pricing import (
    CENT,
    Charge,
    Cost,
    Difference,
    Finding,
    Kind,
    Line,
    Outcome,
    cost,
    covering,
    recompute,
    resolve,
)
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused
from interroam.model.money import Price
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.translate.charges import read_cdr, read_session
from interroam.protocols.ocpi.translate.tariffs import read_tariff
from interroam.protocols.ocpi.wire import Malformed, NotJson, cdrs, read, sessions, tariffs
from interroam.protocols.ocpi.wire.raw import fields_of

_COLORS = {Outcome.PASS: "green", Outcome.REMARK: "yellow", Outcome.HOLD: "red"}
_COLUMNS = ("from", "to", "what", "quantity", "price", "VAT %", "element", "when", "excl. VAT", "incl. VAT")
_MOST = Decimal(1_000_000)

Record = Annotated[Path, typer.Argument(help="A CDR or a session, OCPI 2.2.1 JSON, alone or in its envelope.")]
Sheet = Annotated[Path | None, typer.Argument(help="A tariff or a list of them; without it those in the CDR.")]
Zone = Annotated[str, typer.Option("--zone", "-z", help="Time zone of the location, such as Europe/Paris.")]
Tolerance = Annotated[str, typer.Option(help="The largest difference that counts as none, in the currency.")]
Shape = TypeVar("Shape", bound=msgspec.Struct)


def price(
    cdr: Record, tariff: Sheet = None, zone: Zone = "", tolerance: Tolerance = str(CENT), json: Json = False
) -> None:
    """Say what a charge costs, and whether its CDR says the same; ends with 1 when the CDR should be held."""
    try:
        finding, body = _price(cdr, tariff, _zone(zone), _amount(tolerance))
    except Refused as no:
        error(no.message, no.remedy)
        raise typer.Exit(2) from None
    if json:
        print_json(finding)
    else:
        _show(body, finding, ZoneInfo(zone or "UTC"))
    raise typer.Exit(1 if finding.outcome is Outcome.HOLD else 0)


def _price(record: Path, sheet: Path | None, zone: str | None, tolerance: Decimal) -> tuple[Finding, Cdr | Session]:
    body, known = _record(record)
    if sheet is not None:
        known = [read_tariff(_shape(tariffs.Tariff, one, sheet)) for one in objects_of(sheet)]
    if not known:
        raise Refused(Reason.INCOMPLETE, f"{record} names no tariff", remedy="give a file with the tariff as well")
    if isinstance(body, Session):
        return _session(body, known, zone, tolerance), body
    return recompute(body if sheet is None else _under(body, known), known, zone, tolerance), body


def _under(cdr: Cdr, known: Sequence[Tariff]) -> Cdr:
    """Return a CDR as if it were billed by these tariffs alone."""
    ids = dict.fromkeys(one.id for one in known)
    have = {one.casefold() for one in ids}
    periods = (
        one if one.tariff_id and one.tariff_id.casefold() in have else replace(one, tariff_id=None)
        for one in cdr.periods
    )
    return replace(cdr, tariff_ids=tuple(ids), periods=tuple(periods))


def _session(session: Session, known: Sequence[Tariff], zone: str | None, tolerance: Decimal) -> Finding:
    """Price a session as far as it got; its own total is provisional, so a difference holds nothing."""
    emsp, at = session.token.owner, session.starts
    seen = [found for name in dict.fromkeys(one.id for one in known) if (found := resolve(known, emsp, name, at))]
    under = covering(seen, at) or next(iter(seen), None)
    if under is None:
        return Finding(outcome=Outcome.HOLD, remarks=("no tariff is in force at the start of the session",))
    made, stated = cost(Charge.of(session, zone), under, seen), session.total_cost
    differences: tuple[Difference, ...] = ()
    if stated is not None and abs(stated.excl_vat - made.totals.total.excl_vat) > tolerance:
        differences = (Difference("total", stated.excl_vat, made.totals.total.excl_vat),)
    outcome = Outcome.REMARK if differences else Outcome.PASS
    return Finding(outcome=outcome, differences=differences, cost=made)


# -- reading -----------------------------------------------------------------------------------------------------------


def _record(path: Path) -> tuple[Cdr | Session, list[Tariff]]:
    found = objects_of(path)
    if len(found) != 1:
        raise Refused(Reason.MALFORMED, f"{path} holds {len(found)} objects", remedy="keep the one to be priced")
    if "cdr_location" not in fields_of(found[0]):
        return read_session(_shape(sessions.Session, found[0], path)), []
    shape = _shape(cdrs.Cdr, found[0], path)
    return read_cdr(shape), [read_tariff(one) for one in shape.tariffs]


def _shape(kind: type[Shape], raw: bytes, path: Path) -> Shape:
    try:
        return read(kind, raw)[0]
    except (Malformed, NotJson) as wrong:
        raise Refused(Reason.MALFORMED, f"{path} is no {kind.__name__} of OCPI 2.2.1: {wrong}") from None


def _zone(name: str) -> str | None:
    if name and name not in available_timezones():
        raise Refused(Reason.MALFORMED, f"no time zone is called {name}", remedy="name one such as Europe/Paris")
    return name or None


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 <= amount <= _MOST):
        raise Refused(Reason.MALFORMED, f"{text} is no tolerance", remedy="write it as 0.01")
    return amount


# -- showing -----------------------------------------------------------------------------------------------------------


def _show(body: Cdr | Session, finding: Finding, zone: ZoneInfo) -> None:
    if finding.cost is not None:
        made = finding.cost
        say(f"[bold]{escape(body.id)}[/] of {body.owner}, amounts in {escape(made.currency)}, times of {zone}\n")
        table(_COLUMNS, (_line(one, zone) for one in made.lines), "nothing of it is priced")
        say("")
        table(("", "excl. VAT", "incl. VAT", "stated", "incl. VAT", "difference"), _totals(body, made))
        say("")
        for text in dict.fromkeys((*_rules(made.lines), *made.limits, *made.assumptions)):
            say(f"[dim]· {escape(text)}[/]")
    for text in (*map(str, finding.differences), *finding.remarks):
        say(f"· {escape(text)}")
    say(f"\n[bold {_COLORS[finding.outcome]}]{finding.outcome}[/]")


def _line(line: Line, zone: ZoneInfo) -> tuple[object, ...]:
    quantity = f"{_short(line.quantity)}{f' + {_short(line.added)}' if line.added else ''} {line.unit}".strip()
    return (
        f"{line.starts.astimezone(zone):%m-%d %H:%M:%S}",
        f"{line.ends.astimezone(zone):%m-%d %H:%M:%S}" if line.ends > line.starts else "",
        line.dimension if line.kind is not Kind.RESERVATION else f"{line.dimension}, reserved",
        quantity if line.unit else "once",
        _short(line.price),
        _short(line.vat) if line.vat is not None else "none",
        f"{line.tariff_id} · {line.element}",
        line.restriction or "always",
        line.amount.excl_vat,
        line.amount.incl_vat,
    )


def _rules(lines: Iterable[Line]) -> Iterator[str]:
    yield from (f"{one.dimension}: {one.rule}" for one in lines if one.added or not one.unit)


def _totals(body: Cdr | Session, made: Cost) -> Iterator[tuple[object, ...]]:
    for name in (*Kind, "total"):
        ours: Price = getattr(made.totals, name)
        theirs: Price | None = getattr(body, f"{name}_cost", None)
        sign = -1 if name == "total" and isinstance(body, Cdr) and body.credit else 1
        if theirs is not None:
            apart = theirs.excl_vat - sign * ours.excl_vat
            yield name, ours.excl_vat, ours.incl_vat, theirs.excl_vat, theirs.incl_vat, f"{apart:+}" if apart else "0"
        elif ours.excl_vat or name == "total":
            yield name, ours.excl_vat, ours.incl_vat


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"
