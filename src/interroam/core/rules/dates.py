"""When tariffs begin and end, and what is sent again because of it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from interroam.model.facts import Body
from interroam.model.ids import Kind
from interroam.model.tariffs import Tariff

_BEGUN, _ENDED, _CHANGED = "begun", "ended", "dates"


def dates_of(body: Body | None) -> Sequence[datetime]:
    """Return when a tariff begins and ends; nothing for what has no such dates."""
    return [each for each in (body.starts, body.ends) if each is not None] if isinstance(body, Tariff) else []


def about_dates(since: datetime, now: datetime) -> tuple[tuple[Kind, str], ...]:
    """Name the requests to send again what began or ended after one moment and until another, in their order.

    A tariff comes before the places that refer to it, and goes after them.
    """
    when = f"{since.isoformat()} {now.isoformat()}"
    return (
        (Kind.TARIFF, f"{_BEGUN} {when}"),
        (Kind.LOCATION, f"{_CHANGED} {when}"),
        (Kind.TARIFF, f"{_ENDED} {when}"),
    )


def is_about_dates(request: str) -> bool:
    """Whether what is sent again is sent because of dates."""
    return request.partition(" ")[0] in (_BEGUN, _CHANGED, _ENDED)


def concerns(request: str, body: Body | None) -> bool:
    """Whether an object is meant by what is sent again: of a request about dates only tariffs that change then."""
    if not is_about_dates(request) or not isinstance(body, Tariff):
        return True
    word, *moments = request.split(" ")
    since, now = map(datetime.fromisoformat, moments)
    about = {_BEGUN: [body.starts], _ENDED: [body.ends]}.get(word, [body.starts, body.ends])
    return any(each is not None and since < each <= now for each in about)
