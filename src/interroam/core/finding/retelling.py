"""What a person sees of what the archive found: lines in the order of time, and cards only as far as they may.

Without the right to read bodies, messages are left out and card ids show their last four characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from interroam.core.audit import Actor
from interroam.core.keys import masked
from interroam.core.telling.repricing import Repriced
from interroam.model.charges import Cdr, ChargeToken, Command, Session
from interroam.model.facts import Act, Body, Entry, Exchange, Stored
from interroam.model.ids import Kind
from interroam.model.tokens import Authorization, Token

_Token = TypeVar("_Token", Token, ChargeToken)


class Moment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line of the story: a fact recorded, or a message exchanged."""

    at: datetime
    what: str
    """``in`` and ``out`` are exchanges, ``fact`` is a line of the journal."""
    partner: str
    operation: str
    code: str = ""
    latency_ms: float | None = None
    object: str = ""
    seq: int = 0
    correlation: str = ""
    note: str = ""
    request: str = ""
    response: str = ""


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object of the charge as it is now."""

    key: str
    hub_id: str
    body: dict[str, Any]
    """The object as plain values: times and amounts as text, parties as ``CH*CCC``."""
    receiver: str = ""
    agreement: str = ""


class Dossier(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The complete story of one charge."""

    asked: str
    made: datetime
    summary: dict[str, str]
    price: Repriced | None = None
    pieces: tuple[Piece, ...] = ()
    story: tuple[Moment, ...] = ()


def shown(row: Stored, actor: Actor) -> Piece:
    """Return an object as this person may see it."""
    body = row.body if actor.bodies else _masked(row.body)
    return Piece(str(row.key), row.hub_id, _plain(msgspec.to_builtins(body)), str(row.receiver or ""), row.agreement)


def _plain(value: Any) -> Any:
    """Write parties as text, in whatever depth."""
    if isinstance(value, dict):
        if value.keys() == {"country", "code"}:
            return f"{value['country']}*{value['code']}"
        if value.keys() == {"id", "role"}:
            return f"{_plain(value['id'])}/{value['role']}"
        return {name: _plain(held) for name, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, list) else value


def retold(story: Sequence[Entry | Exchange], actor: Actor) -> tuple[Moment, ...]:
    """Return the story in lines this person may read."""
    return tuple(_fact(one, actor) if isinstance(one, Entry) else _message(one, actor) for one in story)


def _fact(entry: Entry, actor: Actor) -> Moment:
    key = entry.key
    name = f"token/{key.owner}/{masked(key.id)}" if key.kind is Kind.TOKEN and not actor.bodies else str(key)
    fields = " ".join(sorted(entry.fields))
    act = "made" if entry.created else entry.act.value if entry.act is not Act.FACT else "stated"
    owed = f"for {entry.receiver}" if entry.receiver is not None else ""
    wire = entry.wire.data if entry.wire is not None else b""
    return Moment(
        at=entry.at,
        what="fact",
        partner=entry.origin,
        operation=f"{key.kind.value} {act}",
        object=name,
        seq=entry.seq,
        correlation=entry.correlation,
        note=" ".join(part for part in (_state(entry.body), fields, owed) if part),
        request=_text(wire) if actor.bodies else "",
    )


def _message(exchange: Exchange, actor: Actor) -> Moment:
    return Moment(
        at=exchange.at,
        what="in" if exchange.inward else "out",
        partner=exchange.partner,
        operation=exchange.operation,
        code=exchange.code,
        latency_ms=round(exchange.latency_us / 1000, 1),
        seq=exchange.seq,
        correlation=exchange.correlation,
        note=exchange.note,
        request=_text(exchange.request) if actor.bodies else "",
        response=_text(exchange.response) if actor.bodies else "",
    )


def _state(body: Body | None) -> str:
    match body:
        case Session():
            return f"{body.status}, {body.energy_kwh} kWh"
        case Cdr():
            return f"{body.total_energy_kwh} kWh, {body.total_cost.excl_vat} {body.currency}"
        case Authorization():
            return body.allowed.value
        case Command():
            return " ".join(part for part in (body.name, body.state.value, body.latest or "") if part)
        case _:
            return ""


def summarized(pieces: Iterable[Stored], actor: Actor) -> dict[str, str]:
    """Return the charge in a dozen words."""
    said: dict[str, str] = {}
    for row in pieces:
        said |= {name: value for name, value in _said(row.body, actor).items() if value}
        if row.agreement:
            said["agreement"] = row.agreement
        if row.receiver is not None and row.key.kind in (Kind.SESSION, Kind.CDR):
            said["told to"] = str(row.receiver)
        if row.key.kind is Kind.SESSION:
            said["hub session"] = row.hub_id
    return said


def _said(body: Body, actor: Actor) -> dict[str, str]:
    match body:
        case Authorization():
            return {
                "authorization": body.reference,
                "provider's reference": body.emsp_reference or "",
                "allowed": body.allowed.value,
                "CPO": str(body.cpo or ""),
                "eMSP": str(body.emsp or ""),
            }
        case Session():
            return {
                **_charge(body, actor),
                "session": body.id,
                "status": body.status,
                "energy": f"{body.energy_kwh} kWh",
            }
        case Cdr(credit=True):
            return {"credit": f"{body.id}, {body.total_cost.excl_vat} {body.currency}"}
        case Cdr():
            return {
                **_charge(body, actor),
                "CDR": body.id,
                "energy": f"{body.total_energy_kwh} kWh",
                "cost": f"{body.total_cost.excl_vat} {body.currency}",
            }
        case Command():
            return {body.name.lower().replace("_", " "): body.latest or body.state.value}
        case _:
            return {}


def _charge(body: Session | Cdr, actor: Actor) -> dict[str, str]:
    contract = body.token.contract_id
    return {
        "CPO": str(body.owner),
        "eMSP": str(body.token.owner),
        "contract": contract if actor.bodies else masked(contract),
        "place": f"{body.location_id}/{body.evse_uid}/{body.connector_id}",
        "started": f"{body.starts:%Y-%m-%d %H:%M:%S} UTC",
        "ended": f"{body.ends:%Y-%m-%d %H:%M:%S} UTC" if body.ends is not None else "",
    }


def _masked(body: Body) -> Body:
    match body:
        case Session() | Cdr():
            return replace(body, token=_masked_token(body.token))
        case Authorization():
            return replace(body, token=_masked_token(body.token)) if body.token is not None else body
        case _:
            return body


def _masked_token(token: _Token) -> _Token:
    hidden = replace(token, uid=masked(token.uid), contract_id=masked(token.contract_id))
    return replace(hidden, visual_number=None, group_id=None) if isinstance(hidden, Token) else hidden


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
