"""The peers: OCPI server libraries of others, each in a virtual environment of its own, asked the same."""

from __future__ import annotations

from typing import Self

from bench.messages import Door
from bench.processes import HOST, ROOT, Child, free_port
from tests.counterparties.environment import python_of

DOORS = {"py-ocpi": "bench.apps.pyocpi", "extrawest-ocpi": "bench.apps.extrawest"}


class Peer:
    """One peer on the server's core; ends with the block."""

    def __init__(self, library: str) -> None:
        self.library = library
        port = free_port()
        self.door = Door(HOST, port, "/ocpi/emsp/2.2.1", "/ocpi/cpo/2.2.1", "bench", "/")
        command = [str(python_of(library)), "-m", DOORS[library], str(port)]
        self._child = Child(command, port, env={"PYTHONPATH": str(ROOT)}, log=library)

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._child.__exit__(None, None, None)
