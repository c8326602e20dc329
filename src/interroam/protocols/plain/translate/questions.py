"""Questions as they are put to a webhook, and what a partner of this room is wired with. Pure."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from interroam.model.ids import Key, Kind, Party
from interroam.model.questions import Authorize, StartSession, Steering
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.offers import write_token


def write_authorize(question: Authorize, to: Party, asker: Party, correlation: str, within: float) -> wire.Question:
    """Write the question whether a driver may charge."""
    return wire.Question(
        question=wire.QuestionKind.AUTHORIZE,
        party=str(to.id),
        asker=str(asker.id),
        within=within,
        correlation=correlation,
        uid=question.uid,
        type=question.type,
        location_id=question.location_id,
        evse_uids=question.evse_uids,
    )


def write_command(question: Steering, to: Party, asker: Party, correlation: str, within: float) -> wire.Question:
    """Write a start or a stop."""
    asked = wire.Question(
        question=wire.QuestionKind.START if isinstance(question, StartSession) else wire.QuestionKind.STOP,
        party=str(to.id),
        asker=str(asker.id),
        within=within,
        correlation=correlation,
        command=question.reply,
    )
    if not isinstance(question, StartSession):
        return replace(asked, session_id=question.session_id)
    return replace(
        asked,
        token=write_token(question.token),
        location_id=question.location_id,
        evse_uids=(question.evse_uid,) if question.evse_uid else (),
        connector_id=question.connector_id,
        authorization_reference=question.reference,
    )


def write_key(key: Key) -> dict[str, str]:
    """Write the identity of an object by its parts."""
    names = {Kind.EVSE: ("location_id", "uid"), Kind.TOKEN: ("uid", "type"), Kind.TARIFF: ("id", "target")}
    first, second = names.get(key.kind, ("id", "sub"))
    parts = {"party": str(key.party) if key.owner else "", first: key.id, second: key.sub}
    return {name: value for name, value in parts.items() if value}


def read_wiring(packed: bytes) -> wire.Wiring | None:
    """Read Partner.wiring of a partner of this room; None when it has no webhook."""
    return msgspec.msgpack.decode(packed, type=wire.Wiring) if packed else None


def write_wiring(wiring: wire.Wiring) -> bytes:
    """Write Partner.wiring."""
    return msgspec.msgpack.encode(wiring)
