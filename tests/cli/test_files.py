"""Commands that read a node's files: without a node, or beside it; and the life of ``serve``."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interroam.app import Node
from interroam.cli.main import app
from interroam.core.audit import LOCAL
from interroam.model.facts import Fact, Origin
from interroam.model.parties import PartnerState
from interroam.settings import load
from tests.cli.conftest import Line, serve, stop
from tests.core.objects import cdr, partner, session


@pytest.fixture
def left(tmp_path) -> Line:
    """Leave the files of a node that recorded one charge and stopped."""

    async def live() -> None:
        async with Node(load(env={}, given={"data": str(tmp_path / "data")})) as node:
            await node.office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
            await node.book.set_state("cpo", PartnerState.CONNECTED)
            await node.hub.tell(Origin("cpo", correlation="put"), Fact(session()))
            await node.hub.tell(Origin("cpo", correlation="post"), Fact(cdr()))

    asyncio.run(live())
    return Line(tmp_path / "data")


def test_journal_trace_and_dossier_are_read_without_a_node(left):
    lines = left.json("journal")["lines"]
    assert [line["operation"] for line in lines] == ["session made", "cdr made"]
    assert [line["operation"] for line in left.json("journal", "--kind", "cdr")["lines"]] == ["cdr made"]
    assert left.json("trace")["lines"] == []
    assert left.json("dossier", "C1")["summary"]["session"] == "S1"
    assert "12.5 kWh" in left("dossier", "S1")


def test_a_dossier_is_exported_to_one_file(left, tmp_path):
    file = tmp_path / "story.json"
    left("dossier", "C1", "--export", str(file))
    assert '"S1"' in file.read_text()


def test_a_backup_is_a_store_that_can_be_read(left, tmp_path):
    copy = tmp_path / "copy.db"
    said = left("backup", str(copy))
    assert "interroam.key" in said
    with sqlite3.connect(copy) as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (2,)
    assert "exists already" in left("backup", str(copy), code=1)


def test_a_backup_is_restored_where_nothing_is_and_never_over_something(left, tmp_path):
    copy, other = tmp_path / "copy.db", Line(tmp_path / "other")
    left("backup", str(copy))
    assert "exists already" in left("restore", str(copy), code=1)
    assert "put the keys back too" in other("restore", str(copy))
    assert other.json("journal") == left.json("journal")
    assert (tmp_path / "other" / "interroam.db").stat().st_mode & 0o777 == 0o600
    assert "exists already" in left("restore", str(copy), "--to", str(tmp_path / "other" / "interroam.db"), code=1)


def test_what_is_no_copy_is_not_restored_and_leaves_nothing(left, tmp_path):
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    (tmp_path / "folder").mkdir()
    with sqlite3.connect(tmp_path / "empty.db") as db:
        db.execute("CREATE TABLE foreigners (x)")
    target = tmp_path / "target.db"
    for name, said in {
        "noise.db": "is no copy of a node",
        "empty.db": "is no copy of a node",
        "folder": "is a copy of PostgreSQL",
        "nowhere": "there is no copy",
    }.items():
        assert said in " ".join(left("restore", str(tmp_path / name), "--to", str(target), code=1).split())
    assert list(tmp_path.glob("target*")) == []


def test_where_no_node_runs_a_command_says_how_to_start_one(left, tmp_path):
    said = left("partner", "list", code=3)
    assert "no node runs" in said
    assert "interroam serve" in said
    assert "there is no store" in Line(tmp_path / "nowhere")("journal", code=1)


def test_a_node_says_how_to_go_on_and_ends_when_told_to_leaving_no_socket_behind(tmp_path):
    process = serve(tmp_path / "data")
    said = stop(process)
    assert process.returncode == 0
    assert "interroam partner add" in said
    assert not (tmp_path / "data" / "interroam.sock").exists()


def test_a_second_node_on_the_same_files_is_told_what_to_do(tmp_path):
    process = serve(tmp_path / "data")
    try:
        second = CliRunner().invoke(app, ["serve", "--data", str(tmp_path / "data")])
    finally:
        stop(process)
    assert second.exit_code == 1
    assert "belongs to a running node" in second.output
    assert "give this one a file of its own" in " ".join(second.output.split())


def test_a_node_reads_its_settings_file_and_names_a_wrong_one(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text("[listen]\nprot = 1\n")
    wrong = CliRunner().invoke(app, ["serve", "-c", str(file)])
    assert (wrong.exit_code, "there is no setting listen.prot" in " ".join(wrong.output.split())) == (2, True)


def test_without_its_keys_a_store_is_not_opened_until_a_person_says_that_they_are_lost(left):
    keys = left.data / "interroam.key"
    kept = keys.read_bytes()
    keys.unlink()
    for _ in range(2):  # the first attempt leaves keys of its own
        said = CliRunner().invoke(app, ["serve", "--data", str(left.data)])
        assert (said.exit_code, "is not the key of this store" in said.output) == (1, True)
    keys.write_bytes(kept)
    stop(serve(left.data))
    keys.unlink()
    stop(serve(left.data, "--new-keys"))
    stop(serve(left.data))


@pytest.mark.parametrize(("name", "said"), [("interroam.key", "holds no keys"), ("interroam.db", "cannot be opened")])
def test_a_file_of_the_node_that_is_spoiled_is_named(left, name, said):
    (left.data / name).write_bytes(b"noise" * 1000)
    result = CliRunner().invoke(app, ["serve", "--data", str(left.data)])
    assert (result.exit_code, f"{name} {said}" in result.output) == (1, True)
    assert said in left("journal", code=1)


@pytest.mark.parametrize("after_s", [0.1, 0.5])
def test_ctrl_c_while_a_node_is_starting_ends_it_without_a_word_of_python(tmp_path, after_s):
    words = [sys.executable, "-m", "interroam", "serve", "--data", str(tmp_path / "data")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert "Traceback" not in said


def test_a_socket_file_with_a_very_long_path_works(tmp_path):
    data = tmp_path / ("deep" * 20) / ("down" * 20)
    process = serve(data)
    try:
        assert Line(Path(data)).json("status")["head"] == 0
    finally:
        stop(process)
