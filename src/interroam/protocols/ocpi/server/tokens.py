"""Tokens stated by their provider, shown to CPOs, and the question whether one may charge."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

from msgspec.structs import replace

from interroam.core.keys import masked
from interroam.core.refs import token_ref
from interroam.core.rules.quality import of_token
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Statement
from interroam.model.ids import Kind, token_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Token
from interroam.protocols.ocpi.rules.roles import is_rfid_uid
from interroam.protocols.ocpi.translate import read_authorize, token_change, token_fact, write_authorization
from interroam.protocols.ocpi.translate.rows import insist, insist_owner
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire import tokens as wire
from interroam.protocols.ocpi.wire.raw import fields_of, set_fields, text
from interroam.protocols.ocpi.wire.words import TokenType

from .call import Answer, Call, given
from .desk import AS_STATED, Desk, T, read_body, read_owner, read_parameters, side, stating
from .lists import list_of

TOKEN_TYPES: tuple[str, ...] = get_args(TokenType)
_TYPES = ("type", "tokenType", "token_type")  # C21
_LONGEST = 36
_ALLOWED = Allowed.ALLOWED
_NOBODY = Answer(http=404, status=2000, message="there is nothing at this path")


def token_type(call: Call, otherwise: str = "RFID") -> str:
    """Return the type a query names; OCPI's default is RFID."""
    return _named_type(call.request.query, otherwise)


@lru_cache(maxsize=1024)
def _named_type(query: bytes, otherwise: str) -> str:
    named = read_parameters(query)
    given_type = next((named[name] for name in _TYPES if name in named), otherwise)
    if given_type.upper() not in TOKEN_TYPES:
        raise Refused(Reason.MALFORMED, f"type {given_type!r} is none of {', '.join(TOKEN_TYPES)}")
    return given_type.upper()


def is_judged(call: Call, uid: str) -> bool:
    """Whether a card's number is to be looked at: most senders' are not, and decoding has seen to their length."""
    return len(uid) > _LONGEST or call.caller.switches.strict_uid


def check_uid(call: Call, kind: str, uid: str) -> None:
    """Refuse a uid without end, and a card number that is none where the profile wants that (OCPI-92, OCPI-94)."""
    if len(uid) > _LONGEST:
        raise Refused(Reason.MALFORMED, f"the uid has {len(uid)} characters", remedy=f"{_LONGEST} at most")  # OCPI-184
    if call.caller.switches.strict_uid and kind == "RFID" and not is_rfid_uid(uid):
        raise Refused(
            Reason.MALFORMED, f"{masked(uid)} is no RFID uid of 4 or 7 bytes", remedy="send 8 or 14 hex digits"
        )


def spelled(call: Call, shape: T, kind: str, uid: str, within: str = "") -> tuple[T, bytes]:
    """Return an object and its bytes with the card's number in capitals, where cards are judged (OCPI-93)."""
    check_uid(call, kind, uid)
    raw, capitals = call.request.body, _capitals(call, kind, uid)
    if capitals == uid:
        return shape, raw
    said = {"uid": text(capitals)}
    raw = set_fields(raw, {within: set_fields(bytes(fields_of(raw)[within]), said)} if within else said)
    return read(type(shape), raw)[0], raw


def _capitals(call: Call, kind: str, uid: str) -> str:
    return uid.upper() if call.caller.switches.strict_uid and kind == "RFID" else uid


def note_driver(desk: Desk, call: Call, kind: str, uid: str) -> None:
    """Let the exchange be found, and erased, by the driver's token: by its keyed hash only."""
    call.subject = desk.hub.book.keyring.subject(kind, uid)
    call.ids += (call.subject.hex(),)


# -- stated by the provider --------------------------------------------------------------------------------------------


async def put(desk: Desk, call: Call) -> Answer:
    """Take a whole token."""
    owner, uid = read_owner(call), call.tail[2]
    shape = read_body(call, wire.Token)
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("uid", shape.uid, uid, of_card=True)
    insist("type", shape.type, token_type(call, shape.type))
    note_driver(desk, call, shape.type, uid)
    fact = token_fact(*spelled(call, shape, shape.type, shape.uid))
    answer = await desk.tell(call, fact)
    link = desk.hub.links.get(call.partner.id)
    if isinstance(fact.body, Token):
        odd = of_token(fact.body, asked=link is None or link.answers)
        call.notes += [f"{one.field} {one.message}" for one in odd]
        await desk.hub.gate.findings.note(call.partner.id, fact.key, odd)
    return answer


@stating
def patch(desk: Desk, call: Call) -> Statement:
    """Take some fields of a token."""
    owner, uid, kind = read_owner(call), call.tail[2], token_type(call)
    note_driver(desk, call, kind, uid)
    check_uid(call, kind, uid)
    shape, raw = read_body(call, wire.TokenPatch), call.request.body
    if shape.uid is not None:
        shape, raw = spelled(call, shape, kind, shape.uid)
    return token_change(shape, raw, owner, uid, kind)


async def check(desk: Desk, call: Call) -> Answer:
    """Show the provider its token as it is stored here."""
    owner, uid, kind = read_owner(call), call.tail[2], token_type(call)
    note_driver(desk, call, kind, uid)
    return given(await desk.views.one(await desk.own(call, token_key(owner, kind, uid)), AS_STATED))


# -- shown to CPOs -----------------------------------------------------------------------------------------------------

_list = list_of(Kind.TOKEN)


async def show_all(desk: Desk, call: Call) -> Answer:
    """List the tokens a CPO may allow."""
    _offered(call)
    return await _list(desk, call)


async def show(desk: Desk, call: Call) -> Answer:
    """Show one token."""
    _offered(call)
    uid, kind = call.tail[0], token_type(call)
    note_driver(desk, call, kind, uid)
    key = token_key(call.receiver, kind, uid) if call.receiver is not None else None
    return await desk.show(call, await desk.seen(call, key, token_ref(kind, uid)))


def _offered(call: Call) -> None:
    if not call.caller.switches.pushes_tokens and not call.older:  # OCPI-105
        raise Refused(Reason.NOT_OFFERED, "tokens are not shown on this connection", remedy="use authorize")  # OCPI-96


# -- may it charge here ------------------------------------------------------------------------------------------------


async def authorize(desk: Desk, call: Call) -> Answer:
    """Answer whether a token may charge; a yes is durable before it leaves (OCPI-98, OCPI-101)."""
    uid, verb = call.tail
    if verb != "authorize":
        return _NOBODY
    kind = token_type(call)
    call.keep_answer = True
    note_driver(desk, call, kind, uid)
    if is_judged(call, uid):
        check_uid(call, kind, uid)
        uid = _capitals(call, kind, uid)
    question = _question(desk, call, uid, kind)
    if question.location_id:
        call.ids += (question.location_id, *question.evse_uids)
    answer = await desk.hub.authorize(call.origin, question, now=call.now)
    if answer.reference:
        call.ids += (answer.reference,)
    if answer.emsp_reference:
        call.ids += (answer.emsp_reference,)
    if answer.info and answer.allowed is not _ALLOWED:
        call.notes.append(answer.info)
    return Answer(data=write_authorization(answer, await _as_stated(desk, answer.token)))


def _question(desk: Desk, call: Call, uid: str, kind: str) -> Authorize:
    body = call.request.body
    if not desk.hub.is_hub and not body.strip():  # only a hub must know where the driver stands
        return Authorize(cpo=call.asker, uid=uid, type=kind, emsp=call.receiver)
    question = read_authorize(body, call.asker, uid, kind, call.receiver)
    return replace(question, anywhere=True) if call.caller.switches.unknown_places else question


async def _as_stated(desk: Desk, token: Token | None) -> bytes | None:
    """Return the whole token in its provider's spelling, when the answer is about what is stored."""
    if token is None:
        return None
    key = token_key(token.owner, token.type, token.uid)
    stored = desk.hub.store.at_hand(key) or await desk.hub.store.get(key)
    return await desk.views.one(stored, AS_STATED) if stored is not None and stored.body == token else None


RECEIVER = side("RECEIVER", "tokens", ("GET", (3,), check), ("PUT", (3,), put), ("PATCH", (3,), patch))
SENDER = side("SENDER", "tokens", ("GET", (0,), show_all), ("GET", (1,), show), ("POST", (2,), authorize))
