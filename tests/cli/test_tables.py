"""What people see: nothing cut, nothing folded, nothing behind the last letter."""

from __future__ import annotations

import pytest
from rich.console import Console

from interroam.cli import tables

ID = "01a1fd80-32ed-7000-8163-e6cbb4f59b71"


@pytest.fixture
def narrow(monkeypatch) -> None:
    """Look through a terminal of forty columns."""
    monkeypatch.setattr(tables, "console", lambda: Console(width=40, soft_wrap=True, highlight=False))


def test_a_pipe_gets_whole_lines_without_blanks_at_their_end(capsys):
    tables.table(("id", "note", "also"), [(ID, "x" * 300, ""), ("b", "[y]", True)])
    assert capsys.readouterr().out.splitlines() == [
        f"id{' ' * 36}note{' ' * 298}also",
        f"{ID}  {'x' * 300}",
        f"b{' ' * 37}[y]{' ' * 299}yes",
    ]


@pytest.mark.usefixtures("narrow")
def test_what_a_terminal_has_no_room_for_stands_below_its_line_so_that_ids_can_be_copied(capsys):
    tables.table(("id", "in force", "terms"), [(ID, True, ""), (ID, False, "without tariffs")])
    assert capsys.readouterr().out.splitlines() == [
        "id",
        ID,
        "  in force  yes",
        ID,
        "  in force  no",
        "  terms  without tariffs",
    ]


def test_names_and_values_stand_below_each_other_in_words(capsys):
    tables.pairs({"in_force": True, "cpos": ["CH*A01/CPO", "CH*A02/CPO"], "ends": None})
    assert capsys.readouterr().out == "in force  yes\ncpos      CH*A01/CPO CH*A02/CPO\nends\n"
