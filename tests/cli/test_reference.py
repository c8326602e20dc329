"""The generated pages in the repository are those that the code writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from interroam.cli.reference import PAGES
from interroam.protocols.ocpi import profiles as ocpi
from interroam.settings import knobs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_says_what_the_code_says(name):
    assert (ROOT / "docs" / "reference" / name).read_text() == PAGES[name](), "run make docs"


def test_the_commands_page_says_what_each_command_does_in_a_whole_sentence():
    said = [line for line in PAGES["commands.md"]().splitlines() if line.startswith("* `") and line[3] != "-"]
    assert "* `status`: Say how the node is." in said
    assert [line for line in said if not line.endswith((".", "]"))] == []
    assert [line for line in said if line.endswith("...")] == []


def test_the_profiles_page_gives_every_switch_its_value_in_every_profile():
    emip = pytest.importorskip("interroam.protocols.emip.profiles")
    page = PAGES["profiles.md"]().partition("## eMIP")
    for text, table, profiles in (
        (page[0], ocpi.Switches, ocpi.PROFILES),
        (page[2], emip.Switches, emip.PROFILES),
    ):
        rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
        shown = {row[0].strip("| `"): [cell.strip("`") for cell in row[2:-1]] for row in rows}
        assert shown == {
            name: [str(getattr(one, name)).lower() or "–" for one in profiles.values()]
            for name in table.__struct_fields__
        }
        assert all(row[-1].strip(" |").endswith(".") for row in rows)


def test_the_settings_page_names_every_knob():
    page = PAGES["settings.md"]()
    assert all(f"`{knob.variable}`" in page for knob in knobs())
