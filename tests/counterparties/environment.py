"""Virtual environments of other people's OCPI libraries: one each, pinned, made once, outside of our own."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
LIBRARIES = ("extrawest-ocpi", "py-ocpi")


class CannotInstall(Exception):  # noqa: N818  it says what happened
    """No package index, or one without this library."""


def python_of(library: str) -> Path:
    """Return the interpreter that has this library, installing it when its lock is new."""
    lock = HERE / f"requirements-{library}.lock"
    home = ROOT / ".venv-peers" / library
    stamp = home / ".made-of"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    home.parent.mkdir(exist_ok=True)
    with (home.parent / f"{library}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _make(home, lock)
            stamp.write_text(wanted)
    return home / "bin" / "python"


def _make(home: Path, lock: Path) -> None:
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [*pip, "install", "--no-deps", "--requirement", str(lock)],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotInstall(f"{' '.join(command)}: {done.stderr.strip()[-1000:]}")


if __name__ == "__main__":
    for name in LIBRARIES:
        print(python_of(name))
