"""``interroam check``: what is wrong with objects of OCPI, from a file alone; needs no node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from interroam.cli.files import objects_of
from interroam.cli.reach import Json
from interroam.cli.tables import error, print_json, say, table
from interroam.core.rules.quality import Defect, of_charge, of_place, of_tariff
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Refused
from interroam.model.facts import Fact
from interroam.model.parties import Partner
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.translate import cdr_fact, location_fact, session_fact, tariff_fact, token_fact
from interroam.protocols.ocpi.translate.quality import OcpiStandards
from interroam.protocols.ocpi.wire import Malformed, NotJson, cdrs, locations, read, sessions, tariffs, tokens
from interroam.protocols.ocpi.wire.raw import fields_of

_KINDS: tuple[tuple[str, str, type[msgspec.Struct], Callable[[Any, bytes], Fact]], ...] = (
    ("cdr_location", "cdr", cdrs.Cdr, cdr_fact),
    ("cdr_token", "session", sessions.Session, session_fact),
    ("elements", "tariff", tariffs.Tariff, tariff_fact),
    ("contract_id", "token", tokens.Token, token_fact),
    ("address", "location", locations.Location, location_fact),
)
"""What an object is, by a field that no other has."""

File = Annotated[Path, typer.Argument(help="Locations, tariffs, tokens, sessions or CDRs, OCPI 2.2.1 JSON.")]
Profile = Annotated[str, typer.Option(help="As a partner of which profile would be judged: spec or gireve.")]


class Weight(StrEnum):
    """What becomes of an object because of a finding."""

    ODD = "odd"  # taken as it is
    SEVERE = "severe"  # taken, and waits for approval
    REFUSED = "refused"  # not taken at all


class Found(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    object: str
    weight: Weight
    field: str
    message: str


def check(file: File, profile: Profile = "spec", json: Json = False) -> None:
    """Say what a node would find wrong with objects of OCPI; ends with 1 when one is refused, or waits for approval."""
    try:
        objects = objects_of(file)
        own = switches(Partner(id="checked", protocol="ocpi", profile=profile))
        standards = OcpiStandards.of(own.quality, own.mandatory)
    except Refused as no:
        error(no.message, no.remedy)
        raise typer.Exit(2) from None
    found = [each for number, raw in enumerate(objects, 1) for each in _checked(number, raw, standards)]
    if json:
        print_json({"objects": len(objects), "findings": found})
    else:
        table(("object", "", "field", "what"), [msgspec.structs.astuple(one) for one in found], "nothing is wrong")
        say(f"\n{len(objects)} object{'s were' if len(objects) > 1 else ' was'} looked at")
    raise typer.Exit(1 if any(one.weight is not Weight.ODD for one in found) else 0)


def _checked(number: int, raw: bytes, standards: OcpiStandards | None) -> Iterator[Found]:
    given = fields_of(raw)
    row = next((row for row in _KINDS if row[0] in given), None)
    if row is None:
        named = ", ".join(kind for _, kind, *_ in _KINDS)
        yield Found(f"object {number}", Weight.REFUSED, "", f"is none of {named}")
        return
    _, kind, shape, make = row
    name = f"{kind} {_text(given.get('id') or given.get('uid')) or number}"
    try:
        read_as, odd = read(shape, raw)
        fact = make(read_as, raw)
    except (Malformed, NotJson) as wrong:
        yield Found(name, Weight.REFUSED, getattr(wrong, "field", ""), getattr(wrong, "message", str(wrong)))
        return
    except Refused as no:
        yield Found(name, Weight.REFUSED, "", no.message)
        return
    yield from (Found(name, Weight.ODD, one.field, one.message) for one in odd)
    for part, defect in _defects(name, fact, standards) if standards is not None else ():
        yield Found(part, Weight.SEVERE if defect.severe else Weight.ODD, defect.field, defect.message)


def _defects(name: str, fact: Fact, standards: OcpiStandards) -> Iterator[tuple[str, Defect]]:
    """Yield what the quality gate would find, and in which part of the object."""
    yield from ((name, one) for one in standards.odd(fact))
    match fact.body:
        case Location():
            yield from ((name, one) for one in of_place(fact.body, standards.mandatory))
            for body in (part.body for part in fact.parts or ()):
                if isinstance(body, Evse):
                    yield from ((f"{name}, EVSE {body.uid}", one) for one in of_place(body, standards.mandatory))
        case Tariff():
            yield from ((name, one) for one in of_tariff(fact.body, None))
        case Session() | Cdr():
            yield from ((name, one) for one in of_charge(fact.body))
        case _:
            pass


def _text(raw: bytes | None) -> str:
    value = msgspec.json.decode(raw) if raw is not None else None
    return value if isinstance(value, str) else ""
