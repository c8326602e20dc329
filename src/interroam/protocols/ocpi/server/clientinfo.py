"""HubClientInfo: how parties stand, shown by a hub and told to its partners. No routing headers here (C7).

One URL may mean two objects, since it names no role: each is kept by party and role (sheet 2.9).
"""

from __future__ import annotations

from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, Role
from interroam.model.parties import Standing
from interroam.protocols.ocpi.rules.paging import Page, page_headers, read_page
from interroam.protocols.ocpi.translate.clientinfo import read_party, read_state, write_standing
from interroam.protocols.ocpi.translate.rows import insist_owner
from interroam.protocols.ocpi.wire.hubclientinfo import ClientInfo

from .call import DONE, Answer, Call, given
from .desk import Desk, parameters, read_body, read_owner, side

MODULE = "hubclientinfo"
_NOT_A_HUB = Refused(Reason.NOT_OFFERED, "this node is no hub", remedy="ask the hub")


async def show_all(desk: Desk, call: Call) -> Answer:
    """List how the parties stand that the caller roams with (OCPI-172)."""
    if not desk.hub.is_hub:
        raise _NOT_A_HUB
    page = read_page(call.request.query, MODULE, maximum=call.largest)
    known = [one for one in desk.hub.standings.shown_to(call.partner) if _within(page, one)]
    shown = known[page.offset : page.offset + page.limit]
    headers = page_headers(page, len(known), len(shown), desk.url(f"sender/{MODULE}"))
    fields = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return Answer(data=b"[" + b",".join(map(write_standing, shown)) + b"]", headers=fields)


def _within(page: Page, one: Standing) -> bool:
    late_enough = page.date_from is None or one.at >= page.date_from
    return late_enough and (page.date_to is None or one.at < page.date_to)


async def put(desk: Desk, call: Call) -> Answer:
    """Note what a hub says of a party behind it (OCPI-215)."""
    if not call.partner.is_hub:
        raise Refused(Reason.FORBIDDEN, f"partner {call.partner.id} is no hub", remedy="only a hub says how others are")
    owner = read_owner(call)
    shape = read_body(call, ClientInfo)
    insist_owner(shape.country_code, shape.party_id, owner)
    party = read_party(shape)
    call.ids = (str(party),)
    if party.role is Role.HUB:
        return DONE
    if not await desk.hub.standings.told(call.partner.id, party, read_state(shape), shape.last_updated):
        call.notes.append("older than what is known")
    return DONE


async def check(desk: Desk, call: Call) -> Answer:
    """Show a hub what we know of a party from it; of two roles the one that the query names, or the newest."""
    owner = read_owner(call)
    role = parameters(call).get("role")
    known = [desk.hub.standings.of(Party(owner, one)) for one in Role if role in (None, one.value)]
    found = [one for one in known if one is not None and one.by == call.partner.id]
    if not found:
        raise Refused(Reason.UNKNOWN_OBJECT, f"nothing is known of {owner} from this hub")
    return given(write_standing(max(found, key=lambda one: one.at)))


SENDER = side("SENDER", MODULE, ("GET", (0,), show_all))
RECEIVER = side("RECEIVER", MODULE, ("GET", (2,), check), ("PUT", (2,), put))
