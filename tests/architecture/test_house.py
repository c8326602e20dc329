"""The rules of the house that no linter knows."""

import re
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 400
EMPTY_WORDS = {"utils", "helpers", "common", "base", "manager", "service", "handler", "facade"}
RULE = re.compile(r'^\s*"[A-Z]+\d*",?')

FILES = sorted(chain.from_iterable((ROOT / top).rglob("*.py") for top in ("src", "tests", "bench", "trial")))


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST} == {}


def test_no_file_has_a_name_that_says_nothing():
    parts = {str(file.relative_to(ROOT)): {*file.relative_to(ROOT).with_suffix("").parts} for file in FILES}
    assert {file: words & EMPTY_WORDS for file, words in parts.items() if words & EMPTY_WORDS} == {}


def ignored_rules() -> list[str]:
    """Give the lines that switch a rule of ruff off."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ruff = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-tidy-imports")]
    return [line for line in ruff.splitlines() if RULE.match(line) and "select" not in line]


def test_every_rule_that_is_off_has_its_reason():
    assert ignored_rules()
    assert [line.strip() for line in ignored_rules() if not re.search(r"# +\S+ \S+", line)] == []
