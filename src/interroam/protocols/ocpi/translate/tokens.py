"""OCPI 2.2.1 mod_tokens ⇄ Token, Authorize and Authorization."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from interroam.model import tokens as model
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Change, Fact
from interroam.model.ids import PartyId, token_key
from interroam.model.questions import Authorize
from interroam.protocols.ocpi.wire import Malformed, NotJson, read, reader, write
from interroam.protocols.ocpi.wire import tokens as wire
from interroam.protocols.ocpi.wire.types import DisplayText

from .rows import insist, insist_owner, merged, named, plain_fact, said, wired, written

_IDENTITY = frozenset({"country_code", "party_id", "uid", "type"})
_LONGEST = 512
_UNCLEAR = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Malformed, NotJson)
_references = reader(wire.LocationReferences)
_said = msgspec.json.Decoder(wire.AuthorizationSaid).decode
# To ask an enumeration for a member takes longer than to make a struct.
_ALLOWED = {one.value: one for one in model.Allowed}
_WHITELISTS = {one.value: one for one in model.Whitelist}


def read_token(shape: wire.Token) -> model.Token:
    """Read a token."""
    return model.Token(
        owner=PartyId.of(shape.country_code, shape.party_id),
        uid=shape.uid,
        type=shape.type,
        contract_id=shape.contract_id,
        issuer=shape.issuer,
        valid=shape.valid,
        whitelist=_WHITELISTS[shape.whitelist],
        visual_number=shape.visual_number,
        group_id=shape.group_id,
        language=shape.language,
        last_updated=shape.last_updated,
    )


def token_shape(token: model.Token) -> wire.Token:
    """Return the shape of a token."""
    return wire.Token(
        country_code=token.owner.country,
        party_id=token.owner.code,
        uid=token.uid,
        type=token.type,  # type: ignore[arg-type]  # the words are those of OCPI
        contract_id=token.contract_id,
        visual_number=token.visual_number,
        issuer=token.issuer,
        group_id=token.group_id,
        valid=token.valid,
        whitelist=(token.whitelist if token.serves(model.CHARGING) else model.Whitelist.NEVER).value,
        language=token.language,
        last_updated=token.last_updated,
    )


def write_token(token: model.Token) -> bytes:
    """Write the row form of a token."""
    return written(token_shape(token))


def token_fact(shape: wire.Token, raw: bytes) -> Fact:
    """Make a fact of a token as it stood."""
    return plain_fact(read_token(shape), raw)


def token_change(shape: wire.TokenPatch, raw: bytes, owner: PartyId, uid: str, token_type: str) -> Change:
    """Make a change of a PATCH of a token."""
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("uid", shape.uid, uid, of_card=True)
    insist("type", shape.type, token_type)

    def change(body: model.Token) -> model.Token:
        return replace(
            body,
            contract_id=shape.contract_id or body.contract_id,
            issuer=shape.issuer or body.issuer,
            valid=shape.valid if shape.valid is not None else body.valid,
            whitelist=model.Whitelist(shape.whitelist) if shape.whitelist is not None else body.whitelist,
            visual_number=shape.visual_number or body.visual_number,
            group_id=shape.group_id or body.group_id,
            language=shape.language or body.language,
            last_updated=max(shape.last_updated, body.last_updated),
        )

    key = token_key(owner, token_type, uid)
    patch = said(raw)
    merge = merged(model.Token, change, patch)
    return Change(key, named(patch, _IDENTITY), shape.last_updated, merge, wired(raw))


# -- may it charge here ------------------------------------------------------------------------------------------------


def read_authorize(raw: bytes, cpo: PartyId, uid: str, token_type: str, emsp: PartyId | None) -> Authorize:
    """Read the question; without a location there is not enough to act on (OCPI-98)."""
    try:
        shape = _references(raw or b"{}")[0]
    except Malformed as error:
        if error.field != "location_id":
            raise
        raise Refused(
            Reason.INCOMPLETE, "authorize needs the location", remedy="send LocationReferences with location_id"
        ) from None
    return Authorize(
        cpo=cpo, uid=uid, type=token_type, location_id=shape.location_id, evse_uids=shape.evse_uids, emsp=emsp
    )


def write_authorize(question: Authorize) -> bytes:
    """Write where the driver stands; nothing when that is not known."""
    if not question.location_id:
        return b""
    return write(wire.LocationReferences(location_id=question.location_id, evse_uids=question.evse_uids))


def read_authorization(raw: bytes) -> model.Authorization:
    """Read the answer of a provider; the reference in it is the provider's own."""
    shape: wire.AuthorizationSaid | wire.AuthorizationInfo
    try:
        if not raw.isascii():
            raw.decode()
        shape = _said(raw)
        token = token_said(bytes(shape.token))
    except _UNCLEAR:  # it needs patience, or is none: then all of it is looked at
        shape = read(wire.AuthorizationInfo, raw)[0]
        token = read_token(shape.token)
    place, info = shape.location, shape.info
    return model.Authorization(
        allowed=_ALLOWED[shape.allowed],
        emsp_reference=shape.authorization_reference,
        token=token,
        location_id=place.location_id if place is not None else None,
        evse_uids=place.evse_uids if place is not None else (),
        info=info.text if info is not None else None,
        language=info.language if info is not None else "en",
    )


@lru_cache(maxsize=4096)
def token_said(raw: bytes) -> model.Token:
    """Read a token in an answer: what is said of a card is remembered, until a driver is to be forgotten."""
    return read_token(read(wire.Token, raw)[0])


def write_authorization(answer: model.Authorization, token: bytes | None = None) -> bytes:
    """Write the answer; ``token`` is the whole token where its owner's own spelling is at hand."""
    if answer.token is None:
        raise Refused(Reason.UNKNOWN_TOKEN, "nobody here knows this token")
    place = None
    if answer.allowed is model.Allowed.ALLOWED and answer.location_id:
        place = wire.LocationReferences(location_id=answer.location_id, evse_uids=answer.evse_uids)
    return write(
        wire.AuthorizationGiven(
            allowed=answer.allowed,  # type: ignore[arg-type]  # the words are those of OCPI
            token=token_shape(answer.token) if token is None else Raw(token),
            location=place,
            authorization_reference=answer.reference or None,
            info=DisplayText(language=answer.language, text=answer.info[:_LONGEST]) if answer.info else None,
        )
    )
