"""The platform most tests speak with, and who calls it."""

from __future__ import annotations

import pytest

from tests.protocols.emip.charging import world
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner


@pytest.fixture
async def here(tmp_path):
    async with world(tmp_path) as one:
        yield one


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        yield one


@pytest.fixture
async def cpo():
    async with Partner("FR*P-C01", "FR*C01") as one:
        yield one


@pytest.fixture
async def other():
    async with Partner("FR*P-C02", "FR*C02") as one:
        yield one
