"""Our node for the bench: its data file written beforehand, then the program itself on the server's core."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from bench.messages import CPO, EMSPS, HUB, OTHER_CPO, Door, encoded, location, token
from bench.processes import HOST, ROOT, Child, free_port
from interroam.core.keys import Keyring
from interroam.core.parties.book import Book
from interroam.core.ports import CourierKey, Cursor, Seed, Store
from interroam.core.refs import refs_of
from interroam.model.agreements import Agreement
from interroam.model.facts import Fact, Origin, Telling
from interroam.model.ids import LANE_OF, Kind, Lane, Party, PartyId, Role, location_key
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.protocols.ocpi.translate import location_fact, token_fact
from interroam.protocols.ocpi.wire import locations, read, tokens
from interroam.protocols.ocpi.wire.versions import Endpoint
from interroam.protocols.ocpi.wiring import Registration, Wiring, wired
from interroam.store import SqliteStore

CACHE = ROOT / "bench" / ".cache"
CARDS = 64
_IN_FLIGHT = 1024
_AT = datetime(2025, 1, 1, tzinfo=UTC)
Progress = Callable[[int], None]


def party(codes: tuple[str, str], role: Role) -> Party:
    """A party of the bench in a role."""
    return Party(PartyId.of(*codes), role)


CPOS = (party(CPO, Role.CPO), party(OTHER_CPO, Role.CPO))


def _nothing(_more: int) -> None:
    return None


async def _states(store: Store, facts: Iterable[Fact], origin: str, progress: Progress = _nothing) -> None:
    """Record through the group commit, many at once."""
    waiting: set[asyncio.Future[object]] = set()
    made = Origin(origin)
    now = datetime.now(UTC)
    for fact in facts:
        key = fact.key
        telling = Telling(key, fact, made, now, LANE_OF[key.kind], refs=refs_of(fact.body))
        waiting.add(asyncio.ensure_future(store.record(telling)))
        if len(waiting) >= _IN_FLIGHT:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
            progress(len(done))
    if waiting:
        await asyncio.gather(*waiting)
        progress(len(waiting))


def _places(cpo: tuple[str, str], places: int, each: int) -> Iterable[Fact]:
    for number in range(places):
        raw = encoded(location(cpo, number, each))
        shape, _ = read(locations.Location, raw)
        yield location_fact(shape, raw)


def _cards() -> Iterable[tuple[str, Fact]]:
    for number in range(len(EMSPS)):
        for card in range(CARDS):
            raw = encoded(token(EMSPS[number], card))
            shape, _ = read(tokens.Token, raw)
            yield f"emsp{number}", token_fact(shape, raw)


async def _write(file: Path, places: int, others: int, each: int, progress: Progress) -> None:
    store = SqliteStore(file)
    await store.open()
    await _states(store, _places(CPO, places, each), "cpo0", progress)
    await _states(store, _places(OTHER_CPO, others, each), "cpo1", progress)
    for origin, fact in _cards():
        await _states(store, [fact], origin)
    await store.close()


def _run(work: Coroutine[object, object, None]) -> None:
    """Run it in a loop of its own, whether or not one runs here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@cache
def _written_by() -> str:
    """Tell versions of the store apart: a file is good for the code that wrote it."""
    seen = hashlib.sha256()
    for room in ("model", "store", "protocols/ocpi/translate"):
        for file in sorted((ROOT / "src" / "interroam" / room).rglob("*.*")):
            if file.suffix in (".py", ".sql"):
                seen.update(file.read_bytes())
    seen.update(Path(__file__).read_bytes())
    found = seen.hexdigest()[:12]
    for old in CACHE.glob("*"):
        if old.is_dir() and old.name not in (found, "run"):
            shutil.rmtree(old, ignore_errors=True)
    return found


def data_file(places: int, others: int = 0, each: int = 2, progress: Progress = _nothing) -> Path:
    """The journal and picture of so many places of the first CPO (and of the second): made once, then kept."""
    file = CACHE / _written_by() / f"{places}-{others}-{each}" / "interroam.db"
    if not file.with_suffix(".done").exists():
        shutil.rmtree(file.parent, ignore_errors=True)
        file.parent.mkdir(parents=True)
        gc.disable()
        try:
            _run(_write(file, places, others, each, progress))
        finally:
            gc.enable()
        file.with_suffix(".done").touch()
    return file


def _wiring(keyring: Keyring, url: str, version: str) -> Wiring:
    modules = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands")
    return Wiring(
        state=Registration.DONE,
        versions_url=f"{url}/versions",
        version=version,
        token_out=keyring.seal("bench"),
        endpoints=tuple(
            Endpoint(identifier=module, role=role, url=f"{url}/{role.lower()}/{module}")
            for module in modules
            for role in ("SENDER", "RECEIVER")
        ),
    )


async def _introduce(directory: Path, stubs: list[int], version: str, spoken: str) -> None:
    """Write partners, credentials, agreements, and cursors of couriers that have nothing to catch up with.

    ``version`` is what the eMSPs speak, ``spoken`` the protocol of the CPOs.
    """
    store = SqliteStore(directory / "interroam.db")
    keyring = Keyring.load(directory / "interroam.key")
    await store.open()
    book = Book(store, keyring, party(HUB, Role.HUB))
    await book.load()
    now = datetime.now(UTC)
    providers = [party(codes, Role.EMSP) for codes in EMSPS[: len(stubs)]]
    named = [(f"cpo{n}", one) for n, one in enumerate(CPOS)] + [(f"emsp{n}", one) for n, one in enumerate(providers)]
    urls = {f"emsp{n}": f"http://{HOST}:{port}" for n, port in enumerate(stubs)}
    for name, own in named:
        partner = Partner(id=name, protocol="ocpi", parties=(own,), state=PartnerState.CONNECTED, since=now)
        wiring = _wiring(keyring, urls.get(name, f"http://{HOST}:9/{name}"), version if name in urls else "2.2.1")
        if spoken == "ocpi" or name in urls:
            await book.put_partner(wired(partner, wiring))
        else:
            await book.put_partner(replace(partner, protocol=spoken, switches={"mutual_tls": False}))
        await book.admit(Credential(keyring.fingerprint(name), name, Purpose.REGULAR, now))
    for number, provider in enumerate(providers):
        cpos = CPOS if number == 0 else CPOS[:1]
        await book.put_agreement(
            Agreement(id=f"agreement{number}", emsp=provider, cpos=cpos, starts=now - timedelta(days=1))
        )
        places = tuple(
            str(Seed(location_key(cpo.id, "").owner, kind)) for cpo in cpos for kind in (Kind.LOCATION, Kind.TARIFF)
        )
        await store.settle(Cursor(CourierKey(provider, Lane.PLACES), store.head(), covered=tuple(sorted(places))))
    for cpo in CPOS:
        seen = providers if cpo is CPOS[0] else providers[:1]
        cards = sorted(str(Seed(location_key(one.id, "").owner, Kind.TOKEN)) for one in seen)
        await store.settle(Cursor(CourierKey(cpo, Lane.TOKENS), store.head(), covered=tuple(cards)))
    await store.close()


class Node:
    """Our server with an eMSP at each of the stub's ports; ends with the block."""

    def __init__(self, name: str, source: Path, stubs: list[int], version: str = "2.2.1", spoken: str = "ocpi") -> None:
        self.port = free_port()
        self._directory = CACHE / "run" / name
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        shutil.copy(source, self._directory / "interroam.db")
        os.sync()  # else the disk writes a large copy while commits are measured
        _run(_introduce(self._directory, stubs, version, spoken))
        settings = self._directory / "node.toml"
        settings.write_text(
            f'party = "{"*".join(HUB)}"\ndata = "{self._directory}"\ninsecure_http = true\n'
            f'[listen]\nhost = "{HOST}"\nport = {self.port}\n[log]\nlevel = "warning"\n'
        )
        self._child = Child([sys.executable, "-m", "interroam", "serve", "-c", str(settings)], self.port, log=name)

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._child.__exit__(None, None, None)
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def door(self, partner: str = "cpo0", codes: tuple[str, str] = CPO) -> Door:
        """Where this partner reaches the node."""
        return Door(HOST, self.port, "/ocpi/2.2.1/receiver", "/ocpi/2.2.1/sender", partner, sender_party=codes)

    def old_door(self) -> Door:
        """Where the first CPO would reach the node if it spoke OCPI 2.1.1."""
        return Door(HOST, self.port, "/ocpi/emsp/2.1.1", "/ocpi/emsp/2.1.1", "cpo0", raw=True)

    def entries(self) -> int:
        """How many entries the journal holds, counted by a reader of its own."""
        with sqlite3.connect(f"file:{self._directory / 'interroam.db'}?mode=ro", uri=True) as reader:
            return int(reader.execute("SELECT count(*) FROM journal").fetchone()[0])
