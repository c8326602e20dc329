"""``interroam check``: objects of OCPI judged from a file, as a node would."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from interroam.cli.main import app
from tests.protocols.ocpi.server import messages


@pytest.fixture
def check(tmp_path):
    def run(content, *words, code=0):
        file = tmp_path / "objects.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        result = CliRunner().invoke(app, ["check", str(file), *words])
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run


def test_objects_of_every_kind_are_read_alone_in_a_list_and_in_an_envelope(check):
    objects = [messages.location(), messages.tariff(), messages.token(), messages.session(), messages.cdr()]
    for content in (*objects, objects, {"status_code": 1000, "timestamp": messages.NOW, "data": objects}):
        assert "nothing is wrong" in check(content)
    assert "5 objects were looked at" in check(objects)


def test_what_would_be_refused_is_named_with_its_field(check):
    broken = messages.location()
    del broken["coordinates"]
    said = check([broken, {"nothing": 1}], code=1)
    assert "location L1 refused coordinates is missing" in said
    assert "object 2 refused is none of cdr, session, tariff, token, location" in said


def test_what_a_profile_wants_is_found_where_it_is_wanted_only(check):
    place = messages.location(evses=[messages.evse(capabilities=[])])
    assert "nothing is wrong" in check(place)
    found = json.loads(check(place, "--profile", "gireve", "--json", code=1))
    assert found["objects"] == 1
    severe = {(one["object"], one["field"]) for one in found["findings"] if one["weight"] == "severe"}
    assert ("location L1, EVSE E1", "evses.capabilities") in severe


def test_what_is_odd_and_taken_all_the_same_ends_well(check):
    assert "session S1 odd status 'active' is spelled ACTIVE" in check(messages.session(status="active"))


def test_a_file_that_is_no_json_and_a_profile_nobody_knows_are_said(check):
    assert "cannot be read" in check("nothing", code=2)
    assert "one of spec, gireve" in check([], "--profile", "nope", code=2)
