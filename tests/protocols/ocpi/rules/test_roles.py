import pytest

from interroam.model.ids import Role
from interroam.protocols.ocpi.rules.roles import is_rfid_uid, may_call


@pytest.mark.statement("OCPI-23")
@pytest.mark.parametrize(
    ("module", "pushers", "not_pullers"),
    [
        ("locations", {"CPO", "NAP"}, {"CPO"}),
        ("tokens", {"EMSP"}, {"EMSP"}),
        ("commands", {"EMSP", "SCSP"}, {"EMSP"}),
        ("sessions", {"CPO"}, {"CPO"}),
        ("cdrs", {"CPO"}, {"CPO"}),
        ("tariffs", {"CPO"}, {"CPO"}),
        ("chargingprofiles", {"EMSP", "SCSP"}, set()),
    ],
)
def test_a_role_calls_only_the_interfaces_the_matrix_gives_it(module, pushers, not_pullers):
    others = set(Role) - {Role.HUB}
    assert {role for role in others if may_call(module, "RECEIVER", role)} == pushers
    assert {role for role in others if not may_call(module, "SENDER", role)} == not_pullers
    assert may_call(module, "RECEIVER", Role.HUB)
    assert may_call(module, "SENDER", Role.HUB)


@pytest.mark.statement("OCPI-23")
def test_nobody_pushes_client_info_to_the_hub_and_everybody_reads_it():
    assert not any(may_call("hubclientinfo", "RECEIVER", role) for role in Role)
    assert all(may_call("hubclientinfo", "SENDER", role) for role in Role)
    assert not may_call("something", "SENDER", Role.HUB)


@pytest.mark.parametrize(
    ("uid", "good"),
    [
        ("1A2B3C4D", True),
        ("00000000", True),
        ("1a2b3c4d5e6f70", True),
        ("012345678", False),
        ("123abc", False),
        ("1A2B3C4G", False),
        ("1A2B3C4D5E6F", False),
        ("1A2B3C4D\n", False),
        ("", False),
    ],
)
def test_a_card_has_four_or_seven_bytes_in_hexadecimal(uid, good):
    assert is_rfid_uid(uid) is good
