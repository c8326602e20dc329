"""By which names a driver is known."""

from __future__ import annotations

import pytest

from interroam.core.audit import LOCAL
from interroam.core.office.drivers import names_of
from interroam.core.refs import contract_ref
from interroam.model.charges import RESERVE, Command, CommandState
from interroam.model.facts import Change, Fact
from interroam.model.ids import command_key, token_key
from tests.core.desk import open_office
from tests.core.objects import CPO_PARTY, EMSP, EMSP_PARTY, NOW, agreement, at, partner, token
from tests.store.told import tell

CONTRACT = "DE-MSP-C12345678-X"


@pytest.fixture
async def desk(tmp_path):
    async with open_office(tmp_path) as (office, core):
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.agree(agreement())
        yield office, core


async def names(office, *asked):
    return await names_of(office.hub.store, office.hub.book.keyring, *asked)


async def test_the_only_card_of_a_contract_is_erased_with_it(desk):
    office, core = desk
    await core.tell("emsp", Fact(token("04A1B2C3", contract_id=CONTRACT, visual_number="V-123456")))
    found = {("RFID", "04A1B2C3"), ("visual", "V-123456"), ("contract", CONTRACT)}
    assert await names(office, "RFID", "04A1B2C3") == found
    assert await names(office, "contract", CONTRACT) == found


async def test_one_of_two_cards_is_erased_without_the_contract_and_the_contract_with_both(desk):
    office, core = desk
    for uid in ("04A1B2C3", "04A1B2C4"):
        await core.tell("emsp", Fact(token(uid, contract_id=CONTRACT)))
    assert await names(office, "RFID", "04A1B2C3") == {("RFID", "04A1B2C3")}
    assert await names(office, "contract", CONTRACT) == {
        ("RFID", "04A1B2C3"), ("RFID", "04A1B2C4"), ("contract", CONTRACT),
    }  # fmt: skip


async def test_a_contract_that_a_change_brought_is_erased_like_one_that_was_stated(desk):
    office, core = desk
    await core.tell("emsp", Fact(token("04A1B2C3", contract_id="DE-MSP-C00000001-X")))
    key = token_key(EMSP, "RFID", "04A1B2C3")

    def merge(_body, wire):
        return token("04A1B2C3", at(9), contract_id=CONTRACT), wire

    await core.tell("emsp", Change(key, frozenset({"contract_id"}), at(9), merge))
    assert [row.key for row in await core.store.by_ref(contract_ref(CONTRACT))] == [key]
    assert await office.upkeep.erase_driver(LOCAL, "contract", CONTRACT) > 0
    assert await core.store.get(key) is None


async def test_what_was_answered_to_a_command_loses_the_names_and_other_commands_stay(desk):
    office, core = desk
    for name, message in (("R1", "card 04A1B2C3 has no right"), ("R2", "no bay is free")):
        command = Command(
            id=name, name=RESERVE, state=CommandState.SETTLED, asker=EMSP_PARTY, target=CPO_PARTY, reply="there",
            deadline=NOW, asked_at=NOW, result="REJECTED", message=message,
        )  # fmt: skip
        await core.store.record(tell(Fact(command)))
    assert await office.upkeep.erase_driver(LOCAL, "RFID", "04A1B2C3") == 2
    erased, other = [(await core.store.get(command_key(one))).body.message for one in ("R1", "R2")]
    assert (erased.startswith("card ERASED"), other) == (True, "no bay is free")
    assert [entry.body.message for entry in await core.store.entries(0)] == [erased, other]
