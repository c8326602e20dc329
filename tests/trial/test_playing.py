"""The trial itself, on a small generated week: three node processes, real files, real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def play(folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(
        [sys.executable, "-m", "trial"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "TRIAL_DATA": str(folder), "CHAOS": ""} | environment,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done, json.loads((folder / "trial.json").read_text())


def test_a_generated_week_arrives_without_a_difference(tmp_path):
    done, result = play(tmp_path, TRIAL_SIZE="120x1500")
    assert done.stdout.splitlines()[-1] == "generated: 123 EVSEs, 1,500 changes, 0 differences"
    assert (result["data"], result["changes"], result["differences"]) == ("generated", 1_500, 0)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_when_the_hub_is_killed_again_and_again(tmp_path):
    _, result = play(tmp_path, TRIAL_SIZE="120x1500", CHAOS="1")
    chaos = result["chaos"]
    assert chaos["hub_kills"] >= 5
    assert min(chaos["in_flight_at_kill"]) >= 32
    assert (chaos["lost"], chaos["refused"], result["differences"]) == (0, 0, 0)
