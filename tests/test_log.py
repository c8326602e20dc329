"""The log: what never stands in it, and its two forms."""

from __future__ import annotations

import io
import json

import pytest
import structlog

from interroam import log


@pytest.fixture
def said():
    stream = io.StringIO()
    log.set_up("info", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"token": "a-secret"}, {"token": "…"}),
        ({"password": "a-secret"}, {"password": "…"}),
        ({"uid": "04A1B2C3D4"}, {"uid": "…C3D4"}),
        ({"contract_id": "NL-EEE-C00000001-X"}, {"contract_id": "…01-X"}),
        ({"header": "Token a-secret, and more"}, {"header": "Token …, and more"}),
        (
            {"path": "/ocpi/2.2.1/tokens/NL/EEE/04A1B2C3D4?type=RFID"},
            {"path": "/ocpi/2.2.1/tokens/NL/EEE/…C3D4?type=RFID"},
        ),
        ({"told": {"uid": "04A1B2C3D4", "seq": 7}}, {"told": {"uid": "…C3D4", "seq": 7}}),
        ({"seq": 7, "partner": "charge-co"}, {"seq": 7, "partner": "charge-co"}),
    ],
)
def test_credentials_are_left_out_and_cards_show_four_characters(said, fields, kept):
    structlog.get_logger().info("something_happened", **fields)
    (line,) = said()
    assert {name: line[name] for name in fields} == kept


def test_a_line_has_its_event_level_and_time_and_lesser_ones_are_left_out(said):
    structlog.get_logger().debug("too_small")
    structlog.get_logger().warning("partner_unavailable", partner="p")
    (line,) = said()
    assert (line["event"], line["level"]) == ("partner_unavailable", "warning")
    assert line["timestamp"].endswith("Z")


def test_a_failure_is_logged_with_its_trace(said):
    try:
        int("here")
    except ValueError:
        structlog.get_logger().exception("it_broke")
    assert "ValueError: invalid literal" in said()[0]["exception"]


def test_for_people_a_line_is_plain_text():
    stream = io.StringIO()
    log.set_up("info", "console", stream)
    structlog.get_logger().info("node_started", url="http://here")
    structlog.reset_defaults()
    assert "node_started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
