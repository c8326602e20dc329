"""``interroam price``, by its own how-to: the example there is run as it is printed."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from interroam.cli.main import app

HOW_TO = (Path(__file__).parents[2] / "docs" / "how-to" / "price-a-charge.md").read_text(encoding="utf-8")
PARIS = ("--zone", "Europe/Paris")


def block(kind):
    return re.search(rf"```{kind}\n(.*?)```", HOW_TO, re.DOTALL)[1]


@pytest.fixture
def cdr():
    return json.loads(block("json"))


@pytest.fixture
def price(tmp_path):
    """Price objects, each in a file of its own; options follow."""

    def run(*objects, options=PARIS):
        files = [tmp_path / f"{number}.json" for number in range(len(objects))]
        for file, one in zip(files, objects, strict=True):
            file.write_text(one if isinstance(one, str) else json.dumps(one), encoding="utf-8")
        return CliRunner().invoke(app, ["price", *map(str, files), *options])

    return run


def stripped(text):
    return [line.rstrip() for line in text.strip().splitlines()]


def test_the_how_to_shows_what_the_command_prints(price):
    command, *printed = stripped(block("console"))
    assert command == "$ interroam price cdr.json --zone Europe/Paris"
    ran = price(block("json"))
    assert (stripped(ran.stdout), ran.exit_code) == (printed, 0)


def test_a_program_reads_the_same_as_json(price, cdr):
    answer = msgspec.json.decode(price(cdr, options=(*PARIS, "--json")).stdout)
    assert answer["outcome"] == "pass with remark"
    assert answer["cost"]["totals"]["total"] == {"excl_vat": "11.3632", "incl_vat": "13.6358"}
    assert len(answer["cost"]["lines"]) == 5


def test_a_wrong_total_ends_with_one_and_names_what_differs(price, cdr):
    cdr["total_cost"] = {"excl_vat": 21.3632, "incl_vat": 23.6358}
    cdr["total_parking_cost"] = {"excl_vat": 11.0, "incl_vat": 13.2}
    ran = price(cdr)
    assert ran.exit_code == 1
    assert "parking: 11.0 stated, 1.0000 computed" in ran.stdout
    assert stripped(ran.stdout)[-1] == "hold"


def test_a_wider_tolerance_lets_it_pass(price, cdr):
    assert stripped(price(cdr, options=(*PARIS, "--tolerance", "0.03")).stdout)[-1] == "pass"


def test_envelopes_are_opened(price, cdr):
    tariff = cdr["tariffs"][0]
    bare = price(cdr, tariff).stdout
    envelope = {"status_code": 1000, "timestamp": "2025-06-13T00:00:00Z"}
    assert price(envelope | {"data": cdr}, envelope | {"data": [tariff]}).stdout == bare


def test_another_tariff_may_be_tried(price, cdr):
    free = cdr["tariffs"][0] | {
        "id": "FREE",
        "elements": [{"price_components": [{"type": "FLAT", "price": 0, "step_size": 1}]}],
    }
    ran = price(cdr, free)
    assert "total: 11.3464 stated, 0.0000 computed" in ran.stdout
    assert ran.exit_code == 1


def test_without_a_zone_the_answer_says_what_it_assumed(price, cdr):
    assert "time zone of the location is not known" in price(cdr, options=()).stdout


def test_a_session_is_priced_as_far_as_it_got(price, cdr):
    kept = ("country_code", "party_id", "start_date_time", "cdr_token", "auth_method", "currency", "last_updated")
    session = {name: cdr[name] for name in kept} | {
        "id": "S-0612",
        "kwh": 28.43,
        "location_id": "L1",
        "evse_uid": "1",
        "connector_id": "1",
        "charging_periods": cdr["charging_periods"][:2],
        "end_date_time": "2025-06-12T21:36:00Z",
        "status": "ACTIVE",
    }
    ran = price(session, cdr["tariffs"])
    assert ran.exit_code == 0
    assert re.search(r"^total +10\.3632 +12\.4358", ran.stdout, re.MULTILINE)
    assert price(session).exit_code == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{}", "is no Session of OCPI 2.2.1: country_code: is missing"),
        ("no json", "cannot be read"),
        ("[1, 2]", "an object is expected"),
        ("[{}, {}]", "holds 2 objects"),
    ],
)
def test_a_file_that_is_no_charge_ends_with_two(price, given, said):
    ran = price(given)
    assert ran.exit_code == 2
    assert said in ran.stderr.replace("\n", " ")


@pytest.mark.parametrize("options", [("--zone", "Mars/Olympus"), ("--tolerance", "much"), ("--tolerance", "-1")])
def test_an_option_that_means_nothing_ends_with_two(price, cdr, options):
    assert price(cdr, options=options).exit_code == 2
