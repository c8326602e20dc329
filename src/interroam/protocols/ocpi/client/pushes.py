"""What one entry of the journal means on the wire: the calls that deliver it, in order.

A place goes as its owner stated it: a location that is new and an EVSE by PUT, a change by PATCH. What was not stated
in OCPI is rendered from the picture. A location that changed goes EVSE by EVSE; what is new of itself, which no EVSE
says, goes before by PATCH. An EVSE that is gone is a PATCH to REMOVED, since OCPI deletes no places (OCPI-87, OCPI-91).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from interroam.core.finding.sight import removed_keys
from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.core.rules.visibility import sees_row
from interroam.model.charges import CANCELED, Cdr, Command, Session
from interroam.model.facts import Act, Body, Entry, Stored, Wire
from interroam.model.ids import Key, Kind, PartyId, location_key, session_key
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.protocols.ocpi.callbacks import PROFILE_COMMANDS
from interroam.protocols.ocpi.translate import write_active_profile, write_outcome, write_profile_outcome
from interroam.protocols.ocpi.translate.renewing import location_patch, renewal
from interroam.protocols.ocpi.translate.rows import STATUS, is_ours
from interroam.protocols.ocpi.translate.tariffs import ADDRESSING
from interroam.protocols.ocpi.views import Looks, View
from interroam.protocols.ocpi.views.dress import moment, time_field
from interroam.protocols.ocpi.wire.words import InterfaceRole

_EVSE, _TARIFF, _SESSION, _CHANGE, _FACT = Kind.EVSE, Kind.TARIFF, Kind.SESSION, Act.CHANGE, Act.FACT
_AT_ONCE = 500


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a delivery. ``whole`` names what to PUT instead when the receiver knows nothing to change."""

    method: str
    module: str
    interface: InterfaceRole = "RECEIVER"
    segments: tuple[str, ...] = ()
    query: str = ""
    url: str = ""
    body: bytes = b""
    owner: PartyId
    whole: Key | None = None
    kept: bool = False
    """Whether the trace keeps the body: where it is not what the store holds (design: Trace)."""
    ids: tuple[str, ...] = ()
    """What a person might search the exchange by."""
    expendable: bool = False
    """Whether it does not matter when the receiver knows no such object."""
    note: str = ""
    """What the trace says of it: what a conversion cost."""
    upto: int = 0
    """Of a whole object that goes in the place of a change: the newest entry that it says."""


class Pushes:
    """Turns entries into pushes for one kind of receiver."""

    def __init__(self, hub: Hub, views: Looks) -> None:
        self._hub = hub
        self._views = views
        self._ways: dict[Kind, Callable[[Entry, View], Awaitable[list[Push]]]] = {
            Kind.EVSE: self._evse,
            Kind.LOCATION: self._location,
            Kind.TARIFF: self._tariff,
            Kind.TOKEN: self._token,
            Kind.SESSION: self._session,
            Kind.CDR: self._cdr,
            Kind.COMMAND: self._of_command,
        }

    async def of(self, entry: Entry, view: View) -> list[Push]:
        """Return the pushes that deliver an entry; none when there is nothing to say."""
        way = self._ways.get(entry.key.kind)
        return [] if way is None else await way(entry, view)

    async def whole(self, key: Key, view: View) -> Push | None:
        """Return the PUT of a whole object as it is now; None when it is no more."""
        stored = await self._hub.store.get(key)
        if stored is None or stored.withdrawn:
            return None
        return replace(await self._put(stored, view), upto=stored.version)

    # -- places ----------------------------------------------------------------------------------------------------

    async def _location(self, entry: Entry, view: View) -> list[Push]:
        if entry.act is Act.WITHDRAWAL:
            (evses,) = await self._hub.store.evses([entry.key])
            left = set(removed_keys(entry))  # those that left a selection with it; else the location went with all
            return [
                removal(one.body, one.updated)
                for one in evses
                if isinstance(one.body, Evse)
                and (one.key in left if left else view.sees is None or sees_row(view.sees, one))
            ]
        stored = await self._known(entry)
        gone: list[Push] = []
        if entry.removed and isinstance(stored.body, Location):
            at = entry.body.last_updated if isinstance(entry.body, Location) else stored.updated
            rows = [await self._hub.store.get(key) for key in removed_keys(entry)]
            # First, while the receiver still has them.
            gone = [removal(row.body, at) for row in rows if row is not None and isinstance(row.body, Evse)]
        if entry.act is _FACT and entry.whole:
            return [*gone, *await self._object(entry, stored, view)]
        return [*gone, *await self._renewed(entry, stored, view)]

    async def _renewed(self, entry: Entry, stored: Stored, view: View) -> list[Push]:
        """Tell of a location that changed: what is new of itself, then its EVSEs; all of them when it is (OCPI-87)."""
        own, parts = entry.own_fields, entry.parts
        pushes: list[Push] = []
        if own:
            patch = await self._itself(entry, stored, own, view)
            if patch is None:
                return [await self._put(stored, view)]
            pushes += patch
        (rows,) = await self._hub.store.evses([entry.key])
        for row in rows:
            evse = row.body
            if row.withdrawn or not isinstance(evse, Evse) or (view.sees is not None and not sees_row(view.sees, row)):
                continue
            if row.key.sub in parts or (own and not evse.removed):
                pushes += await self._part(entry, row, view)
        return pushes

    async def _itself(self, entry: Entry, stored: Stored, names: frozenset[str], view: View) -> list[Push] | None:
        """Return the PATCH of what is new of a location itself; None where no PATCH can say it."""
        if entry.act is _CHANGE and is_ours(entry.wire):
            said: Wire | None = location_patch(entry.wire)
        else:
            said = renewal(stored, names, time_field(stored.updated)["last_updated"])
        patch = await self._views.patch(replace(entry, act=_CHANGE, wire=said), stored, view) if said else None
        return None if patch is None else [_patch(stored, view, patch)]

    async def _part(self, entry: Entry, row: Stored, view: View) -> list[Push]:
        """Return the PUT of an EVSE that is told of because of its location."""
        del entry
        return [await self._put(row, view)]

    async def _status(self, entry: Entry, row: Stored, view: View) -> list[Push]:
        """Return the PATCH of the status of an EVSE, however that was stated."""
        said = replace(entry, act=_CHANGE, key=row.key, fields=STATUS, wire=None)
        patch = await self._views.patch(said, row, view)
        return [] if patch is None else [_patch(row, view, patch)]

    async def _evse(self, entry: Entry, view: View) -> list[Push]:
        stored = self._hub.store.at_hand(entry.key) or await self._known(entry)
        if entry.act is Act.WITHDRAWAL and isinstance(stored.body, Evse):
            return [removal(stored.body, stored.updated)]
        return await self._object(entry, stored, view)

    # -- tariffs, tokens, charges ----------------------------------------------------------------------------------

    async def _tariff(self, entry: Entry, view: View) -> list[Push]:
        stored = await self._known(entry)
        tariff = stored.body
        if not isinstance(tariff, Tariff):
            return []
        if entry.act is not Act.WITHDRAWAL:
            return await self._object(entry, stored, view)
        if not view.addressed:
            return [tariff_removal(tariff)]
        if tariff.target is not None:
            return [replace(tariff_removal(tariff), query=_addressed_to(tariff.target))]
        return [tariff_removal(tariff), *[await self._put(one, view) for one in await self._variants(tariff)]]

    async def _variants(self, tariff: Tariff) -> list[Stored]:
        """Return what a DELETE that names nobody takes along, although it stands (OCPI-156)."""
        tariffs = every(self._hub.store.page, Query(kind=_TARIFF, owners=frozenset({tariff.owner}), limit=_AT_ONCE))
        return [one async for one in tariffs if one.key.id == tariff.key.id and not one.withdrawn]

    async def _token(self, entry: Entry, view: View) -> list[Push]:
        if entry.act is not Act.WITHDRAWAL:
            return await self._session(entry, view)
        stored = await self._known(entry)  # tokens are never deleted (OCPI-200)
        return [_patch(stored, view, _invalid(stored.updated))]

    async def _session(self, entry: Entry, view: View) -> list[Push]:
        stored = self._hub.store.at_hand(entry.key) or await self._known(entry)
        return await self._object(entry, stored, view)

    async def _object(self, entry: Entry, stored: Stored, view: View) -> list[Push]:
        """Send a change or a fact as it was stated; else the whole object as it is now."""
        if entry.act is _CHANGE:
            patch = await self._views.patch(entry, stored, view)
            if patch is not None:
                return [_patch(stored, view, patch, kept=not is_ours(entry.wire))]
        stated = await self._views.stated(entry, view) if entry.act is _FACT else None
        return [await self._put(stored, view, stated)]

    async def _cdr(self, entry: Entry, view: View) -> list[Push]:
        stated = await self._views.stated(entry, view)
        body = stated if stated is not None else await self._views.one(await self._known(entry), view)
        kept = stated is None or view.rewrites
        ids = _ids(entry.body)
        return [Push(method="POST", module="cdrs", body=body, owner=entry.key.party, kept=kept, ids=ids)]

    async def _of_command(self, entry: Entry, view: View) -> list[Push]:
        """Say what became of a command to its asker, and later what becomes of what it brought about."""
        command = (await self._known(entry)).body
        if not isinstance(command, Command):
            return []
        if "profile" in entry.fields:
            return await self._report(command, view)
        result = CANCELED if "canceled" in entry.fields else command.result
        if not command.reply or result is None:
            return []
        about_profile = command.name in PROFILE_COMMANDS
        return [
            Push(
                method="POST",
                module="chargingprofiles" if about_profile else "commands",
                url=command.reply,
                body=_profile_outcome(command, result) if about_profile else write_outcome(result, command.message),
                owner=command.target.id,
                kept=True,
                ids=_ids(command),
            )
        ]

    async def _report(self, command: Command, view: View) -> list[Push]:
        """Say by which limits a session goes now (OCPI-175); its id is the one that the asker knows."""
        if command.profile is None or command.session_id is None:
            return []
        session = await self._hub.store.get(session_key(command.target.id, command.session_id))
        known_as = session.hub_id if session is not None and view.rewrites else command.session_id
        body = write_active_profile(command.profile)
        return [
            Push(
                method="PUT",
                module="chargingprofiles",
                interface="SENDER",
                segments=(known_as,),
                body=body,
                owner=command.target.id,
                kept=True,
                ids=_ids(command),
            )
        ]

    # -- one push --------------------------------------------------------------------------------------------------

    async def _known(self, entry: Entry) -> Stored:
        stored = await self._hub.store.get(entry.key)
        if stored is None:  # an entry is never without its row
            raise LookupError(str(entry.key))
        return stored

    async def _put(self, stored: Stored, view: View, stated: bytes | None = None) -> Push:
        module, segments, query = _place(stored, view)
        body = stated if stated is not None else await self._views.one(stored, view)
        whole = _site(stored.key) if stored.key.kind is _EVSE else None
        return Push(
            method="PUT",
            module=module,
            segments=segments,
            query=query,
            body=body,
            owner=_owner(stored.body, stored.key),
            whole=whole,
            kept=not is_ours(stored.wire) or (stored.key.kind is _SESSION and (stated is None or view.rewrites)),
            ids=_ids(stored.body),
        )


def _profile_outcome(command: Command, result: str) -> bytes:
    """Write a result; the limits go with it only when they were asked for, later ones are reported by themselves."""
    return write_profile_outcome(result, command.profile if command.name == "GET_PROFILE" else None)


def _patch(stored: Stored, view: View, patch: bytes, *, kept: bool = True) -> Push:
    module, segments, query = _place(stored, view)
    whole = _site(stored.key) if stored.key.kind is Kind.EVSE else stored.key
    return Push(
        method="PATCH",
        module=module,
        segments=segments,
        query=query,
        body=patch,
        owner=_owner(stored.body, stored.key),
        whole=whole,
        kept=kept,
        ids=_ids(stored.body),
    )


def removal(evse: Evse, at: datetime) -> Push:
    """Return the push that tells of an EVSE which is no more (OCPI-87)."""
    body = b'{"status":"REMOVED","last_updated":"' + moment(at).encode() + b'"}'
    segments = (*_tail(evse.owner, evse.location_id), evse.uid)
    return Push(
        method="PATCH",
        module="locations",
        segments=segments,
        body=body,
        owner=evse.owner,
        kept=True,
        expendable=True,
    )


def tariff_removal(tariff: Tariff) -> Push:
    """Return the push that tells of a tariff which is no more."""
    segments = _tail(tariff.owner, tariff.id)
    return Push(method="DELETE", module="tariffs", segments=segments, owner=tariff.owner, expendable=True)


def _addressed_to(emsp: PartyId) -> str:
    return urlencode(dict(zip(ADDRESSING, (emsp.country, emsp.code), strict=True)))


def _invalid(at: datetime) -> bytes:
    return b'{"valid":false,"last_updated":"' + moment(at).encode() + b'"}'


def _place(stored: Stored, view: View) -> tuple[str, tuple[str, ...], str]:
    """Return module, path and query of an object: under its owner's codes, whoever pushes it (OCPI-40)."""
    body = stored.body
    match body:
        case Evse():
            return "locations", (*_tail(body.owner, body.location_id), body.uid), ""
        case Location():
            return "locations", _tail(body.owner, body.id), ""
        case Tariff():
            return "tariffs", _tail(body.owner, body.id), ""
        case Token():
            return "tokens", _tail(body.owner, body.uid), f"type={body.type}"
    owner, own_id = stored.key.party, getattr(body, "id", stored.key.id)
    return "sessions", _tail(owner, stored.hub_id if view.rewrites else own_id), ""


def _ids(body: Body | None) -> tuple[str, ...]:
    """Return the ids by which a charge hangs together."""
    match body:
        case Session():
            named: tuple[str | None, ...] = (body.id, body.authorization_reference)
        case Cdr():
            named = (body.id, body.session_id, body.authorization_reference)
        case Command():
            named = (body.id, body.session_id, body.authorization)
        case _:
            return ()
    return tuple(one for one in named if one)


def _tail(owner: PartyId, object_id: str) -> tuple[str, ...]:
    return (owner.country, owner.code, object_id)


def _owner(body: Body, key: Key) -> PartyId:
    return getattr(body, "owner", None) or key.party


def _site(key: Key) -> Key:
    return location_key(key.party, key.id)
