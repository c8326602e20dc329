"""Child processes, each on the core it is to be measured on."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
SERVER_CORE = 0
LOAD_CORE = 1
ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def pin(core: int) -> None:
    """Stay on this core, where there is more than one."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


class Child:
    """A server in a process of its own: ready when its port answers, ended with the block."""

    def __init__(
        self, command: list[str], port: int, core: int = SERVER_CORE, env: dict[str, str] | None = None, log: str = ""
    ) -> None:
        self.port = port
        self._command = command
        self._core = core
        self._env = {**os.environ, **(env or {})}
        self._log = ROOT / "bench" / ".cache" / f"{log or 'child'}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=ROOT,
                preexec_fn=lambda: pin(self._core),  # noqa: PLW1509  before it starts threads, or not at all
            )
        deadline = time.monotonic() + 120.0
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(self._command)} did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid if self._process is not None else 0

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex((HOST, self.port)) == 0
