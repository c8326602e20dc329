"""A charge point that answers too late, while the hub it answers was restarted: one TIMEOUT, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.conftest import Caller, Node
from tests.protocols.ocpi.server.messages import evse, location, token

HUB = "CH*HUB"
ACCEPTED = {"result": "ACCEPTED", "timeout": 20}


def callbacks(peer: Peer) -> list[dict]:
    return [one.body for one in peer.told("POST") if one.path == "/callback/1"]


async def ordered(folder: Path, operator: Peer, provider: Peer, name: str, **fields) -> tuple[str, str]:
    """Run a hub for as long as it takes to relay one command; return its callback's path, and the CPO's token."""
    async with Node(folder, hub=HUB) as hub:
        cpo = await hub.connect("ccc", operator, "CH*CCC/CPO")
        emsp = await hub.connect("eee", provider, "DE*EEE/EMSP")
        await hub.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1")]))
        operator.answers.append(says("POST", "/commands/", 200, 1000, ACCEPTED))
        body = {"response_url": f"{provider.url}/callback/1", "location_id": "L1", "evse_uid": "E1", **fields}
        answer = await emsp.post(f"receiver/commands/{name}", body)
        assert answer.data == ACCEPTED
        (sent,) = [one for one in operator.told("POST") if one.path.endswith(name)]
        return sent.body["response_url"].removeprefix(hub.url), cpo.token


@pytest.mark.statement("OCPI-115", "OCPI-113")
@pytest.mark.parametrize("name", ["START_SESSION", "UNLOCK_CONNECTOR"])
async def test_a_result_that_comes_late_and_after_a_restart_is_kept_and_not_passed_on(tmp_path, name):
    fields = {"token": token()} if name == "START_SESSION" else {"connector_id": "1"}
    async with Peer((("CH", "CCC", "CPO"),)) as operator, Peer((("DE", "EEE", "EMSP"),)) as provider:
        path, token_in = await ordered(tmp_path, operator, provider, name, **fields)
        async with Node(tmp_path, hub=HUB) as again:  # nobody swept while it was away
            assert await again.hub.sweep() == 0
            again.clock.ahead = timedelta(seconds=21)
            assert [await again.hub.sweep(), await again.hub.sweep()] == [1, 0]
            await again.settled()
            assert [one["result"] for one in callbacks(provider)] == ["TIMEOUT"]
        async with Node(tmp_path, hub=HUB) as once_more:
            once_more.clock.ahead = timedelta(seconds=30)
            cpo = Caller(once_more, token_in, "CH*CCC")
            late = await cpo.post(f"{once_more.url}{path}", {"result": "ACCEPTED"})
            assert (late.http, late.status) == (200, 1000)
            assert await once_more.hub.sweep() == 0
            await once_more.settled()
            traces = await once_more.traces(path.rpartition("/")[2])
            (trace,) = [one for one in traces if one.partner == "ccc" and one.inward]
            assert b"ACCEPTED" in trace.request
            assert "not forwarded" in trace.note
        assert [one["result"] for one in callbacks(provider)] == ["TIMEOUT"]


@pytest.mark.statement("OCPI-113")
async def test_a_result_in_time_reaches_the_asker_through_the_restarted_hub(tmp_path):
    async with Peer((("CH", "CCC", "CPO"),)) as operator, Peer((("DE", "EEE", "EMSP"),)) as provider:
        path, token_in = await ordered(tmp_path, operator, provider, "UNLOCK_CONNECTOR", connector_id="1")
        async with Node(tmp_path, hub=HUB) as again:
            cpo = Caller(again, token_in, "CH*CCC")
            assert (await cpo.post(f"{again.url}{path}", {"result": "FAILED"})).status == 1000
            await again.settled()
            again.clock.ahead = timedelta(seconds=21)
            assert await again.hub.sweep() == 0
        assert callbacks(provider) == [{"result": "FAILED"}]
