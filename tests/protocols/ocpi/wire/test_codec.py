import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interroam.protocols.ocpi.wire import Malformed, NotJson, read, write
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.commands import COMMANDS, CommandResponse, CommandResult
from interroam.protocols.ocpi.wire.credentials import Credentials
from interroam.protocols.ocpi.wire.locations import (
    Connector,
    ConnectorPatch,
    Evse,
    EvsePatch,
    Location,
    LocationPatch,
)
from interroam.protocols.ocpi.wire.sessions import ChargingPreferences, Session, SessionPatch
from interroam.protocols.ocpi.wire.tariffs import Tariff
from interroam.protocols.ocpi.wire.tokens import AuthorizationInfo, LocationReferences, Token, TokenPatch
from interroam.protocols.ocpi.wire.types import GeoLocation, Price
from interroam.protocols.ocpi.wire.versions import VersionDetails
from tests.protocols.ocpi.wire.shapes import valid

KINDS = [
    Location, Evse, Connector, LocationPatch, EvsePatch, ConnectorPatch, Token, TokenPatch, AuthorizationInfo,
    LocationReferences, Session, SessionPatch, ChargingPreferences, Cdr, Tariff, *COMMANDS.values(), CommandResponse,
    CommandResult, Credentials, VersionDetails,
]  # fmt: skip

STATUS = b'{"status":"CHARGING","last_updated":"2025-01-01T12:00:00Z"}'
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
TOKEN = {
    "country_code": "DE",
    "party_id": "TNM",
    "uid": "0102030A",
    "type": "RFID",
    "contract_id": "DE8ACC12E46L89",
    "issuer": "TNM",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": "2025-01-01T12:00:00Z",
}
CONNECTOR = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "last_updated": "2025-01-01T12:00:00Z",
}


def bytes_of(base: dict, **changed: object) -> bytes:
    return msgspec.json.encode({name: value for name, value in (base | changed).items() if value is not ...})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_was_written_reads_back_the_same_without_a_finding(kind, data):
    shape = data.draw(valid(kind))
    assert read(kind, write(shape)) == (shape, ())


@pytest.mark.parametrize("kind", [EvsePatch, Token, Session, Cdr, Location], ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_patient_reader_agrees_with_the_strict_one_on_what_is_right(kind, data):
    shape = data.draw(valid(kind))
    # A field nobody knows brings what only the patient reader looks at.
    sloppy = write(shape)[:-1] + b',"x_unknown":1.123456}'
    assert read(kind, sloppy) == (shape, ())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["status", "uid", "connectors", "last_updated"]), inner, max_size=4),
).map(msgspec.json.encode))  # fmt: skip
def test_no_bytes_at_all_bring_the_reader_down(raw):
    for kind in (EvsePatch, Evse):
        with suppress(Malformed, NotJson):
            read(kind, raw)


def test_unknown_fields_are_ignored_and_null_is_absent():
    patch, findings = read(
        EvsePatch,
        b'{"status":"CHARGING","evse_id":null,"images":null,"brand_new":[1,{}],"last_updated":"2025-01-01T12:00:00Z"}',
    )
    assert patch == EvsePatch(status="CHARGING", last_updated=NOON)
    assert findings == ()
    connector, findings = read(Connector, bytes_of(CONNECTOR, tariff_ids=None))
    assert connector.tariff_ids == ()
    assert findings == ()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2025-01-01T12:00:00Z", 0),
        ("2025-01-01T12:00:00", 0),
        ("2025-01-01T12:00:00.000Z", 0),
        ("2025-01-01T12:00:00.000", 0),
        ("2025-01-01 12:00:00Z", 0),
        ("2025-01-01T14:00:00+02:00", 1),
        ("2025-01-01T07:00:00-05:00", 1),
        ("2025-01-01T12:00:00+00:00", 1),
        ("2025-01-01T12:00Z", 1),
    ],
)
def test_times_are_read_as_utc_with_or_without_a_zone(written, found):
    token, findings = read(Token, bytes_of(TOKEN, last_updated=written))
    assert token.last_updated == NOON
    assert token.last_updated.tzinfo is UTC
    assert len(findings) == found


def test_times_are_written_with_z_and_at_most_25_characters():
    patch = EvsePatch(status="CHARGING", last_updated=datetime(2025, 1, 1, 12, 0, 0, 123456, UTC))
    assert write(patch) == b'{"status":"CHARGING","last_updated":"2025-01-01T12:00:00.123Z"}'
    assert write(EvsePatch(last_updated=NOON)) == b'{"last_updated":"2025-01-01T12:00:00Z"}'


@pytest.mark.parametrize("text", ["0.1", "0", "3", "-0.5", "12345678.9012", "0.30", "999999999999.9999", "1e2", "1E-4"])
def test_numbers_never_pass_through_binary_floats(text):
    price, findings = read(Price, b'{"excl_vat":%s}' % text.encode())
    assert price.excl_vat == Decimal(text)
    assert str(price.excl_vat) == str(Decimal(text))
    assert findings == ()
    assert read(Price, write(price))[0] == price


@pytest.mark.parametrize("text", ["0.123456", "1e-7", "1234.00001", "1.234567e0"])
def test_more_than_four_decimals_are_kept_and_reported(text):
    price, findings = read(Price, b'{"excl_vat":1,"incl_vat":%s}' % text.encode())
    assert price.incl_vat == Decimal(text)
    assert [finding.field for finding in findings] == ["incl_vat"]


@pytest.mark.parametrize("text", ["1e99999999999999999999", "1e-99999999999999999999", "1" * 5000, "0." + "1" * 5000])
def test_a_number_out_of_all_proportion_is_refused(text):
    with pytest.raises(Malformed):
        read(Price, b'{"excl_vat":%s}' % text.encode())


@pytest.mark.parametrize("value", ['"1.5"', '"NaN"', "true", "[]", "{}", '""', "1e400", "1e-400"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(Malformed) as refused:
        read(Price, b'{"excl_vat":%s}' % value.encode())
    assert refused.value.field == "excl_vat"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"NaN",
        b"\xff",
        b'{"excl_vat":NaN}',
        b'{"excl_vat":Infinity}',
        b'{"excl_vat":1,"a":"\xff"}',
        b'{"excl_vat":1}x',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_json_is_said_to_be_none(raw):
    with pytest.raises(NotJson):
        read(Price, raw)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"uid": ...}, "uid"),
        ({"uid": None}, "uid"),
        ({"uid": ""}, "uid"),
        ({"uid": 17}, "uid"),
        ({"valid": "true"}, "valid"),
        ({"type": "CARD"}, "type"),
        ({"last_updated": "yesterday"}, "last_updated"),
        ({"last_updated": 1735732800}, "last_updated"),
        ({"energy_contract": {}}, "energy_contract.supplier_name"),
        ({"energy_contract": "none"}, "energy_contract"),
    ],
)
def test_a_mandatory_field_missing_or_of_another_type_is_refused_by_name(changed, field):
    with pytest.raises(Malformed) as refused:
        read(Token, bytes_of(TOKEN, **changed))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("changed", "field", "kept"),
    [
        ({"country_code": "de"}, "country_code", "de"),
        ({"country_code": "DEU"}, "country_code", "DEU"),
        ({"party_id": "LONG"}, "party_id", "LONG"),
        ({"uid": "0" * 37}, "uid", "0" * 37),
        ({"issuer": "x" * 65}, "issuer", "x" * 65),
        ({"visual_number": 4711}, "visual_number", "4711"),
        ({"group_id": ""}, "group_id", None),
        ({"whitelist": "allowed"}, "whitelist", "ALLOWED"),
        ({"default_profile_type": ""}, "default_profile_type", None),
    ],
)
def test_what_can_be_understood_is_kept_and_reported(changed, field, kept):
    token, findings = read(Token, bytes_of(TOKEN, **changed))
    assert getattr(token, field) == kept
    assert [finding.field for finding in findings] == [field]


def test_an_unknown_plug_is_kept_and_reported_but_an_unknown_status_is_refused():
    connector, findings = read(Connector, bytes_of(CONNECTOR, standard="MCS", max_amperage=32.0))
    assert (connector.standard, connector.max_amperage) == ("MCS", 32)
    assert {finding.field for finding in findings} == {"standard", "max_amperage"}
    with pytest.raises(Malformed):
        read(EvsePatch, STATUS.replace(b"CHARGING", b"HAPPY"))


def test_findings_say_where_in_the_tree():
    evse = {"uid": "1", "status": "AVAILABLE", "last_updated": "2025-01-01T12:00:00Z"}
    raw = bytes_of(evse, connectors=[CONNECTOR, CONNECTOR | {"power_type": "STEAM"}])
    assert [finding.field for finding in read(Evse, raw)[1]] == ["connectors[1].power_type"]
    assert [finding.field for finding in read(Evse, bytes_of(evse, connectors=[]))[1]] == ["connectors"]


def test_coordinates_given_as_numbers_are_understood():
    point, findings = read(GeoLocation, b'{"latitude":51.047599,"longitude":-3.729944}')
    assert (point.latitude, point.longitude) == ("51.047599", "-3.729944")
    assert len(findings) == 2


def test_a_session_status_spelled_as_in_the_text_of_the_specification_is_a_reservation():
    patch, findings = read(SessionPatch, b'{"status":"RESERVED","last_updated":"2025-01-01T12:00:00Z"}')
    assert patch.status == "RESERVATION"
    assert len(findings) == 1


@pytest.mark.parametrize("kind", [EvsePatch, ConnectorPatch, LocationPatch, TokenPatch, SessionPatch])
def test_a_patch_without_last_updated_is_refused(kind):
    with pytest.raises(Malformed) as refused:
        read(kind, b"{}")
    assert refused.value.field == "last_updated"


@pytest.mark.statement("OCPI-13")
@pytest.mark.parametrize(("token", "reported"), [("a" * 64, False), ("a" * 65, True), ("a b", True), ("é", True)])
def test_a_credentials_token_is_at_most_64_printable_characters_without_blanks(token, reported):
    roles = [{"role": "CPO", "business_details": {"name": "X"}, "party_id": "EXA", "country_code": "NL"}]
    raw = msgspec.json.encode({"token": token, "url": "https://example.com/ocpi", "roles": roles})
    assert bool(read(Credentials, raw)[1]) is reported


@settings(max_examples=40)
@given(st.one_of(valid(Session), valid(Cdr)))
def test_an_offset_is_found_wherever_a_charge_has_a_time(shape):
    written = write(shape)
    for time in re.finditer(rb'T\d\d:\d\d:\d\d(\.\d+)?(Z)"', written):
        said = written[: time.start(2)] + b"-05:00" + written[time.end(2) :]
        _, findings = read(type(shape), said)
        assert [one.message for one in findings] == ["has an offset, UTC is expected"]
