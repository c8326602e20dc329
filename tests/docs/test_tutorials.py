"""Every command of a tutorial works as it is printed, and prints what the page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from interroam.demo.nodes import free_port
from tests.docs.pages import ROOT, blocks
from tests.docs.terminal import Desk, as_printed

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
PORT = re.compile(r"\b87\d\d\b")


@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="the pages are typed with bash and curl"
)
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_works_as_printed(page: Path, tmp_path: Path):
    printed = sorted(set(PORT.findall(page.read_text(encoding="utf-8"))))
    desk = Desk(tmp_path, {port: str(free_port()) for port in printed})
    try:
        for block in blocks(page):
            desk.work(block)
    finally:
        desk.close()


def test_what_a_page_shows_is_compared_but_for_spaces_and_what_it_leaves_out():
    assert as_printed("a  b\n…\nz", "a b\nc\nd\nz  \n")
    assert as_printed('{"seq":…}', '{"seq":17}\n')
    assert not as_printed("a b", "a c")
    assert not as_printed("a\n…\nz", "a\nb\n")
