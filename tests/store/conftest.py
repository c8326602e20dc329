"""The stores: one contract, and every test of it runs on both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from interroam.store import SqliteStore
from interroam.store.postgres import PostgresStore

Make = Callable[[], SqliteStore | PostgresStore]


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes stores of the same place, one after the other."""
    if request.param == "sqlite":
        return lambda **options: SqliteStore(tmp_path / "node.db", **options)
    url = request.getfixturevalue("database")
    return lambda **options: PostgresStore(url, **options)


@pytest.fixture
async def store(make: Make) -> AsyncIterator[SqliteStore | PostgresStore]:
    made = make()
    await made.open()
    yield made
    await made.close()
