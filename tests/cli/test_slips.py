"""Slips at the command line: said in a line, with what to do, and a code; never a trace of the machinery."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from interroam.cli.main import app
from tests.cli.conftest import Line


def typed(*words: str, **more: str) -> tuple[int, list[str]]:
    """Type a command nowhere in particular and return its code and what it said."""
    result = CliRunner().invoke(app, words, env=more)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output.splitlines()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("prtner",), "no such command 'prtner'. Did you mean 'partner'?"),
        (("partner", "lst"), "no such command 'lst'. Did you mean 'list'?"),
        (("partner", "add"), "missing argument 'name'"),
        (
            ("serve", "--port", "70000"),
            "invalid value for '--port' / '-p': 70000 is not in the range 0<=x<=65535",
        ),
        (("journal", "-n", "0"), "invalid value for '--limit' / '-n': 0 is not in the range x>=1"),
        (
            ("agreement", "explain", "04A1", "--at", "yesterday"),
            "invalid value for '--at': 'yesterday' is no time: write it as 2026-03-01 or 2026-03-01T08:00:00Z",
        ),
        (("agreement", "simulate"), "no card is named"),
        (("agreement", "explain", "--evse", "CH-CCC-E1"), "no card is named"),
        (("agreement", "explain", "CH-CCC-E1", "--card", "04A1"), "two are named as the card: CH-CCC-E1 and 04A1"),
        (("partner", "list", "-c", "/no/where.toml"), "/no/where.toml: No such file or directory"),
        (("partner", "list", "--url", "hub.example"), "hub.example is no address of a node"),
        (("backup", "copy.db", "--url", "http://hub.example"), "this works with the node's files"),
        (("dossier", "", "--url", "http://hub.example"), "an id is empty"),
    ],
)
def test_what_is_typed_wrong_is_said_in_one_line_and_ends_with_two(words, said):
    code, lines = typed(*words)
    assert (code, lines[0]) == (2, f"error: {said}")
    assert len(lines) <= 2


def test_a_noun_without_a_verb_shows_its_verbs():
    code, lines = typed("partner")
    assert code == 2
    assert any("register" in line for line in lines)
    assert not any("error" in line for line in lines)


def test_commands_stand_beside_those_of_the_same_purpose():
    code, lines = typed("-h")
    panels = [line for line in lines if line.startswith("╭")]
    assert code == 0
    assert [" ".join(line.strip("╭─╮ ").split()) for line in panels][1:3] == ["Run a node", "Who roams with whom"]


def test_a_node_elsewhere_that_does_not_answer_is_not_mistaken_for_the_files_here(tmp_path):
    code, lines = typed("journal", "--url", "http://127.0.0.1:1", "--data", str(tmp_path))
    assert code == 3
    assert lines == ["error: the node at http://127.0.0.1:1 cannot be reached: Connection refused"]


def test_the_settings_may_be_named_once_for_all_commands(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text(f'data = "{tmp_path / "elsewhere"}"')
    code, lines = typed("status", INTERROAM_CONFIG=str(file))
    assert (code, lines[0]) == (3, f"error: no node runs on {tmp_path / 'elsewhere'}")


@pytest.mark.parametrize(
    "words",
    [
        ("dossier", "nothing", "--export", "/no/where.json"),
        ("partner", "certificate", "authority", "--to", "/no/where.pem"),
        ("backup", "/no/where.db"),
        ("agreement", "add", "NL-EEE/EMSP", "CH-CCC/CPO", "--tariff", "/no/where.json"),
    ],
)
def test_a_file_that_cannot_be_read_or_written_is_named(node, words):
    said = node(*words, code=1)
    assert said.startswith("error: ")
    assert "/no" in said or "nothing is known" in said


def test_what_answers_nothing_answers_programs_all_the_same(node):
    node("partner", "add", "brief", "--party", "CH*BRF/CPO")
    assert node.json("partner", "remove", "brief", "--yes") == {"forgotten": "brief"}
    node("user", "add", "bob", "--password", "correct horse battery")
    assert node.json("user", "remove", "bob") == {"removed": "bob"}


def test_a_password_comes_from_the_input_where_nobody_types(node):
    assert "carol" in node("user", "add", "carol", input="correct horse battery\n")
    node("user", "remove", "carol")


def test_a_port_that_is_taken_and_a_place_that_is_no_directory_are_named(node: Line, tmp_path):
    taken = node.json("status")["url"].rpartition(":")[2]
    code, lines = typed("serve", "--data", str(tmp_path / "new"), "--port", taken)
    assert (code, lines[-2]) == (1, f"error: cannot listen at 127.0.0.1:{taken}: Address already in use")
    (tmp_path / "file").touch()
    assert typed("serve", "--data", str(tmp_path / "file")) == (1, [f"error: {tmp_path / 'file'}: File exists"])
    code, lines = typed("serve", INTERROAM_TLS_KEY="/no/key.pem", INTERROAM_TLS_CERTIFICATE="/no/chain.pem")
    assert (code, lines) == (1, ["error: /no/chain.pem: No such file or directory"])
