"""The specification's own examples: parsing samples, some of which break its own rules."""

import msgspec
import pytest

from interroam.protocols.ocpi.wire import Malformed, read, write
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.credentials import Credentials
from interroam.protocols.ocpi.wire.envelope import read_reply
from interroam.protocols.ocpi.wire.locations import Evse, EvsePatch, Hours, Location, LocationPatch
from interroam.protocols.ocpi.wire.sessions import Session, SessionPatch
from interroam.protocols.ocpi.wire.tariffs import Tariff
from interroam.protocols.ocpi.wire.tokens import Token, TokenPatch
from interroam.protocols.ocpi.wire.types import DisplayText, EnergyMix
from interroam.protocols.ocpi.wire.versions import Version, VersionDetails
from tests.shared import SHARED, needs_shared

FOLDER = SHARED / "data" / "ocpi" / "2.2.1"
KINDS = {
    "cdr_": Cdr,
    "credentials_": Credentials,
    "location_example": Location,
    "location_hours_": Hours,
    "location_patch_example_location": LocationPatch,
    "location_patch_": EvsePatch,
    "session_patch_": SessionPatch,
    "session_": Session,
    "tariff_put_": None,
    "tariff": Tariff,
    "token_patch_": TokenPatch,
    "token_": Token,
    "type_displaytext": DisplayText,
    "version_details_": VersionDetails,
}
WRAPPED = {"location_energymix_": ("energy_mix", EnergyMix), "location_regularhours_": ("opening_times", Hours)}
FILES = sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []

pytestmark = needs_shared


def found(table, name):
    return next((value for prefix, value in table.items() if name.startswith(prefix)), None)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_read_and_written_again(file):
    raw = file.read_bytes()
    if wrapped := found(WRAPPED, file.stem):
        field, kind = wrapped
        raw = bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[field])
    else:
        kind = found(KINDS, file.stem)
    if kind is None:
        pytest.skip("an envelope, a list or an incomplete object, see below")
    shape, _ = read(kind, raw)
    assert read(kind, write(shape)) == (shape, ())


def test_every_example_has_its_test():
    elsewhere = {
        "location_put_example_add_evse",
        "tariff_put_example",
        "transport_and_format_get_token_example",
        "transport_and_format_version_details_example",
        "versions_info_example",
    }
    assert {file.stem for file in FILES if not found(KINDS | WRAPPED, file.stem)} == elsewhere


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("location_put_example_add_evse", Evse, "connectors[0].power_type"),
        ("tariff_put_example", Tariff, "last_updated"),
    ],
)
def test_an_incomplete_example_is_refused_for_the_field_it_lacks(name, kind, field):
    with pytest.raises(Malformed) as refused:
        read(kind, (FOLDER / f"{name}.json").read_bytes())
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("transport_and_format_get_token_example", Token),
        ("transport_and_format_version_details_example", VersionDetails),
    ],
)
def test_an_example_envelope_opens(name, kind):
    reply = read_reply((FOLDER / f"{name}.json").read_bytes())
    assert reply.succeeded
    assert reply.data is not None
    assert read(kind, reply.data)[1] == ()


def test_the_example_list_of_versions_is_read():
    versions = msgspec.json.decode((FOLDER / "versions_info_example.json").read_bytes(), type=list[msgspec.Raw])
    assert [read(Version, bytes(each))[1] for each in versions] == [()] * len(versions)
