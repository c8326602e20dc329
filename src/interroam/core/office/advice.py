"""Gathers what a question of an operator needs before the pure rules answer it: who, where, when."""

from __future__ import annotations

import re
from datetime import datetime

from interroam.core.audit import Actor, Rank
from interroam.core.parties.book import Book
from interroam.core.ports import Clock, Store
from interroam.core.refs import contract_ref, evse_ref, token_ref
from interroam.core.rules.explain import Case, Explanation, explain, explain_sight
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Kind, Party, PartyId, normal_evse_id
from interroam.model.places import Evse
from interroam.model.tokens import Token

TYPES = ("RFID", "APP_USER", "AD_HOC_USER", "OTHER")
_CONTRACT = re.compile(r"^([A-Za-z]{2})-?([A-Za-z0-9]{3})-?C", re.ASCII)
_EVSE = re.compile(r"^([a-z]{2})([a-z0-9]{3})e")


class Adviser:
    """Answers *would this card be accepted there, then, and why*."""

    def __init__(self, store: Store, book: Book, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._clock = clock

    async def sight(
        self,
        actor: Actor,
        viewer: Party,
        evse: str,
        cpo: PartyId | None = None,
        at: datetime | None = None,
        *,
        offers: bool = False,
    ) -> Explanation:
        """Explain whether a party is shown an EVSE, at a moment; ``offers``: as if all were accepted."""
        actor.needs(Rank.VIEWER)
        place = await self._place(evse, cpo)
        owner = place.owner if place is not None else cpo or _owner(_EVSE, normal_evse_id(evse)) or viewer.id
        case = Case(at=at or self._clock.now(), cpo=owner, evse=place, asked_evse=evse)
        return explain_sight(self._book.supposed() if offers else self._book.routing, viewer, case)

    async def explain(
        self,
        actor: Actor,
        card: str,
        evse: str = "",
        cpo: PartyId | None = None,
        at: datetime | None = None,
        *,
        service: str = "",
        offers: bool = False,
    ) -> Explanation:
        """Explain a card (uid or contract) at an EVSE, or anywhere at a CPO; ``offers``: as if all were accepted."""
        actor.needs(Rank.VIEWER)
        place = await self._place(evse, cpo) if evse else None
        owner = place.owner if place is not None else cpo or _owner(_EVSE, normal_evse_id(evse))
        if owner is None:
            raise Refused(Reason.INCOMPLETE, "where?", remedy="name an EVSE, such as CH*CCC*E123, or a CPO")
        case = Case(
            at=at or self._clock.now(),
            cpo=owner,
            emsp=_owner(_CONTRACT, card),
            tokens=tuple(await self._tokens(card)),
            evse=place,
            service=service,
            asked_token=card,
            asked_evse=evse,
        )
        return explain(self._book.supposed() if offers else self._book.routing, case)

    async def _place(self, evse: str, cpo: PartyId | None) -> Evse | None:
        rows = [row.body for row in await self._store.by_ref(evse_ref(evse), Kind.EVSE)]
        known = [one for one in rows if isinstance(one, Evse) and cpo in (None, one.owner)]
        there = [one for one in known if not one.removed]
        return next(iter(there or known), None)

    async def _tokens(self, card: str) -> list[Token]:
        rows = await self._store.by_ref(contract_ref(card), Kind.TOKEN)
        for kind in TYPES:
            rows += await self._store.by_ref(token_ref(kind, card), Kind.TOKEN)
        return [row.body for row in rows if isinstance(row.body, Token) and not row.withdrawn]


def _owner(form: re.Pattern[str], id: str) -> PartyId | None:
    match = form.match(id)
    return PartyId.of(match[1], match[2]) if match is not None else None
