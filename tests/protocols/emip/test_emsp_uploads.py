"""The users of an eMSP on their way to the platform's white list, as they change and every so many hours."""

from __future__ import annotations

import asyncio

import pytest

from interroam.protocols.emip.profiles import PROFILES
from tests.protocols.emip.emsp_office import CARD, CONTRACT, OPERATOR, entries, selling
from tests.protocols.emip.partner import Fault, Silence
from tests.waiting import eventually

BODY = {"contract_id": CONTRACT, "issuer": "Eee", "valid": True, "whitelist": "ALLOWED"}


async def uploads(emsp, count):
    """The lists of the first so many uploads."""
    return [entries(one) for one in await emsp.until("SetAuthenticationData", count)]


async def quiet(emsp, count):
    """See that no more uploads come than these."""
    await emsp.node.settled()
    for _ in range(2):  # what is due by the hour is looked for once a second
        emsp.clock.forward(seconds=2)
        await asyncio.sleep(0.1)
    assert len(emsp.calls("SetAuthenticationData")) == count


async def stated(emsp, count, first=0):
    """State many users at once."""
    lines = [
        {"kind": "token", "object": {**BODY, "party": OPERATOR, "type": "RFID", "uid": f"{number:08X}"}}
        for number in range(first, first + count)
    ]
    import json

    data = "\n".join(map(json.dumps, lines)).encode()
    headers = {"Authorization": "Bearer office"}
    async with emsp.http.post(f"{emsp.node.url}/api/v1/import", data=data, headers=headers) as answer:
        assert (await answer.json())["counts"] == {"recorded": count}


# -- as they change ----------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-76", "EMIP-75", "EMIP-80")
async def test_a_user_is_uploaded_as_soon_as_it_is_stated_changed_or_gone(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token("4a1b2c3", expires="2027-01-01T00:00:00Z")
        await emsp.token("4a1b2c3", valid=False)
        await emsp.token("4a1b2c3", whitelist="NEVER")
        (new,), (black,), (gone,) = await uploads(emsp, 3)
        assert (new["actionType"], new["userIdType"], new["userId"]) == ("1", "RFID-UID", "04A1B2C3")
        assert (new["authorisationValue"], new["expiryDate"]) == ("1", "2027-01-01T00:00:00Z")
        assert (black["actionType"], black["authorisationValue"]) == ("2", "2")
        assert "expiryDate" not in black
        assert (gone["actionType"], gone["userId"]) == ("3", "04A1B2C3")


@pytest.mark.statement("EMIP-118")
async def test_an_upload_names_the_contract_by_its_alias_only(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token()
        await emsp.until("SetAuthenticationData")
        (asked,) = emsp.calls("SetAuthenticationData")
        assert CONTRACT.encode() not in asked.raw
        (entry,) = entries(asked)
        alias = (await emsp.authorize()).fields["userContractIdAlias"]
        assert entry["userContractIdAlias"] == alias


async def test_an_upload_names_the_services_of_a_card(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token(services=["1", "7"])
        ((said,),) = await uploads(emsp, 1)
        assert said["requestedServiceId"] == ["1", "7"]


async def test_a_user_of_whom_its_issuer_is_always_to_be_asked_is_on_no_list(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token(whitelist="NEVER")
        await emsp.node.settled()
        assert emsp.uploaded() == []


@pytest.mark.statement("EMIP-80")
async def test_every_entry_ends_by_itself_where_the_operator_says_so(tmp_path):
    async with selling(tmp_path, expiry_days=30) as emsp:
        await emsp.token()
        ((entry,),) = await uploads(emsp, 1)
        assert entry["expiryDate"] > emsp.clock.now().isoformat()


@pytest.mark.statement("EMIP-133", "EMIP-21")
async def test_an_upload_that_is_tried_again_keeps_its_transaction_and_a_new_one_has_another(tmp_path):
    async with selling(tmp_path) as emsp:
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = [Fault(), Silence(0.05), {"requestStatus": 1}]
        await emsp.token()
        first = await emsp.until("SetAuthenticationData", 3)
        await emsp.node.settled()
        await emsp.token(visual_number="V 1")
        every = await emsp.until("SetAuthenticationData", 4)
        names = [one.fields["transactionId"] for one in every]
        assert len({one.fields["transactionId"] for one in first}) == 1
        assert names[3] != names[0]


@pytest.mark.statement("EMIP-133")
async def test_an_upload_that_is_tried_again_after_a_restart_keeps_its_transaction(tmp_path):
    async with selling(tmp_path) as emsp:
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = Fault()
        await emsp.token()
        await emsp.until("SetAuthenticationData")
        await emsp.node.restart()
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = {"requestStatus": 1}
        emsp.clock.forward(minutes=10)
        await emsp.node.settled()
        assert len({one.fields["transactionId"] for one in emsp.calls("SetAuthenticationData")}) == 1


async def test_a_user_that_another_emsp_has_lies_on_the_shelf(tmp_path):
    async with selling(tmp_path) as emsp:
        collided = {"userIdType": "RFID-UID", "userId": CARD, "requestStatus": 19008, "comment": "another eMSP's"}
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = {
            "requestStatus": 900,
            "authenticationDataErrorList": {"authenticationDataError": collided},
        }
        await emsp.token()
        await eventually(emsp.node.store.shelf)
        (shelved,) = await emsp.node.store.shelf()
        assert shelved.message == "another eMSP's"


# -- every so many hours -----------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-76")
@pytest.mark.parametrize("profile", PROFILES)
def test_by_default_users_are_uploaded_at_once_and_twice_a_day(profile):
    assert PROFILES[profile].whitelist_at_once
    assert PROFILES[profile].whitelist_hours == 12


@pytest.mark.statement("EMIP-76", "EMIP-77")
async def test_changes_are_uploaded_every_twelve_hours_and_an_empty_list_where_there_are_none(tmp_path):
    async with selling(tmp_path, whitelist_hours=12, whitelist_at_once=False) as emsp:
        await emsp.token()
        assert [len(one) for one in await uploads(emsp, 1)] in ([1], [0])
        await emsp.node.settled()
        emsp.clock.forward(hours=12)
        await uploads(emsp, 2)
        emsp.clock.forward(hours=12)
        assert (await uploads(emsp, 3))[2] == []  # everybody is there
        await emsp.token("0A0B0C0D")
        await emsp.token(valid=False)
        await emsp.token("0A0B0C0D", visual_number="V 1")
        await quiet(emsp, 3)
        emsp.clock.forward(hours=11.8)
        await quiet(emsp, 3)
        emsp.clock.forward(hours=0.3)
        delta = (await uploads(emsp, 4))[3]
        said = [(one["userId"], one["actionType"], one["authorisationValue"]) for one in delta]
        assert said == [(CARD, "2", "2"), ("0A0B0C0D", "1", "1")]


@pytest.mark.statement("EMIP-77")
async def test_an_empty_list_goes_where_uploads_come_hourly(tmp_path):
    async with selling(tmp_path, whitelist_hours=1, whitelist_at_once=False) as emsp:
        await uploads(emsp, 1)
        emsp.clock.forward(minutes=61)
        assert (await uploads(emsp, 2))[1] == []


@pytest.mark.statement("EMIP-77")
async def test_no_empty_list_goes_where_uploads_come_more_often_than_hourly(tmp_path):
    async with selling(tmp_path, whitelist_hours=0.5, whitelist_at_once=False) as emsp:
        await emsp.token()
        emsp.clock.forward(minutes=31)
        await uploads(emsp, 1)
        emsp.clock.forward(minutes=31)
        await quiet(emsp, 1)
        await emsp.token(valid=False)
        emsp.clock.forward(minutes=31)
        assert len((await uploads(emsp, 2))[1]) == 1


@pytest.mark.statement("EMIP-76")
async def test_what_was_uploaded_at_once_is_not_uploaded_again_by_the_hour(tmp_path):
    async with selling(tmp_path, whitelist_hours=12) as emsp:
        await emsp.until("SetAuthenticationData")  # nobody is there: an empty list
        await emsp.token()
        await emsp.until("SetAuthenticationData", 2)
        await emsp.node.settled()
        emsp.clock.forward(hours=12)
        assert [len(one) for one in await uploads(emsp, 3)] == [0, 1, 0]


async def test_what_waited_meanwhile_does_not_go_back_behind_an_upload_by_the_hour(tmp_path):
    async with selling(tmp_path, whitelist_hours=12) as emsp:
        await emsp.until("SetAuthenticationData")
        couriers = list(emsp.node.app.dispatch.couriers)
        for courier in couriers:
            courier.pause()
        await emsp.token()
        await emsp.token(valid=False)
        emsp.clock.forward(hours=12)
        await emsp.until("SetAuthenticationData", 2)
        for courier in couriers:
            courier.resume()
        await emsp.until("SetAuthenticationData", 3)
        await quiet(emsp, 3)
        assert [one["authorisationValue"] for one in emsp.uploaded()] == ["2", "2"]


@pytest.mark.statement("EMIP-78")
async def test_more_than_500_entries_go_in_several_messages(tmp_path):
    async with selling(tmp_path, whitelist_hours=12, whitelist_at_once=False) as emsp:
        await uploads(emsp, 1)
        await stated(emsp, 1001)
        emsp.clock.forward(hours=12)
        assert [len(one) for one in await uploads(emsp, 4)] == [0, 500, 500, 1]
        assert len({one["userId"] for one in emsp.uploaded()}) == 1001


@pytest.mark.statement("EMIP-76", "EMIP-78", "EMIP-133")
async def test_an_upload_that_broke_off_goes_on_where_it_was_after_a_restart(tmp_path):
    async with selling(tmp_path, whitelist_hours=12, whitelist_at_once=False) as emsp:
        await uploads(emsp, 1)
        await stated(emsp, 700)
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = [{"requestStatus": 1}, Fault()]
        emsp.clock.forward(hours=12)
        await uploads(emsp, 3)
        await emsp.node.restart()
        emsp.iop.answers["eMIP_ToIOP_SetAuthenticationData"] = {"requestStatus": 1}
        emsp.clock.forward(minutes=2)
        lists = await uploads(emsp, 4)
        assert [len(one) for one in lists] == [0, 500, 200, 200]
        names = [one.fields["transactionId"] for one in emsp.calls("SetAuthenticationData")]
        assert names[2] == names[3]
        assert len(set(names)) == 3
        emsp.clock.forward(hours=12)
        assert (await uploads(emsp, 5))[4] == []


@pytest.mark.statement("EMIP-118")
async def test_everybody_is_uploaded_under_the_next_alias(tmp_path):
    async with selling(tmp_path, whitelist_hours=12) as emsp:
        await emsp.token()
        await emsp.until("SetAuthenticationData", 1)
        await emsp.node.settled()
        before = next(one for one in emsp.uploaded())
        count = len(emsp.calls("SetAuthenticationData"))
        emsp.clock.forward(days=31)
        (after,) = (await uploads(emsp, count + 1))[count]
        assert after["userId"] == before["userId"]
        assert after["userContractIdAlias"] != before["userContractIdAlias"]
