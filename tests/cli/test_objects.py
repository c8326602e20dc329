"""Objects from a file at the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from interroam.cli.main import app

SITE = {"address": "Road 1", "city": "Basel", "country": "CHE", "coordinates": {"latitude": "47.5", "longitude": "7.5"}}
TARIFF = {"currency": "CHF", "elements": [{"components": [{"dimension": "ENERGY", "price": "0.50"}]}]}


@pytest.fixture(scope="module")
def office(node):
    """The name of a back office."""
    node("partner", "add", "importer", "--protocol", "plain", "--party", "CH*IMP/CPO", "--party", "NL*IMP/EMSP")
    return "importer"


def location(name, party="CH*IMP", **more):
    return {"party": party, "id": name, **SITE, **more}


def written(folder, content):
    file = folder / "objects.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return str(file)


def test_lists_by_name_are_stated_and_once_more_unchanged(node, office, tmp_path):
    evses = [{"uid": "1", "evse_id": "CH*IMP*E1", "status": "AVAILABLE"}]
    at = "2026-03-01T08:00:00Z"
    places = [location("L1", evses=evses, last_updated=at), location("L2", last_updated=at)]
    tariff = {"party": "CH*IMP", "id": "T1", "last_updated": at, **TARIFF}
    file = written(tmp_path, {"tariffs": [tariff], "locations": places})
    assert "3 recorded" in node("import", office, file)
    answer = node.json("import", office, file)
    assert answer["counts"] == {"unchanged": 3}
    assert [one["at"] for one in answer["lines"]] == ["tariff 1", "location 1", "location 2"]
    assert "partner import" in node("audit")


def test_of_each_line_that_is_refused_it_is_said_why_and_the_others_are_taken(node, office, tmp_path):
    lines = [
        json.dumps({"kind": "location", "object": location("L3")}),
        "",
        json.dumps({"kind": "location", "object": location("L4", party="CH*ELS")}),
        json.dumps({"kind": "tariff", "object": {"party": "CH*IMP", "id": "T2", "currency": "CHF"}}),
        "{nothing",
    ]
    file = written(tmp_path, "\n".join(lines))
    answer = json.loads(node("import", office, file, "--json", code=1))
    assert answer["counts"] == {"recorded": 1, "refused": 3}
    refused = {one["at"]: one["error"] for one in answer["lines"] if "error" in one}
    assert {at: no["reason"] for at, no in refused.items()} == {
        "line 3": "foreign",
        "line 4": "malformed",
        "line 5": "not_json",
    }
    shown = node("import", office, file, code=1)
    assert "add CH*ELS/CPO to the parties of partner importer" in " ".join(shown.split())
    assert "elements" in shown


def test_objects_alone_are_read_as_the_kind_that_is_named_also_from_a_pipe(node, office, tmp_path):
    many = {"items": [location(f"M{number}") for number in range(600)], "next": None}  # more than one piece
    answer = node.json("import", office, written(tmp_path, many), "--kind", "location")
    assert answer["counts"] == {"recorded": 600}
    assert answer["lines"][-1]["at"] == "object 600"
    assert answer["lines"][-1]["line"] == 600
    assert "1 recorded" in node("import", office, "-", "--kind", "location", input=json.dumps(location("P1")))


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ({"places": []}, (), "'places' is none of tariffs, locations"),
        ({"locations": {}}, (), "locations is no list"),
        ("[]", (), "holds no object"),
        ("7", (), "neither a list nor an object"),
        ("[]", ("--kind", "car"), "car is no kind of object"),
    ],
)
def test_a_file_that_says_nothing_is_refused_whole(node, office, tmp_path, content, words, said):
    assert said in " ".join(node("import", office, written(tmp_path, content), *words, code=2).split())


def test_nobody_is_spoken_for_but_a_back_office(node, tmp_path):
    node("partner", "add", "imported", "--party", "CH*IMQ/CPO")
    file = written(tmp_path, {"locations": [location("L1", party="CH*IMQ")]})
    assert "speaks ocpi and states for itself" in " ".join(node("import", "imported", file, code=1).split())
    assert "there is no partner nobody" in node("import", "nobody", file, code=1)
    assert "No such file" in node("import", "imported", str(tmp_path / "none.json"), code=2)


@pytest.mark.parametrize("who", ["NL-IMP-C12345678-1", "NL*IMP/EMSP"])
def test_explain_and_simulate_are_asked_alike_and_differ_by_the_offers(node, office, tmp_path, who):
    evses = [{"uid": "1", "evse_id": "CH*IMP*E9", "status": "AVAILABLE"}]
    node("import", office, written(tmp_path, {"locations": [location("L9", evses=evses)]}))
    offered = node.json("agreement", "add", "NL*IMP/EMSP", "CH*IMP/CPO", "--offer")
    forms = ((who, "CH-IMP-E9"), ("--card", who, "--evse", "CH-IMP-E9"), (who, "--evse", "CH-IMP-E9"))
    assert [_covered(node, "explain", *words) for words in forms] == [False] * 3
    assert [_covered(node, "simulate", *words) for words in forms] == [True] * 3
    node("agreement", "accept", offered["id"])
    assert _covered(node, "explain", *forms[0])
    node("agreement", "end", offered["id"])


def _covered(node, *words):
    """Ask, and return whether an agreement covers it; nobody is connected: a card is refused all the same."""
    asked = ["agreement", *words, "--at", "2099-01-01", "--json", "--data", str(node.data)]
    steps = json.loads(CliRunner().invoke(app, asked).stdout)["steps"]
    (covered,) = (step["passed"] for step in steps if step["rule"] in {"agreement", "visibility"})
    return covered
