"""The flush precedes the answer: seen in the system calls of a process that records one by one.

What the disk itself does after fdatasync has returned is the limit of what can be shown.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANSWER = re.compile(r"write\(1(?:<[^>]*>)?, \"\d+\\n\"")
FLUSH = re.compile(r"f(?:data)?sync\(.*= 0$|f(?:data)?sync resumed.*= 0$")
LOG = re.compile(r"pwrite64\(\d+<[^>]*-wal>")
TOLD = 20
ONE_BY_ONE = """
import asyncio, sys
from tests.store import recorder
recorder.IN_FLIGHT = 1
asyncio.run(recorder.main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.timeout(60)
def test_the_log_is_flushed_between_its_last_write_and_the_answer(tmp_path):
    if shutil.which("strace") is None:
        if os.environ.get("INTERROAM_SOAK"):
            pytest.fail("strace is required here")
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=pwrite64,fsync,fdatasync,write", "-o", trace,
         sys.executable, "-c", ONE_BY_ONE, str(tmp_path / "node.db"), str(TOLD)],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    answers, dirty, flushed = 0, False, False
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        if LOG.search(line):
            dirty, flushed = True, False
        elif FLUSH.search(line):
            dirty, flushed = False, True
        elif ANSWER.search(line):
            answers += 1
            assert flushed, f"answer {answers} left before the flush"
            assert not dirty
            flushed = False
    assert answers == TOLD
