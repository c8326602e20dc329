"""SearchEVSE: EVSEs around a point, the nearest first, as far as the eMSP may see them (EMIP-61, EMIP-65)."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from interroam.protocols.emip.rules.codes import MALFORMED, SUCCESS, Declined
from interroam.protocols.emip.translate.evses import Place, check, meets
from interroam.protocols.emip.wire.to_iop import SearchEVSE, SearchEVSEResponse
from interroam.protocols.emip.wire.types import EvseDescription

from .call import Call
from .desk import Desk

MOST = 200
LANGUAGES = frozenset({"FR", "EN", "GE", "DE"})
_BREATH = 64
"""After so many EVSEs others get their turn."""


async def search(desk: Desk, call: Call) -> SearchEVSEResponse:
    """Find EVSEs: all criteria hold, each by any of its conditions; more than 200 are never returned."""
    asked: SearchEVSE = call.message
    _check(asked)
    if asked.language and asked.language.strip().upper() not in LANGUAGES:
        call.notes.append(f"texts are in English: no language {asked.language}")
    wanted = min(MOST, asked.max_count or MOST)
    found: list[EvseDescription] = []
    looked = 0
    around = desk.atlas.around(call.operator, float(asked.latitude), float(asked.longitude), asked.radius)
    async with aclosing(around):
        async for _, location, evse in around:
            looked += 1
            if looked % _BREATH == 0:
                await asyncio.sleep(0)
            place = Place(location, evse, call.now, asked.language or "")
            if asked.and_combined_criteria and not meets(place.values(), asked.and_combined_criteria):
                continue
            found.append(place.description())
            if len(found) >= wanted:
                break
    call.keep = False
    return SearchEVSEResponse(transaction_id=call.transaction, request_status=SUCCESS, evse_descrip=tuple(found))


def _check(asked: SearchEVSE) -> None:
    if abs(asked.latitude) > 90 or abs(asked.longitude) > 180:
        raise Declined(MALFORMED, f"{asked.latitude}, {asked.longitude} is no point on Earth")
    if asked.radius <= 0:
        raise Declined(MALFORMED, f"the radius is {asked.radius} km")
    if asked.max_count is not None and asked.max_count <= 0:
        raise Declined(MALFORMED, f"maxCount is {asked.max_count}")
    try:
        check(asked.and_combined_criteria)
    except ValueError as error:
        raise Declined(MALFORMED, str(error)) from None
