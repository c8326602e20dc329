"""The front: transport, transactions, traces."""

from __future__ import annotations

import pytest

from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner

BEAT = "eMIP_ToIOP_HeartBeat"


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        yield one


@pytest.fixture
async def cpo():
    async with Partner("FR*P-C01", "FR*C01") as one:
        yield one


async def test_a_heartbeat_is_answered(node, cpo):
    answer = await cpo.call(node.url, BEAT)
    assert answer.http == 200
    assert answer.status == 1, answer.raw
