"""Users of eMIP and tokens of the model, into each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.model.ids import PartyId
from interroam.model.tokens import Token, Whitelist
from interroam.protocols.emip.rules.ids import provider
from interroam.protocols.emip.translate.tokens import (
    DELETE,
    KINDS,
    contract_of,
    offered,
    read_user,
    token_fact,
    write_token,
    write_user,
)
from interroam.protocols.emip.wire.types import AuthenticationData

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
E01 = PartyId.of("FR", "E01")
cards = st.integers(0, 16**14 - 1).map(lambda number: f"{number:x}")
users = st.text("ABCXYZ0123456789-", min_size=1, max_size=30).filter(lambda text: text.strip("-"))


def entry(kind: str = "RFID-UID", user: str = "04A1B2C3", **more) -> AuthenticationData:
    return AuthenticationData(action_type=1, user_id_type=kind, user_id=user, **more)


@given(cards)
@pytest.mark.statement("EMIP-75")
def test_a_card_is_written_upper_case_with_its_zeros(card):
    _, uid = read_user("RFID-UID", card)
    kind, written = write_user("RFID", uid.lower())
    assert (kind, written) == ("RFID-UID", uid)
    assert len(written) in (8, 14)
    assert written == written.upper()
    assert int(written, 16) == int(card, 16)


@given(st.sampled_from(KINDS[1:]), users, st.none() | st.text(min_size=1, max_size=20))
def test_an_entry_comes_back_as_it_was_stated(kind, user, alias):
    stated = entry(kind, user, user_contract_id_alias=alias, requested_service_id=("1", "7"), expiry_date=NOW)
    fact = token_fact(E01, stated, NOW)
    again = write_token(fact.body, fact.wire, seller=False)
    assert again == AuthenticationData(
        action_type=1, user_id_type=kind, user_id=user, user_contract_id_alias=alias, requested_service_id=("1", "7"),
        authorisation_value=1, expiry_date=NOW,
    )  # fmt: skip
    assert fact.body.services == ("1", "7")


@pytest.mark.parametrize(
    ("kind", "user"), [("NFC", "1"), ("RFID-UID", "XYZ"), ("RFID-UID", "1" * 15), ("EMP-SPEC", " ")]
)
def test_what_is_no_user_is_none(kind, user):
    with pytest.raises(ValueError):
        read_user(kind, user)


@pytest.mark.statement("EMIP-118")
def test_no_contract_id_is_ever_written_only_an_alias():
    token = Token(
        owner=E01, uid="04A1B2C3", type="RFID", contract_id="FR-E01-C12345678", issuer="E", valid=True,
        whitelist=Whitelist.ALLOWED, visual_number="42", last_updated=NOW,
    )  # fmt: skip
    assert "C12345678" not in repr(write_token(token))
    assert write_token(token, alias="a-1").user_contract_id_alias == "a-1"
    gone = write_token(token, action=DELETE, alias="a-1")
    assert (gone.action_type, gone.user_contract_id_alias, gone.authorisation_value) == (3, None, None)


def test_every_token_has_a_contract_outside():
    assert contract_of(E01, "APP_USER", "FRE01C12345678") == "FRE01C12345678"
    assert contract_of(E01, "RFID", "04A1B2C3", "alias-1") == "alias-1"
    made = contract_of(E01, "RFID", "04A1B2C3")
    assert provider(made) == E01
    assert made == contract_of(E01, "RFID", "04a1b2c3") != contract_of(E01, "RFID", "04A1B2C4")


def test_what_is_always_to_be_asked_about_or_over_is_on_no_list():
    body = token_fact(E01, entry(expiry_date=NOW), NOW).body
    assert not offered(body, NOW)
    assert offered(token_fact(E01, entry(), NOW).body, NOW)
    assert body.whitelist is Whitelist.ALLOWED_OFFLINE
