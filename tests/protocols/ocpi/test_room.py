"""Three nodes of this house in a row: a CPO's, a hub, an eMSP's; everything over real sockets."""

import json

import pytest

from interroam.core.ports import Query
from interroam.model.charges import CommandState, Outcome
from interroam.model.facts import Origin
from interroam.model.ids import Kind, Party, cdr_key, location_key, session_key, tariff_key, token_key
from interroam.model.questions import Acknowledged, Authorize, StartSession
from interroam.model.tokens import Allowed, Authorization
from interroam.protocols.ocpi.profiles import Switches
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.server import messages

LATER = "2026-03-14T12:05:00Z"


async def shown(node, kind):
    page = await node.store.page(Query(kind=kind))
    viewer = Party.parse("DE*EEE/EMSP")
    return [json.loads(one) for one in await node.room.views.render(page.items, viewer, Switches())]


@pytest.mark.statement("OCPI-40", "OCPI-41", "OCPI-56")
async def test_places_and_tariffs_travel_the_whole_way(row):
    await row.owner.tell("tariff", messages.tariff())
    await row.owner.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    await row.owner.patch_evse(status="CHARGING", last_updated=LATER)
    await row.settled()
    await row.owner.tell("location", messages.location(evses=[messages.evse("E2")], last_updated=LATER))
    await row.settled()

    (place,) = await shown(row.emsp, Kind.LOCATION)
    hub_id = (await row.hub.store.get(location_key(OWNER, "L1"))).hub_id
    assert {name: place[name] for name in ("country_code", "party_id", "id", "gireve_id")} == {
        "country_code": "CH",
        "party_id": "CCC",
        "id": "L1",
        "gireve_id": hub_id,
    }
    assert {one["uid"]: one["status"] for one in place["evses"]} == {"E1": "REMOVED", "E2": "AVAILABLE"}
    assert place["last_updated"] == LATER
    (tariff,) = await shown(row.emsp, Kind.TARIFF)
    assert tariff == {**messages.tariff(), "gireve_id": (await row.hub.store.get(tariff_key(OWNER, "T1"))).hub_id}


@pytest.mark.statement("OCPI-31", "OCPI-58", "OCPI-59")
async def test_a_charge_travels_the_whole_way_under_one_hub_id(row):
    await row.owner.tell("location", messages.location())
    row.owner.correlation = "charge-1"
    await row.owner.tell("session", messages.session())
    await row.owner.patch_session(kwh=1.5, charging_periods=[messages.period(1.5)], last_updated=LATER)
    await row.owner.tell("cdr", messages.cdr())
    await row.settled()

    hub_id = (await row.hub.store.get(session_key(OWNER, "S1"))).hub_id
    session = (await row.emsp.store.get(session_key(OWNER, hub_id))).body
    assert (session.energy_kwh, len(session.periods)) == (1.5, 1)
    assert (await row.emsp.store.get(cdr_key(OWNER, "C1"))).body.session_id == hub_id
    assert (await row.emsp.store.get(session_key(OWNER, "S1"))) is None
    entries = await row.emsp.store.entries(0, correlation="charge-1")
    assert [one.key.kind for one in entries] == [Kind.SESSION, Kind.SESSION, Kind.CDR]
    assert [await one.store.shelf() for one in (row.cpo, row.hub, row.emsp)] == [[], [], []]


async def test_tokens_travel_the_other_way(row):
    await row.provider.tell("token", messages.token())
    await row.provider.patch_token(valid=False, last_updated=LATER)
    await row.settled()

    stored = await row.cpo.store.get(token_key(PROVIDER, "RFID", "0102030405060A"))
    assert not stored.body.valid
    assert json.loads(stored.wire.data)["energy_contract"] == {"supplier_name": "Sun"}


@pytest.mark.statement("OCPI-31", "OCPI-101")
async def test_a_card_is_asked_about_across_all_three(row):
    await row.owner.tell("location", messages.location())
    await row.provider.tell("token", messages.token())
    await row.settled()
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", "0102030405060A"))).body
    row.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, token=token, emsp_reference="their-1")

    question = Authorize(cpo=OWNER, uid=token.uid, location_id="L1", evse_uids=("E1",))
    said = await row.cpo.hub.authorize(Origin("office", correlation="c-5"), question)

    (asked,) = row.emsp.office.asked
    assert (asked.cpo, asked.location_id, asked.evse_uids) == (OWNER, "L1", ("E1",))
    known = await row.hub.hub.authorization(said.reference)
    assert (said.allowed, known.emsp_reference, said.reference != "their-1") == (Allowed.ALLOWED, "their-1", True)
    assert said.token == token
    assert {one.correlation for one in await row.hub.store.traces(ids=["c-5"])} == {"c-5"}


@pytest.mark.statement("OCPI-113")
async def test_a_start_and_its_outcome_cross_all_three(row):
    await row.owner.tell("location", messages.location())
    await row.provider.tell("token", messages.token())
    await row.settled()
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", "0102030405060A"))).body
    row.cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)

    start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reply="office-1")
    said = await row.emsp.hub.command(Origin("office", correlation="c-6"), start)
    (asked,) = row.cpo.office.asked
    outcome = Outcome(command=asked.reply, result="ACCEPTED", at=row.cpo.clock.now())
    await row.cpo.hub.tell(Origin("office", correlation="c-7"), outcome)
    await row.settled()

    assert (said.result, said.within) == ("ACCEPTED", 30)
    (command,) = [one.body for one in (await row.emsp.store.page(Query(kind=Kind.COMMAND))).items]
    assert command.id == said.command
    assert (command.state, command.result, command.reply) == (CommandState.SETTLED, "ACCEPTED", "office-1")
