"""A back office accepts what is offered to its parties; what an agreement leaves out it does not see."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL, Audit
from interroam.core.office.notary import Notary
from interroam.model.agreements import Agreement, selection
from interroam.model.ids import Party
from tests.protocols.plain.node import START, running

PLACE = {
    "party": "CH*CCC",
    "id": "L1",
    "address": "Ring 1",
    "city": "Bern",
    "country": "CHE",
    "coordinates": {"latitude": 46.9, "longitude": 7.4},
    "time_zone": "Europe/Zurich",
}


@pytest.fixture
async def node(tmp_path):
    async with running(tmp_path) as node:
        yield node


def notary(node) -> Notary:
    hub = node.hub
    return Notary(hub, Audit(hub.store, hub.clock, hub.ids))


async def test_both_back_offices_accept_and_strangers_neither_see_nor_accept(node):
    cpos = (Party.parse("CH*CCD/CPO"),)
    draft = Agreement(id="", emsp=Party.parse("CH*EEE/EMSP"), cpos=cpos, starts=START)
    offer = await notary(node).offer(LOCAL, draft)
    path = f"/offers/{offer.id}/accept"
    assert (await node.call("other", "POST", path))[0] == 404
    assert [one["id"] for one in (await node.call("other", "GET", "/agreements"))[1]["agreements"]] == []
    status, half = await node.call("emsp", "POST", path)
    assert (status, half["waiting"], half["in_force"]) == (200, ["CH*CCD/CPO"], False)
    status, done = await node.call("cpo", "POST", path)
    assert (status, done["in_force"], [one["by"] for one in done["accepted"]]) == (200, True, ["emsp", "cpo"])
    assert [one["id"] for one in (await node.call("emsp", "GET", "/agreements"))[1]["agreements"]] == ["a1", offer.id]


async def test_a_back_office_sees_the_selected_evses_alone_in_lists_gets_and_facts(node):
    old = node.hub.book.agreements["a1"]
    offer = await notary(node).amend(LOCAL, old, replace(old, selections=(selection(None, (), ("fast",)),)))
    await notary(node).accept(LOCAL, offer.id)
    evses = [
        {"uid": uid, "status": "AVAILABLE", "connectors": [CONNECTOR | {"tariff_ids": [group]}]}
        for uid, group in (("1", "fast"), ("2", "slow"))
    ]
    await node.call("cpo", "PUT", "/locations/CH*CCC/L1", PLACE | {"evses": evses})
    shown = (await node.call("emsp", "GET", "/locations"))[1]["items"]
    assert [[each["uid"] for each in one["evses"]] for one in shown] == [["1"]]
    assert (await node.call("emsp", "GET", "/locations/CH*CCC/L1/evses/1"))[0] == 200
    assert (await node.call("emsp", "GET", "/locations/CH*CCC/L1/evses/2"))[0] == 404
    facts = (await node.call("emsp", "GET", "/facts"))[1]["facts"]
    assert [[each["uid"] for each in one["object"]["evses"]] for one in facts] == [["1"]]


CONNECTOR = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "voltage_v": 230,
    "amperage_a": 32,
}
