"""Tariffs: variants under one id, stated by their CPO; each eMSP sees the one that is for it (OCPI-152, OCPI-153)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.core.rules.pricing.choosing import covers
from interroam.core.telling.tariffs_in_use import check_unused
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Statement, Stored, Withdrawal
from interroam.model.ids import Kind, Party, PartyId, Role, tariff_key
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.rules.paging import Page, read_page
from interroam.protocols.ocpi.translate import ADDRESSING, read_target, tariff_fact
from interroam.protocols.ocpi.translate.rows import insist, insist_owner
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire import tariffs as wire

from .call import DONE, Answer, Call, given
from .desk import AS_STATED, Desk, missing, parameters, read_body, read_owner, side, stating
from .lists import page_of, query_of

_AT_ONCE = 500


@stating
def put(_desk: Desk, call: Call) -> Statement:
    """Take a whole tariff."""
    owner, tariff_id = read_owner(call), call.tail[2]
    call.ids = (tariff_id,)
    shape = read_body(call, wire.Tariff)
    insist_owner(shape.country_code, shape.party_id, owner)
    insist("id", shape.id, tariff_id)
    return tariff_fact(shape, call.request.body)


async def check(desk: Desk, call: Call) -> Answer:
    """Show the CPO its tariff: the one for all, or the one whose target the query names (OCPI-156)."""
    owner, tariff_id = read_owner(call), call.tail[2]
    call.ids = (tariff_id,)
    key = tariff_key(owner, tariff_id, _target(parameters(call)))
    return given(await desk.views.one(await desk.own(call, key), AS_STATED))


async def delete(desk: Desk, call: Call) -> Answer:
    """Take a tariff back: all its variants, or the one whose target query or body names (OCPI-156)."""
    owner, tariff_id = read_owner(call), call.tail[2]
    call.ids = (tariff_id,)
    desk.hub.book.routing.may_state(call.partner.id, tariff_key(owner, tariff_id))
    named = parameters(call)
    target = _target(named if any(each in named for each in ADDRESSING) else _body_fields(call))
    wanted = tariff_key(owner, tariff_id, target)
    found = await _all(desk, Query(kind=Kind.TARIFF, owners=frozenset({owner}), limit=_AT_ONCE))
    gone = [one.key for one in found if one.key == wanted or (target is None and one.key.id == wanted.id)]
    if len(gone) > 1:  # all of them go, or none
        await check_unused(desk.hub.store, gone[0], gone)
    for key in gone:
        await desk.tell(call, Withdrawal(key, call.now))
    if not gone:
        raise missing(Kind.TARIFF, tariff_id)
    return DONE


def _target(named: Mapping[str, str]) -> PartyId | None:
    return read_target(named.get(ADDRESSING[0]), named.get(ADDRESSING[1]))


def _body_fields(call: Call) -> dict[str, str]:
    body = call.request.body.strip()
    if not body:
        return {}
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None
    if not isinstance(fields, dict):
        raise Refused(Reason.MALFORMED, "an object is expected")
    named = {name: fields[name] for name in ADDRESSING if fields.get(name) is not None}
    for name, value in named.items():
        if not isinstance(value, str):  # else every variant would go
            raise Malformed(name, "is no text")
    return named


# -- shown to eMSPs ----------------------------------------------------------------------------------------------------


async def show_all(desk: Desk, call: Call) -> Answer:
    """List tariffs: to a hub all variants, to an eMSP the regular ones that are for it (OCPI-146, OCPI-154)."""
    page = read_page(call.request.query, call.module, maximum=call.largest)
    asked = msgspec.structs.replace(
        query_of(desk, call, Kind.TARIFF, page), offset=0, after=None, total=None, limit=_AT_ONCE
    )
    # Which variant is shown hangs on all of them, so the window of time comes last. Tariffs are few.
    whole = msgspec.structs.replace(asked, updated_from=None, updated_to=None)
    found = [one for one in shown_to(call.viewer, await _all(desk, whole, call.viewer)) if _within(page, one)]
    if call.older:  # in which there are no others (sheet 4.5)
        found = [one for one in found if isinstance(one.body, Tariff) and covers(one.body, call.now)]
    items = found[page.offset : page.offset + page.limit]
    more = len(found) > page.offset + page.limit
    return await page_of(desk, call, page, items, len(found), None if more else 0)


def shown_to(viewer: Party, tariffs: Iterable[Stored]) -> list[Stored]:
    """Return which of all variants a viewer sees, in order."""
    if viewer.role is Role.HUB:
        return list(tariffs)
    chosen: dict[tuple[str, str], Stored] = {}
    for one in tariffs:
        tariff = one.body
        if not isinstance(tariff, Tariff) or tariff.target not in (None, viewer.id):
            continue
        if tariff.target is not None or (one.key.owner, one.key.id) not in chosen:
            chosen[one.key.owner, one.key.id] = one
    regular = [one for one in chosen.values() if isinstance(one.body, Tariff) and one.body.regular]
    return sorted(regular, key=lambda one: one.no)


def _within(page: Page, one: Stored) -> bool:
    late_enough = page.date_from is None or one.updated >= page.date_from
    return late_enough and (page.date_to is None or one.updated < page.date_to)


async def _all(desk: Desk, query: Query, viewer: Party | None = None) -> list[Stored]:
    read = desk.hub.store.page if viewer is None else partial(desk.hub.find, viewer)
    return [row async for row in every(read, query)]


RECEIVER = side("RECEIVER", "tariffs", ("GET", (3,), check), ("PUT", (3,), put), ("DELETE", (3,), delete))
SENDER = side("SENDER", "tariffs", ("GET", (0,), show_all))
