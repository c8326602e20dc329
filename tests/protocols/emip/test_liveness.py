"""Signs of life: heartbeats out, heartbeats in, partners that fell silent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from interroam.core.hub import Deadlines
from interroam.model.parties import PartnerState
from tests.protocols.emip.nodes import cpo_node, hub
from tests.protocols.emip.partner import Http, Partner

BEAT = "eMIP_ToIOP_HeartBeat"
FROM = "eMIP_FromIOP_HeartBeat"
ACTION = "eMIP_FromIOP_SetSessionActionRequest"


@pytest.fixture
async def platform():
    async with Partner("FR*107", "FR*107") as one:
        one.answers[BEAT] = {"heartBeatPeriod": 300, "requestStatus": 1}
        yield one


async def quiet(node):
    """Let all that is due be done."""
    await node.room.tick()
    for _ in range(3):
        await asyncio.gather(*node.room._busy.values())
        await asyncio.sleep(0.01)


async def beats(node, platform, **later) -> int:
    """Move the hour, and count the heartbeats that came of it."""
    before = len(platform.of("ToIOP_HeartBeat"))
    node.clock.forward(**later)
    await quiet(node)
    return len(platform.of("ToIOP_HeartBeat")) - before


@pytest.fixture
async def site(tmp_path, platform):
    """A CPO's node whose first heartbeat has gone."""
    async with cpo_node(tmp_path, deadlines=Deadlines(partner=1.0)) as node:
        await node.platform(platform.url)
        await quiet(node)
        yield node


@pytest.mark.statement("EMIP-33")
async def test_a_heartbeat_goes_at_least_every_300_seconds(site, platform):
    assert Deadlines().silence == 300  # until a platform says otherwise
    (first,) = platform.of("ToIOP_HeartBeat")
    assert first.fields["partnerId"] == "FR*P-C01"
    assert first.fields["operatorId"] == "FR*C01"
    assert first.headers["content-type"].startswith("application/soap+xml; charset=utf-8; action=")
    assert await beats(site, platform, seconds=200) == 0
    assert await beats(site, platform, seconds=99) == 1
    assert await beats(site, platform, seconds=200) == 0
    assert await beats(site, platform, seconds=99) == 1


@pytest.mark.statement("EMIP-33")
async def test_the_period_of_the_answer_is_adopted(site, platform):
    platform.answers[BEAT] = {"heartBeatPeriod": 60, "requestStatus": 1}
    assert await beats(site, platform, seconds=299) == 1
    assert await beats(site, platform, seconds=40) == 0
    assert await beats(site, platform, seconds=19) == 1


@pytest.mark.statement("EMIP-34")
async def test_other_traffic_makes_heartbeats_needless(site, platform):
    from interroam.protocols.emip.wire import to_iop

    partner = site.book.partners["iop"]
    site.clock.forward(seconds=200)
    await site.room.calls.call(
        partner,
        to_iop.SetEVSEBusyStatus(
            partner_id="FR*P-C01",
            operator_id="FR*C01",
            evse_id="FR*C01*E1",
            status_event_date=site.clock.now(),
            busy_status=1,
        ),
    )  # a request to the platform
    assert await beats(site, platform, seconds=150) == 0
    await platform.call(site.url, FROM, target="FR*C01")  # an answer to one of the platform
    assert await beats(site, platform, seconds=200) == 0
    assert await beats(site, platform, seconds=99) == 1


@pytest.mark.statement("EMIP-34")
async def test_what_was_refused_at_the_front_is_no_sign_of_life(site, platform):
    site.clock.forward(seconds=200)
    await platform.call(site.url, FROM, target="FR*C01", partnerId="FR*XXX")
    assert await beats(site, platform, seconds=99) == 1


@pytest.mark.statement("EMIP-39")
async def test_a_heartbeat_of_a_platform_is_answered_with_status_1(site, platform):
    answer = await platform.call(site.url, FROM, target="FR*C01", transaction="p-1")
    assert (answer.status, answer.fields["transactionId"]) == (1, "p-1")
    assert abs((_moment(answer.fields["currentTime"]) - site.clock.now()).total_seconds()) < 5


@pytest.mark.statement("EMIP-39")
async def test_a_platform_asks_those_for_heartbeats_that_serve_them(tmp_path):
    async with (
        hub(tmp_path) as node,
        Partner("FR*P-C01", "FR*C01") as asked,
        Partner("FR*P-C02", "FR*C02") as spared,
    ):
        await node.cpo("FR*C01", url=asked.url, heartbeats=True)
        await node.cpo("FR*C02", url=spared.url)
        await quiet(node)
        (first,) = asked.of("FromIOP_HeartBeat")
        assert first.fields["targetOperatorId"] == "FR*C01"
        assert first.fields["operatorId"] == "FR*107"
        assert first.fields["transactionId"]
        await quiet(node)
        node.clock.forward(seconds=299)
        await quiet(node)
        assert len(asked.of("FromIOP_HeartBeat")) == 2
        assert spared.asked == []
        ids = {one.fields["transactionId"] for one in asked.asked}
        assert len(ids) == 2


# -- a platform and its partners -------------------------------------------------------------------------------------


def state(node, id="fr-c01"):
    return node.book.partners[id].state


async def becomes(node, wanted, id="fr-c01"):
    async with asyncio.timeout(2):
        while state(node, id) is not wanted:  # noqa: ASYNC110  it is written behind our back
            await asyncio.sleep(0.01)


@pytest.mark.statement("EMIP-36")
async def test_a_partner_silent_for_a_period_is_offline_and_its_next_message_brings_it_back(node):
    node.clock.forward(seconds=290)
    await quiet(node)
    assert state(node) is PartnerState.CONNECTED
    node.clock.forward(seconds=11)
    await quiet(node)
    assert state(node) is PartnerState.OFFLINE
    async with Partner("FR*P-C01", "FR*C01") as cpo:
        assert (await cpo.call(node.url, BEAT)).status == 1
    await becomes(node, PartnerState.CONNECTED)


@pytest.mark.statement("EMIP-35")
async def test_requests_keep_a_partner_online(node):
    async with Partner("FR*P-C01", "FR*C01") as cpo:
        for _ in range(3):
            node.clock.forward(seconds=200)
            await quiet(node)
            assert state(node) is PartnerState.CONNECTED
            await cpo.call(node.url, "eMIP_ToIOP_GetAuthenticationData")
        node.clock.forward(seconds=200)
        assert (await cpo.call(node.url, BEAT, operatorId="FR*XXX")).fault  # refused, and a sign of life all the same
        node.clock.forward(seconds=200)
        await quiet(node)
        assert state(node) is PartnerState.CONNECTED
        await cpo.call(node.url, BEAT, partnerId="FR*XXX")  # nobody we know: no sign of life
        node.clock.forward(seconds=101)
        await quiet(node)
        assert state(node) is PartnerState.OFFLINE


@pytest.mark.statement("EMIP-35", "EMIP-36")
async def test_answers_keep_a_partner_online_and_bring_it_back(tmp_path):
    from interroam.protocols.emip.wire import from_iop

    async with hub(tmp_path) as node, Partner("FR*P-C01", "FR*C01") as cpo:
        partner = await node.cpo("FR*C01", url=cpo.url)

        async def ask():
            message = from_iop.HeartBeat(
                transaction_id=node.hub.ids.new(),
                partner_id="FR*107",
                operator_id="FR*107",
                target_operator_id="FR*C01",
            )
            await node.room.calls.call(partner, message)

        node.clock.forward(seconds=200)
        await ask()
        node.clock.forward(seconds=200)
        await quiet(node)
        assert state(node) is PartnerState.CONNECTED
        node.clock.forward(seconds=101)
        await quiet(node)
        assert state(node) is PartnerState.OFFLINE
        await ask()
        await becomes(node, PartnerState.CONNECTED)


@pytest.mark.statement("EMIP-35", "EMIP-36")
async def test_an_answer_that_cannot_be_read_is_a_sign_of_life_all_the_same(tmp_path):
    async with hub(tmp_path) as node, Partner("FR*P-C01", "FR*C01") as cpo:
        await node.cpo("FR*C01", url=cpo.url, heartbeats=True)
        await quiet(node)
        cpo.answers[FROM] = Http(200, b"<html>at work</html>")
        node.clock.forward(seconds=299)
        await quiet(node)
        assert len(cpo.of("FromIOP_HeartBeat")) == 2
        node.clock.forward(seconds=200)
        await quiet(node)
        assert state(node) is PartnerState.CONNECTED


@pytest.mark.statement("EMIP-37")
async def test_the_period_is_that_of_the_platform_or_of_the_partner_and_the_answer_says_it(tmp_path):
    async with hub(tmp_path, deadlines=Deadlines(silence=120.0)) as node:
        await node.cpo("FR*C01")
        await node.cpo("FR*C02", period=40)
        periods = {}
        for name in ("C01", "C02"):
            async with Partner(f"FR*P-{name}", f"FR*{name}") as cpo:
                answer = await cpo.call(node.url, BEAT)
            periods[name] = answer.fields["heartBeatPeriod"]
            assert answer.fields["currentTime"].endswith("Z")
            assert abs((_moment(answer.fields["currentTime"]) - node.clock.now()).total_seconds()) < 5
        assert periods == {"C01": "120", "C02": "40"}
        node.clock.forward(seconds=41)
        await quiet(node)
        assert (state(node), state(node, "fr-c02")) == (PartnerState.CONNECTED, PartnerState.OFFLINE)
        node.clock.forward(seconds=80)
        await quiet(node)
        assert state(node) is PartnerState.OFFLINE


async def test_a_partner_that_was_planned_is_connected_when_it_first_calls(node):
    await node.change("fr-c01", state=PartnerState.PLANNED)
    async with Partner("FR*P-C01", "FR*C01") as cpo:
        assert (await cpo.call(node.url, BEAT)).status == 1
    assert state(node) is PartnerState.CONNECTED


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
