"""Ids across the bridge: a 2.1.1 eMSP knows places, CDRs and tariffs by the hub's ids, their owner by its own.

An id of 37 to 39 characters, which 2.2.1 has no room for, is given a shorter one that follows from it; which one it
was is kept, for the way back (sheet 4.7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import NAMESPACE_URL, UUID, uuid5

from interroam.core.hub import Hub
from interroam.core.ports import Store
from interroam.model.facts import Stored
from interroam.model.ids import Kind, PartyId, cdr_key, location_key, session_key, tariff_key
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.v211 import Names, connector_name
from interroam.protocols.ocpi.v211.context import LONGEST, Path, Thing

Asked = Collection[tuple[Thing, Path]]
_SHELF = "ocpi_long_ids"


class HubNames:
    """The hub's names of one owner's objects, for one viewer."""

    def __init__(self, hub: Hub, owner: PartyId, viewer: PartyId) -> None:
        self._hub = hub
        self._owner = owner
        self._viewer = viewer

    async def of(self, asked: Asked) -> Names:
        """Return the names of all that is asked for; what is not known keeps its own."""
        known: dict[tuple[Thing, Path], str] = {}
        evses = await self._evses({path[0] for thing, path in asked if thing in ("evse", "connector")})
        for thing, path in asked:
            name = await self._name(thing, path, evses)
            if name is not None:
                known[thing, path] = name
        return Names(known)

    async def _name(self, thing: Thing, path: Path, evses: dict[tuple[str, str], str]) -> str | None:
        if thing == "evse":
            return evses.get(_folded(path))
        if thing == "connector":
            evse = evses.get(_folded(path[:2]))
            return connector_name(evse, path[2]) if evse is not None else None
        stored = await self._stored(thing, path[-1])
        return stored.hub_id if stored is not None else None

    async def _stored(self, thing: Thing, name: str) -> Stored | None:
        store, owner = self._hub.store, self._owner
        match thing:
            case "location":
                return await store.get(location_key(owner, name))
            case "session":
                return await store.get(session_key(owner, name))
            case "cdr":
                return await store.get(cdr_key(owner, name))
            case _:  # a CDR may name one that is gone
                return await self.tariff(name) or await self.tariff(name, gone=True)

    async def _evses(self, places: Iterable[str]) -> dict[tuple[str, str], str]:
        keys = [location_key(self._owner, place) for place in places]
        found = await self._hub.store.evses(keys) if keys else []
        return {(key.id, row.key.sub): row.hub_id for key, rows in zip(keys, found, strict=True) for row in rows}

    async def tariff(self, tariff_id: str, *, gone: bool = False) -> Stored | None:
        """Return the variant of a tariff that the viewer knows (OCPI-152), or knew."""
        for target in (self._viewer, None):
            found = await self._hub.store.get(tariff_key(self._owner, tariff_id, target))
            if found is not None and (gone or not found.withdrawn):
                return found
        return None

    async def in_force(self, tariff_ids: Iterable[str]) -> str | None:
        """Return the first of these tariffs that is REGULAR and in force now."""
        now = self._hub.clock.now()
        for tariff_id in tariff_ids:
            found = await self.tariff(tariff_id)
            tariff = found.body if found is not None else None
            if isinstance(tariff, Tariff) and tariff.regular:
                begun = tariff.starts is None or tariff.starts <= now
                if begun and (tariff.ends is None or now < tariff.ends):
                    return tariff_id
        return None


class OwnerNames:
    """From the hub's names to the owners': what a 2.1.1 eMSP says of places."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.owner: PartyId | None = None
        """The owner of the place that was named, once it is known."""

    async def of(self, asked: Asked) -> Names:
        """Return the owners' ids of all that is asked for; what is not known keeps its name."""
        known: dict[tuple[Thing, Path], str] = {}
        for thing, path in asked:
            name = await self.connector(path) if thing == "connector" else await self._place(thing, path[-1])
            if name is not None:
                known[thing, path] = name
        return Names(known)

    async def _place(self, thing: Thing, name: str) -> str | None:
        stored = await self._hub.store.by_hub_id(name) if thing in ("location", "evse") else None
        body = stored.body if stored is not None else None
        if not isinstance(body, Location | Evse):
            return None
        self.owner = body.owner
        return body.id if isinstance(body, Location) else body.uid

    async def connector(self, path: Path) -> str | None:
        """Return the owner's id of a connector."""
        stored = await self._hub.store.by_hub_id(path[1])
        if stored is None or not isinstance(stored.body, Evse):
            return None
        plugs = stored.body.connectors
        return next((each.id for each in plugs if connector_name(stored.hub_id, each.id) == path[2]), None)

    async def only_connector(self, uid: str) -> str | None:
        """Return the connector of an EVSE that has just one (OCPI-116)."""
        stored = await self._hub.store.by_hub_id(uid)
        body = stored.body if stored is not None and stored.key.kind is Kind.EVSE else None
        return body.connectors[0].id if isinstance(body, Evse) and len(body.connectors) == 1 else None


# -- ids that are too long ---------------------------------------------------------------------------------------------


async def short_names(store: Store, owner: PartyId, asked: Asked) -> Names:
    """Return short ids for those of an owner that are too long, and remember what they stand for."""
    known = {(thing, path): _short(owner, path[-1]) for thing, path in asked if len(path[-1]) > LONGEST}
    for (_, path), name in known.items():
        await store.save(_SHELF, name, path[-1].encode())
    return Names(known)


async def long_id(store: Store, name: str) -> str:
    """Return the id that an owner knows this one by."""
    try:
        ours = len(name) == LONGEST and UUID(name).version == 5
    except ValueError:
        ours = False
    kept = await store.load(_SHELF, name) if ours else None
    return kept.decode() if kept is not None else name


def _short(owner: PartyId, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{owner}/{name.casefold()}"))


def _folded(path: Path) -> tuple[str, str]:
    return path[0].casefold(), path[1].casefold()
