"""Links lead somewhere, commands exist with their options, and settings load."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from interroam.cli.main import app
from interroam.settings import load
from tests.docs.pages import PAGES, ROOT, anchors, blocks, links, steps

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WRITTEN_BY_A_RUN = {"docs/reference/bench.md"}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_page_and_a_place_that_exist(name):
    page = ROOT / name
    for link in links(page):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name} links to {link}"
        assert not place or place in anchors(target), f"{name} links to {link}"


def test_the_index_names_every_page():
    named = {(ROOT / "docs" / link).resolve() for link in links(ROOT / "docs" / "README.md")}
    pages = {page for page in PAGES if (ROOT / "docs") in page.parents} - {ROOT / "docs" / "README.md"}
    pages -= {ROOT / one for one in WRITTEN_BY_A_RUN}
    assert {str(page.relative_to(ROOT)) for page in pages - named} == set()


def typed(page: Path) -> Iterator[list[str]]:
    """Give the words of every interroam command that a page prints."""
    for block in blocks(page):
        for step in steps(block):
            for line in step.command.replace("\\\n", " ").splitlines():
                if found := re.search(r"(?:^|; |&& )\s*(?:INTERROAM_\S+ )*(interroam .*)", line):
                    command = re.split(r" \|\|? | > | && ", found[1])[0]
                    yield shlex.split(command)[1:]


@pytest.mark.parametrize("name", [name for name in NAMES if "reference" not in name])
def test_every_command_on_a_page_exists_with_its_options(name):
    for words in typed(ROOT / name):
        command, rest = typer.main.get_command(app), words
        with command.make_context("interroam", [], resilient_parsing=True) as context:
            while rest and (inner := getattr(command, "commands", {}).get(rest[0])):
                command, rest = inner, rest[1:]
            assert not hasattr(command, "commands"), f"{name}: there is no {' '.join(words)}"
            prompts = [one for one in command.params if getattr(one, "prompt", None)]
            command.params = [one for one in command.params if one not in prompts or set(one.opts) & set(rest)]
            command.make_context(words[0], list(rest), parent=context)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_settings_loads(name, tmp_path):
    for number, block in enumerate(blocks(ROOT / name)):
        if block.language == "toml" and "node" in block.manner:
            file = tmp_path / f"{number}.toml"
            file.write_text(block.text, encoding="utf-8")
            assert load(file, {}).data


def test_the_page_of_settings_has_an_example_to_load():
    page = ROOT / "docs" / "how-to" / "configure-a-node.md"
    assert [block.manner for block in blocks(page) if block.language == "toml"] == ["node", "node"]
