"""Three nodes of this house in a row: a CPO's, a hub, an eMSP's; everything over real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from interroam.model.facts import Origin
from tests.protocols.ocpi.client.conftest import Roaming
from tests.protocols.ocpi.nodes import Node


class Row:
    """The three nodes, and the mouth of each back office."""

    def __init__(self, cpo: Node, hub: Node, emsp: Node) -> None:
        self.cpo, self.hub, self.emsp = cpo, hub, emsp
        self.owner, self.provider = Roaming(cpo, None, None), Roaming(emsp, None, None)
        for one in (self.owner, self.provider):
            one.origin = lambda partner="", one=one: Origin("office", correlation=one.correlation)

    async def settled(self) -> None:
        for _ in range(2):
            for node in (self.cpo, self.emsp, self.hub):
                await node.settled()


@asynccontextmanager
async def in_a_row(folder: Path, **more) -> AsyncIterator[Row]:
    """Run a CPO's node, a hub and an eMSP's node that are registered with each other; ``more`` is said of partners."""
    async with AsyncExitStack() as stack:
        nodes = []
        for name, parties in (
            ("cpo", {"hub": None, "hosts": ("CH*CCC/CPO",)}),
            ("hub", {}),
            ("emsp", {"hub": None, "hosts": ("DE*EEE/EMSP",)}),
        ):
            (folder / name).mkdir()
            nodes.append(await stack.enter_async_context(Node(folder / name, **parties)))
        cpo, hub, emsp = nodes
        for name, node in (("cpo", cpo), ("emsp", emsp)):
            await hub.expect(name, *node.hosts, **more)
            there = await node.expect("hub", "FR*107/HUB", **more)
            await node.room.register(there, f"{hub.url}/ocpi/versions", await hub.invite(name))
        await hub.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        await cpo.agree("FR*107/HUB", "CH*CCC/CPO")
        await emsp.agree("DE*EEE/EMSP", "FR*107/HUB")
        yield Row(cpo, hub, emsp)
