"""Questions as they are put to a webhook, and what a partner of this room is wired with. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from interroam.model.ids import Key, Kind, Party
from interroam.model.questions import (
    Act,
    Authorize,
    CancelReservation,
    ClearProfile,
    GetProfile,
    Live,
    OfPlace,
    Prefer,
    Report,
    Reserve,
    SetProfile,
    StartSession,
    Steering,
    StopSession,
    Unlock,
)
from interroam.model.tokens import Limit
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.offers import write_token
from interroam.protocols.plain.translate.profiles import write_profile

_KINDS: dict[type[Steering | Prefer | Live], wire.QuestionKind] = {
    StartSession: wire.QuestionKind.START,
    StopSession: wire.QuestionKind.STOP,
    Reserve: wire.QuestionKind.RESERVE,
    CancelReservation: wire.QuestionKind.CANCEL_RESERVATION,
    Unlock: wire.QuestionKind.UNLOCK,
    SetProfile: wire.QuestionKind.SET_PROFILE,
    GetProfile: wire.QuestionKind.GET_PROFILE,
    ClearProfile: wire.QuestionKind.CLEAR_PROFILE,
    Prefer: wire.QuestionKind.PREFER,
    Act: wire.QuestionKind.ACT,
    Report: wire.QuestionKind.REPORT,
}
_METERS = {"duration": "1", "energy": "2", "cost": "3"}
_MEASURES = {number: word for word, number in _METERS.items()}


def read_limits(bounds: Iterable[wire.Bound]) -> tuple[Limit, ...]:
    """Read how far a charge may go."""
    return tuple(Limit(_METERS.get(one.type.casefold(), one.type), one.value, one.unit) for one in bounds)


def write_limits(limits: Iterable[Limit]) -> tuple[wire.Bound, ...]:
    """Write how far a charge may go."""
    return tuple(wire.Bound(_MEASURES.get(one.type, one.type), one.value, one.unit) for one in limits)


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
        service=question.service,
    )


def write_live(live: Live, to: Party, asker: Party, correlation: str, within: float) -> wire.Question:
    """Write an act or a report; to each side the charge has the name that it gave."""
    known = live.cpo_session if isinstance(live, Act) else live.emsp_reference
    return wire.Question(
        question=kind_of(live),
        party=str(to.id),
        asker=str(asker.id),
        within=within,
        correlation=correlation,
        session_id=known or live.session_id,
        authorization_reference=live.session_id,
        nature=live.nature,
        id=live.id,
        at=live.at,
        parameter=live.parameter,
        caused_by=live.caused_by,
    )


def kind_of(question: Steering | Prefer | Live) -> wire.QuestionKind:
    """Return what a question is called here."""
    return _KINDS[type(question)]


def write_command(
    question: Steering | Prefer, to: Party, asker: Party, correlation: str, within: float
) -> wire.Question:
    """Write a command, or what a driver would like."""
    asked = wire.Question(
        question=kind_of(question),
        party=str(to.id),
        asker=str(asker.id),
        within=within,
        correlation=correlation,
        command=question.reply if not isinstance(question, Prefer) else "",
    )
    match question:
        case StartSession() | Reserve():
            asked = replace(asked, token=write_token(question.token), authorization_reference=question.reference)
        case Prefer():
            return replace(
                asked,
                session_id=question.session_id,
                profile_type=question.profile_type,
                departs=question.departs,
                energy_kwh=question.energy_kwh,
                discharge=question.discharge,
            )
    match question:
        case StartSession():
            asked = replace(_placed(asked, question), connector_id=question.connector_id, service=question.service)
            return replace(
                asked,
                limits=write_limits(question.limits),
                interim=question.interim,
                alias=question.alias,
                parameter=question.parameter,
            )
        case Unlock():
            return replace(_placed(asked, question), connector_id=question.connector_id)
        case Reserve():
            return replace(_placed(asked, question), reservation_id=question.reservation_id, expires=question.expires)
        case CancelReservation():
            return replace(asked, reservation_id=question.reservation_id)
        case SetProfile():
            return replace(asked, session_id=question.session_id, profile=write_profile(question.profile))
        case GetProfile():
            return replace(asked, session_id=question.session_id, duration_s=question.duration_s)
        case _:
            return replace(asked, session_id=question.session_id)


def _placed(asked: wire.Question, question: OfPlace) -> wire.Question:
    evses = (question.evse_uid,) if question.evse_uid else ()
    return replace(asked, location_id=question.location_id, evse_uids=evses)


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
