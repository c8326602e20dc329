"""When tariffs begin and end, and what is sent again because of it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from interroam.model.facts import Body
from interroam.model.tariffs import Tariff

_WORD = "dates"


def dates_of(body: Body | None) -> Sequence[datetime]:
    """Return when a tariff begins and ends; nothing for what has no such dates."""
    return [each for each in (body.starts, body.ends) if each is not None] if isinstance(body, Tariff) else []


def about_dates(since: datetime, now: datetime) -> str:
    """Name the request to send again what began or ended after one moment and until another."""
    return f"{_WORD} {since.isoformat()} {now.isoformat()}"


def concerns(request: str, body: Body | None) -> bool:
    """Whether an object is meant by what is sent again: of a request about dates only tariffs that change then."""
    word, *moments = request.split(" ")
    if word != _WORD or not isinstance(body, Tariff):
        return True
    since, now = map(datetime.fromisoformat, moments)
    return any(since < each <= now for each in dates_of(body))
