"""What is fetched by itself, and when."""

from datetime import timedelta

import pytest

from interroam.core.rounds.pulling import PullTerms
from interroam.model.ids import Kind, Module
from tests.protocols.ocpi.client.conftest import join
from tests.protocols.ocpi.client.test_pulls import names, places
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.shops import Shop

DAY = timedelta(days=1, hours=2)


async def rounds(node: Node, *seconds_ahead: timedelta) -> None:
    """Let time pass in steps; what is due runs after each."""
    for step in seconds_ahead:
        node.clock.ahead += step
        await node.rounds.plans.renew()
        await node.rounds.tick()
        await node.rounds.schedules.settled()


@pytest.mark.statement("OCPI-83", "OCPI-108")
async def test_locations_of_cpos_and_tokens_of_emsps_are_fetched_daily(node):
    async with Shop((("CH", "CCC", "CPO"),)) as cpo, Shop((("DE", "EEE", "EMSP"),)) as emsp:
        cpo.shelves["locations"] = places("L1", "L2", "L3")
        emsp.shelves["tokens"] = [messages.token(f"0102030405060{digit}") for digit in "ABC"]
        await join(node, "cpo", cpo, "CH*CCC/CPO")
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        await rounds(node, timedelta(), DAY)
        assert [len(one.fetched(what)) for one, what in ((cpo, "locations"), (emsp, "tokens"))] == [2, 2]
        assert len(await names(node)) == 3
        assert (await node.store.counts())["token"] == 3
        await rounds(node, DAY)
        assert [len(one.fetched(what)) for one, what in ((cpo, "locations"), (emsp, "tokens"))] == [3, 3]
        assert all("date_from" in one.fetched(what)[2].query for one, what in ((cpo, "locations"), (emsp, "tokens")))


@pytest.mark.statement("OCPI-190")
async def test_partners_are_not_asked_all_at_the_same_moment(node):
    async with Shop((("CH", "CCC", "CPO"),)) as cpo, Shop((("CH", "DDD", "CPO"),)) as other:
        await join(node, "cpo", cpo, "CH*CCC/CPO")
        await join(node, "other", other, "CH*DDD/CPO")
        await node.rounds.plans.renew()
        due = [row.due for row in node.rounds.schedules.rows if row.due and row.act == "pull"]
        assert len(due) == len(set(due)) == 2
        assert all(one.hour == 3 for one in due)


@pytest.fixture
async def owner(tmp_path):
    """A CPO's node and its hub, which shows tokens."""
    async with Shop((("FR", "107", "HUB"),)) as hub, Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
        hub.shelves["tokens"] = [messages.token()]
        there = await node.expect("hub", "FR*107/HUB")
        await node.room.register(there, hub.versions_url, "token-a")
        await node.rounds.plans.renew()
        yield node, hub


@pytest.mark.statement("OCPI-202", "OCPI-190")
async def test_a_cpo_fetches_changed_tokens_hourly_and_all_of_them_monthly(owner):
    node, hub = owner
    rhythms = {row.id: row.rhythm for row in node.rounds.schedules.rows if row.act == "pull"}
    assert rhythms == {"pull/hub/tokens": "every 1h", "pull/hub/tokens/whole": "every 30d"}
    spreads = {row.id: row.spread_s for row in node.rounds.schedules.rows if row.act == "pull"}
    assert spreads == {"pull/hub/tokens": 600, "pull/hub/tokens/whole": 3600}  # never as long as the rhythm
    await rounds(node, timedelta(minutes=71), timedelta(minutes=71), timedelta(minutes=71))
    assert ["date_from" in one.query for one in hub.fetched("tokens")] == [False, True, True]
    assert {(one.sender, one.receiver) for one in hub.fetched("tokens")} == {("CH*CCC", "FR*107")}
    await node.rounds.schedules.set("pull/hub/tokens", "off")
    hub.seen.clear()
    await rounds(node, timedelta(days=36))
    assert ["date_from" in one.query for one in hub.fetched("tokens")] == [False]


@pytest.mark.statement("OCPI-202")
async def test_a_new_agreement_has_the_whole_list_of_tokens_fetched(owner):
    node, hub = owner
    await rounds(node, timedelta(minutes=71))
    hub.seen.clear()
    await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
    await rounds(node, timedelta(seconds=1))
    assert [one.query for one in hub.fetched("tokens")] == [{}]


async def test_terms_are_settings_and_off_is_off(tmp_path):
    async with Shop((("CH", "CCC", "CPO"),)) as cpo:
        node = Node(tmp_path)
        node.terms = PullTerms(locations="off")
        async with node:
            cpo.shelves["locations"] = places("L1")
            await join(node, "cpo", cpo, "CH*CCC/CPO")
            await rounds(node, timedelta(), DAY)
            assert cpo.fetched("locations") == []
            await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
            assert await names(node, Kind.LOCATION) == ["L1"]


async def test_a_partner_that_leaves_takes_its_rows_along(node):
    async with Shop((("CH", "CCC", "CPO"),)) as cpo:
        await join(node, "cpo", cpo, "CH*CCC/CPO")
        await node.rounds.plans.renew()
        assert "pull/cpo/locations" in [row.id for row in node.rounds.schedules.rows]
        await node.book.remove_partner("cpo")
        del node.links["cpo"]
        await node.rounds.plans.renew()
        assert [row.id for row in node.rounds.schedules.rows] == ["liveness", "retention"]
