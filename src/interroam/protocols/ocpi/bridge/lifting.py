"""What lifting a 2.1.1 partner's message takes: its token, its permission, its place, and the hub's ids for its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.refs import authorization_ref, contract_ref
from interroam.model.charges import Cdr, ChargeToken
from interroam.model.facts import Stored
from interroam.model.ids import OWNER_ROLE, Kind, Module, Party, PartyId, Role, cdr_key, location_key, tariff_key
from interroam.model.places import Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Authorization, Token
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.translate.tariffs import ADDRESSING, read_target
from interroam.protocols.ocpi.v211 import Lifted, Names, Up
from interroam.protocols.ocpi.v211.context import LONGEST
from interroam.protocols.ocpi.views import Looks, View
from interroam.protocols.ocpi.wire import Malformed, NotJson

from .naming import OwnerNames, short_names

AS_STORED = View()


class Lifting:
    """Lifts what one party of a 2.1.1 connection says."""

    def __init__(self, hub: Hub, views: Looks, party: Party) -> None:
        self._hub = hub
        self._views = views
        self.party = party

    @property
    def up(self) -> Up:
        """What is known of every message."""
        return Up(owner=self.party.id, received=self._hub.clock.now(), timeout=int(self._hub.deadlines.command))

    # -- what an owner states --------------------------------------------------------------------------------------

    async def own(self, convert: Callable[[Up], Lifted], up: Up | None = None) -> Lifted:
        """Lift an owner's object; ids that are too long are shortened, always alike."""
        names = Names()
        up = replace(up or self.up, names=names)
        lifted = convert(up)
        if not any(len(path[-1]) > LONGEST for _, path in names.asked):
            return lifted
        return convert(replace(up, names=await short_names(self._hub.store, self.party.id, names.asked)))

    async def tail(self, ids: Iterable[str]) -> list[str]:
        """Return the ids of an owner's URL as 2.2.1 has room for them."""
        given = list(ids)
        if all(len(each) <= LONGEST for each in given):
            return given
        names = await short_names(self._hub.store, self.party.id, [("location", (each,)) for each in given])
        return [names("location", (each,)) for each in given]

    async def location(self, raw: bytes, location_id: str) -> Lifted:
        """Lift a whole location; its zone stays as it is known."""
        stored = await self._hub.store.get(location_key(self.party.id, location_id))
        zone = stored.body.time_zone if stored is not None and isinstance(stored.body, Location) else None
        return await self.own(lambda up: v211.lift_location(raw, up), replace(self.up, time_zone=zone or ""))

    async def tariff(self, raw: bytes, tariff_id: str) -> Lifted:
        """Lift a whole tariff, in force since it came first (C34)."""
        stored = await self._tariff(tariff_id, raw)
        body = stored.body if stored is not None else None
        starts = body.starts if isinstance(body, Tariff) else None
        return v211.lift_tariff(raw, replace(self.up, starts=starts))

    async def tariff_patch(self, raw: bytes, tariff_id: str) -> Lifted | None:
        """Lift some fields of a tariff into the whole of it; None when there is none to change."""
        stored = await self._tariff(tariff_id, raw)
        if stored is None:
            return None
        return v211.lift_tariff_patch(raw, self.up, await self._views.one(stored, AS_STORED))

    async def _tariff(self, tariff_id: str, raw: bytes) -> Stored | None:
        """Return what is known of a tariff: of the variant that a message is about."""
        country, code = (_text(raw, name) for name in ADDRESSING)
        stored = await self._hub.store.get(tariff_key(self.party.id, tariff_id, read_target(country, code)))
        return None if stored is None or stored.withdrawn else stored

    # -- charges ---------------------------------------------------------------------------------------------------

    async def session(self, raw: bytes) -> Lifted:
        """Lift a whole session."""
        up = await self._of_charge(raw)
        return await self.own(lambda up: v211.lift_session(raw, up), up)

    async def session_patch(self, raw: bytes, session_id: str) -> Lifted:
        """Lift some fields of a session."""
        up = await self._of_charge(raw)
        return await self.own(lambda up: v211.lift_session_patch(raw, up, session_id), up)

    async def cdr(self, raw: bytes) -> Lifted:
        """Lift a CDR, with the session it ends as far as the permission of both tells."""
        up = await self._of_charge(raw)
        said = v211.mentioned(raw)
        stored = await self._hub.store.get(cdr_key(self.party.id, _id(raw)))
        if stored is not None and isinstance(stored.body, Cdr):
            up = _again(up, stored.body, said.auth_id)
        elif said.authorization_id:
            up = replace(up, session_id=await self._session_of(said.authorization_id))
        if said.location_id:
            stored = await self._hub.store.get(location_key(self.party.id, said.location_id))
            if stored is not None:
                up = replace(up, place=await self._views.one(stored, AS_STORED))
        return await self.own(lambda up: v211.lift_cdr(raw, up), up)

    async def _of_charge(self, raw: bytes) -> Up:
        """Look up the token that was authorized, else that of the contract."""
        said = v211.mentioned(raw)
        permission = await self._permission(said.authorization_id)
        if permission is not None and permission.token is not None:
            return replace(self.up, token=charge_token(permission.token), by_command=bool(permission.command))
        token = await self.token_of(said.auth_id) if said.auth_id else None
        return replace(self.up, token=charge_token(token) if token is not None else None)

    async def _permission(self, reference: str | None) -> Authorization | None:
        found = await self._hub.authorization(reference) if reference else None
        return found if found is not None and found.cpo in (None, self.party.id) else None

    async def token_of(self, contract_id: str) -> Token | ChargeToken | None:
        """Return a token of this contract: one whose provider is in agreement with this CPO before others."""
        rows = await self._hub.store.by_ref(contract_ref(contract_id), Kind.TOKEN)
        tokens = [row.body for row in rows if isinstance(row.body, Token) and not row.withdrawn]
        now, routing = self._hub.clock.now(), self._hub.book.routing
        covered = [each for each in tokens if routing.covering(self.party.id, each.owner, Module.CDRS, now) is not None]
        return next(iter(covered or tokens), None)

    async def _session_of(self, reference: str) -> str | None:
        found = await self._hub.store.by_ref(authorization_ref(reference), Kind.SESSION)
        own = [row for row in found if row.key.party == self.party.id]
        body = own[0].body if len(own) == 1 else None
        return getattr(body, "id", None)

    # -- what an eMSP asks -----------------------------------------------------------------------------------------

    async def command(self, name: str, raw: bytes, *, fill: bool) -> tuple[Lifted, PartyId | None]:
        """Lift a command, and say whose place it names; ``fill`` adds the only connector of its EVSE (OCPI-116)."""
        names = Names()
        first = v211.lift_command(name, raw, replace(self.up, names=names))
        owners = OwnerNames(self._hub)
        known = await owners.of(names.asked)
        plug = None
        if name == "START_SESSION" and fill:
            uid = next((path[-1] for thing, path in names.asked if thing == "evse"), "")
            plug = await owners.only_connector(uid)
        if not known.known and plug is None:
            return first, None
        return v211.lift_command(name, raw, replace(self.up, names=known, connector_id=plug)), owners.owner

    async def authorization(self, raw: bytes, uid: str, kind: str, token: bytes | None) -> Lifted:
        """Lift an eMSP's answer about a token, the places in it under their owners' ids."""
        names = Names()
        up = replace(self.up, names=names, token=token)
        v211.lift_authorization(raw, up, uid, kind)
        known = await OwnerNames(self._hub).of(names.asked)
        return v211.lift_authorization(raw, replace(up, names=known), uid, kind)

    # -- what a list holds -----------------------------------------------------------------------------------------

    async def listed(self, kind: Kind, raw: bytes) -> Lifted:
        """Lift one object of a list that was fetched; a hub's are those of the party that each names."""
        named = v211.owner_of(raw) if self.party.role is Role.HUB else None
        if named is not None:
            owner = Party(PartyId.parse(named), OWNER_ROLE[kind])
            return await Lifting(self._hub, self._views, owner).listed(kind, raw)
        match kind:
            case Kind.LOCATION | Kind.EVSE:
                return await self.location(raw, _id(raw))
            case Kind.TARIFF:
                return await self.tariff(raw, _id(raw))
            case Kind.TOKEN:
                return v211.lift_token(raw, self.up)
            case Kind.SESSION:
                return await self.session(raw)
            case _:
                return await self.cdr(raw)


def _again(up: Up, known: Cdr, contract_id: str) -> Up:
    """Complete a CDR that is told again as it was the first time, whatever was stated since (OCPI-136)."""
    up = replace(up, session_id=known.session_id, evse_id=known.evse_id)
    same = known.token.contract_id.casefold() == contract_id.casefold()
    return replace(up, token=charge_token(known.token)) if same else up


def charge_token(token: Token | ChargeToken) -> bytes:
    """Write a token as far as a charge names it."""
    return msgspec.json.encode(
        {
            "country_code": token.owner.country,
            "party_id": token.owner.code,
            "uid": token.uid,
            "type": token.type,
            "contract_id": token.contract_id,
        }
    )


def _id(raw: bytes) -> str:
    return _text(raw, "id") or ""


def _text(raw: bytes, name: str) -> str | None:
    """Return a field as a text, whatever it is; None where it says nothing."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None
    if not isinstance(found, dict):
        raise Malformed("", "an object is expected")
    said = found.get(name)
    return None if said is None else str(said)
