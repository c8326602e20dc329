"""What a CPO's node remembers of its charges and of what it told the platform: small documents that outlive a restart.

A charge has two names: ours, made when it is authorized, and the platform's. One that we allowed by ourselves has no
name at the platform before its record arrives there (EMIP-89, EMIP-123).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.ports import Store
from interroam.model.charges import Cdr, Session

_CHARGES, _PLACES = "emip.charge", "emip.told"


class Charge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One charge as its CPO's node follows it, under the name by which back office and platform speak of it."""

    reference: str
    own: str
    """What we call it: made when it was authorized."""
    platform: str = ""
    """What the platform calls it; empty as long as it has not heard of it."""
    user_type: str = ""
    """The kind of user id by which the platform knows the driver; who that is, is not kept here."""
    session: str = ""
    """The id under which the back office states it."""
    told: str = ""
    """The last thing that was said of its course: the nature of an event."""
    act: str = ""
    act_nature: str = ""
    """The id and the nature of the act that its next event follows from."""
    interim_at: datetime | None = None
    """Until when the newest intermediate record goes."""
    stopped: str = ""
    """Why we had it stopped: the limit that was reached, or a start that was given up; the event of its end says so."""
    given_up: bool = False
    """Whether the platform was told that it would not start, because nobody knew in time whether it did."""
    final: str = ""
    """The CDR that ended it: there is never another one (EMIP-100)."""

    @property
    def known_as(self) -> str:
        """The name that a message to the platform carries: ours, where the platform has none (EMIP-123)."""
        return self.platform or self.own


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the platform was told of one EVSE: each half of its status, and until when it holds."""

    availability: int | None = None
    availability_until: datetime | None = None
    busy: int | None = None
    busy_until: datetime | None = None


class Site(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the platform was told of a location's description: a digest for each of its elements, by id."""

    elements: dict[str, bytes] = {}


class Ledger:
    """The documents of one node, read once and written whenever they change."""

    def __init__(self, store: Store) -> None:
        self._kept_charges = Documents(store, _CHARGES, Charge)
        self._kept_said = Documents(store, _PLACES, Said)
        self._kept_sites = Documents(store, _PLACES, Site)
        self._charges: dict[str, Charge] = {}
        self._said: dict[str, Said] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # -- charges ---------------------------------------------------------------------------------------------------

    async def charge(self, reference: str) -> Charge | None:
        """Return what is known of a charge."""
        name = reference.casefold()
        if name not in self._charges:
            known = await self._kept_charges.load(name)
            if known is None:
                return None
            self._charges[name] = known
        return self._charges[name]

    async def opened(self, charge: Charge) -> Charge:
        """Remember a charge, unless it is known: then return what is."""
        return await self.update(charge.reference, lambda known: known or charge)

    async def update(self, reference: str, change: Callable[[Charge | None], Charge]) -> Charge:
        """Change what is known of a charge, durably; changes of one charge go one after another."""
        name = reference.casefold()
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            known = await self.charge(reference)
            changed = change(known)
            if changed != known:
                self._charges[name] = changed
                await self._kept_charges.save(name, changed)
                if known is not None and changed.final:
                    del self._charges[name]  # it is over: read again in the rare case that it is asked for
            return changed

    async def note(self, charge: Charge, **new: Any) -> Charge:
        """Remember something new of a charge, durably."""
        return await self.update(charge.reference, lambda known: replace(known or charge, **new))

    # -- places ----------------------------------------------------------------------------------------------------

    async def said_of(self, partner: str, evse: str) -> Said:
        """Return what a platform was told of an EVSE, by the EVSE's hub id."""
        name = f"{partner}/{evse}"
        if name not in self._said:
            self._said[name] = await self._kept_said.load(name) or Said()
        return self._said[name]

    async def keep_said(self, partner: str, evse: str, said: Said) -> None:
        """Remember what a platform was told of an EVSE."""
        name = f"{partner}/{evse}"
        self._said[name] = said
        await self._kept_said.save(name, said)

    async def site(self, partner: str, location: str) -> Site:
        """Return what a platform was told of a location's description, by the location's hub id."""
        return await self._kept_sites.load(f"{partner}/{location}") or Site()

    async def keep_site(self, partner: str, location: str, site: Site) -> None:
        """Remember what a platform was told of a location's description."""
        await self._kept_sites.save(f"{partner}/{location}", site)


def reference_of(charge: Session | Cdr) -> str:
    """Return the name by which a charge hangs together: of its authorization, else of its session."""
    return charge.authorization_reference or f"{charge.owner}/{session_of(charge)}"


def session_of(charge: Session | Cdr) -> str:
    """Return the id of a charge's session; that of its record where there was none."""
    return (charge.session_id if isinstance(charge, Cdr) else None) or charge.id
