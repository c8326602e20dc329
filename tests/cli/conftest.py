"""A real node in a process of its own, and the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from interroam.cli.main import app

START_S = 30


class Line:
    """Types commands about one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *words: str, code: int = 0, **more: Any) -> str:
        """Run a command and return what it printed; its exit code must be as said."""
        result = CliRunner().invoke(app, [*words, "--data", str(self.data)], **more)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.stdout if code == 0 else result.output

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command and return its answer for programs."""
        result = CliRunner().invoke(app, [*words, "--json", "--data", str(self.data)])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


def serve(data: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a node and wait until it says where it is."""
    command = [sys.executable, "-m", "interroam", "serve", "--data", str(data), *words]
    environment = {**os.environ, "INTERROAM_INSECURE_HTTP": "true", "PYTHONUNBUFFERED": "1", **(env or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if " at http" in line:
            return process
    raise AssertionError("".join(said))


def stop(process: subprocess.Popen[str]) -> str:
    """End a node as a person would; returns the last it said."""
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    said = process.stdout.read()  # communicate() would forget what was read ahead
    process.wait(START_S)
    return said


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Take the log back from a command that set it up for its own output."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def node(tmp_path_factory) -> Iterator[Line]:
    data = tmp_path_factory.mktemp("node") / "data"
    process = serve(data)
    yield Line(data)
    stop(process)
