"""OCPI 2.2.1 mod_commands ⇄ commands, their acknowledgment and their outcome."""

from __future__ import annotations

from datetime import datetime

from interroam.model import questions as model
from interroam.model.charges import Outcome
from interroam.model.facts import Wire
from interroam.model.ids import PartyId
from interroam.protocols.ocpi.wire import commands as wire
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.raw import set_fields
from interroam.protocols.ocpi.wire.types import DisplayText

from .rows import is_ours, wired
from .tokens import read_token, token_shape

_LONGEST = 512


def read_start(shape: wire.StartSession, emsp: PartyId, cpo: PartyId | None) -> model.StartSession:
    """Read a start; ``emsp`` asks for it, ``cpo`` is the one addressed, when one is."""
    return model.StartSession(
        emsp=emsp,
        token=read_token(shape.token),
        location_id=shape.location_id,
        evse_uid=shape.evse_uid,
        connector_id=shape.connector_id,
        reference=shape.authorization_reference,
        stated=wired(write(shape.token)),
        reply=shape.response_url,
        cpo=cpo,
    )


def write_start(question: model.StartSession, response_url: str) -> bytes:
    """Write a start, to be answered at ``response_url``."""
    shape = wire.StartSession(
        response_url=response_url,
        token=token_shape(question.token),
        location_id=question.location_id,
        evse_uid=question.evse_uid,
        connector_id=question.connector_id,
        authorization_reference=question.reference,
    )
    return _with_token(write(shape), question.stated)


def _with_token(command: bytes, stated: Wire | None) -> bytes:
    """Put the token in as its provider described it, with what our model does not hold."""
    return set_fields(command, {"token": stated.data}) if is_ours(stated) else command


def read_stop(shape: wire.StopSession, emsp: PartyId, cpo: PartyId | None) -> model.StopSession:
    """Read a stop."""
    return model.StopSession(emsp=emsp, session_id=shape.session_id, reply=shape.response_url, cpo=cpo)


def write_stop(question: model.StopSession, response_url: str) -> bytes:
    """Write a stop, to be answered at ``response_url``."""
    return write(wire.StopSession(response_url=response_url, session_id=question.session_id))


def read_reserve(shape: wire.ReserveNow, emsp: PartyId, cpo: PartyId | None) -> model.Reserve:
    """Read a reservation."""
    return model.Reserve(
        emsp=emsp,
        token=read_token(shape.token),
        reservation_id=shape.reservation_id,
        expires=shape.expiry_date,
        location_id=shape.location_id,
        evse_uid=shape.evse_uid,
        reference=shape.authorization_reference,
        stated=wired(write(shape.token)),
        reply=shape.response_url,
        cpo=cpo,
    )


def write_reserve(question: model.Reserve, response_url: str) -> bytes:
    """Write a reservation, to be answered at ``response_url``."""
    shape = wire.ReserveNow(
        response_url=response_url,
        token=token_shape(question.token),
        expiry_date=question.expires,
        reservation_id=question.reservation_id,
        location_id=question.location_id,
        evse_uid=question.evse_uid,
        authorization_reference=question.reference,
    )
    return _with_token(write(shape), question.stated)


def read_cancel(shape: wire.CancelReservation, emsp: PartyId, cpo: PartyId | None) -> model.CancelReservation:
    """Read the end of a reservation."""
    return model.CancelReservation(emsp=emsp, reservation_id=shape.reservation_id, reply=shape.response_url, cpo=cpo)


def write_cancel(question: model.CancelReservation, response_url: str) -> bytes:
    """Write the end of a reservation, to be answered at ``response_url``."""
    return write(wire.CancelReservation(response_url=response_url, reservation_id=question.reservation_id))


def read_unlock(shape: wire.UnlockConnector, emsp: PartyId, cpo: PartyId | None) -> model.Unlock:
    """Read the wish to let go of a cable."""
    return model.Unlock(
        emsp=emsp,
        location_id=shape.location_id,
        evse_uid=shape.evse_uid,
        connector_id=shape.connector_id,
        reply=shape.response_url,
        cpo=cpo,
    )


def write_unlock(question: model.Unlock, response_url: str) -> bytes:
    """Write the wish to let go of a cable, to be answered at ``response_url``."""
    shape = wire.UnlockConnector(
        response_url=response_url,
        location_id=question.location_id,
        evse_uid=question.evse_uid,
        connector_id=question.connector_id,
    )
    return write(shape)


def read_acknowledged(shape: wire.CommandResponse) -> model.Acknowledged:
    """Read the answer at once."""
    return model.Acknowledged(result=shape.result, within=max(shape.timeout, 0), message=_read_texts(shape.message))


def write_acknowledged(answer: model.Acknowledged) -> bytes:
    """Write the answer at once."""
    shape = wire.CommandResponse(
        result=answer.result,  # type: ignore[arg-type]  # the words are those of OCPI
        timeout=answer.within,
        message=_write_texts(answer.message),
    )
    return write(shape)


def read_outcome(shape: wire.CommandResult, command_id: str, at: datetime) -> Outcome:
    """Read the answer of the charge point."""
    return Outcome(command=command_id, result=shape.result, message=_read_texts(shape.message), at=at)


def write_outcome(result: str, message: str | None = None) -> bytes:
    """Write the answer of the charge point."""
    shape = wire.CommandResult(
        result=result,  # type: ignore[arg-type]  # the words are those of OCPI
        message=_write_texts(message),
    )
    return write(shape)


def _read_texts(texts: tuple[DisplayText, ...]) -> str | None:
    return next((each.text for each in texts if each.language == "en"), texts[0].text if texts else None)


def _write_texts(text: str | None) -> tuple[DisplayText, ...]:
    return (DisplayText(language="en", text=text[:_LONGEST]),) if text else ()
