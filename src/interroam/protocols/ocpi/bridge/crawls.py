"""Lists of changes for 2.1.1 leave out the places of which only a status changed (OCPI-86), and do not count them.

Which these are is looked for when such a list is begun; its further pages leave out the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial

from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.model.ids import Kind, Party
from interroam.protocols.ocpi.rules.paging import Page

from .looks import OldViews

_AT_ONCE = 2000
_MOST = 64


class Crawls:
    """What the lists that were begun leave out, by their reader and their window."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._begun: dict[tuple[Party, datetime, datetime | None], Collection[int]] = {}

    async def unchanged(self, looks: OldViews, viewer: Party, page: Page) -> Collection[int]:
        """Return the numbers of the places that a page leaves out."""
        if page.date_from is None:
            return ()
        asked = viewer, page.date_from, page.date_to
        known = self._begun.get(asked) if page.cursor is not None else None
        if known is None:
            window = Query(
                kind=Kind.LOCATION,
                updated_from=page.date_from,
                updated_to=page.date_to,
                gone=True,
                hidden=looks.hidden(Kind.LOCATION),
                limit=_AT_ONCE,
            )
            changed = every(partial(self._hub.find, viewer), window)
            known = [row.no async for row in changed if await looks.status_alone(row)]
            if len(self._begun) >= _MOST:
                self._begun.clear()
            self._begun[asked] = known
        return known
