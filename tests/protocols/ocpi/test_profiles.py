"""The switches of a partner."""

import pytest

from interroam.model.errors import Refused
from interroam.model.parties import Partner
from interroam.protocols.ocpi.profiles import PROFILES, Switches, switches


def partner(**fields) -> Partner:
    return Partner(id="p", protocol="ocpi", **fields)


def test_without_a_profile_a_partner_is_treated_as_the_specification_says():
    assert switches(partner()) == Switches()


def test_a_partners_own_switch_outranks_its_profile():
    own = switches(partner(profile="gireve", switches={"known_fields_only": False}))

    assert (own.known_fields_only, own.strict_uid) == (False, PROFILES["gireve"].strict_uid)


@pytest.mark.parametrize(
    "wrong",
    [
        {"profile": "nobody"},
        {"switches": {"colour": "red"}},
        {"switches": {"from_as": "nobody"}},
        {"switches": {"pages": "sessions=0"}},
        {"switches": {"pages": "weather=5"}},
    ],
)
def test_a_switch_that_does_not_exist_is_refused(wrong):
    with pytest.raises(Refused):
        switches(partner(**wrong))


def test_every_switch_says_what_it_does():
    from pathlib import Path

    import interroam.protocols.ocpi.profiles as module

    text = Path(module.__file__).read_text(encoding="utf-8")
    for name in Switches.__struct_fields__:
        assert f"    {name}: " in text
        assert text.split(f"    {name}: ", 1)[1].split("\n")[1].strip().startswith('"""')
