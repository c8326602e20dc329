"""The documentation's pages, and the commands and links in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


class Block(NamedTuple):
    """What stands between two fences, and the word behind the language."""

    language: str
    manner: str
    text: str


class Step(NamedTuple):
    """One command, and what it must print; None where the page does not say."""

    command: str
    output: str | None


def blocks(page: Path) -> list[Block]:
    """Read the fenced blocks of a page in their order."""
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(*f"{one['info']} ".split(" ")[:2], one["text"]) for one in found]


def steps(block: Block) -> Iterator[Step]:
    """Read a block's commands: the whole of a script, or what stands behind each `$`."""
    if block.language == "sh":
        yield Step(block.text, None)
    elif block.language == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Step(command, output)


def links(page: Path) -> list[str]:
    """Read where a page's links lead."""
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Name the places in a page that a link may lead to, as the usual viewers make them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
