"""When a location last changed, be it in one of its EVSEs.

Statuses change too often to pay for an index in the database. So the times are read once, when somebody first asks for
a page by dates, and kept up to date from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interroam.model.facts import Stored
from interroam.model.ids import Kind
from interroam.store.rows import Row, micros

Site = tuple[str, str]


class Dates:
    """The newest time of every location, by its owner and id."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._newest: dict[Site, int] = {}
        self._numbers: dict[Site, int] = {}
        for no, kind, owner, id_, updated in rows:
            self._touch((owner, id_), no if kind == Kind.LOCATION else None, updated)

    def touch(self, row: Stored) -> None:
        """Take over the time of a location or an EVSE."""
        key = row.key
        self._touch((key.owner, key.id), row.no if key.kind is Kind.LOCATION else None, micros(row.updated))

    def between(self, since: int, until: int) -> Iterator[int]:
        """Return the numbers of the locations last changed at or after ``since`` and before ``until``."""
        numbers = self._numbers
        return (numbers[site] for site, at in self._newest.items() if since <= at < until and site in numbers)

    def _touch(self, site: Site, no: int | None, updated: int) -> None:
        if no is not None:
            self._numbers[site] = no
        if updated > self._newest.get(site, -1):
            self._newest[site] = updated
