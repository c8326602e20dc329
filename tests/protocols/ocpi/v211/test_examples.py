"""The specification's own examples of 2.1.1, with their published defects, become objects of 2.2.1."""

import msgspec
import pytest

from interroam.protocols.ocpi.v211 import (
    lift_credentials,
    lift_evse,
    lift_evse_patch,
    lift_location,
    lift_session,
    lift_session_patch,
    lift_tariff,
    lift_tariff_patch,
    lift_token,
    lift_token_patch,
    lift_version_details,
)
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire.credentials import Credentials
from interroam.protocols.ocpi.wire.envelope import read_reply
from interroam.protocols.ocpi.wire.locations import EvsePatch, Location
from interroam.protocols.ocpi.wire.sessions import Session, SessionPatch
from interroam.protocols.ocpi.wire.tariffs import Tariff
from interroam.protocols.ocpi.wire.tokens import Token, TokenPatch
from interroam.protocols.ocpi.wire.versions import VersionDetails
from tests.protocols.ocpi.v211.samples import old_location, raw, token, up
from tests.shared import SHARED, needs_shared

FOLDER = SHARED / "data" / "ocpi" / "2.1.1"
FILES = sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []
KNOWN = up(token=raw(token(contract_id="DE8ACC12E46L89")))

pytestmark = needs_shared


def example(name):
    return (FOLDER / f"{name}.json").read_bytes()


def in_location(mix):
    return lift_location(raw(old_location(energy_mix=msgspec.json.decode(mix))), KNOWN)


LIFTS = {
    "credentials": (lambda data: lift_credentials(data, "CPO"), Credentials, set()),
    "energy_mix_complete": (in_location, Location, set()),
    "energy_mix_simple": (in_location, Location, set()),
    "location": (lambda data: lift_location(data, KNOWN), Location, set()),
    "location_evse_patch_removed": (lambda data: lift_evse_patch(data, KNOWN, "1", "2"), EvsePatch, {"last_updated"}),
    "location_evse_patch_status": (lambda data: lift_evse_patch(data, KNOWN, "1", "2"), EvsePatch, {"last_updated"}),
    "response_token": (lambda data: lift_token(read_reply(data).data, KNOWN), Token, set()),
    "session_patch_total_cost": (lambda data: lift_session_patch(data, KNOWN, "101"), SessionPatch, {"last_updated"}),
    "session_starting": (lambda data: lift_session(data, KNOWN), Session, {"location.country"}),
    "tariff_alt_url": (lambda data: lift_tariff(data, KNOWN), Tariff, set()),
    "tariff_free_of_charge": (lambda data: lift_tariff(data, KNOWN), Tariff, set()),
    "tariff_put_new": (lambda data: lift_tariff(data, KNOWN), Tariff, {"last_updated"}),
    "tariff_simple_2_euro_per_hour": (lambda data: lift_tariff(data, KNOWN), Tariff, set()),
    "token": (lambda data: lift_token(data, KNOWN), Token, set()),
    "token_patch_invalidate": (lambda data: lift_token_patch(data, KNOWN), TokenPatch, {"last_updated"}),
    "token_put_new": (lambda data: lift_token(data, KNOWN), Token, set()),
    "version_details": (lambda data: lift_version_details(data, "CPO"), VersionDetails, set()),
}


@pytest.mark.parametrize("name", LIFTS)
def test_an_example_becomes_readable_and_its_defects_findings(name):
    lift, shape, defects = LIFTS[name]
    made = lift(example(name))
    read(shape, made.data)
    assert {each.field for each in made.findings} == defects


def test_a_patch_of_a_tariff_becomes_the_whole():
    stored = lift_tariff(example("tariff_put_new"), KNOWN).data
    made = lift_tariff_patch(example("tariff_patch_price"), KNOWN, stored)
    tariff, _ = read(Tariff, made.data)
    assert str(tariff.elements[0].price_components[0].price) == "2.50"


def test_an_evse_without_electric_values_is_refused_for_the_field_it_lacks():
    with pytest.raises(Malformed) as refused:
        lift_evse(example("location_evse_put_add"), KNOWN, "1012")
    assert refused.value.field == "connectors[0].power_type"


def test_every_example_has_its_test():
    elsewhere = {"tariff_patch_price", "location_evse_put_add", "response_error", "versions"}
    assert {file.stem for file in FILES} == {*LIFTS, *elsewhere}
