"""Sheet 4.7: credentials, versions, windows."""

from datetime import UTC, datetime

import pytest

from interroam.model.errors import Refused
from interroam.model.ids import Party
from interroam.protocols.ocpi.v211 import (
    lift_credentials,
    lift_version_details,
    lower_credentials,
    lower_version_details,
    lower_window,
)
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.credentials import Credentials
from interroam.protocols.ocpi.wire.versions import VersionDetails
from tests.protocols.ocpi.v211.samples import costs, plain, raw

OLD = {
    "token": "secret",
    "url": "https://x.example/versions",
    "business_details": {"name": "X"},
    "party_id": "AAA",
    "country_code": "ES",
}


def role(name, code="AAA", business="X"):
    return {"role": name, "business_details": {"name": business}, "party_id": code, "country_code": "ES"}


@pytest.mark.parametrize("face", ["CPO", "EMSP"])
def test_credentials_are_those_of_one_party_in_the_role_of_the_connection(face):
    made = lift_credentials(raw(OLD), face)
    assert plain(made) == {"token": "secret", "url": OLD["url"], "roles": [role(face)]}
    assert read(Credentials, made.data)[1] == ()
    assert plain(lower_credentials(made.data, Party.parse(f"ES*AAA/{face}"))) == OLD


def test_of_several_roles_the_one_of_the_connection_goes_down():
    roles = [role("HUB", "HUB"), role("CPO"), role("EMSP", business="Y")]
    new = raw({"token": "secret", "url": OLD["url"], "roles": roles})
    made = lower_credentials(new, Party.parse("ES*AAA/EMSP"))
    assert plain(made)["business_details"] == {"name": "Y"}
    assert costs(made) == {("roles", "lost")}
    assert plain(lower_credentials(new, Party.parse("ES*HUB/CPO")))["party_id"] == "HUB"
    with pytest.raises(Refused):
        lower_credentials(new, Party.parse("ES*ZZZ/CPO"))


MODULES = ("cdrs", "commands", "locations", "sessions", "tariffs", "tokens")
SIDES = {
    "CPO": {"tokens": "RECEIVER", "commands": "RECEIVER"},
    "EMSP": {"tokens": "SENDER", "commands": "SENDER"},
}
OTHERS = {"CPO": "SENDER", "EMSP": "RECEIVER"}


@pytest.mark.parametrize("face", ["CPO", "EMSP"])
def test_each_endpoint_has_the_side_its_module_and_the_role_of_the_connection_say(face):
    endpoints = [{"identifier": name, "url": f"https://x.example/{name}"} for name in (*MODULES, "credentials")]
    made = lift_version_details(raw({"version": "2.1.1", "endpoints": endpoints}), face)
    assert read(VersionDetails, made.data)[1] == ()
    sides = {each["identifier"]: each["role"] for each in plain(made)["endpoints"]}
    assert sides == {name: SIDES[face].get(name, OTHERS[face]) for name in MODULES} | {"credentials": "SENDER"}


@pytest.mark.parametrize("face", ["CPO", "EMSP"])
def test_a_face_lists_what_its_role_implements_and_no_newer_module(face):
    endpoints = [
        {"identifier": name, "role": side, "url": f"https://x.example/{side}/{name}"}
        for name in (*MODULES, "chargingprofiles", "hubclientinfo")
        for side in ("SENDER", "RECEIVER")
    ]
    endpoints.append({"identifier": "credentials", "role": "SENDER", "url": "https://x.example/credentials"})
    made = lower_version_details(raw({"version": "2.1.1", "endpoints": endpoints}), face)
    shown = {each["identifier"]: each["url"].split("/")[-2] for each in plain(made)["endpoints"]}
    expected = {name: SIDES[face].get(name, OTHERS[face]) for name in MODULES}
    assert shown == expected | {"credentials": "x.example"}
    assert all("role" not in each for each in plain(made)["endpoints"])


def test_a_pull_asks_for_a_second_more_on_either_side():
    window = lower_window(datetime(2026, 5, 4, 10, 0, 0, 500_000, UTC), datetime(2026, 5, 5, tzinfo=UTC))
    assert (window.date_from, window.date_to) == ("2026-05-04T09:59:59Z", "2026-05-05T00:00:01Z")
    assert lower_window(None).date_from is None
