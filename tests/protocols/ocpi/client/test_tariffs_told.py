"""What partners are told of tariffs, on real sockets."""

import pytest

from interroam.model.facts import Withdrawal
from interroam.model.ids import PartyId, tariff_key
from tests.protocols.ocpi.client.conftest import OWNER, join
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages


def calls(peer) -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in peer.told()]


@pytest.mark.statement("OCPI-56", "OCPI-152", "OCPI-155")
async def test_each_emsp_is_sent_the_variant_for_it_and_never_whom_it_is_for(roaming, node):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    async with Peer((("NL", "NNN", "EMSP"),)) as second:
        await join(node, "second", second, "NL*NNN/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await roaming.tell("tariff", messages.tariff(price=0.3, **own))
        await roaming.tell("tariff", messages.tariff(price=0.4))
        await roaming.settled()

        prices = [one.body["elements"][0]["price_components"][0]["price"] for one in roaming.emsp.told()]
        assert prices == [0.3]
        assert "target_operator_party_id" not in roaming.emsp.told()[0].body
        hub_id = (await node.store.get(tariff_key(OWNER, "T1"))).hub_id
        assert [one.body for one in second.told()] == [{**messages.tariff(price=0.4), "gireve_id": hub_id}]


@pytest.mark.statement("OCPI-145", "OCPI-146")
async def test_only_regular_tariffs_go_to_emsps(roaming):
    await roaming.tell("tariff", messages.tariff("T1", type="AD_HOC_PAYMENT"))
    await roaming.tell("tariff", messages.tariff("T2", type="PROFILE_CHEAP"))
    await roaming.tell("tariff", {**messages.tariff("T3"), "type": None})
    await roaming.settled()

    assert calls(roaming.emsp) == [("PUT", "/receiver/tariffs/CH/CCC/T3")]


@pytest.mark.statement("OCPI-145", "OCPI-146")
async def test_a_tariff_that_is_not_regular_any_more_is_taken_back_once(roaming):
    path, told = "/receiver/tariffs/CH/CCC/T1", []
    for minute, kind in enumerate((None, "REGULAR", "AD_HOC_PAYMENT", "PROFILE_FAST", "PROFILE_FAST", "REGULAR")):
        at = f"2026-03-14T12:1{minute}:00Z"
        said = messages.tariff(price=0.1 * minute, last_updated=at) | ({"type": kind} if kind else {})
        await roaming.tell("tariff", said)
        await roaming.settled()
        told.append([method for method, place in calls(roaming.emsp) if place == path])
        roaming.emsp.seen.clear()
    assert told == [["PUT"], ["PUT"], ["DELETE"], [], [], ["PUT"]]
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    at = {"last_updated": "2026-03-14T12:20:00Z"}
    await roaming.tell("tariff", messages.tariff(price=0.3, **own, **at))
    await roaming.tell("tariff", messages.tariff(type="PROFILE_CHEAP", **at))  # it has one of its own, which stays
    await roaming.settled()
    assert calls(roaming.emsp) == [("PUT", path)]


@pytest.mark.statement("OCPI-152", "OCPI-156")
async def test_who_had_a_variant_of_its_own_is_given_the_one_for_all_when_that_is_gone(roaming, node):
    own, other = ({"target_operator_country_code": "DE", "target_operator_party_id": one} for one in ("EEE", "FFF"))
    for target, amount in ((own, 0.3), (other, 0.2), ({}, 0.4)):
        await roaming.tell("tariff", messages.tariff(price=amount, **target))
    await roaming.settled()
    roaming.emsp.seen.clear()

    gone = [tariff_key(OWNER, "T1", PartyId.parse(one)) for one in ("DE*FFF", "DE*EEE")] + [tariff_key(OWNER, "T1")]
    said = []
    for key in gone:
        await roaming.state(Withdrawal(key, node.clock.now()))
        await roaming.settled()
        said.append(calls(roaming.emsp))
    path = "/receiver/tariffs/CH/CCC/T1"
    assert said == [[], [("PUT", path)], [("PUT", path), ("DELETE", path)]]
    assert roaming.emsp.told()[0].body["elements"] == messages.tariff(price=0.4)["elements"]


async def test_a_tariff_that_is_no_more_is_deleted(roaming, node):
    await roaming.tell("tariff", messages.tariff())
    await roaming.state(Withdrawal(tariff_key(OWNER, "T1"), node.clock.now()))
    await roaming.settled()

    assert calls(roaming.emsp)[-1] == ("DELETE", "/receiver/tariffs/CH/CCC/T1")


@pytest.mark.statement("OCPI-152", "OCPI-146")
async def test_who_keeps_a_variant_of_its_own_or_never_knew_a_tariff_is_not_told_that_it_is_gone(roaming, node):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    for tariff in (messages.tariff(), messages.tariff(**own), messages.tariff("T2", type="AD_HOC_PAYMENT")):
        await roaming.tell("tariff", tariff)
    await roaming.settled()
    roaming.emsp.seen.clear()
    for name in ("T1", "T2"):
        await roaming.state(Withdrawal(tariff_key(OWNER, name), node.clock.now()))
    await roaming.settled()
    assert calls(roaming.emsp) == []


@pytest.mark.statement("OCPI-145", "OCPI-152")
async def test_one_for_an_emsp_alone_that_it_may_not_know_takes_away_the_one_for_all(roaming):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE", "type": "AD_HOC_PAYMENT"}
    other = {**own, "target_operator_party_id": "FFF"}
    said = []
    for target in ({}, other, own):
        await roaming.tell("tariff", messages.tariff(**target))
        await roaming.settled()
        said.append([method for method, _ in calls(roaming.emsp)])
    assert said == [["PUT"], ["PUT"], ["PUT", "DELETE"]]


@pytest.mark.statement("OCPI-153", "OCPI-156")
async def test_the_hub_behind_a_hub_is_told_of_every_variant_and_whom_it_is_for(roaming, node):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "XYZ"}
    async with Peer((("NL", "HH2", "HUB"),)) as behind:
        await join(node, "behind", behind, "NL*HH2/HUB")
        await node.agree("NL*HH2/HUB", "CH*CCC/CPO")
        for target in (own, {}):
            await roaming.tell("tariff", messages.tariff(**target))
        await roaming.state(Withdrawal(tariff_key(OWNER, "T1", PartyId.parse("DE*XYZ")), node.clock.now()))
        await roaming.settled()
        first, second, gone = behind.told()
    keys = [tariff_key(OWNER, "T1", target) for target in (PartyId.parse("DE*XYZ"), None)]
    ids = [(await node.store.get(key)).hub_id for key in keys]
    assert first.body == {**messages.tariff(**own), "gireve_id": ids[0]}
    assert second.body == {**messages.tariff(), "gireve_id": ids[1]}
    assert (gone.method, gone.query) == ("DELETE", own)
