"""A 2.1.1 CPO behind the profile gireve: what it pushes says how its EVSEs are, what is pulled says what they are."""

import pytest

from interroam.model.ids import Module, PartyId, evse_key, location_key
from tests.protocols.ocpi.row import in_a_row
from tests.protocols.ocpi.server import messages

OWNER = PartyId.parse("CH*CCC")


@pytest.mark.statement("OCPI-197")
async def test_static_data_of_an_old_cpo_come_from_the_pull_alone(tmp_path):
    switches = {"newest": "2.1.1", "registers": True, "quality": "off"}
    async with in_a_row(tmp_path, profile="gireve", switches=switches) as row:
        await row.owner.tell("location", messages.location())
        await row.settled()
        await row.hub.rounds.pulling.pull("cpo", Module.LOCATIONS)
        assert (await row.hub.store.get(location_key(OWNER, "L1"))).body.name == "Am Ring"

        later = "2026-03-14T12:05:00Z"
        await row.owner.patch_location(name="Am Markt", last_updated=later)
        await row.owner.patch_evse(status="CHARGING", last_updated=later)
        await row.settled()
        assert (await row.hub.store.get(location_key(OWNER, "L1"))).body.name == "Am Ring"
        assert (await row.hub.store.get(evse_key(OWNER, "L1", "E1"))).body.status.word == "CHARGING"

        await row.hub.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
        assert (await row.hub.store.get(location_key(OWNER, "L1"))).body.name == "Am Markt"
