"""The world most tests of the platform charge in."""

from __future__ import annotations

import pytest

from tests.protocols.emip.charging import world


@pytest.fixture
async def here(tmp_path):
    async with world(tmp_path) as one:
        yield one
