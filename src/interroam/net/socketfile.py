"""Serves doors at a socket file: whoever may open the file is the node's owner on this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from interroam.net.addresses import Addresses
from interroam.net.connection import Connection
from interroam.net.desk import Desk
from interroam.net.doors import Door, Doorway
from interroam.net.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 100
"""Bytes of a path that fit into a socket address everywhere."""


class SocketFile:
    """Listens at a path of mode 600."""

    def __init__(self, doors: Iterable[Door], path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self._doorway = Doorway(doors)
        self._limits = limits or Limits()
        self._desk: Desk | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a file left by a crash is replaced."""
        desk = self._desk = Desk(self._doorway, self._limits, Addresses())
        self.path.unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with short(self.path) as path:
                bound.bind(str(path))
        except OSError:
            bound.close()
            raise
        finally:
            os.umask(before)
        bound.setblocking(False)  # noqa: FBT003  the standard library's own signature
        self._server = await desk.loop.create_unix_server(lambda: Connection(desk), sock=bound)
        desk.sweep()

    async def close(self, grace_seconds: float = 1.0) -> None:
        """Let requests in flight finish and take the file away."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
        if self._desk is not None:
            await self._desk.close(grace_seconds)
            self._desk = None


@contextmanager
def short(path: Path) -> Iterator[Path]:
    """Name a socket file by a path short enough for a socket address, for as long as it is opened."""
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="interroam-") as folder:
        way = Path(folder) / "d"
        way.symlink_to(path.parent.absolute())
        try:
            yield way / path.name
        finally:
            with suppress(FileNotFoundError):
                way.unlink()
