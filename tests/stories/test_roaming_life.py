"""What happens to partners in the long run: they share platforms, come back, say all again, change secrets."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from interroam.model.ids import Kind, Module, Party
from interroam.model.parties import PartnerState, Route
from tests.protocols.ocpi.client.conftest import OWNER
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.row import in_a_row
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.server.conftest import Node
from tests.protocols.ocpi.server.messages import cdr, cdr_token, evse, location, session

HUB = "CH*HUB"
LATER = "2026-03-14T12:05:00Z"


@pytest.fixture
async def hub(tmp_path):
    async with Node(tmp_path, hub=HUB) as node:
        yield node


@pytest.fixture
async def operator():
    async with Peer((("CH", "CCC", "CPO"),)) as one:
        yield one


def paths(peer: Peer, *methods: str) -> list[str]:
    return [one.path for one in peer.told(*methods)]


@pytest.mark.statement("OCPI-21", "OCPI-35")
async def test_one_platform_hosts_five_emsps_and_each_gets_its_own(hub, operator):
    codes = ["EE1", "EE2", "EE3", "EE4", "EE5"]
    async with Peer(tuple(("DE", code, "EMSP") for code in codes)) as platform:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        await hub.connect("five", platform, *(f"DE*{code}/EMSP" for code in codes))
        for code in codes[:4]:  # the fifth has no agreement
            await hub.roam(f"DE*{code}", "CH*CCC")
        await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1")]))
        await cpo.put("receiver/sessions/CH/CCC/S1", session(cdr_token=cdr_token(party_id="EE3")))
        await cpo.post("receiver/cdrs", cdr(cdr_token=cdr_token(party_id="EE3")))
        await cpo.put("receiver/sessions/CH/CCC/S2", session("S2", cdr_token=cdr_token(party_id="EE5")))
        await hub.settled()
        places = [one.receiver for one in platform.told("PUT") if "/locations/" in one.path]
        assert sorted(places) == [f"DE*{code}" for code in codes[:4]]
        charges = [one.receiver for one in platform.told() if "/locations/" not in one.path]
        assert charges == ["DE*EE3", "DE*EE3"]


async def test_a_cpo_that_says_all_again_after_an_outage_tells_nobody_anything_new(hub, operator):
    async with Peer((("DE", "EEE", "EMSP"),)) as provider:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        await hub.connect("eee", provider, "DE*EEE/EMSP")
        await hub.roam("DE*EEE", "CH*CCC")

        async def say_all() -> None:
            for number in range(10):
                body = location(f"L{number}", evses=[evse("E1")])
                assert (await cpo.put(f"receiver/locations/CH/CCC/L{number}", body)).status == 1000
            assert (await cpo.put("receiver/sessions/CH/CCC/S1", session())).status == 1000
            assert (await cpo.post("receiver/cdrs", cdr())).status == 1000

        await say_all()
        await hub.settled()
        told = len(provider.told())
        await say_all()
        await hub.settled()
        assert len(provider.told()) == told == 12
        assert (await hub.store.shelf()) == []


async def test_an_emsp_that_leaves_and_returns_gets_what_it_missed(hub, operator):
    async with Peer((("DE", "EEE", "EMSP"),)) as provider:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        emsp = await hub.connect("eee", provider, "DE*EEE/EMSP")
        await hub.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1")]))
        await hub.settled()
        assert (await emsp.call("DELETE", "2.2.1/credentials")).status == 1000
        provider.seen.clear()
        await cpo.call("PATCH", "receiver/locations/CH/CCC/L1/E1", {"status": "CHARGING", "last_updated": LATER})
        assert (await cpo.post("receiver/cdrs", cdr())).status == 1000
        assert provider.told() == []
        assert (await emsp.get("sender/locations")).http == 401

        _, answer = await provider.post_credentials(hub.url, await hub.invite("eee"))
        assert answer["status_code"] == 1000
        await provider.until(
            lambda: "/receiver/cdrs" in paths(provider) and any("E1" in one for one in paths(provider))
        )
        assert [one.body["id"] for one in provider.told("POST")] == ["C1"]


@pytest.mark.statement("OCPI-58", "OCPI-193")
async def test_two_cpos_with_the_same_ids_stay_two(hub, operator):
    async with Peer((("CH", "DDD", "CPO"),)) as twin, Peer((("DE", "EEE", "EMSP"),)) as provider:
        one = await hub.connect("ccc", operator, "CH*CCC/CPO")
        two = await hub.connect("ddd", twin, "CH*DDD/CPO")
        await hub.connect("eee", provider, "DE*EEE/EMSP")
        await hub.roam("DE*EEE", "CH*CCC", "CH*DDD")
        for caller, code, kwh in ((one, "CCC", 1.0), (two, "DDD", 2.0)):
            place = location(party_id=code, evses=[evse("E1")])
            assert (await caller.put(f"receiver/locations/CH/{code}/L1", place)).status == 1000
            body = session(party_id=code, kwh=kwh)
            assert (await caller.put(f"receiver/sessions/CH/{code}/S1", body)).status == 1000
        await hub.settled()
        sessions = [seen.body for seen in provider.told("PUT") if "/sessions/" in seen.path]
        assert {(body["party_id"], body["kwh"]) for body in sessions} == {("CCC", 1.0), ("DDD", 2.0)}
        assert len({body["id"] for body in sessions}) == 2
        assert (await one.get("receiver/sessions/CH/CCC/S1")).data["kwh"] == 1.0
        assert (await two.get("receiver/sessions/CH/DDD/S1")).data["kwh"] == 2.0


async def test_a_party_is_reached_by_its_backup_while_its_main_platform_is_away(hub, operator):
    async with Peer((("DE", "EEE", "EMSP"),)) as main, Peer((("DE", "EEE", "EMSP"),)) as backup:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        await hub.connect("main", main, "DE*EEE/EMSP")
        await hub.connect("backup", backup, "DE*EEE/EMSP")
        await hub.book.put_route(Route(Party.parse("DE*EEE/EMSP"), ("main", "backup")))
        await hub.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/sessions/CH/CCC/S1", session())
        await hub.settled()
        await hub.book.set_state("main", PartnerState.OFFLINE)
        await cpo.put("receiver/sessions/CH/CCC/S1", session(kwh=9.0, last_updated=LATER))
        await hub.settled()
        await hub.book.set_state("main", PartnerState.CONNECTED)
        await cpo.post("receiver/cdrs", cdr())
        await hub.settled()
        kinds = [[path.split("/")[2] for path in paths(one)] for one in (main, backup)]
        assert kinds == [["sessions", "cdrs"], ["sessions"]]


async def test_a_party_has_its_cdrs_on_another_platform_than_its_sessions(hub, operator):
    async with Peer((("DE", "EEE", "EMSP"),)) as main, Peer((("DE", "EEE", "EMSP"),)) as ledger:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        await hub.connect("main", main, "DE*EEE/EMSP")
        await hub.connect("ledger", ledger, "DE*EEE/EMSP")
        await hub.book.put_route(Route(Party.parse("DE*EEE/EMSP"), ("main", "ledger")))
        await hub.book.put_route(Route(Party.parse("DE*EEE/EMSP"), ("ledger",), Module.CDRS))
        await hub.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/sessions/CH/CCC/S1", session())
        await cpo.post("receiver/cdrs", cdr())
        await hub.settled()
        kinds = [[path.split("/")[2] for path in paths(one)] for one in (main, ledger)]
        assert kinds == [["sessions"], ["cdrs"]]


@pytest.mark.statement("OCPI-166")
async def test_tokens_are_exchanged_under_load_and_nothing_is_lost(tmp_path):
    async with in_a_row(tmp_path) as row:
        await row.owner.tell("location", messages.location())
        stop = asyncio.Event()
        told = 0

        async def charge() -> None:
            nonlocal told
            for number in itertools.count():
                if stop.is_set():
                    return
                await row.owner.tell("session", messages.session(f"S{number}"))
                told += 1

        load = asyncio.create_task(charge())
        secrets = set()
        for _ in range(5):
            await asyncio.sleep(0.05)
            partner = await row.cpo.room.rotate(row.cpo.book.partners["hub"])
            secrets |= {one.fingerprint for one in row.hub.book.credentials_of("cpo")}
            assert partner.state is PartnerState.CONNECTED
        stop.set()
        await load
        await row.settled()
        sessions = [one for one in await row.hub.store.entries(0, 100_000) if one.key.kind is Kind.SESSION]
        assert len(secrets) >= 5
        assert len(sessions) == told > 20
        assert {one.key.party for one in sessions} == {OWNER}
        for node in (row.cpo, row.hub, row.emsp):
            assert await node.store.shelf() == []
        arrived = [one for one in await row.emsp.store.entries(0, 100_000) if one.key.kind is Kind.SESSION]
        assert len(arrived) == told
