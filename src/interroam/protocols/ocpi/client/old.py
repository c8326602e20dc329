"""What goes to a 2.1.1 partner, and what comes back: the calls of 2.2.1, lowered; the answers, lifted.

A place that is published no more is told as EVSEs that are gone (OCPI-81): 2.1.1 has no other word for it. Tariffs are
pushed only where the partner's profile says so (OCPI-162), and only while they are in force (sheet 4.5): one that ends
is deleted.
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec.structs import replace

from interroam.core.finding.offers import is_priced_anew
from interroam.core.hub import Hub
from interroam.core.refs import token_ref
from interroam.core.rules.dates import is_about_dates
from interroam.core.rules.visibility import sees_row
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import Key, Kind, Party, Role
from interroam.model.parties import Partner
from interroam.model.places import Evse
from interroam.model.questions import Authorize, Prefer, Question, Reserve
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.bridge import HubNames, Lifting, OldViews, Unsaid, long_id
from interroam.protocols.ocpi.calls import Call, Called
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.translate.rows import STATUS
from interroam.protocols.ocpi.v211 import Down, Names
from interroam.protocols.ocpi.views import Looks, View
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.envelope import Reply
from interroam.protocols.ocpi.wiring import party_of

from .pushes import Push, Pushes, removal, tariff_removal

_UNPUBLISHED = "ocpi_unpublished"
"""Places that a receiver was told are gone, with the number of the entry that said so."""
_NOBODY = 2000
"""How 2.1.1 says, among other things, that it does not know a token."""


class OldPushes(Pushes):
    """Turns one entry into pushes for a 2.1.1 partner."""

    def __init__(self, hub: Hub, views: Looks, to: Party, own: Switches) -> None:
        self._looks = OldViews(views, hub, to, own)
        super().__init__(hub, self._looks)
        self._to = to
        self._own = own

    async def of(self, entry: Entry, view: View) -> list[Push]:
        """Return the pushes that deliver an entry; none when there is nothing to say."""
        if entry.key.kind is Kind.TARIFF and self._to.role is not Role.HUB and not self._own.pushes_old_tariffs:
            return []
        try:
            pushes = await super().of(entry, view)
            if entry.key.kind is Kind.LOCATION and pushes and pushes[-1].method == "PUT":
                await self._published(entry)
        except Unsaid:
            pushes = await self._withdrawn(entry)
        return [await self._addressed(push, view, entry.hub_id) for push in pushes]

    async def _location(self, entry: Entry, view: View) -> list[Push]:
        """Tell of a location; where a date gave its connectors another tariff, of these EVSEs alone (OCPI-87)."""
        if entry.seq or not is_about_dates(entry.correlation) or entry.act is not Act.FACT or entry.removed:
            return await super()._location(entry, view)
        (rows,) = await self._hub.store.evses([entry.key])
        pushes: list[Push] = []
        for row in rows:
            evse = row.body
            if row.withdrawn or not isinstance(evse, Evse) or (view.sees is not None and not sees_row(view.sees, row)):
                continue
            if not evse.removed and await is_priced_anew(self._hub.store, self._to.id, evse, entry.correlation):
                pushes += await self._part(entry, row, view)
        return pushes

    async def _itself(self, entry: Entry, stored: Stored, names: frozenset[str], view: View) -> list[Push] | None:
        """Return the PATCH of what is new of a location itself: none where 2.1.1 has no word for any of it."""
        try:
            return await super()._itself(entry, stored, names, view)
        except Unsaid:
            return []

    async def _evse(self, entry: Entry, view: View) -> list[Push]:
        """Tell of an EVSE: of its status by PATCH, also where its owner stated all of it again (OCPI-86)."""
        if entry.act is Act.FACT and entry.fields == STATUS:
            return await self._status(entry, await self._known(entry), view)
        return await super()._evse(entry, view)

    async def _part(self, entry: Entry, row: Stored, view: View) -> list[Push]:
        """Return what tells of an EVSE: nothing where 2.1.1 cannot be told of it, or must not be."""
        try:
            if row.key.sub in entry.statuses and not entry.own_fields:
                return await self._status(replace(entry, body=None), row, view)
            return await super()._part(entry, row, view)
        except Unsaid:
            return []

    async def whole(self, key: Key, view: View) -> Push | None:
        """Return the PUT of a whole object as it is now; None when it is no more, or cannot be said."""
        try:
            push = await super().whole(key, view)
        except Unsaid:
            return None
        return await self._addressed(push, view) if push is not None else None

    async def _withdrawn(self, entry: Entry) -> list[Push]:
        """Say once that the EVSEs of a place are gone, unless it never was published; that a tariff is not in force."""
        if entry.key.kind is Kind.TARIFF:
            body = entry.body
            known = bool(entry.correlation) if not entry.seq else not entry.created
            return [tariff_removal(body)] if known and isinstance(body, Tariff) else []
        if entry.key.kind is not Kind.LOCATION or not await self._is_news(entry):
            return []
        (evses,) = await self._hub.store.evses([entry.key])
        return [removal(row.body, entry.at) for row in evses if isinstance(row.body, Evse) and not row.withdrawn]

    async def _is_news(self, entry: Entry) -> bool:
        """Whether this entry ends what the receiver knows of a place: kept by its number, since it may be repeated."""
        store, name = self._hub.store, self._mark(entry)
        known = await store.load(_UNPUBLISHED, name)
        if known is not None:
            return bool(entry.seq) and int(known) == entry.seq
        news = bool(entry.seq) and not entry.created
        await store.save(_UNPUBLISHED, name, str(entry.seq if news else 0).encode())
        return news

    async def _published(self, entry: Entry) -> None:
        name = self._mark(entry)
        if await self._hub.store.load(_UNPUBLISHED, name) is not None:
            await self._hub.store.remove(_UNPUBLISHED, name)

    def _mark(self, entry: Entry) -> str:
        return f"{self._to}/{entry.hub_id}"

    async def _addressed(self, push: Push, view: View, hub_id: str = "") -> Push:
        """Put the receiver's ids into the URL."""
        push = replace(push, note=self._looks.note, kept=True)  # no store holds it in this form
        if push.url:
            lowered = v211.lower_result(push.body, Down())
            return replace(push, body=lowered.data or push.body, note=v211.brief(lowered.losses))
        names = HubNames(self._hub, push.owner, self._to.id)
        head, path = push.segments[:2], push.segments[2:]
        match push.module:
            case "locations":
                if push.expendable:
                    push = replace(push, body=v211.lower_evse_patch(push.body, Down(), path[0], path[1]).data or b"{}")
                if view.rewrites:
                    things = [("location", path[:1]), ("evse", path[:2])][: len(path)]
                    known = await names.of(things)  # type: ignore[arg-type]  # the words are those of Thing
                    push = replace(push, segments=(*head, *(known(*thing) for thing in things)))  # type: ignore[arg-type]
            case "tariffs" if view.rewrites:
                gone = push.method == "DELETE"  # then the names know it no more
                named = hub_id if gone else (await names.of([("tariff", path)]))("tariff", path)
                push = replace(push, segments=(*head, named))
            case "tokens":
                push = replace(push, query="")
        return push


# -- questions ---------------------------------------------------------------------------------------------------------


class OldQuestions:
    """Puts questions to a 2.1.1 partner."""

    def __init__(self, hub: Hub, views: Looks, partner: Partner) -> None:
        self._hub = hub
        self._views = views
        self._partner = partner

    @property
    def _party(self) -> Party:
        return party_of(self._partner)

    async def lowered(self, question: Question, call: Call) -> Call | None:
        """Return the call in 2.1.1; None when that has no such command."""
        if isinstance(question, Prefer):
            raise Refused(Reason.NOT_OFFERED, "OCPI 2.1.1 has no charging preferences")
        if isinstance(question, Authorize):
            made = v211.lower_authorize(call.body, Down(names=await self._hub_names(question, call.body)))
        else:
            name = call.operation.removeprefix("POST ")
            names = Names()
            number = _number(question.reservation_id) if isinstance(question, Reserve) else None
            v211.lower_command(name, call.body, Down(names=names, reservation=number))
            owners = Names({each: await long_id(self._hub.store, each[1][-1]) for each in names.asked})
            made = v211.lower_command(name, call.body, Down(names=owners, reservation=number))
        if made.data is None:
            return None
        return replace(call, body=made.data, routing=b"", note=v211.brief(made.losses))

    async def _hub_names(self, question: Authorize, body: bytes) -> Names:
        if not self._hub.is_hub or not body:
            return Names()
        names = Names()
        v211.lower_authorize(body, Down(names=names))
        return await HubNames(self._hub, question.cpo, self._party.id).of(names.asked)

    async def lifted(self, question: Question, called: Called) -> Called:
        """Return the answer as 2.2.1 has it."""
        reply = called.reply
        if reply is None:
            return called
        if isinstance(question, Authorize) and reply.status_code == _NOBODY:
            raise Refused(Reason.UNKNOWN_TOKEN, "the provider does not know this token")
        if not called.taken or reply.data is None:
            return called
        lifting = Lifting(self._hub, self._views, self._party)
        try:
            if isinstance(question, Authorize):
                token = await self._token(question)
                made = await lifting.authorization(reply.data, question.uid, question.type, token)
            else:
                made = v211.lift_response(reply.data, lifting.up)
        except (Malformed, NotJson) as error:
            raise Unavailable(Reason.BAD_ANSWER, f"the answer cannot be read: {error}", reached=True) from error
        return Called(called.http, Reply(reply.status_code, made.data, reply.status_message), called.headers)

    async def _token(self, question: Authorize) -> bytes | None:
        rows = await self._hub.store.by_ref(token_ref(question.type, question.uid), Kind.TOKEN)
        own = question.emsp or self._party.id
        row = next((row for row in rows if row.key.party == own and not row.withdrawn), None)
        return await self._views.one(row, View()) if row is not None else None


def _number(reservation_id: str) -> int:
    """Return a number for a reservation: the same one whenever the same is meant."""
    return int.from_bytes(blake2b(reservation_id.encode(), digest_size=4).digest()) >> 1


# -- lists -------------------------------------------------------------------------------------------------------------


async def lifted_list(lifting: Lifting, kind: Kind, called: Called) -> Called:
    """Return a page as 2.2.1 has it; an object that cannot be lifted stays, so that it is reported as unreadable."""
    reply = called.reply
    if reply is None or not reply.succeeded or reply.data is None:
        return called
    alone = not reply.data.startswith(b"[")
    made = []
    for raw in [reply.data] if alone else reply.items():
        try:
            made.append((await lifting.listed(kind, raw)).data)
        except (Malformed, NotJson, Refused):
            made.append(raw)
    data = made[0] if alone else b"[" + b",".join(made) + b"]"
    return Called(called.http, Reply(reply.status_code, data, reply.status_message), called.headers)
