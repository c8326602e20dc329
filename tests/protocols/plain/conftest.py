"""One node per test."""

import pytest

from tests.protocols.plain.node import LOCATION, TOKEN, running


@pytest.fixture
async def node(tmp_path):
    """A hub with nothing told."""
    async with running(tmp_path) as one:
        yield one


@pytest.fixture
async def furnished(node):
    """A hub with a location of CH*CCC and a token of CH*EEE."""
    assert (await node.call("cpo", "PUT", "/locations/CH*CCC/L1", LOCATION))[0] == 200
    assert (await node.call("emsp", "PUT", "/tokens/CH*EEE/RFID/card1", TOKEN))[0] == 200
    return node
