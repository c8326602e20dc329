"""The generated pages in the repository are those that the code writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from interroam.cli.reference import PAGES
from interroam.settings import knobs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_says_what_the_code_says(name):
    assert (ROOT / "docs" / "reference" / name).read_text() == PAGES[name](), "run make docs"


def test_the_settings_page_names_every_knob():
    page = PAGES["settings.md"]()
    assert all(f"`{knob.variable}`" in page for knob in knobs())
