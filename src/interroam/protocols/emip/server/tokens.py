"""White lists: uploaded by eMSPs as changes, downloaded by CPOs in full or as changes (sheet 2.14, 2.15).

An upload is looked at as a whole before anything of it is kept. A user that another eMSP has stated already stays that
one's; the upload is told so (EMIP-84).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from interroam.core.chores import all_of
from interroam.core.refs import token_ref
from interroam.model.facts import Fact, Stored, Verdict, Withdrawal
from interroam.model.ids import Key, Kind, PartyId
from interroam.model.tokens import Token
from interroam.protocols.emip.bridge.touched import Flavor
from interroam.protocols.emip.rules.codes import (
    COLLISION,
    MALFORMED,
    REMARKS,
    SERVICE_NOT_ALLOWED,
    SUCCESS,
    TOO_MANY,
    VALUE_NOT_ALLOWED,
    Declined,
)
from interroam.protocols.emip.translate.authorizations import WHOSE
from interroam.protocols.emip.translate.tokens import (
    BLACK,
    DELETE,
    INSERT,
    UPDATE,
    WHITE,
    key_of,
    offered,
    token_fact,
    write_token,
)
from interroam.protocols.emip.wire.to_iop import (
    GetAuthenticationData,
    GetAuthenticationDataResponse,
    SetAuthenticationDataResponse,
)
from interroam.protocols.emip.wire.types import AuthenticationData, AuthenticationDataError

from .call import Call
from .desk import Desk

MOST = 500


# -- upload ------------------------------------------------------------------------------------------------------------


async def upload(desk: Desk, call: Call) -> SetAuthenticationDataResponse:
    """Keep the users an eMSP states, and forget those it deletes; remarks say what else is to be known."""
    entries: tuple[AuthenticationData, ...] = call.message.authentication_data_list
    if len(entries) > MOST:
        raise Declined(TOO_MANY, f"{len(entries)} entries: at most {MOST}")
    keys = _checked(call.operator.id, entries)
    async with desk.elements.writing:  # or two eMSPs state one user at the same time
        remarks = await _kept(desk, call, keys, entries)
    call.keep = False
    return SetAuthenticationDataResponse(
        transaction_id=call.transaction,
        request_status=REMARKS if remarks else SUCCESS,
        authentication_data_error_list=tuple(remarks) or None,
    )


def _checked(owner: PartyId, entries: Iterable[AuthenticationData]) -> list[Key]:
    """Return the keys of all entries; one that is wrong declines them all."""
    keys = []
    wrong: list[AuthenticationDataError] = []
    for entry in entries:
        try:
            keys.append(_key(owner, entry))
        except Declined as no:
            wrong.append(_remark(entry, no.status, no.message))
    if wrong:
        status, comment = wrong[0].request_status, wrong[0].comment or ""
        raise Declined(status, comment, authentication_data_error_list=tuple(wrong))
    return keys


def _key(owner: PartyId, entry: AuthenticationData) -> Key:
    if entry.action_type not in (INSERT, UPDATE, DELETE):
        raise Declined(MALFORMED, f"{entry.action_type} is no actionType")
    if entry.authorisation_value not in (None, WHITE, BLACK):
        raise Declined(VALUE_NOT_ALLOWED, f"{entry.authorisation_value} is no authorisationValue of a list")
    if any(service.strip() == WHOSE for service in entry.requested_service_id):
        raise Declined(SERVICE_NOT_ALLOWED, "service 0 is the platform's alone")
    try:
        return key_of(owner, entry)
    except ValueError as error:
        raise Declined(MALFORMED, str(error)) from None


async def _kept(
    desk: Desk, call: Call, keys: Iterable[Key], entries: Sequence[AuthenticationData]
) -> list[AuthenticationDataError]:
    """Tell the entries side by side, those of one user one after another; return the remarks in their order."""
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    remarks: dict[int, AuthenticationDataError] = {}

    async def tell(key: Key) -> None:
        for place in places[key]:
            remark = await _one(desk, call, key, entries[place])
            if remark is not None:
                remarks[place] = remark

    await all_of(map(tell, places))  # nothing goes on behind our back
    return [remarks[place] for place in sorted(remarks)]


async def _one(desk: Desk, call: Call, key: Key, entry: AuthenticationData) -> AuthenticationDataError | None:
    """Keep one entry: an insert of what is there updates it, an update of what is not inserts it, and says so."""
    rows = [row for row in await _rows(desk, key) if not row.withdrawn]
    known = next((row for row in rows if row.key == key), None)
    if known is None and rows and entry.action_type != DELETE:
        return _remark(entry, COLLISION, "this user belongs to another eMSP")
    if entry.action_type == DELETE:
        if known is None:
            return _remark(entry, REMARKS, "there was no such entry to delete")
        await _tell(desk, call, Withdrawal(key, max(call.now, known.judged_at)))
        return None
    await _tell(desk, call, token_fact(call.operator.id, entry, call.now))
    if entry.action_type == INSERT and known is not None:
        return _remark(entry, REMARKS, "the entry was there: updated")
    if entry.action_type == UPDATE and known is None:
        return _remark(entry, REMARKS, "there was no such entry: inserted")
    return None


async def _rows(desk: Desk, key: Key) -> list[Stored]:
    """Return who has stated this user: the eMSP itself or another one."""
    own = await desk.hub.store.get(key)
    others = await desk.hub.store.by_ref(token_ref(key.sub, key.id), Kind.TOKEN)
    return [*([own] if own is not None else []), *(row for row in others if row.key != key)]


async def _tell(desk: Desk, call: Call, statement: Fact | Withdrawal) -> None:
    receipt = await desk.hub.tell(call.origin, statement)
    if receipt.verdict is Verdict.STALE:
        call.notes.append("older than what is known: not kept")


def _remark(entry: AuthenticationData, status: int, comment: str) -> AuthenticationDataError:
    return AuthenticationDataError(
        user_id_type=entry.user_id_type, user_id=entry.user_id, request_status=status, comment=comment
    )


# -- download ----------------------------------------------------------------------------------------------------------


async def download(desk: Desk, call: Call) -> GetAuthenticationDataResponse:
    """Tell a CPO which users it may serve: those of eMSPs in contract with it (EMIP-83)."""
    asked: GetAuthenticationData = call.message
    service = (asked.requested_service_id or "").strip()
    if service == WHOSE:
        raise Declined(SERVICE_NOT_ALLOWED, "service 0 is the platform's alone")

    def granted(token: Token) -> frozenset[str]:
        return desk.hub.book.routing.services(call.operator.id, token.owner, call.now)

    async def wanted(row: Stored) -> bool:
        if not isinstance(row.body, Token) or not offered(row.body, call.now):
            return False
        return not service or (row.body.serves(service) and service in granted(row.body))

    batch, at = await desk.hearing.since(
        call.operator,
        Flavor.USERS,
        asked.last_request_date,
        asked.max_count,
        about=service,
        offered=wanted,
        fulls=call.switches.full_downloads_per_day,
    )
    call.keep = False
    return GetAuthenticationDataResponse(
        transaction_id=call.transaction,
        request_status=SUCCESS,
        current_time=at,
        authentication_data_list=tuple(
            write_token(_within(item.row.body, granted(item.row.body)), item.row.wire, item.action)
            for item in batch.items
            if isinstance(item.row.body, Token)
        ),
        more_data=batch.more,
    )


def _within(token: Token, granted: frozenset[str]) -> Token:
    """Return a token with those of its services that the agreement has (EMIP-130)."""
    return replace(token, services=tuple(one for one in token.services if one in granted))
