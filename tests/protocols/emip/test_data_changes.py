"""Changes of EVSEs: fetched since a date, and pushed as flows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from interroam.model.agreements import selection
from interroam.model.ids import Party
from interroam.protocols.emip.bridge.touched import Flavor
from tests.protocols.emip.nodes import LONG_AGO, hub, partner_id
from tests.protocols.emip.partner import Fault, Partner, Slow
from tests.protocols.emip.places import DELETE, EVSE, POOL, UPDATE, at, availability, build, busy, describe, listed
from tests.waiting import eventually

STATIC, DYNAMIC = "Static", "Dynamic"


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        await one.cpo("FR*C02")
        yield one


@pytest.fixture
async def cpo(node):
    async with Partner("FR*P-C01", "FR*C01") as one:
        await build(one, node)
        yield one


@pytest.fixture
async def emsp(node):
    async with Partner("FR*P-E01", "FR*E01") as one:
        await node.emsp("FR*E01", url=one.url)
        await node.agree("FR*E01", "FR*C01")
        yield one


class Follower:
    """Asks for one kind of change again and again, with the date it was given last."""

    def __init__(self, emsp, node, kind: str) -> None:
        self.emsp, self.node, self.kind, self.date, self.more = emsp, node, kind, None, ""

    async def ask(self, **more) -> list:
        asked = {} if self.date is None else {"lastRequestDate": self.date}
        answer = await self.emsp.call(self.node.url, f"eMIP_ToIOP_GetEVSE{self.kind}DataChanges", {**asked, **more})
        assert answer.status == 1, answer.raw
        self.date, self.more = answer.fields["currentTime"], answer.fields.get("moreData")
        return entries(answer.fields, self.kind)

    async def ids(self, **more) -> list:
        return [told(one) for one in await self.ask(**more)]


def entries(fields, kind: str) -> list:
    inside = fields.get(f"EVSE{kind}DataChangeList") or {}
    return listed(inside.get(f"EVSE{kind}DataChange"))


def told(entry) -> tuple:
    """What happened to which EVSE, or how it stands."""
    if "EVSEDescrip" in entry:
        return int(entry["actionType"]), entry["EVSEDescrip"]["EVSEId"]
    return entry["EVSEId"], entry.get("availabilityStatus"), entry.get("busyStatus")


# -- fetched -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-62")
async def test_what_is_fetched_is_what_changed_since_the_last_time(node, cpo, emsp):
    static, dynamic = Follower(emsp, node, STATIC), Follower(emsp, node, DYNAMIC)
    assert await static.ids() == [(1, EVSE)]
    assert await dynamic.ids() == []  # nobody has said anything of its status yet
    assert await static.ids() == []
    await availability(cpo, node, 2)
    await busy(cpo, node, 2)
    await busy(cpo, node, 1)
    assert await dynamic.ids() == [(EVSE, "2", "1")]  # the last state, once
    assert await dynamic.ids() == []
    assert await static.ids() == []
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "11"})
    await describe(cpo, node, "ChargingPool", POOL, UPDATE, {1006: "Gare Est"})
    (one,) = await static.ask()
    assert (told(one), one["EVSEDescrip"]["power"], one["EVSEDescrip"]["chargingPoolName"]) == (
        (2, EVSE),
        "11",
        "Gare Est",
    )
    await describe(cpo, node, "EVSE", "FR*C01*E2", values={}, parent=POOL)
    await describe(cpo, node, "EVSE", EVSE, DELETE)
    assert sorted(await static.ids()) == [(1, "FR*C01*E2"), (3, EVSE)]
    assert await static.ids() == []


async def test_a_date_is_good_as_long_as_its_answer_may_be_lost(node, cpo, emsp):
    dynamic = Follower(emsp, node, DYNAMIC)
    await dynamic.ids()
    date = dynamic.date
    await busy(cpo, node, 2)
    assert await dynamic.ids() == [(EVSE, None, "2")]
    dynamic.date = date  # the answer never came
    assert await dynamic.ids() == [(EVSE, None, "2")]
    await node.restart()
    dynamic.date = date
    assert await dynamic.ids() == [(EVSE, None, "2")]
    assert await dynamic.ids() == []
    dynamic.date = at(hours=1)  # a date of its own making
    assert await dynamic.ids() == [(EVSE, None, "2")]
    dynamic.date = (node.clock.now() + timedelta(seconds=20)).isoformat()
    assert await dynamic.ids() == []


async def test_what_changes_at_the_instant_of_an_answer_is_not_lost(node, cpo, emsp):
    dynamic = Follower(emsp, node, DYNAMIC)
    await dynamic.ids()
    seen = []

    async def follow():
        for _ in range(30):
            seen.extend(one[2] for one in await dynamic.ids())

    async def drive():
        for no in range(40):
            await busy(cpo, node, 1 + no % 2)

    await asyncio.gather(follow(), drive())
    seen += [one[2] for one in await dynamic.ids()]
    assert seen[-1] == "2"
    assert await dynamic.ids() == []


async def test_a_long_list_comes_in_pieces_and_nothing_twice(node, cpo, emsp):
    for no in range(2, 8):
        await describe(cpo, node, "EVSE", f"FR*C01*E{no}", values={}, parent=POOL)
    static = Follower(emsp, node, STATIC)
    got = []
    for count in (3, 3, 1):
        piece = await static.ids(maxCount=3)
        assert len(piece) == count
        got += piece
        assert static.more == ("0" if count == 1 else "1")
    assert sorted(got) == [(1, f"FR*C01*E{no}") for no in range(1, 8)]
    await describe(cpo, node, "ChargingPool", POOL, UPDATE, {1006: "Est"})
    got = await static.ids(maxCount=5) + await static.ids(maxCount=5)
    assert sorted(got) == [(2, f"FR*C01*E{no}") for no in range(1, 8)]
    assert await static.ids() == []
    answer = await emsp.call(node.url, "eMIP_ToIOP_GetEVSEStaticDataChanges", {"maxCount": 0})
    assert answer.status == 19001


@pytest.mark.statement("EMIP-65")
async def test_an_agreement_brings_and_takes_evses(node, cpo, emsp):
    second = Partner("FR*P-C02", "FR*C02")
    await build(second, node, pool="FR*C02*P1", evse="FR*C02*E1")
    static = Follower(emsp, node, STATIC)
    assert await static.ids() == [(1, EVSE)]
    await node.agree("FR*E01", "FR*C02")
    assert await static.ids() == [(1, "FR*C02*E1")]
    await node.agree("FR*E01", "FR*C01", version=2, ends=LONG_AGO + timedelta(days=1))
    assert await static.ids() == [(3, EVSE)]
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "7"})
    assert await static.ids() == []
    await node.agree("FR*E01", "FR*C02", version=2, selections=(selection(locations=["elsewhere"]),))
    assert await static.ids() == [(3, "FR*C02*E1")]
    assert await static.ids() == []


@pytest.mark.parametrize("limits", [selection(locations=["FRC02P2"]), selection(evses=["FR*C02*E2"])])
@pytest.mark.statement("EMIP-65")
async def test_an_agreement_about_some_sites_brings_the_evses_of_these(node, cpo, emsp, limits):
    second = Partner("FR*P-C02", "FR*C02")
    for number in (1, 2):
        await build(second, node, pool=f"FR*C02*P{number}", evse=f"FR*C02*E{number}")
    static, dynamic = Follower(emsp, node, STATIC), Follower(emsp, node, DYNAMIC)
    assert await static.ids() == [(1, EVSE)]
    await dynamic.ids()
    await node.agree("FR*E01", "FR*C02", selections=(limits,))
    assert await static.ids() == [(1, "FR*C02*E2")]
    for number in (1, 2):
        assert (await busy(second, node, 2, id=f"FR*C02*E{number}")).status == 1
    assert await dynamic.ids() == [("FR*C02*E2", None, "2")]


# -- pushed ------------------------------------------------------------------------------------------------------------


async def switch(emsp, node, kind: str, on: bool = True, **more):
    name = f"eMIP_ToIOP_{'Activate' if on else 'DeActivate'}EVSE{kind}DataChangesFlow"
    answer = await emsp.call(node.url, name, more)
    assert answer.status == 1, answer.raw
    return answer


def pushed(emsp, kind: str) -> list:
    return [[told(one) for one in entries(push.fields, kind)] for push in emsp.of(f"FromIOP_SetEVSE{kind}DataChanges")]


async def until(emsp, kind: str, met, within: float = 5.0) -> list:
    def flat() -> list:
        return [one for push in pushed(emsp, kind) for one in push]

    await eventually(lambda: met(flat()), within)
    return flat()


@pytest.mark.statement("EMIP-63")
async def test_each_flow_is_pushed_while_it_is_on(node, cpo, emsp):
    await busy(cpo, node, 1)
    await node.settled()
    assert not emsp.asked
    await switch(emsp, node, DYNAMIC)
    await busy(cpo, node, 2)
    assert await until(emsp, DYNAMIC, bool) == [(EVSE, None, "2")]
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "11"})
    await node.settled()
    assert pushed(emsp, STATIC) == []
    await switch(emsp, node, STATIC)
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "7"})
    assert await until(emsp, STATIC, bool) == [(2, EVSE)]
    (push,) = emsp.of("FromIOP_SetEVSEStaticDataChanges")
    assert (push.fields["operatorId"], push.fields["targetOperatorId"]) == ("FR*107", "FR*E01")
    await switch(emsp, node, DYNAMIC, on=False)
    await switch(emsp, node, DYNAMIC, on=False)  # it may be said twice
    emsp.asked.clear()
    await busy(cpo, node, 1)
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "22"})
    await until(emsp, STATIC, bool)
    await node.settled()
    assert pushed(emsp, DYNAMIC) == []


@pytest.mark.statement("EMIP-63")
async def test_a_flow_survives_a_restart_and_an_activation_may_be_repeated(node, cpo, emsp):
    await switch(emsp, node, DYNAMIC)
    await node.restart()
    await busy(cpo, node, 2)
    await until(emsp, DYNAMIC, bool)
    await switch(emsp, node, DYNAMIC)
    await busy(cpo, node, 1)
    assert await until(emsp, DYNAMIC, lambda got: len(got) == 2) == [(EVSE, None, "2"), (EVSE, None, "1")]


@pytest.mark.statement("EMIP-62", "EMIP-63")
async def test_an_activation_that_is_repeated_loses_nothing_that_was_not_taken_yet(node, cpo, emsp):
    await switch(emsp, node, DYNAMIC)
    emsp.answers["eMIP_FromIOP_SetEVSEDynamicDataChanges"] = Fault()
    await busy(cpo, node, 2)
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges")
    await switch(emsp, node, DYNAMIC)
    emsp.asked.clear()
    emsp.answers["eMIP_FromIOP_SetEVSEDynamicDataChanges"] = {"requestStatus": 1}
    assert await until(emsp, DYNAMIC, bool) == [(EVSE, None, "2")]


@pytest.mark.statement("EMIP-63")
async def test_a_flow_that_ends_while_a_push_is_under_way_has_ended(node, cpo, emsp):
    await switch(emsp, node, DYNAMIC)
    emsp.answers["eMIP_FromIOP_SetEVSEDynamicDataChanges"] = Slow(0.3, {"requestStatus": 1})
    await busy(cpo, node, 2)
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges")
    await switch(emsp, node, DYNAMIC, on=False)
    await node.settled()
    emsp.asked.clear()
    await busy(cpo, node, 1)
    await node.settled()
    await node.restart()
    await busy(cpo, node, 2)
    await node.settled()
    assert not emsp.asked


async def test_a_flow_begins_at_its_date(node, cpo, emsp):
    await busy(cpo, node, 2)
    await switch(emsp, node, DYNAMIC, startDate=at(hours=1))
    await switch(emsp, node, STATIC, startDate=at(hours=1))
    assert await until(emsp, DYNAMIC, bool) == [(EVSE, None, "2")]
    assert [name for _, name in await until(emsp, STATIC, bool)] == [EVSE]


@pytest.mark.statement("EMIP-62", "EMIP-133")
async def test_nothing_is_lost_when_a_push_fails_and_each_evse_comes_once(node, cpo, emsp):
    await describe(cpo, node, "EVSE", "FR*C01*E2", values={}, parent=POOL)
    await node.settled()
    await switch(emsp, node, DYNAMIC)
    emsp.answers["eMIP_FromIOP_SetEVSEDynamicDataChanges"] = [Fault()] * 2 + [{"requestStatus": 1}]
    await busy(cpo, node, 2)
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges")
    for code in (1, 2, 1):
        await busy(cpo, node, code)
        await busy(cpo, node, code, id="FR*C01*E2")
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges", 3)
    await node.settled()
    taken = [one for push in pushed(emsp, DYNAMIC)[2:] for one in push]
    assert sorted(taken) == [(EVSE, None, "1"), ("FR*C01*E2", None, "1")]
    again = [push.fields["transactionId"] for push in emsp.of("FromIOP_SetEVSEDynamicDataChanges")]
    assert again[0] != again[-1]  # another message
    first, second = again[1:3]
    assert pushed(emsp, DYNAMIC)[1] != pushed(emsp, DYNAMIC)[2] or first == second


async def test_a_push_that_has_just_ended_keeps_nobody_waiting(node, cpo, emsp):
    await switch(emsp, node, DYNAMIC)
    pusher = node.links["fr-e01"].peer.pusher
    ended = asyncio.ensure_future(asyncio.sleep(0))
    await ended
    pusher._running[Party.parse("FR*E01/EMSP"), Flavor.DYNAMIC] = ended
    await busy(cpo, node, 2)
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges")
    assert pushed(emsp, DYNAMIC)[-1] == [(EVSE, None, "2")]


async def test_what_an_emsp_refuses_comes_again_with_what_is_next(node, cpo, emsp):
    await switch(emsp, node, DYNAMIC)
    emsp.answers["eMIP_FromIOP_SetEVSEDynamicDataChanges"] = [{"requestStatus": 19000}, {"requestStatus": 1}]
    await describe(cpo, node, "EVSE", "FR*C01*E2", values={}, parent=POOL)
    await busy(cpo, node, 2)
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges")
    await busy(cpo, node, 1, id="FR*C01*E2")
    await emsp.until("FromIOP_SetEVSEDynamicDataChanges", 2)
    await node.settled()
    taken = {one for push in pushed(emsp, DYNAMIC)[1:] for one in push}
    assert taken == {(EVSE, None, "2"), ("FR*C01*E2", None, "1")}


@pytest.mark.statement("EMIP-62")
async def test_a_push_holds_200_at_most_and_many_at_once(node, cpo, emsp):
    many = [f"FR*C01*EM{no}" for no in range(230)]
    for start in range(0, len(many), 23):
        await asyncio.gather(
            *(describe(cpo, node, "EVSE", one, values={}, parent=POOL) for one in many[start : start + 23])
        )
    await node.settled()
    await switch(emsp, node, STATIC)
    await describe(cpo, node, "ChargingPool", POOL, UPDATE, {1006: "Est"})
    got = await until(emsp, STATIC, lambda all_: len(all_) >= 231)
    assert len(got) == len(set(got)) == 231
    assert [len(push) for push in pushed(emsp, STATIC)] == [200, 31]


@pytest.mark.statement("EMIP-64")
async def test_who_does_not_take_the_pushes_cannot_switch_them_on(node, cpo, emsp):
    await node.change("fr-e01", switches={"services": "-FromIOP_SetEVSEStaticDataChanges"})
    answer = await emsp.call(node.url, "eMIP_ToIOP_ActivateEVSEStaticDataChangesFlow")
    assert answer.status == 19007
    await switch(emsp, node, DYNAMIC)


async def test_an_agreement_that_begins_or_ends_is_pushed(node, cpo, emsp):
    await switch(emsp, node, STATIC)
    second = Partner(partner_id("FR*C02"), "FR*C02")
    await build(second, node, pool="FR*C02*P1", evse="FR*C02*E1")
    await node.settled()
    assert pushed(emsp, STATIC) == []
    await node.agree("FR*E01", "FR*C02")
    assert await until(emsp, STATIC, bool) == [(1, "FR*C02*E1")]
