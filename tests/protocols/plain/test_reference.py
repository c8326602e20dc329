"""The reference page says what the API does."""

import re
from pathlib import Path

from interroam.protocols.plain.rules import STATUS
from interroam.protocols.plain.server.routes import ASK, FIND, FOLLOW, LIVE, TELL

PAGE = (Path(__file__).parents[3] / "docs/reference/back-office-api.md").read_text(encoding="utf-8")


def test_the_page_lists_every_route_and_no_other():
    listed = re.findall(r"`((?:GET|PUT|PATCH|POST|DELETE) /[^`?]*)`", PAGE.partition("## Verdicts")[0])
    routes = [f"{route.method} {route.path}" for route in (*TELL, *ASK, *LIVE, *FIND, *FOLLOW)]
    assert sorted(set(listed) - {"GET /api/v1/openapi.json"}) == sorted([*routes, "GET /openapi.json"])


def test_the_page_gives_every_reason_its_status():
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE))
    written = {(int(status), reason) for status, text in rows.items() for reason in re.findall(r"`(\w+)`", text)}
    assert written == {(status, reason.value) for reason, status in STATUS.items()}
