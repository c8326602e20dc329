from contextlib import asynccontextmanager

import pytest

from tests.protocols.ocpi import older
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer, World
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages

OLD_EMSP_TOKEN = "tokens/DE/EEE/0102030405060A"


@pytest.fixture
def make(tmp_path):
    """Make a world in which one side, or both, speak 2.1.1 only."""

    @asynccontextmanager
    async def made(old: str, profile: str = "spec", **switches):
        cpo, emsp = (OldPeer if one in old else Peer for one in ("cpo", "emsp"))
        async with (
            Node(tmp_path) as node,
            cpo((("CH", "CCC", "CPO"),)) as operator,
            emsp((("DE", "EEE", "EMSP"),)) as provider,
        ):
            world = World(node, operator, provider)
            await world.join(profile, **switches)
            yield world

    return made


@pytest.fixture
async def old_cpo(make):
    """An old CPO, whose place and whose eMSP's token are known."""
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await world.ask("PUT", f"receiver/{OLD_EMSP_TOKEN}", messages.token())
        yield world


@pytest.fixture
async def old_emsp(make):
    """An old eMSP, whose token and whose CPO's place are known."""
    async with make("emsp") as world:
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff())
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.ask("PUT", OLD_EMSP_TOKEN, older.old_token())
        yield world
