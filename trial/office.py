"""The back offices at both ends: one states the week to the CPO node, the other reads the eMSP node's picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from interroam.demo.api import Api, ApiError
from trial.aliases import Aliases
from trial.places import evse, location, place_of, stamp
from trial.week import Point, Row
from trial.words import KEPT, REMOVED, to_ocpi, to_oicp

BATCH = 200
_PAUSE_S = 0.2
_PAGE = 1_000
_TRIES = 60


class CpoOffice:
    """States what operators publish, in their order, and keeps to the node's pace."""

    def __init__(self, api: Api, aliases: Aliases) -> None:
        self._api = api
        self._aliases = aliases
        self._known: set[Point] = set()
        self._marked: set[Point] = set()
        """Those whose EVSE carries a kept word just now."""
        self.waits = 0
        """How often the node asked to come back later."""

    async def state(self, rows: Sequence[Row]) -> AsyncIterator[int]:
        """State rows in order; yields how many each call took."""
        for route, lines in groupby(map(self._line, rows), key=lambda line: line[0]):
            for batch in _batches([body for _, body in lines]):
                await self._told(route, batch)
                yield len(batch)

    def _line(self, row: Row) -> tuple[str, dict[str, Any]]:
        """Say by which call a row is stated: an EVSE that is new needs its location, a word that is kept its EVSE."""
        point, place = row.point, place_of(row.point)
        party = self._aliases.party[point.operator]
        keeps, kept = row.said in KEPT, point in self._marked
        if row.said != REMOVED and (keeps or kept or point not in self._known):
            new = point not in self._known
            self._known.add(point)
            (self._marked.add if keeps else self._marked.discard)(point)
            if new:
                return "import", {
                    "kind": "location",
                    "object": location(row) | {"party": party, "id": place.location_id},
                }
            return "import", {
                "kind": "evse",
                "object": evse(row) | {"party": party, "location_id": place.location_id},
            }
        return "statuses", {
            "party": party,
            "location_id": place.location_id,
            "uid": place.uid,
            "status": to_ocpi(row.said)[0],
            "at": stamp(row.at),
        }

    async def _told(self, route: str, batch: list[dict[str, Any]]) -> None:
        for _ in range(_TRIES):
            body = msgspec.json.encode(batch) if route == "statuses" else _ndjson(batch)
            try:
                answer = await self._api.post(route, body=body)
            except ApiError as error:
                if error.status != 503:
                    raise
                self.waits += 1
                await asyncio.sleep(error.retry_after or _PAUSE_S)
                continue
            refused = [line for line in answer["lines"] if "error" in line]
            hard = [line for line in refused if line["error"]["reason"] != "overloaded"]
            if hard:
                raise RuntimeError(f"{route}: {len(hard)} refused, the first: {hard[0]}")
            if not refused:
                return
            batch = [batch[line["line"] - 1] for line in refused]
            self.waits += 1
            await asyncio.sleep(_PAUSE_S)
        raise RuntimeError(f"the node was too busy {_TRIES} times in a row")


class EmspOffice:
    """Reads the eMSP node's picture."""

    def __init__(self, api: Api, aliases: Aliases) -> None:
        self._api = api
        self._aliases = aliases

    async def picture(self) -> dict[Point, str]:
        """Return what is published, in the words of OICP and by the operators' own ids."""
        found: dict[Point, str] = {}
        after: int | None = 0
        while after is not None:
            page = await self._api.get("locations", limit=_PAGE, after=after)
            for place in page["items"]:
                operator = self._aliases.operator.get(place["party"], place["party"])
                for one in place.get("evses", ()):
                    if one["status"] != REMOVED:
                        word = to_oicp(one["status"], one.get("physical_reference"))
                        found[Point(operator, one["evse_id"])] = word
            after = page["next"]
        return found


def differences(found: dict[Point, str], wanted: dict[Point, str]) -> list[str]:
    """Say every difference in a line."""
    points = sorted(point for point in found.keys() | wanted.keys() if found.get(point) != wanted.get(point))
    return [f"{one.operator} {one.evse_id}: {found.get(one, '–')}, published {wanted.get(one, '–')}" for one in points]


def _batches(lines: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]


def _ndjson(lines: Sequence[object]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, lines))
