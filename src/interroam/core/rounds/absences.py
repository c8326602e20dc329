"""What a whole pull did not hold any more: reported, and withdrawn when an operator says so, or a setting.

A list that shrinks may be the truth or a fault of whoever wrote it; nothing goes by itself (OCPI-192).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
import structlog

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Origin, Stored, Verdict, Withdrawal
from interroam.model.ids import Key, Kind, Module, PartyId
from interroam.model.parties import Partner

log = structlog.get_logger()

ABSENCES = "absence"
_KINDS = {Module.LOCATIONS: Kind.LOCATION, Module.TARIFFS: Kind.TARIFF, Module.TOKENS: Kind.TOKEN}
_AT_ONCE = 500


class Absence(msgspec.Struct, frozen=True):
    """Objects that a partner's whole list left out, as of an entry of the journal."""

    partner: str
    module: Module
    at: datetime
    head: int
    keys: tuple[Key, ...]
    of: int
    """How many objects were known before."""


class Absences:
    """What is missing, by partner and module."""

    def __init__(self, hub: Hub, share: float) -> None:
        self._hub = hub
        self._kept = Documents(hub.store, ABSENCES, Absence)
        self._share = share

    async def find(
        self, partner: Partner, module: Module, seen: Collection[Key], at: datetime, head: int
    ) -> Absence | None:
        """Note what is known of a partner and was not seen in its whole list; charges stay whatever a list says."""
        kind = _KINDS.get(module)
        if kind is None:
            return None
        missing: list[Key] = []
        count = 0
        # Places of which all EVSEs are gone are in no whole list (OCPI-85).
        query = Query(kind=kind, owners=self._owners(partner), standing=kind is Kind.LOCATION, limit=_AT_ONCE)
        async for one in every(self._hub.store.page, query):
            if _stands(one, head) and self._is_of(partner, one):
                count += 1
                missing += () if one.key in seen else (one.key,)
        return await self._keep(Absence(partner.id, module, at, head, tuple(missing), count))

    async def _keep(self, found: Absence) -> Absence:
        name = _name(found.partner, found.module)
        if found.keys:
            log.warning("objects_absent", partner=found.partner, module=found.module.value, count=len(found.keys))
            await self._kept.save(name, found)
        else:
            await self._kept.remove(name)
        return found

    @staticmethod
    def _owners(partner: Partner) -> frozenset[PartyId] | None:
        return None if partner.is_hub else frozenset(party.id for party in partner.parties)

    @staticmethod
    def _is_of(partner: Partner, one: Stored) -> bool:
        return one.origin == partner.id if partner.is_hub else True

    def goes(self, absence: Absence) -> bool:
        """Whether so few are missing that the setting lets them go without a person."""
        return bool(absence.keys) and len(absence.keys) <= self._share * absence.of

    async def all(self) -> list[Absence]:
        """Return what is missing everywhere."""
        return list((await self._kept.all()).values())

    async def withdraw(self, partner: str, module: Module) -> int:
        """Withdraw what was missing and has not been stated since; returns how many objects."""
        name = _name(partner, module)
        absence = await self._kept.load(name)
        if absence is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"no {module.value} of {partner} are missing")
        origin = Origin(partner, correlation=self._hub.ids.new())
        count = 0
        for key in absence.keys:
            stored = await self._hub.store.get(key)
            if stored is not None and _stands(stored, absence.head):
                count += await self._gone(origin, Withdrawal(key, max(absence.at, stored.judged_at)))
        await self._kept.remove(name)
        return count

    async def _gone(self, origin: Origin, withdrawal: Withdrawal) -> bool:
        try:
            return (await self._hub.tell(origin, withdrawal)).verdict is Verdict.RECORDED
        except Refused as no:
            log.warning("absent_object_stays", partner=origin.partner, object=str(withdrawal.key), message=no.message)
            return False


def _stands(stored: Stored, head: int) -> bool:
    return not stored.withdrawn and stored.version <= head


def _name(partner: str, module: Module) -> str:
    return f"{partner}/{module.value}"
