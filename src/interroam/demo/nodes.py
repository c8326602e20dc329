"""Nodes as processes of their own: started on a free port, killed, frozen and restarted, and ended whatever happens."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from interroam.demo.api import ADMIN, Api, over_http, over_socket
from interroam.model.errors import Unavailable
from interroam.net.client import Client

_FIGURE = re.compile(r"^(\w+)(?:\{(.*)\})? ([-+.\deE]+|NaN)$", re.MULTILINE)
_PATIENCE_S = 20.0
_LOOK_S = 0.05
_PR_SET_PDEATHSIG = 1


class NodeEndedError(Exception):
    """A node's process ended by itself; the end of its log says why."""


class Node:
    """A node in a process of its own, its port and its data the same over all its lives."""

    def __init__(self, folder: Path, parts: str, party: str, client: Client, knobs: dict[str, object]) -> None:
        self.folder = folder
        self.party = party
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "node.toml"
        self.data = folder / "data"
        self.admin = Api(over_socket(self.data / "interroam.sock"), ADMIN)
        self._client = client
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        given: dict[str, object] = {
            "name": folder.name,
            "parts": [parts],
            "party": party,
            "data": str(self.data),
            "insecure_http": True,
            "listen.port": self.port,
            "log.format": "json",
        }
        self.config.write_text(_toml(given | knobs), encoding="utf-8")

    # -- lives -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "interroam",
                "serve",
                "-c",
                str(self.config),
                env={name: value for name, value in os.environ.items() if not name.startswith("INTERROAM_")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is ours; we end the nodes ourselves
                preexec_fn=_end_with_parent(os.getpid()),
            )
        await self.ready()

    async def ready(self, within: float = _PATIENCE_S) -> None:
        """Wait until the node answers; NodeEndedError when its process is over."""
        async with asyncio.timeout(within):
            while not await self._answers():
                if self._process is None or self._process.returncode is not None:
                    raise NodeEndedError(f"{self.folder.name} ended:\n{self.last_words()}")
                await asyncio.sleep(_LOOK_S)

    async def stop(self, grace: float = 8.0) -> None:
        """End the process gracefully; by force when it takes too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process with kill -9: nothing is flushed, nobody is told."""
        self.strike()
        if self._process is not None:
            await self._process.wait()

    def strike(self) -> None:
        """Send kill -9 this very moment, without waiting for the end."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def freeze(self) -> None:
        """Stop the process where it stands: its connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    # -- what it says ----------------------------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        """What the process wrote."""
        return self.folder / "node.log"

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:] if self.log.exists() else ""

    def office(self, token: str) -> Api:
        """The node's own API, as the back office with this secret sees it."""
        return Api(over_http(self._client, self.url, token))

    async def figures(self) -> dict[str, dict[str, float]]:
        """Its metrics: name, then labels as they are written, then the value."""
        answer = await self._client.request("GET", f"{self.url}/metrics", timeout=5.0)
        figures: dict[str, dict[str, float]] = {}
        for name, labels, value in _FIGURE.findall(answer.body.decode()):
            figures.setdefault(name, {})[labels] = float(value)
        return figures

    async def owed(self) -> int:
        """How many entries its couriers still have before them; -1 while it does not answer."""
        try:
            figures = await self.figures()
        except (Unavailable, OSError):
            return -1
        lags = figures.get("interroam_courier_lag", {})
        waiting = figures.get("interroam_courier_waiting", {})
        return int(max(lags.values(), default=0.0) + sum(waiting.values()))

    async def _answers(self) -> bool:
        try:
            return (await self._client.request("GET", f"{self.url}/health", timeout=1.0)).status == 200
        except (Unavailable, OSError):
            return False


@asynccontextmanager
async def nodes() -> AsyncIterator[Callable[..., Node]]:
    """Give what makes nodes, in a folder of their own that goes with them when this ends."""
    made: list[Node] = []
    client = Client()
    loop = asyncio.get_running_loop()
    current = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if current is not None:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, current.cancel)
    with tempfile.TemporaryDirectory(prefix="interroam-", ignore_cleanup_errors=True) as folder:

        def make(name: str, parts: str, party: str, /, **knobs: object) -> Node:
            given = {path.replace("__", "."): value for path, value in knobs.items()}
            made.append(Node(Path(folder) / name, parts, party, client, given))
            return made[-1]

        try:
            yield make
        finally:
            await asyncio.shield(_end(made, client))


async def connect(node: Node, hub: Node, name: str, parties: list[str], called: str = "") -> None:
    """Make a node and a hub partners of each other by the credentials handshake, at the node's request."""
    hub_party = f"{hub.party}/HUB"
    issued = await hub.admin.post("partners", body={"id": name, "name": called, "parties": parties})
    await node.admin.post("partners", body={"id": "hub", "parties": [hub_party]})
    await node.admin.post("partners", "hub", "register", body={"url": issued["url"], "token": issued["token"]})


def free_port() -> int:
    """Return a port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _end(made: list[Node], client: Client) -> None:
    await client.close()
    await asyncio.gather(*(node.stop() for node in made), return_exceptions=True)


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """Have the kernel end a child whose parent is gone, however that ended: nodes must not outlive their story."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _toml(knobs: dict[str, object]) -> str:
    """Write dotted knobs as TOML; JSON's strings, numbers and lists are TOML's too."""
    return "".join(f"{path} = {msgspec.json.encode(value).decode()}\n" for path, value in knobs.items())
