"""What contracts are called outside."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interroam.core.keys import Keyring
from interroam.model.ids import PartyId
from interroam.protocols.emip.emsp.aliases import alias_of, contract_of

OWNER, OTHER = PartyId.of("FR", "E01"), PartyId.of("FR", "E02")
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
RING = Keyring((b"k" * 32,))


@pytest.mark.statement("EMIP-118")
def test_an_alias_hides_its_contract_and_leads_back_to_it():
    alias = alias_of(RING, OWNER, "FR-E01-C12345678-X", NOW, 30)
    assert "12345678" not in alias
    assert contract_of(RING, OWNER, alias) == "FR-E01-C12345678-X"
    assert contract_of(RING, OWNER, alias.lower()) == "FR-E01-C12345678-X"
    assert contract_of(RING, OTHER, alias) is None
    assert contract_of(Keyring((b"x" * 32,)), OWNER, alias) is None


@pytest.mark.statement("EMIP-118")
def test_an_alias_stays_for_a_period_and_changes_with_the_next():
    periods = {alias_of(RING, OWNER, "C1", NOW + timedelta(days=day), 30) for day in range(90)}
    assert 3 <= len(periods) <= 4
    assert {contract_of(RING, OWNER, one) for one in periods} == {"C1"}


IDS = st.text("-*0123456789ABCXYZ", min_size=1, max_size=20)


@pytest.mark.statement("EMIP-118")
@settings(max_examples=100)
@given(st.sets(st.one_of(IDS, st.text(min_size=1, max_size=36)), min_size=2, max_size=5))
def test_no_two_contracts_share_an_alias_and_each_leads_back(contracts):
    aliases = {alias_of(RING, OWNER, one, NOW, 30): one for one in contracts}
    assert len(aliases) == len(contracts)
    assert all(contract_of(RING, OWNER, alias) == contract for alias, contract in aliases.items())


@pytest.mark.parametrize("contract", ["FR-E01-C12345678-X", "FRE01C12345678", "DE*8EE*001234*4"])
def test_an_alias_of_a_contract_id_fits_where_other_protocols_keep_contracts(contract):
    assert len(alias_of(RING, OWNER, contract, NOW, 30)) <= 36


def test_an_alias_survives_a_new_key():
    alias = alias_of(RING, OWNER, "C1", NOW, 30)
    assert contract_of(Keyring((b"n" * 32, b"k" * 32)), OWNER, alias) == "C1"


@pytest.mark.parametrize("odd", ["", "alias-93b2", "2A3-AAAA", "2A3-" + "A" * 26, "2A3-" + "A" * 40, "FR-E01-C1"])
def test_what_is_no_alias_of_ours_leads_nowhere(odd):
    assert contract_of(RING, OWNER, odd) is None
