"""Commands against a running node: tables for people, JSON for programs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from interroam.cli.main import app
from tests.cli.conftest import Line, serve, stop


def test_a_partner_is_added_with_a_secret_shown_once_listed_amended_and_removed(node):
    shown = node("partner", "add", "one", "--party", "CH*ONE/CPO", "--name", "One")
    assert "/ocpi/versions" in shown
    assert "token" in shown
    assert "CH*ONE/CPO" in node("partner", "list")
    amended = node.json("partner", "amend", "one", "--party", "CH*ONE/CPO", "--party", "CH*UNO/CPO")
    assert (amended["parties"], amended["name"]) == (["CH*ONE/CPO", "CH*UNO/CPO"], "One")
    assert "encoding=plain" in node("partner", "amend", "one", "--switch", "encoding=plain")
    assert node.json("partner", "suspend", "one")["state"] == "suspended"
    assert node.json("partner", "resume", "one")["state"] == "planned"
    assert "Forget one?" in node("partner", "remove", "one", code=1, input="n\n")
    node("partner", "remove", "one", "--yes")
    node("partner", "add", "two", "--protocol", "plain", "--party", "CH*TWO/CPO")
    node("partner", "suspend", "two")
    assert node.json("partner", "resume", "two")["state"] == "connected"  # there is no registration to wait for
    assert "there is no partner one" in node("partner", "show", "one", code=1)


def test_an_amendment_changes_of_the_prices_what_it_names(node, tmp_path):
    tariff = {"currency": "CHF", "elements": [{"components": [{"dimension": "ENERGY", "price": "0.50"}]}]}
    file = tmp_path / "tariff.json"
    file.write_text(json.dumps({"party": "CH*PRI", "id": "T1", **tariff}))
    made = node.json("agreement", "add", "NL*PRI/EMSP", "CH*PRI/CPO", "--tariff", str(file), "--hold", "--clearing")

    def amended(*words):
        node("agreement", "amend", made["id"], *words)
        node("agreement", "accept", made["id"])
        prices = node.json("agreement", "show", made["id"])["prices"]
        return [one["id"] for one in prices.pop("tariffs", [])], prices

    held = {"beyond": "hold", "clearing": True}
    assert amended("--tolerance", "0.05") == (["T1"], {"tolerance": "0.05", **held})
    assert amended("--no-hold", "--by-module") == ([], {"tolerance": "0.05", "clearing": True})
    assert amended("--no-clearing") == ([], {"tolerance": "0.05"})


def test_a_back_office_gets_a_new_token_by_rotating(node):
    first = node.json("partner", "add", "office", "--protocol", "plain", "--party", "CH*OFF/CPO")
    second = node.json("partner", "rotate", "office")
    assert first["url"].endswith("/api/v1")
    assert first["token"] != second["token"]


def test_a_token_goes_to_a_file_that_only_its_owner_reads_instead_of_the_screen(node, tmp_path):
    file = tmp_path / "office.token"
    shown = node("partner", "add", "quiet", "--protocol", "plain", "--party", "CH*QUI/CPO", "--token-file", str(file))
    token = file.read_text()
    assert len(token) > 20
    assert token not in shown
    assert file.stat().st_mode & 0o777 == 0o600
    node("partner", "token", "quiet", "--token-file", str(file))
    assert file.read_text() not in ("", token)
    kept = file.read_text()
    nowhere = str(tmp_path / "no" / "where")
    assert "No such file or directory" in node("partner", "token", "quiet", "--token-file", nowhere, code=1)
    assert file.read_text() == kept  # and it still counts: nothing was issued
    node("partner", "add", "unsaid", "--party", "CH*UNS/CPO", "--token-file", nowhere, code=1)
    assert "there is no partner unsaid" in node("partner", "show", "unsaid", code=1)


def test_a_route_is_set_for_all_or_for_one_module_listed_and_taken_back(node):
    for name in ("here", "there"):
        node("partner", "add", name, "--party", "NL*RTE/EMSP")
    node("partner", "route", "NL*RTE/EMSP", "there", "here")
    node("partner", "route", "NL*RTE/EMSP", "here", "--module", "cdrs")
    assert node.json("partner", "routes")["routes"] == [
        {"party": "NL*RTE/EMSP", "partners": ["there", "here"]},
        {"party": "NL*RTE/EMSP", "partners": ["here"], "module": "cdrs"},
    ]
    assert "there here" in node("partner", "routes")
    node("partner", "route", "NL*RTE/EMSP", "--module", "cdrs")
    node("partner", "route", "NL*RTE/EMSP")
    assert "no routes" in node("partner", "routes")
    assert "bills" in node("partner", "route", "NL*RTE/EMSP", "here", "--module", "bills", code=1)


def test_whom_one_is_added_to_register_with_stays_only_when_that_worked(node, tmp_path):
    ours = Line(tmp_path / "ours")
    process = serve(ours.data, env={"INTERROAM_PARTS": "cpo", "INTERROAM_PARTY": "CH*RGS"})
    there = node.json("partner", "add", "rgs", "--party", "CH*RGS/CPO")
    words = ("partner", "add", "hub", "--party", "ZZ*HUB/HUB", "--partner-url", there["url"], "--partner-token")
    try:
        ours("partner", "add", "office", "--protocol", "plain", "--party", "CH*RGS/CPO")
        assert "error" in ours(*words, "wrong", code=1)
        assert [one["id"] for one in ours.json("partner", "list")["partners"]] == ["office"]
        assert ours.json(*words, there["token"])["state"] == "connected"
        assert [one["module"] for one in ours.json("pull", "hub")["pulls"]] == ["tokens"]  # nobody here asks for more
        assert ours.json("status")["party"] == "CH*RGS"
        assert "leave --token-file out" in ours("partner", "rotate", "hub", "--token-file", "x", code=2)
    finally:
        stop(process)
    assert node.json("partner", "show", "rgs")["state"] == "connected"


def test_an_agreement_is_added_explained_amended_and_ended(node):
    made = node.json("agreement", "add", "NL*AGR/EMSP", "CH*AGR/CPO", "--policy", "cdrs=strict", "--without", "tariffs")
    assert made["terms"] == {"cdrs": {"policy": "strict"}, "tariffs": {"on": False}}
    assert made["id"] in node("agreement", "list")
    beside = node.json("agreement", "add", "NL*AGR/EMSP", "CH*AGR/CPO", "--location", "L1")
    assert beside["beside"] == [made["id"]]
    assert made["id"] in node("agreement", "show", beside["id"])
    again = node("agreement", "add", "NL*AGR/EMSP", "CH*AGR/CPO", "--location", "L1", "--until", "2099-01-01", code=1)
    assert f"agreement {beside['id']} says the same, from 20" in again
    assert "cdrs mode A" in " ".join(node("agreement", "terms", made["id"], "--mode", "cdrs=A", "--signed").split())
    terms = node.json("agreement", "show", made["id"])["terms"]
    assert terms["cdrs"] == {"mode": "A", "policy": "strict", "signed": True}  # what was not named stays
    said = node("agreement", "explain", "NL-AGR-C12345678-1", "--cpo", "CH*AGR", code=1)
    assert "no partner speaks for NL*AGR/EMSP" in said
    one = node.json("agreement", "amend", made["id"], "--evse", "CH*AGR/CH*AGR*E1", "--evse", "7")
    assert one["selections"] == [{"cpo": "CH*AGR", "evses": ["ch*agr*e1"]}, {"evses": ["7"]}]
    assert node.json("agreement", "amend", made["id"], "--smart", "CH*SCP/SCSP")["smart_charging"] == ["CH*SCP/SCSP"]
    assert "smart_charging" not in node.json("agreement", "amend", made["id"], "--no-smart")
    assert "is an SCSP" in node("agreement", "amend", made["id"], "--smart", "CH*SCP/EMSP", code=1)
    assert node.json("agreement", "terms", made["id"], "--with", "tariffs")["terms"]["tariffs"] == {}
    assert node.json("agreement", "end", made["id"][:35])["in_force"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("partner", "add", "bad", "--party", "nobody"), "no party with a role"),
        (("partner", "add", "bad", "--party", "CH*BAD/CPO", "--switch", "encoding=morse"), "encoding"),
        (("partner", "register", "none", "--partner-url", "https://x", "--partner-token", "t"), "no partner none"),
        (("agreement", "add", "CH*CCC/CPO", "CH*CCC/CPO"), "is no eMSP"),
        (("courier", "pause", "NL*EEE/EMSP", "charges"), "no courier serves"),
        (("courier", "pause", "NL*EEE/EMSP", "sea"), "one of places, tokens, charges, outcomes, all"),
        (("shelf", "drop", "99"), "nothing on the shelf is 99"),
        (("shelf", "retry", "99"), "nothing on the shelf is 99"),
        (("quality", "findings", "none"), "there is no partner none"),
        (("agreement", "add", "NL*EEE/EMSP", "CH*CCC/CPO", "--tolerance", "much"), "prices.tolerance: invalid decimal"),
        (("cdr", "drop", "old/cdrs/C1"), "nothing waits as old/cdrs/C1"),
        (("cdr", "retry", "old/cdrs/C1"), "nothing waits as old/cdrs/C1"),
        (("dossier", "nothing"), "nothing is known by nothing"),
    ],
)
def test_a_refusal_is_said_in_words_and_ends_with_a_code(node, words, said):
    assert said in node(*words, code=1)


@pytest.mark.parametrize("said", ["sea=fifo", "cdrs=slowly", "cdrs"])
def test_a_policy_of_no_module_or_of_no_such_name_is_refused_with_the_words_there_are(node, said):
    words = node("agreement", "add", "NL*EEE/EMSP", "CH*CCC/CPO", "--policy", said, code=2)
    assert "MODULE=strict|fifo|latest|none" in words or "one of locations, tariffs" in words


def test_what_is_empty_says_so(node):
    assert "nothing here named this driver" in node("driver", "erase", "FFFF", "--yes")
    assert "the shelf is empty" in node("shelf", "list")
    assert "nothing waits" in node("cdr", "waiting")
    assert "nothing happened" in node("trace", "no-such-id")
    assert node.json("journal")["lines"] == []


def test_status_and_audit_tell_about_the_node(node):
    node("partner", "add", "seen", "--party", "CH*SEE/CPO")
    assert node.json("status")["hub"] is True
    lines = node.json("audit")["audit"]
    assert ("local", "partner add", "seen") in [(one["actor"], one["action"], one.get("object")) for one in lines]


def test_a_user_logs_in_from_elsewhere_and_stays_logged_in(node, tmp_path, monkeypatch):
    node("user", "add", "vera", "--password", "correct horse battery")
    assert node.json("user", "list")["users"][0]["name"] == "vera"
    url = node.json("status")["url"]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    run = CliRunner().invoke
    asked = run(app, ["partner", "list", "--json", "--url", url], input="vera\ncorrect horse battery\n")
    assert asked.exit_code == 0, asked.output
    again = run(app, ["partner", "list", "--json", "--url", url])
    assert json.loads(again.stdout) == node.json("partner", "list")
    refused = run(app, ["partner", "suspend", "seen", "--url", url])
    assert (refused.exit_code, "this needs operator" in refused.output) == (1, True)
    (ticket,) = (tmp_path / "interroam").iterdir()
    assert ticket.stat().st_mode & 0o777 == 0o600


def test_a_user_elsewhere_logs_out_and_must_log_in_again(node, tmp_path, monkeypatch):
    node("user", "add", "otto", "--password", "correct horse battery")
    url = node.json("status")["url"]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    run = CliRunner().invoke
    logout = ("user", "logout", "--url", url)
    assert "you were not logged in" in run(app, logout).stdout
    run(app, ["partner", "list", "--url", url], input="otto\ncorrect horse battery\n")
    (ticket,) = (tmp_path / "interroam").iterdir()
    token = ticket.read_text()
    assert "you are logged out" in run(app, logout).stdout
    assert not ticket.exists()
    ticket.write_text(token)  # whoever copied it
    assert run(app, ["partner", "list", "--url", url], input="").exit_code == 1
    assert "you were not logged in" in run(app, logout).stdout
    assert not ticket.exists()
    lines = node.json("audit")["audit"]
    assert [one["action"] for one in lines if one["actor"] == "otto"] == ["log in", "log out"]
    assert node("user", "logout", code=2).strip().endswith("name it with --url")


def test_keys_are_rotated_and_drivers_forgotten(node):
    assert node.json("keys", "rotate")["count"] >= 2
    assert node.json("driver", "erase", "1A2B3C4D", "--yes")["count"] == 0
