"""A newcomer's terminals: commands are typed as they are printed, and what comes back is compared."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.docs.pages import Block, Step, steps

_DONE = "<<done>>"
_ANYTHING = "…"
_TRIES = 40
_AGAIN_S = 0.1


class Desk:
    """One shell to type in, and as many terminals as nodes are started."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self._folder = folder
        self._ports = ports
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERROAM_")}
        self._environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._nodes: list[subprocess.Popen[str]] = []
        self._shell = self._start(["bash"])

    def work(self, block: Block) -> None:
        """Do what a block says."""
        if block.manner == "terminal":
            self._serve(block.text)
        elif block.manner != "before":
            for step in steps(block):
                self._type(step)

    def close(self) -> None:
        """End every node, then the shell."""
        for node in self._nodes:
            os.killpg(node.pid, signal.SIGTERM)
        for node in self._nodes:
            node.communicate(timeout=20)
        self._shell.communicate("exit\n", timeout=5)

    def _type(self, step: Step) -> None:
        printed = self._typed(step.command)
        for _ in range(_TRIES):  # a person is slower than the couriers
            if step.output is None or as_printed(self._put(step.output), printed):
                break
            time.sleep(_AGAIN_S)
            printed = self._typed(step.command)
        else:
            raise AssertionError(f"{step.command}\n{printed}")
        assert step.output is not None or "error" not in printed, f"{step.command}\n{printed}"

    def _typed(self, command: str) -> str:
        shell = self._shell
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f"{self._put(command)}\necho '{_DONE}'\n")
        shell.stdin.flush()
        said = []
        for line in shell.stdout:
            if line.strip() == _DONE:
                break
            said.append(line)
        return "".join(said)

    def _serve(self, command: str) -> None:
        node = self._start(["bash", "-c", f"exec {self._put(command)}"])
        self._nodes.append(node)
        assert node.stdout is not None
        for line in node.stdout:
            if " at http" in line:
                return
        raise AssertionError(f"{command} ended")

    def _start(self, words: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _put(self, text: str) -> str:
        for printed, free in self._ports.items():
            text = text.replace(printed, free)
        return text


def as_printed(expected: str, printed: str) -> bool:
    """Tell whether a page shows what was printed: spaces do not count, and `…` stands for anything."""
    parts = (re.escape(" ".join(part.split())) for part in expected.split(_ANYTHING))
    pattern = r"\s*.*\s*".join(part.replace(r"\ ", r"\s+") for part in parts)
    return re.fullmatch(rf"\s*{pattern}\s*", printed, re.DOTALL) is not None
