"""A partner that owns objects and shows them in pages, as its headers say."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web

from tests.protocols.ocpi.partners import Peer, Seen


@dataclass
class Shop(Peer):
    """``shelves`` holds the objects of each module, oldest first; ``before`` is called ahead of every page."""

    shelves: dict = field(default_factory=dict)
    limit: int = 2
    paged: bool = True
    before: object = None

    async def answer_to(self, seen: Seen, request: web.Request) -> web.Response:
        parts = seen.path.strip("/").split("/")
        if seen.method != "GET" or parts[0] != "sender" or parts[1] not in self.shelves:
            return await super().answer_to(seen, request)
        shelf = self.shelves[parts[1]]
        if len(parts) > 2:
            found = [one for one in shelf if one["id"] == parts[2]]
            return self.ok(found[0]) if found else web.json_response({"status_code": 2003}, status=404)
        if self.before is not None:
            self.before(self, seen)
        return self.page(parts[1], seen.query)

    def page(self, module: str, query: dict) -> web.Response:
        since = query.get("date_from", "")
        shelf = self.shelves[module]
        shown = [one for one in shelf if not isinstance(one, dict) or one.get("last_updated", "9") >= since]
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", self.limit)), self.limit)
        items = shown[offset : offset + limit]
        answer = web.Response(
            body=json.dumps({"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": items}),
            content_type="application/json",
        )
        if self.paged:
            answer.headers.update({"X-Total-Count": str(len(shown)), "X-Limit": str(limit)})
        if self.paged and offset + limit < len(shown):
            following = urlencode({**query, "offset": offset + limit, "limit": limit})
            answer.headers["Link"] = f'<{self.url}/sender/{module}?{following}>; rel="next"'
        return answer

    def fetched(self, module: str) -> list[Seen]:
        """What was asked of a list."""
        return [one for one in self.seen if one.path == f"/sender/{module}"]
