"""The quality gate for a CPO of 2.1.1 whose pushes are taken: judged as if it had all been said in 2.2.1."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from interroam.core.audit import LOCAL, Audit
from interroam.core.office.approving import Approving
from tests.protocols.ocpi import older

OWN = "locations/CH/CCC/L1"
LATER, LATEST = "2026-03-15T12:00:00Z", "2026-03-15T12:30:00Z"


@asynccontextmanager
async def judged(make, quality):
    """A world in which an operator looks at what the CPO says of its places."""
    async with make("cpo", profile="gireve", takes_old_places=True, quality=quality) as world:
        world.approving = Approving(world.node.hub, Audit(world.node.store, world.node.clock, world.node.hub.ids))
        yield world


async def shown(world):
    """Return what the eMSP sees of the EVSEs: their status, floor and the tariffs of their connectors."""
    places = (await world.ask("GET", "sender/locations"))["data"]
    return {
        one["uid"]: (one["status"], one.get("floor_level"), [plug.get("tariff_ids", []) for plug in one["connectors"]])
        for place in places
        for one in place.get("evses", [])
    }


async def told(world):
    await world.settled()
    seen = [one.body for one in world.emsp.told() if "/locations/" in one.path]
    world.emsp.seen.clear()
    return seen


def evse(uid="E1", **fields):
    return {**older.old_evse(uid), **fields}


@pytest.mark.statement("OCPI-66", "OCPI-67")
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("owner.name", {"owner": None}),
        ("operator.name", {"operator": None}),
        ("evses.capabilities", {"evses": [evse(capabilities=[])]}),
        ("evses.connectors.tariff_ids", {"evses": [evse(connectors=[older.old_connector(tariff_id=None)])]}),
    ],
)
async def test_what_an_old_cpo_leaves_out_is_noted_and_not_shown_until_it_is_mended(make, field, sent):
    async with judged(make, "automatic") as world:
        answer = await world.say("PUT", OWN, older.old_location(**sent))
        assert (answer["http"], answer["status_code"]) == (200, 1000)
        assert f"{field} is missing" in answer["status_message"]
        (found,) = await world.approving.findings(LOCAL, "cpo")
        assert [(one.field, one.severe) for one in found.defects] == [(field, True)]
        assert await shown(world) == {}
        mended = older.old_location(last_updated=LATER, evses=[evse(last_updated=LATER)])
        assert (await world.say("PUT", OWN, mended))["status_code"] == 1000
        assert await shown(world) == {"E1": ("AVAILABLE", None, [["T1"]])}
        assert await world.approving.findings(LOCAL, "cpo") == []


@pytest.mark.statement("OCPI-68", "OCPI-69", "OCPI-72")
async def test_what_an_old_cpo_states_waits_and_its_status_and_tariff_do_not_once_it_is_approved(make):
    async with judged(make, "manual") as world:
        assert (await world.say("PUT", OWN, older.old_location()))["status_code"] == 1000
        said = {"status": "BLOCKED", "last_updated": "2026-03-14T12:30:00Z"}
        assert (await world.say("PATCH", f"{OWN}/E1", said))["status_code"] == 1000
        assert (await shown(world), await told(world)) == ({}, [])
        await world.approving.approve(LOCAL, "location/ch*ccc/l1")
        assert await shown(world) == {"E1": ("BLOCKED", None, [["T1"]])}
        await told(world)
        await world.say("PATCH", f"{OWN}/E1", {"status": "CHARGING", "last_updated": LATER})
        await world.say("PATCH", f"{OWN}/E1/1", {"tariff_id": "T2", "last_updated": LATEST})
        assert await shown(world) == {"E1": ("CHARGING", None, [["T2"]])}
        assert [one.get("status") for one in await told(world)] == ["CHARGING", "CHARGING"]
        assert await world.approving.waiting(LOCAL) == []


@pytest.mark.statement("OCPI-70", "OCPI-71")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_of_what_an_old_cpo_mixes_the_status_goes_through_but_for_removed_and_planned(make, method):
    async with judged(make, "manual") as world:
        await world.say("PUT", OWN, older.old_location())
        await world.approving.approve(LOCAL, "location/ch*ccc/l1")
        await told(world)
        for word, at in (("CHARGING", LATER), ("REMOVED", LATEST)):
            both = {"status": word, "floor_level": "2", "last_updated": at}
            sent = both if method == "PATCH" else evse(**both)
            assert (await world.say(method, f"{OWN}/E1", sent))["status_code"] == 1000
            assert await shown(world) == {"E1": ("CHARGING", None, [["T1"]])}
        assert [one["status"] for one in await told(world)] == ["CHARGING"]
        await world.approving.approve(LOCAL, "evse/ch*ccc/l1/e1")
        assert await shown(world) == {}


@pytest.mark.statement("OCPI-73", "OCPI-74", "OCPI-75")
@pytest.mark.parametrize(
    ("evse_id", "fits"), [("CH*CCC*E1", True), ("chcccE1", True), ("CH*CCD*E1", False), (None, False)]
)
async def test_an_evse_id_of_an_old_cpo_begins_with_its_own_codes(make, evse_id, fits):
    async with judged(make, "automatic") as world:
        evses = [evse(evse_id=evse_id), evse("E2"), evse("E3", status="REMOVED", evse_id=None)]
        assert (await world.say("PUT", OWN, older.old_location(evses=evses)))["status_code"] == 1000
        assert sorted(await shown(world)) == (["E1", "E2"] if fits else ["E2"])
        found = [one.field for each in await world.approving.findings(LOCAL, "cpo") for one in each.defects]
        assert found == ([] if fits else ["evses.evse_id"])


@pytest.mark.statement("OCPI-77", "OCPI-78")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_the_tariff_of_another_connector_of_an_old_cpo_is_ignored(make, method):
    async with judged(make, "automatic") as world:
        plugs = [older.old_connector(), older.old_connector(id="2", tariff_id="T9")]
        await world.say("PUT", OWN, older.old_location(evses=[evse(connectors=plugs)]))
        assert await shown(world) == {"E1": ("AVAILABLE", None, [["T1"], []])}
        await told(world)
        sent = {"tariff_id": "T8", "last_updated": LATER}
        sent = sent if method == "PATCH" else older.old_connector(id="2", **sent)
        assert (await world.say(method, f"{OWN}/E1/2", sent))["status_code"] == 1000
        assert (await shown(world), await told(world)) == ({"E1": ("AVAILABLE", None, [["T1"], []])}, [])
