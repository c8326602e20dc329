"""The page about what we stand on names what the package states, and nothing else."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
STATED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements):
    return {re.split(r"[<>=; ]", one)[0] for one in requirements}


def test_every_dependency_has_its_row_and_no_row_is_left_over():
    rows = re.findall(r"^\| ([\w, -]+) \|", PAGE, re.MULTILINE)
    told = {name for row in rows[1:] for name in row.split(", ")}
    assert told == names(STATED["dependencies"])


def test_what_the_workshop_needs_is_named():
    workshop = PAGE.partition("For the workshop:")[2].partition("**Locks.**")[0]
    missing = {
        name for name in names(STATED["optional-dependencies"]["dev"]) if not re.search(rf"\b{name}\b", workshop)
    }
    assert missing == set()
