"""What is replayed: the picture at the start, every change, and the picture that must come out.

The real week is that of the Swiss Federal Office of Energy (SFOE), "Charging stations for electric cars", November
2025. Where its files are absent, a week of the same kind is generated.
"""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from trial.words import OCPI, REMOVED

FOLDER = Path(__file__).parents[1].parent / "shared" / "data" / "oicp" / "diemo"
_STEP = timedelta(milliseconds=1)


class Point(NamedTuple):
    """An EVSE, by its operator and its published id."""

    operator: str
    evse_id: str


class Row(NamedTuple):
    """One published status and when it was seen; in milliseconds, no two rows of a week at one time."""

    at: datetime
    point: Point
    said: str


class Week(NamedTuple):
    """What was published, from the first picture to the last."""

    data: str
    """``real`` or ``generated``."""
    base: list[Row]
    changes: list[Row]
    end: dict[Point, str]

    @property
    def operators(self) -> list[str]:
        """Everybody who published, in order."""
        return sorted({row.point.operator for row in (*self.base, *self.changes)})


def week() -> Week:
    """Return the real week where its files are, else a generated one."""
    folder = Path(os.environ.get("TRIAL_DATA", FOLDER))
    return real(folder) if (folder / "status_changes_2025w48.csv").is_file() else generated()


# -- real --------------------------------------------------------------------------------------------------------------


def real(folder: Path) -> Week:
    """Read the published files."""
    with (folder / "status_changes_2025w48_snapshots.csv").open(encoding="utf-8", newline="") as file:
        began = datetime.fromisoformat(next(csv.DictReader(file))["observed_at"])
    with (folder / "status_changes_2025w48.csv").open(encoding="utf-8", newline="") as file:
        said = [
            (datetime.fromisoformat(row["observed_at"]), Point(row["OperatorID"], row["EvseID"]), row["EVSEStatus"])
            for row in csv.DictReader(file)
        ]
    base = _picture(folder / "status_published_2025w48_base.json")
    return Week(
        "real",
        list(_timed((began, point, word) for point, word in base.items())),
        list(_timed(iter(said))),
        _picture(folder / "status_published_2025w48_end.json"),
    )


def _picture(file: Path) -> dict[Point, str]:
    published = json.loads(file.read_text(encoding="utf-8"))["EVSEStatuses"]
    return {
        Point(operator["OperatorID"], record["EvseID"]): record["EVSEStatus"]
        for operator in published
        for record in operator["EVSEStatusRecord"]
    }


def _timed(rows: Iterator[tuple[datetime, Point, str]]) -> Iterator[Row]:
    """Give the rows of one observation their order in milliseconds: no two are at one time, none goes back."""
    for at, together in groupby(rows, key=lambda row: row[0]):
        for place, (_, point, said) in enumerate(together):
            yield Row(at + place * _STEP, point, said)


# -- generated ---------------------------------------------------------------------------------------------------------

_OPERATORS = ("CH*ZZA", "CHZZB", "CH*MOUNTAINCHARGE", "LI*ZZC", "CH*LAKECHARGE", "CH*A01")
_WORDS = ("Available",) * 8 + ("Occupied",) * 6 + ("Unknown",) * 2 + ("OutOfService", "Reserved", "EvseNotFound")
_ROWS_TOGETHER = 40


def generated(evses: int = 300, changes: int = 5_000, seed: int = 2025) -> Week:
    """Make a week of the same kind: late comers, removals, returns, ids that differ in case or stars alone."""
    chance = random.Random(seed)
    points = [_point(number) for number in range(evses)]
    points += [Point(one.operator, one.evse_id.lower()) for one in points[:2]]
    points += [Point(one.operator, one.evse_id.replace("*", "")) for one in points[2:4]]
    late = set(chance.sample(points, len(points) // 20))
    began = datetime(2025, 11, 24, tzinfo=UTC)
    state = {point: chance.choice(_WORDS) for point in points if point not in late}
    base = list(_timed((began, point, said) for point, said in state.items()))
    said = []
    for number in range(changes):
        point = points[number % len(points)] if number < len(points) else chance.choice(points)
        word = _next(chance, state.get(point, REMOVED))
        said.append((began + timedelta(minutes=15 * (1 + number // _ROWS_TOGETHER)), point, word))
        state[point] = word
    end = {point: word for point, word in state.items() if word != REMOVED}
    return Week("generated", base, list(_timed(iter(said))), end)


def _point(number: int) -> Point:
    operator = _OPERATORS[number % len(_OPERATORS)]
    return Point(operator, f"{operator[:2]}*{operator[-3:]}*E{10_000 + number}*{1 + number % 2}")


def _next(chance: random.Random, last: str) -> str:
    if last != REMOVED and chance.random() < 0.01:
        return REMOVED
    return chance.choice([word for word in OCPI if word != last] if chance.random() < 0.1 else _others(last))


def _others(last: str) -> list[str]:
    return [word for word in _WORDS if word != last]
