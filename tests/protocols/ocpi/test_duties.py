"""What a CPO and an eMSP owe a hub: three nodes in a row do all of it, over real sockets."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.core.ports import Query
from interroam.model.charges import Outcome
from interroam.model.facts import Fact, Origin, Verdict
from interroam.model.ids import Kind, Module, cdr_key, evse_key, session_key, token_key
from interroam.model.money import Price
from interroam.model.questions import Acknowledged, Authorize, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization
from tests.core.objects import at, cdr, charge_token, session
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.partners import BOTH, Peer
from tests.protocols.ocpi.row import in_a_row
from tests.protocols.ocpi.server import messages

LATER = "2026-03-14T12:05:00Z"
UID = "0102030405060A"


@pytest.fixture
async def row(tmp_path):
    async with in_a_row(tmp_path) as made:
        await made.owner.tell("tariff", messages.tariff())
        await made.owner.tell("location", messages.location())
        await made.provider.tell("token", messages.token())
        await made.settled()
        yield made


async def operations(node) -> set[str]:
    """What was done at this node's doors, by operation."""
    return {trace.operation for trace in await node.store.traces(partner="hub", limit=1000) if not trace.inward}


@pytest.mark.statement("OCPI-64")
async def test_a_cpo_pushes_a_status_and_the_tariffs_of_a_connector_as_they_change(row):
    await row.owner.patch_evse(status="CHARGING", last_updated=LATER)
    moved = messages.evse("E1", status="CHARGING", last_updated="2026-03-14T12:06:00Z")
    moved["connectors"][0]["tariff_ids"] = ["T9"]
    await row.owner.tell_evse(moved)
    await row.settled()
    there = (await row.hub.store.get(evse_key(OWNER, "L1", "E1"))).body
    assert (there.status.word, there.connectors[0].tariff_ids) == ("CHARGING", ("T9",))


@pytest.mark.statement("OCPI-102", "OCPI-101", "OCPI-95")
async def test_the_hubs_reference_is_kept_and_said_in_every_session_and_the_cdr_of_a_charge(row):
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    row.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED)  # without the token: it is known
    asked = Authorize(cpo=OWNER, uid=UID, location_id="L1", evse_uids=("E1",))
    said = await row.cpo.hub.authorize(Origin("office", correlation="c"), asked)
    (theirs,) = [one.body for one in (await row.hub.store.page(Query(kind=Kind.AUTHORIZATION))).items]
    assert (said.reference, said.token) == (theirs.reference, token)
    owner, emsp = Origin("office"), {"owner": OWNER, "location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
    who = charge_token(owner=PROVIDER, uid=UID)
    begun = session("S1", token=who, authorization_reference=said.reference, **emsp)
    await row.cpo.hub.tell(owner, Fact(begun))
    await row.cpo.hub.tell(owner, Fact(replace(begun, energy_kwh=Decimal(5), last_updated=at(300))))
    await row.cpo.hub.tell(owner, Fact(cdr("C1", token=who, authorization_reference=said.reference, **emsp)))
    await row.settled()
    for key in (session_key(OWNER, "S1"), cdr_key(OWNER, "C1")):
        kept = await row.hub.store.get(key)
        assert (kept.body.authorization_reference, kept.receiver.id) == (theirs.reference, PROVIDER)


@pytest.mark.statement("OCPI-176")
async def test_a_cpo_does_all_that_a_hub_requires_of_it(row):
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    row.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, token=token)
    said = await row.cpo.hub.authorize(
        Origin("office", correlation="c"), Authorize(cpo=OWNER, uid=UID, location_id="L1")
    )
    await row.owner.tell("session", messages.session(authorization_reference=said.reference))
    await row.settled()
    seen = (await row.hub.store.get(session_key(OWNER, "S1"))).hub_id
    row.cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)
    start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reply="r")
    assert (await row.emsp.hub.command(Origin("office"), start)).accepted
    assert (
        await row.emsp.hub.command(Origin("office"), StopSession(emsp=PROVIDER, session_id=seen, reply="r"))
    ).accepted
    await row.owner.tell("cdr", messages.cdr(authorization_reference=said.reference))
    await row.settled()

    assert [type(one) for one in row.cpo.office.asked] == [StartSession, StopSession]
    assert {"PUT locations", "PUT tariffs", "POST authorize", "PUT sessions", "POST cdrs"} <= {
        name.removeprefix("ocpi ") for name in await operations(row.cpo)
    }
    for kind in (Kind.TARIFF, Kind.SESSION, Kind.CDR):
        assert (await row.hub.store.page(Query(kind=kind))).total == 1
    pulled = await row.hub.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
    assert (pulled.objects, pulled.pages) == (1, 1)


@pytest.mark.statement("OCPI-176", "OCPI-207")
@pytest.mark.parametrize("newest", ["2.1.1", "2.2.1"])
async def test_a_cpo_is_pulled_for_tariffs_and_cdrs_and_pulls_tokens(tmp_path, newest):
    async with in_a_row(tmp_path, switches={"newest": newest}) as row:
        await row.owner.tell("location", messages.location())
        await row.owner.tell("tariff", messages.tariff())
        await row.provider.tell("token", messages.token())
        await row.owner.tell("cdr", messages.cdr())
        await row.settled()
        for module in (Module.LOCATIONS, Module.TARIFFS, Module.CDRS):
            assert (await row.hub.rounds.pulling.pull("cpo", module, whole=True)).objects == 1
        await row.settled()
        for node in (row.hub, row.emsp):
            assert (await node.store.page(Query(kind=Kind.CDR))).total == 1
        tokens = await row.cpo.rounds.pulling.pull("hub", Module.TOKENS, whole=True)
        assert (tokens.objects, tokens.absent) == (1, 0)
        assert (await row.cpo.store.page(Query(kind=Kind.TOKEN))).total == 1


async def test_an_old_emsp_that_pulls_a_hub_has_every_object_once_under_its_cpo(tmp_path):
    async with in_a_row(tmp_path, switches={"newest": "2.1.1"}) as row:
        await row.owner.tell("location", messages.location())
        await row.provider.tell("token", messages.token())
        await row.settled()
        await row.owner.tell("tariff", messages.tariff())
        await row.owner.tell("session", messages.session(connector_id="1"))
        await row.owner.tell("cdr", messages.cdr())
        await row.settled()
        for module, kind in (
            (Module.LOCATIONS, Kind.LOCATION),
            (Module.TARIFFS, Kind.TARIFF),
            (Module.SESSIONS, Kind.SESSION),
            (Module.CDRS, Kind.CDR),
        ):
            pulled = await row.emsp.rounds.pulling.pull("hub", module, whole=True)
            assert (pulled.objects, pulled.absent) == (1, 0)
            (known,) = (await row.emsp.store.page(Query(kind=kind))).items
            assert known.key.party == OWNER


@pytest.mark.statement("OCPI-176", "OCPI-177")
@pytest.mark.parametrize(
    ("role", "lacking"),
    [
        ("CPO", ("locations", "SENDER")),
        ("CPO", ("commands", "RECEIVER")),
        ("EMSP", ("tokens", "SENDER")),
    ],
)
async def test_a_partner_without_what_its_role_requires_is_not_registered(node, role, lacking):
    async with Peer((("DE", "EEE", role),), endpoints=[one for one in BOTH if one != lacking]) as peer:
        await node.expect("peer", f"DE*EEE/{role}")
        _, answer = await peer.post_credentials(node.url, await node.invite("peer"))
        assert (answer["status_code"], " ".join(lacking) in answer["status_message"]) == (3003, True)


@pytest.mark.statement("OCPI-177")
async def test_an_emsp_does_all_that_a_hub_requires_of_it(row):
    pulled = await row.hub.rounds.pulling.pull("emsp", Module.TOKENS, whole=True)
    assert (pulled.objects, pulled.pages) == (1, 1)
    await row.owner.patch_evse(status="CHARGING", last_updated=LATER)
    await row.owner.tell("session", messages.session())
    await row.owner.tell("cdr", messages.cdr())
    await row.settled()
    hub_id = (await row.hub.store.get(session_key(OWNER, "S1"))).hub_id
    assert (await row.emsp.store.get(evse_key(OWNER, "L1", "E1"))).body.status.word == "CHARGING"
    assert (await row.emsp.store.get(session_key(OWNER, hub_id))) is not None
    assert (await row.emsp.store.get(cdr_key(OWNER, "C1"))) is not None
    row.cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reply="r")
    await row.emsp.hub.command(Origin("office"), start)
    await row.emsp.hub.command(Origin("office"), StopSession(emsp=PROVIDER, session_id=hub_id, reply="r"))
    for asked in row.cpo.office.asked:
        await row.cpo.hub.tell(
            Origin("office"), Outcome(command=asked.reply, result="ACCEPTED", at=row.cpo.clock.now())
        )
    await row.settled()
    commands = (await row.emsp.store.page(Query(kind=Kind.COMMAND))).items
    assert sorted((one.body.name, one.body.result) for one in commands) == [
        ("START_SESSION", "ACCEPTED"),
        ("STOP_SESSION", "ACCEPTED"),
    ]


@pytest.mark.statement("OCPI-103")
async def test_an_emsp_gives_a_reference_with_every_start(row):
    row.cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)
    token = (await row.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    for given in (None, "mine"):
        start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reply="r", reference=given)
        assert (await row.emsp.hub.command(Origin("office"), start)).accepted
        known = await row.hub.hub.authorization(row.cpo.office.asked[-1].reference)
        assert known.emsp_reference == (given or known.emsp_reference)
        assert known.emsp_reference not in (None, "", known.reference)
        assert (await row.emsp.hub.authorization(known.emsp_reference)).emsp == PROVIDER


@pytest.mark.statement("OCPI-139")
async def test_a_credit_is_a_new_cdr_linked_to_the_one_it_takes_back(row):
    await row.owner.tell("cdr", messages.cdr())
    await row.settled()
    first = (await row.cpo.store.get(cdr_key(OWNER, "C1"))).body
    taken_back = replace(
        first, id="C1-C", credit=True, credit_of="C1", total_cost=Price(excl_vat=-first.total_cost.excl_vat)
    )
    await row.cpo.hub.tell(Origin("office"), Fact(taken_back))
    await row.settled()
    credit = (await row.emsp.store.get(cdr_key(OWNER, "C1-C"))).wire.data
    said = json.loads(credit)
    assert (said["credit"], said["credit_reference_id"]) == (True, "C1")
    assert Decimal(str(said["total_cost"]["excl_vat"])) == -first.total_cost.excl_vat
    assert said["total_energy"] == messages.cdr()["total_energy"]
    there = (await row.emsp.store.get(cdr_key(OWNER, "C1"))).body
    assert (there.credit, there.total_cost.excl_vat) == (False, first.total_cost.excl_vat)


@pytest.mark.statement("OCPI-77", "OCPI-143")
async def test_a_cdr_of_another_connector_holds_the_tariff_of_its_evse_as_it_was(row):
    token = charge_token(owner=PROVIDER, uid=UID)
    plugs = [messages.connector(), messages.connector(id="2", tariff_ids=[])]
    await row.owner.tell("location", messages.location(last_updated=LATER, evses=[messages.evse(connectors=plugs)]))
    there = {"owner": OWNER, "location_id": "L1", "evse_uid": "E1", "connector_id": "2", "token": token}
    await row.cpo.hub.tell(Origin("office"), Fact(session("S1", **there)))
    await row.owner.tell("tariff", messages.tariff(price=0.9, last_updated=LATER))
    await row.cpo.hub.tell(Origin("office"), Fact(cdr("C1", tariff_ids=("T1",), **there)))
    await row.settled()
    said = json.loads((await row.emsp.store.get(cdr_key(OWNER, "C1"))).wire.data)
    assert [one["elements"][0]["price_components"][0]["price"] for one in said["tariffs"]] == [0.4]


@pytest.mark.statement("OCPI-143")
async def test_a_cdr_of_a_back_office_holds_place_and_tariff_as_they_were_when_the_charge_began(row):
    token = charge_token(owner=PROVIDER, uid=UID)
    begun = session("S1", owner=OWNER, location_id="L1", evse_uid="E1", token=token)
    await row.cpo.hub.tell(Origin("office"), Fact(begun))
    plug = messages.connector(format="CABLE", last_updated=LATER)
    moved = {"address": "Elsewhere 9", "city": "Basel", "last_updated": LATER}
    await row.owner.tell("location", messages.location(**moved, evses=[messages.evse(connectors=[plug])]))
    await row.owner.tell("tariff", messages.tariff(price=0.9, last_updated=LATER))
    await row.cpo.hub.tell(Origin("office"), Fact(replace(begun, energy_kwh=Decimal(5), last_updated=at(300))))
    done = cdr("C1", owner=OWNER, location_id="L1", evse_uid="E1", token=token, tariff_ids=("T1",))
    assert (await row.cpo.hub.tell(Origin("office"), Fact(done))).verdict is Verdict.RECORDED
    assert (await row.cpo.hub.tell(Origin("office"), Fact(done))).verdict is Verdict.UNCHANGED
    await row.settled()
    said = json.loads((await row.emsp.store.get(cdr_key(OWNER, "C1"))).wire.data)
    place = said["cdr_location"]
    assert (place["address"], place["city"], place["connector_format"]) == ("Ring 1", "Bern", "SOCKET")
    assert [one["elements"][0]["price_components"][0]["price"] for one in said["tariffs"]] == [0.4]
    shown = (await row.cpo.store.get(cdr_key(OWNER, "C1"))).body
    other = cdr("C2", owner=OWNER, session_id=None, location_id="L1", evse_uid="E1", token=token)
    await row.cpo.hub.tell(Origin("office"), Fact(other))
    await row.settled()
    late = json.loads((await row.emsp.store.get(cdr_key(OWNER, "C2"))).wire.data)
    assert (late["cdr_location"]["address"], shown.site.location.address) == ("Elsewhere 9", "Ring 1")
