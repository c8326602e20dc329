"""A real node on a real socket, and callers that say any bytes; its loop runs while something is asked."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

from interroam.app import Node, open_store
from interroam.core.audit import LOCAL, Rank
from interroam.model.agreements import Agreement
from interroam.model.facts import Entry, Receipt, Telling, Verdict
from interroam.model.ids import Key, Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.settings import load
from tests.fuzz.damage import Call, Headers
from tests.net.raw import Caller, Reply

SOON = 10.0
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HUB = "CH*HUB"
PARTNERS = {
    "cpo": ("ocpi", "CH*CCC/CPO"),
    "emsp": ("ocpi", "DE*EEE/EMSP"),
    "guest": ("ocpi", "CH*GGG/CPO"),
    "beyond": ("ocpi", "FR*107/HUB"),
    "depot": ("plain", "CH*PPP/CPO"),
    "cards": ("plain", "DE*QQQ/EMSP"),
    "depot2": ("plain", "CH*PP2/CPO"),
}
PASSWORD = "a long password"


class World:
    """Start it with ``with``: a hub, two OCPI platforms and a guest, two back offices, and an administrator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._callers: list[Caller] = []
        self.recorded: list[tuple[Key, Receipt]] = []
        self.noted: list[str] = []
        self.numbers = count(1)

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    async def _start(self) -> None:
        given = {
            "data": str(self._folder / "data"),
            "party": HUB,
            "insecure_http": True,
            "limits.body_bytes": 1_000_000,
        }
        self.node = node = Node(load(env={}, given=given))
        _listen_in(node, self.recorded, self.noted)
        await node.start()
        for name, (protocol, party) in PARTNERS.items():
            parties = (Party.parse(party),)
            one = Partner(id=name, protocol=protocol, parties=parties, state=PartnerState.CONNECTED)
            await node.book.put_partner(one)
            await self.admit(name)
        for number, emsp in enumerate(("DE*EEE/EMSP", "DE*QQQ/EMSP")):
            cpos = (Party.parse("CH*CCC/CPO"), Party.parse("CH*PPP/CPO"))
            one = Agreement(id=f"a{number}", emsp=Party.parse(emsp), cpos=cpos, starts=LONG_AGO)
            await node.book.put_agreement(one)
        await node.office.people.put(LOCAL, "root", PASSWORD, Rank.ADMIN, bodies=True)
        self.ticket = (await node.office.people.log_in("root", PASSWORD)).token

    async def admit(self, name: str) -> None:
        """Let a partner call with its name as its secret."""
        book = self.node.book
        await book.admit(Credential(book.keyring.fingerprint(name), name, Purpose.REGULAR, LONG_AGO))

    async def _stop(self) -> None:
        for caller in self._callers:
            caller.writer.transport.abort()
        await self.node.stop()

    # -- calls -----------------------------------------------------------------------------------------------------

    def say(self, call: Call) -> Reply:
        """Send a call as it is and return what came back, which must come soon."""
        return self._run(self._say(call))

    async def _say(self, call: Call) -> Reply:
        caller = self._callers.pop() if self._callers else None
        if caller is None or caller.reader.at_eof():
            caller = Caller(*await asyncio.open_connection("127.0.0.1", self.node.port))
        with suppress(ConnectionError):  # it may have answered, and hung up, before all was said
            await caller.say(_written(call))
        async with asyncio.timeout(SOON):
            reply = await self._reply(caller, call)
        if reply.headers.get(b"connection") == b"close" or reply.headers.get(b"content-type") == b"text/event-stream":
            caller.writer.transport.abort()
        else:
            self._callers.append(caller)
        return reply

    async def _reply(self, caller: Caller, call: Call) -> Reply:
        if call.name == "stream_facts":
            start = await caller.reader.readuntil(b"\r\n\r\n")
            if b"text/event-stream" in start:
                return Reply(int(start.split()[1]), {b"content-type": b"text/event-stream"}, b"")
            length = int(start.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0] or 0)
            body = b"" if call.method == "HEAD" else await caller.reader.readexactly(length)
            fields = dict(line.split(b": ", 1) for line in start[:-4].split(b"\r\n")[1:])
            return Reply(int(start.split()[1]), fields, body)
        return await caller.reply(bare=call.method == "HEAD")

    # -- what is there ---------------------------------------------------------------------------------------------

    def entry(self, seq: int) -> Entry | None:
        """Return a line of the journal."""
        found = self._run(self.node.store.entries(seq - 1, 1, through=seq))
        return found[0] if found else None

    def traced(self, id: str) -> bool:
        """Whether an exchange with this id left a trace."""
        return bool(self._run(self.node.store.traces(ids=(id,))))

    def restore(self) -> None:
        """Let the guest in again, whatever it did to its credentials."""
        self._run(self.admit("guest"))

    def lost(self) -> list[Receipt]:
        """Return what was recorded and is not in the journal, as somebody else reads it."""
        return self._run(self._lost())

    async def _lost(self) -> list[Receipt]:
        outside = open_store(self.node.settings, read_only=True)
        await outside.open()
        kept = {entry.seq: entry.key for entry in await outside.entries(0, 10_000_000)}
        await outside.close()
        return [receipt for key, receipt in self.recorded if not _is_kept(key, kept.get(receipt.seq))]


def _is_kept(told: Key, kept: Key | None) -> bool:
    """Whether an entry is still there; that of an erased driver goes by a pseudonym."""
    return told == kept or (kept is not None and kept.id.startswith("erased") and kept[:2] == told[:2])


def _listen_in(node: Node, recorded: list[tuple[Key, Receipt]], noted: list[str]) -> None:
    """Keep what the store acknowledged, and whose exchanges were traced."""
    tell, note = node.store.tell, node.metrics.saw

    def heard(telling: Telling, then: Callable[[Receipt | Exception], None]) -> None:
        def first(outcome: Receipt | Exception) -> None:
            if isinstance(outcome, Receipt) and outcome.verdict is Verdict.RECORDED and outcome.seq:
                recorded.append((telling.statement.key, outcome))
            then(outcome)

        tell(telling, first)

    def saw(exchange: Any) -> None:
        noted.append(exchange.partner)
        note(exchange)

    node.store.tell = heard  # type: ignore[method-assign]
    node.metrics.saw = saw  # type: ignore[method-assign]


def ocpi_headers(who: str, number: object = 0) -> Headers:
    """Return the headers of a good OCPI request of this partner to the hub."""
    country, _, code = PARTNERS[who][1].partition("/")[0].partition("*")
    return (
        (b"authorization", b"Token " + base64.b64encode(who.encode())),
        (b"content-type", b"application/json"),
        (b"x-request-id", f"r-{number}".encode()),
        (b"x-correlation-id", f"c-{number}".encode()),
        (b"ocpi-from-country-code", country.encode()),
        (b"ocpi-from-party-id", code.encode()),
        (b"ocpi-to-country-code", b"CH"),
        (b"ocpi-to-party-id", b"HUB"),
    )


FOREIGN = (
    b"", b"Token", b"Token " + base64.b64encode(b"emsp"), b"Token " + base64.b64encode(b"depot"), b"Token cpo",
    b"Token ====", b"Token \xff", b"Bearer cpo", b"Bearer depot", b"Bearer cards", b"Basic Y3BvOg==",
    b"Token " + b"A" * 8_000,
)  # fmt: skip


def _written(call: Call) -> bytes:
    target = call.path + (b"?" + call.query if call.query else b"")
    lines = [b"%b %b HTTP/1.1" % (call.method.encode(), target), b"host: node"]
    lines += [b"%b: %b" % field for field in call.headers]
    if call.body and all(name != b"transfer-encoding" for name, _ in call.headers):
        lines.append(b"content-length: %d" % len(call.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + call.body


def decoded(reply: Reply) -> Any:
    """Read JSON as a strict reader does."""
    return json.loads(reply.body.decode())
