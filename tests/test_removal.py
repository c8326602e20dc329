"""A protocol can be taken out of the house: its folder, and the lines of `app.py` that introduce it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOME = (
    "tests/test_app.py",
    "tests/core/asking/test_asking.py",
    "tests/protocols/plain",
    "tests/stories/test_roaming_life.py",
)
NAMES_IT = re.compile(r"\bemip\b|Emip", re.IGNORECASE)


def without(room: str, into: Path) -> Path:
    """Copy the project without one protocol room, and without the tests that are about it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        source, target = ROOT / name, into / name
        if source.is_file() and not name.startswith(f"src/interroam/protocols/{room}/") and not about(room, name):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    app = into / "src" / "interroam" / "app.py"
    lines = app.read_text(encoding="utf-8").splitlines(keepends=True)
    app.write_text("".join(line for line in lines if not NAMES_IT.search(line)), encoding="utf-8")
    return into


def about(room: str, name: str) -> bool:
    """Whether a file of the tests, the bench or the pages is about this room, or about taking it out."""
    if not name.startswith(("tests/", "bench/", "docs/")):
        return False
    file = ROOT / name
    built_on = file.suffix == ".py" and f"protocols.{room}" in file.read_text(encoding="utf-8")
    return room in name or built_on or file == Path(__file__)


def run(house: Path, *command: str, within: float) -> subprocess.CompletedProcess[str]:
    """Run something in the house that is left, never in the one it was taken from."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("no repository to copy from")
    return without("emip", tmp_path_factory.mktemp("house"))


def test_two_lines_introduce_the_room():
    app = (ROOT / "src" / "interroam" / "app.py").read_text(encoding="utf-8")
    assert len([line for line in app.splitlines() if NAMES_IT.search(line)]) == 2


@pytest.mark.parametrize("room", ["Ocpi", "Emip", "Plain"])
def test_every_room_is_introduced_in_the_same_way(room):
    app = (ROOT / "src" / "interroam" / "app.py").read_text(encoding="utf-8")
    imported, *mounted = (line.strip() for line in app.splitlines() if f"{room}Room" in line)
    assert imported == f"from interroam.protocols.{room.lower()}.room import {room}Room"
    assert [line.partition("Room(")[0] for line in mounted] == [f"self._mount({room}"]


def test_nothing_else_knows_the_room():
    others = [file for file in (ROOT / "src").rglob("*.py") if "emip" not in file.parts]
    text = re.compile(r"^\s*(?:from|import) interroam\.protocols\.emip", re.MULTILINE)
    named = [str(file.relative_to(ROOT)) for file in others if text.search(file.read_text(encoding="utf-8"))]
    assert named == ["src/interroam/app.py"]


@pytest.mark.timeout(180)
def test_a_house_without_the_room_holds_its_floors_and_passes_other_tests(house):
    assert not (house / "src" / "interroam" / "protocols" / "emip").exists()
    floors = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert floors.returncode == 0, floors.stdout
    tried = run(house, "pytest", "-q", "--no-header", "-x", "-p", "no:cacheprovider", *SOME, within=150)
    assert tried.returncode == 0, tried.stdout[-4000:]


@pytest.mark.soak
def test_a_house_without_the_room_is_typed_and_passes_every_other_test(house):
    typed = run(house, "mypy", "--no-error-summary", "src", within=600)
    assert typed.returncode == 0, typed.stdout[-4000:]
    pages = ("--ignore=tests/docs", "--ignore=tests/cli/test_reference.py")  # they speak of the room
    tried = run(house, "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--timeout=120", *pages, within=1200)
    assert tried.returncode == 0, tried.stdout[-4000:]
