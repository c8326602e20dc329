import pytest

from interroam.model.ids import Role
from interroam.protocols.ocpi.rules.versions import choose, endpoint, missing
from interroam.protocols.ocpi.wire.versions import Endpoint, Version


def offered(*numbers: str) -> list[Version]:
    return [Version(version=number, url=f"https://x.com/{number}") for number in numbers]


def at(identifier: str, role: str) -> Endpoint:
    return Endpoint(identifier=identifier, role=role, url=f"https://x.com/{identifier}/{role}")


@pytest.mark.statement("OCPI-170")
@pytest.mark.parametrize(
    ("theirs", "chosen"),
    [
        (("2.1.1", "2.2.1"), "2.2.1"),
        (("2.2.1", "2.1.1", "2.0"), "2.2.1"),
        (("2.1.1", "2.2"), "2.1.1"),
        (("2.3.0", "3.0-beta", "2.2.1"), "2.2.1"),
        (("2.10", "2.3.0"), None),
        ((), None),
    ],
)
def test_the_highest_version_both_offer_is_chosen(theirs, chosen):
    found = choose(offered(*theirs))
    assert (found and found.version) == chosen


def test_one_offer_may_be_narrowed():
    found = choose(offered("2.1.1", "2.2.1"), ("2.1.1",))
    assert found is not None
    assert found.url == "https://x.com/2.1.1"


@pytest.mark.statement("OCPI-171")
def test_credentials_are_found_under_any_role():
    listed = [at("credentials", "RECEIVER"), at("locations", "SENDER")]
    assert endpoint(listed, "credentials", "SENDER") == "https://x.com/credentials/RECEIVER"
    assert endpoint(listed, "locations", "SENDER") == "https://x.com/locations/SENDER"
    assert endpoint(listed, "locations", "RECEIVER") is None


def test_what_a_partner_lacks_is_named():
    listed = [at("credentials", "SENDER"), at("locations", "SENDER")]
    assert missing(listed, [Role.CPO]) == ("commands RECEIVER",)
    assert missing([], [Role.EMSP, Role.NSP]) == ("credentials SENDER", "tokens SENDER")
    assert missing([*listed, at("commands", "RECEIVER")], [Role.CPO]) == ()
