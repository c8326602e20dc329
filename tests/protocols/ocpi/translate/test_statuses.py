from datetime import UTC, datetime

import msgspec
import pytest

from interroam.core.rules.verdicts import judge
from interroam.model.facts import Change, Stored, Verdict
from interroam.model.ids import PartyId
from interroam.protocols.ocpi.translate import evse_change, evse_fact
from interroam.protocols.ocpi.wire import locations, read

OWNER = PartyId.of("CH", "CCC")
SINCE, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
EVSE = (
    b'{"uid":"E1","status_schedule":[{"period_begin":"2026-02-01T00:00:00Z","status":"AVAILABLE"}],'
    b'"status" : "AVAILABLE","connectors":[{"id":"1","standard":"CHADEMO","format":"CABLE","power_type":"DC",'
    b'"max_voltage":400,"max_amperage":100,"last_updated":"2026-01-01T00:00:00Z"}],'
    b'"last_updated":"2026-01-01T00:00:00Z"}'
)


def changed(raw: bytes) -> tuple[Change, dict[str, object], str]:
    """Apply a PATCH to an EVSE; what it names, the row and the word that come of it."""
    fact = evse_fact(read(locations.Evse, EVSE)[0], EVSE, OWNER, "L1")
    row = Stored(
        no=1, key=fact.key, hub_id="1", version=1, body=fact.body, wire=fact.row, judged_at=SINCE, updated=SINCE
    )
    change = evse_change(read(locations.EvsePatch, raw)[0], raw, OWNER, "L1", "E1")
    judged = judge(change, row, NOW)
    assert judged.verdict is Verdict.RECORDED
    return change, msgspec.json.decode(judged.wire.data), judged.body.status.word


def test_a_status_alone_is_set_at_the_top_and_leaves_all_else_as_it_was():
    change, row, word = changed(b'{"status":"CHARGING","last_updated":"2026-01-01T09:00:00Z"}')
    assert (change.fields, word) == ({"status"}, "CHARGING")
    assert row == {**msgspec.json.decode(evse_fact_row()), "status": "CHARGING"}


@pytest.mark.parametrize("more", [b'"x_own":{"status":1}', b'"x_own":1', b'"floor_level":"2"', b'"status_schedule":[]'])
def test_what_comes_with_a_status_is_kept_with_it(more):
    change, row, word = changed(b'{"status":"CHARGING","last_updated":"2026-01-01T09:00:00Z",%s}' % more)
    said = msgspec.json.decode(b"{%s}" % more)
    assert (change.fields, word) == ({"status", *said}, "CHARGING")
    assert row == {**msgspec.json.decode(evse_fact_row()), "status": "CHARGING", **said}


def test_a_time_without_its_hours_hides_nothing():
    change, row, _ = changed(b'{"status":"CHARGING","last_updated":"2026-01-02","x":{"y":1}}')
    assert change.fields == {"status", "x"}
    assert row["x"] == {"y": 1}


def test_a_status_in_other_letters_goes_out_as_ocpi_spells_it():
    change, row, word = changed(b'{"status":"charging","last_updated":"2026-01-01T09:00:00Z"}')
    assert (row["status"], word) == ("CHARGING", "CHARGING")
    assert msgspec.json.decode(change.wire.data)["status"] == "CHARGING"


def evse_fact_row() -> bytes:
    """The row form of the EVSE as it was stated."""
    return evse_fact(read(locations.Evse, EVSE)[0], EVSE, OWNER, "L1").row.data
