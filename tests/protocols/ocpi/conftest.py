import pytest

from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.row import in_a_row


@pytest.fixture
async def node(tmp_path):
    """A hub."""
    async with Node(tmp_path) as one:
        yield one


@pytest.fixture
async def emsp():
    async with Peer((("DE", "EEE", "EMSP"),)) as one:
        yield one


@pytest.fixture
async def cpo():
    async with Peer((("CH", "CCC", "CPO"),)) as one:
        yield one


@pytest.fixture
async def row(tmp_path):
    async with in_a_row(tmp_path) as nodes:
        yield nodes
