"""What was acknowledged survives the death of the process, wherever it strikes."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from interroam.model.errors import Refused
from interroam.model.ids import Kind

ROOT = Path(__file__).parents[2]
FOR_EVER = 10_000_000


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    return str(tmp_path / "node.db") if request.param == "sqlite" else request.getfixturevalue("database")


async def killed(place: str, after: float) -> set[str]:
    """Let a process record with dozens in flight, kill it, and return what it said was acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.recorder", place, str(FOR_EVER), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    first = await process.stdout.readline()
    await asyncio.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    *whole, _torn = (first + rest).decode().split("\n")
    return set(whole)


async def opened(make):
    """Open the store; the lock of a dead process goes a moment after it."""
    store = make()
    for _ in range(100):
        try:
            await store.open()
        except Refused:
            await asyncio.sleep(0.05)
        else:
            return store
    raise TimeoutError("the lock of the dead process stays")


async def check(make, place: str, after: float) -> None:
    acknowledged = await killed(place, after)
    store = await opened(make)
    entries = await store.entries(0, limit=FOR_EVER)
    assert acknowledged
    assert acknowledged <= {entry.body.uid for entry in entries}
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    counts = await store.counts()
    assert (counts["entries"], counts[Kind.TOKEN.value]) == (len(entries), len(entries))
    for entry in entries[-100:]:
        assert (await store.get(entry.key)).version == entry.seq
    await store.close()


@pytest.fixture
def make(place):
    from interroam.store import SqliteStore
    from interroam.store.postgres import PostgresStore

    return lambda: PostgresStore(place) if place.startswith("postgresql:") else SqliteStore(place)


async def test_every_acknowledged_fact_survives_a_kill(make, place):
    await check(make, place, random.uniform(0.1, 0.4))


@pytest.mark.soak
@pytest.mark.parametrize("_round", range(25))
async def test_every_acknowledged_fact_survives_many_kills(make, place, _round):
    await check(make, place, random.uniform(0.0, 2.0))
