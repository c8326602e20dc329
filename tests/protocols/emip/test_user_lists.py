"""White lists at the platform: what eMSPs upload, what CPOs download."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from interroam.model.facts import Origin
from interroam.model.ids import PartyId, token_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Whitelist
from tests.protocols.emip.nodes import LONG_AGO, hub
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import EVSE, build, join_ocpi, listed
from tests.protocols.ocpi.partners import Peer

SET, GET = "eMIP_ToIOP_SetAuthenticationData", "eMIP_ToIOP_GetAuthenticationData"
E01, E02 = PartyId.of("FR", "E01"), PartyId.of("FR", "E02")
CARD = "04A1B2C3D4E5F6"


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        await one.emsp("FR*E01")
        await one.emsp("FR*E02")
        await one.agree("FR*E01", "FR*C01")
        yield one


@pytest.fixture
def emsp():
    return Partner("FR*P-E01", "FR*E01")


@pytest.fixture
def rival():
    return Partner("FR*P-E02", "FR*E02")


@pytest.fixture
def cpo():
    return Partner("FR*P-C01", "FR*C01")


def entry(user: str = CARD, action: int = 1, kind: str = "RFID-UID", **more) -> dict[str, Any]:
    return {"actionType": action, "userIdType": kind, "userId": user, **more}


async def upload(partner, node, *entries):
    inside = {"authenticationData": list(entries)} if entries else ""
    return await partner.call(node.url, SET, {"authenticationDataList": inside})


def remarks(answer) -> list[tuple[str, int]]:
    inside = answer.fields.get("authenticationDataErrorList") or {}
    return [(one["userId"], int(one["requestStatus"])) for one in listed(inside.get("authenticationDataError"))]


async def token(node, uid: str = CARD, owner: PartyId = E01, type: str = "RFID"):
    row = await node.store.get(token_key(owner, type, uid))
    return None if row is None or row.withdrawn else row.body


class Reader:
    """Downloads again and again, with the date it was given last."""

    def __init__(self, cpo, node) -> None:
        self.cpo, self.node, self.date, self.more = cpo, node, None, ""

    async def ask(self, **more) -> list[dict]:
        asked = {} if self.date is None else {"lastRequestDate": self.date}
        answer = await self.cpo.call(self.node.url, GET, {**asked, **more})
        assert answer.status == 1, answer.raw
        self.date, self.more = answer.fields["currentTime"], answer.fields.get("moreData")
        return listed((answer.fields["authenticationDataList"] or {}).get("authenticationData"))

    async def users(self, **more) -> list[tuple[int, str]]:
        return sorted((int(one["actionType"]), one["userId"]) for one in await self.ask(**more))


# -- uploads -----------------------------------------------------------------------------------------------------------


async def test_an_entry_is_a_token(node, emsp):
    until = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    assert (await upload(emsp, node, entry(userContractIdAlias="alias-1", expiryDate=until.isoformat()))).status == 1
    known = await token(node)
    assert (known.type, known.uid, known.contract_id, known.valid) == ("RFID", CARD, "alias-1", True)
    assert (known.whitelist, known.expires) == (Whitelist.ALLOWED_OFFLINE, until)
    await upload(emsp, node, entry(action=2, authorisationValue=2))
    known = await token(node)
    assert (known.valid, known.whitelist, known.expires) == (False, Whitelist.ALLOWED, None)
    assert known.contract_id.startswith("FR-E01-C")
    await upload(emsp, node, entry("FR-E01-C12345678-X", kind="eMA"))
    assert (await token(node, "FRE01C12345678X", type="APP_USER")).contract_id == "FRE01C12345678X"
    await upload(emsp, node, entry(action=3))
    assert await token(node) is None


@pytest.mark.statement("EMIP-75")
async def test_a_card_is_the_same_however_it_is_spelled(node, emsp, rival):
    assert (await upload(emsp, node, entry("4a1b2c3"))).status == 1
    assert (await token(node, "04A1B2C3")).uid == "04A1B2C3"
    assert remarks(await upload(emsp, node, entry("04a1b2c3"))) == [("04a1b2c3", 900)]
    assert remarks(await upload(rival, node, entry("0004A1B2C3"))) == []  # ten digits: another card
    assert remarks(await upload(rival, node, entry("04A1B2C3"))) == [("04A1B2C3", 19008)]


@pytest.mark.statement("EMIP-78")
async def test_500_entries_and_none_are_taken_501_are_not(node, emsp):
    many = [entry(f"{no:014X}") for no in range(501)]
    answer = await upload(emsp, node, *many)
    assert answer.status == 19002
    assert await token(node, f"{0:014X}") is None
    assert (await upload(emsp, node, *many[:500])).status == 1
    assert await token(node, f"{499:014X}") is not None
    assert await token(node, f"{500:014X}") is None
    assert (await upload(emsp, node)).status == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (entry("XYZ"), 19001),
        (entry(kind="NFC"), 19001),
        (entry(action=4), 19001),
        (entry("0102030405060708"), 19001),
        (entry(authorisationValue=3), 19004),
        (entry(requestedServiceId="0"), 19003),
    ],
)
@pytest.mark.statement("EMIP-71")
async def test_one_wrong_entry_keeps_all_out(node, emsp, wrong, status):
    answer = await upload(emsp, node, entry("01020304"), wrong)
    assert answer.status == status, answer.raw
    assert await token(node, "01020304") is None


async def test_what_was_there_already_or_was_not_is_a_remark(node, emsp):
    answer = await upload(emsp, node, entry("01", 2), entry("02", 3), entry("03", 1), entry("03", 1))
    assert answer.status == 900
    assert remarks(answer) == [("01", 900), ("02", 900), ("03", 900)]
    assert await token(node, "00000001") is not None
    assert await token(node, "00000002") is None


@pytest.mark.statement("EMIP-84")
async def test_a_user_of_two_emsps_stays_the_firsts(node, emsp, rival):
    await upload(emsp, node, entry())
    for action in (1, 2):
        answer = await upload(rival, node, entry(action=action), entry("01"))
        assert (answer.status, remarks(answer)[0]) == (900, (CARD, 19008))
    assert await token(node, owner=E02) is None
    assert (await token(node)).owner == E01
    assert await token(node, "00000001", E02) is not None
    assert remarks(await upload(rival, node, entry(action=3))) == [(CARD, 900)]  # nothing of its own to delete
    assert await token(node) is not None
    await upload(emsp, node, entry(action=3))
    assert (await upload(rival, node, entry())).status == 1  # free again
    assert (await token(node, owner=E02)).owner == E02


@pytest.mark.statement("EMIP-79")
async def test_an_entry_past_its_date_authorizes_nobody(node, emsp, cpo):
    await build(cpo, node)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await upload(emsp, node, entry(expiryDate=until), entry("01020304"))

    async def value(user: str) -> str:
        asked = {
            "EVSEIdType": "eMI3",
            "EVSEId": EVSE,
            "userIdType": "RFID-UID",
            "userId": user,
            "requestedServiceId": "1",
        }
        answer = await cpo.call(node.url, "eMIP_ToIOP_GetServiceAuthorisation", asked)
        return answer.fields["authorisationValue"]

    assert (await value(CARD), await value("01020304")) == ("1", "1")
    node.clock.forward(hours=2)
    assert (await value(CARD), await value("01020304")) == ("2", "1")
    users = await Reader(cpo, node).users()
    assert users == [(1, "01020304")]


# -- downloads ---------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-83")
async def test_a_cpo_gets_what_came_changed_and_went_of_emsps_in_contract(node, emsp, rival, cpo):
    await upload(emsp, node, entry(userContractIdAlias="a-1"), entry("01", authorisationValue=2))
    await upload(rival, node, entry("09"))
    reader = Reader(cpo, node)
    got = {one["userId"]: one for one in await reader.ask()}
    assert sorted(got) == ["00000001", CARD]
    assert (got[CARD]["userContractIdAlias"], got[CARD]["authorisationValue"]) == ("a-1", "1")
    assert (got[CARD]["salePartnerOperatorId"], got["00000001"]["authorisationValue"]) == ("FR*E01", "2")
    assert await reader.users() == []
    await upload(emsp, node, entry("02"), entry(action=2), entry("01", 3))
    assert await reader.users() == [(1, "00000002"), (2, CARD), (3, "00000001")]
    await upload(rival, node, entry("08"))
    assert await reader.users() == []
    await node.agree("FR*E02", "FR*C01")
    assert await reader.users() == [(1, "00000008"), (1, "00000009")]
    await node.agree("FR*E01", "FR*C01", version=2, ends=LONG_AGO + timedelta(days=1))
    assert await reader.users() == [(3, "00000002"), (3, CARD)]
    await upload(emsp, node, entry("07"))
    assert await reader.users() == []


async def test_a_long_list_comes_in_pieces(node, emsp, cpo):
    await upload(emsp, node, *(entry(f"{no:08X}") for no in range(7)))
    reader, got = Reader(cpo, node), []
    for count, more in ((3, "1"), (3, "1"), (1, "0")):
        piece = await reader.users(maxCount=3)
        assert (len(piece), reader.more) == (count, more)
        got += piece
    assert sorted(got) == [(1, f"{no:08X}") for no in range(7)]
    assert await reader.users() == []


@pytest.mark.statement("EMIP-71")
async def test_a_cpo_may_ask_for_one_service(node, emsp, cpo):
    await upload(
        emsp, node, entry("01"), entry("02", requestedServiceId=["1", "7"]), entry("03", requestedServiceId="7")
    )
    await node.agree("FR*E01", "FR*C01", version=2, services=frozenset({"1", "7"}))
    users = await Reader(cpo, node).users(requestedServiceId="7")
    assert users == [(1, "00000002"), (1, "00000003")]
    assert await Reader(cpo, node).users(requestedServiceId="1") == [(1, "00000001"), (1, "00000002")]
    answer = await cpo.call(node.url, GET, {"requestedServiceId": "0"})
    assert answer.status == 19003


@pytest.mark.statement("EMIP-130", "EMIP-83")
async def test_a_list_has_the_services_of_the_agreement_and_follows_them(node, emsp, cpo):
    await upload(
        emsp, node, entry("01"), entry("02", requestedServiceId=["1", "7"]), entry("03", requestedServiceId="7")
    )
    reader = Reader(cpo, node)
    first = {one["userId"]: one.get("requestedServiceId") for one in await reader.ask()}
    assert first == {"00000001": None, "00000002": "1"}
    assert await Reader(cpo, node).users(requestedServiceId="7") == []
    await node.agree("FR*E01", "FR*C01", version=2, services=frozenset({"1", "7"}))
    more = {one["userId"]: one.get("requestedServiceId") for one in await reader.ask()}
    assert more == {"00000001": None, "00000002": ["1", "7"], "00000003": "7"}
    await upload(emsp, node, entry("01", 2, requestedServiceId="9"))
    assert await reader.users() == [(3, "00000001")]
    await node.agree("FR*E01", "FR*C01", version=3)
    assert await reader.users() == [(1, "00000002"), (3, "00000003")]


@pytest.mark.statement("EMIP-81")
async def test_everything_may_be_asked_for_only_so_often(node, emsp, cpo):
    await upload(emsp, node, entry())
    await node.change("fr-c01", switches={"full_downloads_per_day": 2})
    reader = Reader(cpo, node)
    assert await reader.users() == [(1, CARD)]
    assert (await cpo.call(node.url, GET)).status == 1
    assert (await cpo.call(node.url, GET)).status == 19000
    assert await reader.users() == []  # changes may always be asked for
    node.clock.forward(hours=25)
    assert (await cpo.call(node.url, GET)).status == 1


async def test_cards_of_an_ocpi_emsp_are_listed_and_ocpi_cpos_are_told_of_ours(node, emsp, cpo):
    async with Peer((("DE", "EEE", "EMSP"),)) as other, Peer((("CH", "CCC", "CPO"),)) as site:
        say = await join_ocpi(node, "eee", other)
        await join_ocpi(node, "ccc", site)
        await node.agree("DE*EEE", "FR*C01", "CH*CCC")
        await node.agree("FR*E01", "CH*CCC", id="third")
        shape = {
            "country_code": "DE", "party_id": "EEE", "uid": "0A0B0C0D", "type": "RFID",
            "contract_id": "DE-EEE-C00000001-1", "issuer": "EEE", "valid": True,
            "whitelist": "ALLOWED", "last_updated": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        for one in (shape, {**shape, "uid": "0A0B0C0E", "whitelist": "NEVER"}):
            answer = await say("PUT", f"receiver/tokens/DE/EEE/{one['uid']}", one)
            assert answer["status_code"] == 1000, answer
        (got,) = await Reader(cpo, node).ask()
        assert (got["userIdType"], got["userId"], got["salePartnerOperatorId"]) == ("RFID-UID", "0A0B0C0D", "DE*EEE")
        assert "userContractIdAlias" not in got  # EMIP-118: no contract id of ours
        await upload(emsp, node, entry())
        await site.until(lambda: any(one.path.endswith(CARD) for one in site.told("PUT")))
        told = next(one.body for one in site.told("PUT") if one.path.endswith(CARD))
        assert (told["type"], told["valid"], told["whitelist"]) == ("RFID", True, "ALLOWED")
        await upload(emsp, node, entry(action=3))
        await site.until(lambda: any((one.body or {}).get("valid") is False for one in site.told("PATCH")))


async def test_a_black_entry_is_no(node, emsp, cpo):
    await build(cpo, node)
    await upload(emsp, node, entry(authorisationValue=2))
    asked = Authorize(cpo=PartyId.of("FR", "C01"), uid=CARD, type="RFID", location_id="FRC01P1", evse_uids=("FRC01E1",))
    origin = node.hub.book.partners["fr-c01"]
    answer = await node.hub.authorize(Origin(origin.id), asked)
    assert answer.allowed is not Allowed.ALLOWED
