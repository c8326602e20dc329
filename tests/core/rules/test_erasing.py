"""A driver's names, in rows, in words and in documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import msgpack
from msgspec.structs import replace

from interroam.core.keys import Keyring
from interroam.core.rules.erasing import Erasure
from interroam.model.facts import Exchange
from tests.core.objects import NOW, cdr, stored

KEYRING = Keyring.fresh()
UID, CONTRACT = "04A1B2C3", "DE-MSP-C12345678-X"
ERASURE = Erasure(KEYRING, [("RFID", UID), ("contract", CONTRACT)])
CARD, ACCOUNT = ERASURE.pseudonym("RFID", UID), ERASURE.pseudonym("contract", CONTRACT)


@pytest.mark.parametrize(
    "spelled", [CONTRACT, "DEMSPC12345678X", "DE*MSP*C12345678*X", "DE-MSP-C12345678", "demspc12345678x"]
)
def test_a_contract_is_found_however_it_is_spelled(spelled):
    assert ERASURE.text(f"no token of {spelled}, sorry").casefold() == f"no token of {ACCOUNT}, sorry".casefold()
    assert ERASURE.pseudonym("contract", spelled) == ACCOUNT
    assert ERASURE.mentions(f"x{spelled}x".encode())


@pytest.mark.parametrize("text", ["104A1B2C3", "04A1B2C3D4", "FR-MSP-C12345678-X", "", "04 A1 B2 C3"])
def test_what_is_longer_or_something_else_stays(text):
    assert ERASURE.text(text) == text
    assert ERASURE.octets(text.encode()) == text.encode()


def test_a_number_that_is_a_card_as_well_is_not_found_within_amounts():
    erasure = Erasure(KEYRING, [("RFID", "20310517"), ("RFID", "1234")])
    assert erasure.text("1.20310517 20310517.5 1234 20310517.") == (
        f"1.20310517 20310517.5 1234 {erasure.pseudonym('RFID', '20310517')}."
    )


def test_a_document_keeps_its_form_whatever_lies_in_it():
    said = {"at": datetime(2031, 5, 17, tzinfo=UTC), "body": b'{"uid":"04a1b2c3"}', "path": ["tokens", UID, 7, None]}
    lower = CARD.casefold()
    expected = {**said, "body": f'{{"uid":"{lower}"}}'.encode(), "path": ["tokens", CARD, 7, None]}
    assert msgpack.decode(ERASURE.document(msgpack.encode(said))) == expected
    assert ERASURE.document(f"eee {UID}".encode()) == f"eee {CARD}".encode()
    other = msgpack.encode({"uid": "somebody else's"})
    assert ERASURE.document(other) is other


def test_an_exchange_about_the_driver_loses_its_bodies_and_any_other_the_names():
    about = Exchange(
        at=NOW, partner="eee", inward=True, operation=f"GET tokens/{UID}", code="200/1000", latency_us=1,
        request=b"", response=f'[{{"uid":"{UID}"}},{{"uid":"0A0B0C0D"}}]'.encode(), ids=(UID, "S1"), note=UID,
    )  # fmt: skip
    other = ERASURE.exchange(about)
    assert (other.operation, other.ids, other.note) == (f"GET tokens/{CARD}", (CARD, "S1"), CARD)
    assert other.response == f'[{{"uid":"{CARD}"}},{{"uid":"0A0B0C0D"}}]'.encode()
    mine = ERASURE.exchange(replace(about, subject=KEYRING.subject("RFID", UID)))
    assert (mine.request, mine.response) == (b"", b"")


def test_a_remark_loses_the_names_and_nothing_else():
    row = stored(replace(cdr(), remark=f"card {UID}, bay 4"))
    assert ERASURE.rewrite(row).body.remark == f"card {CARD}, bay 4"
