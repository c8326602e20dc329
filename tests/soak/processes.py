"""A node in a process of its own that can be killed, and connections that remember what it acknowledged."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Self

from interroam.app import Node, open_store
from interroam.model.agreements import Agreement
from interroam.model.facts import Entry
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.settings import Settings, load
from tests.fuzz.world import ocpi_headers
from tests.net.raw import Caller
from tests.protocols.ocpi.server.messages import session

PARTY = "CH*HUB"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)")
_PAGE = 5_000


def settings_at(data: Path, database: str = "") -> Settings:
    given = {"data": str(data), "party": PARTY, "insecure_http": True, "store": {"url": database}}
    return load(env={}, given=given)


async def furnish(data: Path, database: str = "") -> None:
    """Let a CPO call, and owe what it says to an eMSP that nobody can reach."""
    async with Node(settings_at(data, database)) as node:
        for name, party in (("cpo", "CH*CCC/CPO"), ("emsp", "DE*EEE/EMSP")):
            parties = (Party.parse(party),)
            await node.book.put_partner(
                Partner(id=name, protocol="ocpi", parties=parties, state=PartnerState.CONNECTED)
            )
            fingerprint = node.book.keyring.fingerprint(name)
            await node.book.admit(Credential(fingerprint, name, Purpose.REGULAR, LONG_AGO))
        cpos = (Party.parse("CH*CCC/CPO"),)
        await node.book.put_agreement(Agreement(id="a", emsp=Party.parse("DE*EEE/EMSP"), cpos=cpos, starts=LONG_AGO))


async def journal(data: Path, database: str = "") -> list[Entry]:
    """Read the whole journal, as somebody from outside."""
    store = open_store(settings_at(data, database), read_only=True)
    await store.open()
    found: list[Entry] = []
    while page := await store.entries(found[-1].seq if found else 0, _PAGE, through=2**62):
        found += page
    await store.close()
    return found


class Process:
    """Start it with ``async with``; it is killed at the end unless it was before."""

    def __init__(self, data: Path, *before: str, database: str = "") -> None:
        self._data = data
        self._database = database
        self._before = before

    async def __aenter__(self) -> Self:
        command = [*self._before, sys.executable, "-m", "interroam", "serve", "--data", str(self._data)]
        environment = {
            **os.environ,
            "INTERROAM_INSECURE_HTTP": "true",
            "INTERROAM_PARTY": PARTY,
            "INTERROAM_LOG_LEVEL": "error",
            "INTERROAM_STORE_URL": self._database,
            "PYTHONUNBUFFERED": "1",
        }
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while line := await self._process.stdout.readline():
                if found := _URL.search(line.decode()):
                    self.port = int(found[1])
                    return self
        raise AssertionError((await self._process.communicate())[1].decode())

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def kill(self) -> None:
        """End it as a power cut would, with whoever watches it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()

    def resident_mib(self) -> float:
        """Return how much memory it holds."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Load:
    """Connections that state one session after another; ``among`` so many they state the same ones again."""

    def __init__(
        self, port: int, name: str = "s", most: int | None = None, among: int | None = None, start: int = 0
    ) -> None:
        self._port = port
        self._name = name
        self._most = most
        self._among = among
        self._numbers = count(start)
        self.done = 0
        self.flying = 0
        self.acknowledged: set[str] = set()
        self.refused: list[bytes] = []

    async def press(self, connections: int) -> None:
        """Go on until there is enough, or until the node is gone."""
        await asyncio.gather(*(self._one() for _ in range(connections)))

    async def _one(self) -> None:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self._port))
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while self._most is None or self.done + self.flying < self._most:
                number = next(self._numbers)
                name = f"{self._name}{number if self._among is None else number % self._among}"
                self.flying += 1
                await caller.say(_put(name, number))
                reply = await caller.reply()
                self.flying -= 1
                self.done += 1
                if reply.status in (200, 201) and b'"status_code":1000' in reply.body:
                    self.acknowledged.add(name)
                else:
                    self.refused.append(reply.body)
        caller.writer.transport.abort()


def _put(name: str, number: int) -> bytes:
    body = json.dumps(session(id=name, kwh=number / 1_000)).encode()
    lines = [f"PUT /ocpi/2.2.1/receiver/sessions/CH/CCC/{name} HTTP/1.1".encode(), b"host: node"]
    lines += [b"%b: %b" % field for field in ocpi_headers("cpo", name)]
    lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
