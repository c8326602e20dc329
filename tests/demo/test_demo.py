"""``interroam demo`` as a person starts it: a process in a terminal, its nodes processes below it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interroam.demo.crossing import is_spoken

NODES = ("hub", "cpo", "alpes", "nordstrom", *(("rhone", "lumen") if is_spoken() else ()))
WITH_ONE_AGREEMENT_TOO_MANY = """
import sys
from interroam.demo import cast
cast.NORD = cast.NORD._replace(countries=("FR", "CH", "DE"))
from interroam.demo.play import run
sys.exit(run(once=True))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give the demo a place of its own, and settings in the way that must not concern it."""
    return os.environ | {"TMPDIR": str(tmp_path), "INTERROAM_LISTEN_PORT": "1", "COLUMNS": "100"}


def left_behind(folder: Path) -> list[str]:
    """Name the processes whose command line speaks of this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def test_the_story_is_told_once_and_ends_well(tmp_path, environment):
    demo = [sys.executable, "-m", "interroam", "demo", "--once"]
    done = subprocess.run(demo, env=environment, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    for said in ("ALLOWED", "27.3 kWh", "overtaken ones are skipped", "START_SESSION", "STOP_SESSION", "NOT_ALLOWED"):
        assert said in done.stdout
    assert "no agreement between CPO CH*VLT and eMSP DE*NRD" in done.stdout
    if is_spoken():
        assert "the CDR arrives at Lumen" in done.stdout
        assert "eMIP_ToIOP_SetChargeDetailRecord" in done.stdout
    assert "all as they must be" in done.stdout.splitlines()[-1]
    assert (list(tmp_path.iterdir()), left_behind(tmp_path)) == ([], [])


def test_a_story_that_comes_out_otherwise_ends_with_a_failure(tmp_path, environment):
    demo = [sys.executable, "-c", WITH_ONE_AGREEMENT_TOO_MANY]
    done = subprocess.run(demo, env=environment, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 1
    assert "the story stopped" in done.stdout
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "after", "nodes"), [(signal.SIGINT, "Ctrl-C", len(NODES)), (signal.SIGTERM, "four nodes start", 4)]
)
def test_whatever_ends_the_demo_ends_its_nodes(tmp_path, environment, number, after, nodes):
    demo = [sys.executable, "-m", "interroam", "demo"]
    with subprocess.Popen(demo, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if after in line:
                    break
            assert len(left_behind(tmp_path)) == nodes
            process.send_signal(number)
            process.stdout.read()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    assert (list(tmp_path.iterdir()), left_behind(tmp_path)) == ([], [])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends the children of a killed parent")
def test_a_killed_demo_takes_its_nodes_along(tmp_path, environment):
    demo = [sys.executable, "-m", "interroam", "demo"]
    with subprocess.Popen(demo, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Four nodes meet" in line or "four nodes start" in line:
                break
        process.kill()
        process.stdout.read()
    for _ in range(200):
        if not left_behind(tmp_path):
            return
        os.sched_yield()
        signal.sigtimedwait([], 0.02)
    assert left_behind(tmp_path) == []
