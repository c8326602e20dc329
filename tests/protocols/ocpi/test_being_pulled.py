"""The owner's side of a pull: our own nodes show what they have, page by page."""

import json

import aiohttp
import pytest

from interroam.model.facts import Origin
from interroam.model.ids import Module, location_key, token_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization
from interroam.protocols.ocpi.wiring import wiring_of
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.partners import basic
from tests.protocols.ocpi.server import messages

OWNED = {"cpo": {"locations", "tariffs", "sessions", "cdrs"}, "emsp": {"tokens"}}


async def fetched(node, path: str, token: str, sender: str) -> tuple:
    """Fetch a list as the hub does; returns headers and envelope."""
    headers = {"Authorization": basic(token), "OCPI-from-country-code": "FR", "OCPI-from-party-id": "107"}
    headers |= {"OCPI-to-country-code": sender[:2], "OCPI-to-party-id": sender[3:]}
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}{path}", headers=headers) as answer:
        return answer.headers.copy(), await answer.json()


@pytest.mark.statement("OCPI-65")
async def test_a_hub_pulls_the_places_of_a_cpos_node(row):
    for courier in row.cpo.dispatch.couriers:
        courier.pause()  # nothing is pushed
    for number in range(3):
        await row.owner.tell("location", messages.location(f"L{number}"))
    assert await row.hub.store.get(location_key(OWNER, "L0")) is None
    report = await row.hub.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert (report.recorded, report.total) == (3, 3)
    assert json.loads((await row.hub.store.get(location_key(OWNER, "L0"))).wire.data)["name"] == "Am Ring"


@pytest.mark.statement("OCPI-109")
async def test_an_emsps_node_shows_its_tokens_and_answers_for_them(row):
    for courier in row.emsp.dispatch.couriers:
        courier.pause()
    await row.provider.tell("token", messages.token())
    report = await row.hub.rounds.pulling.pull("emsp", Module.TOKENS)
    assert report.recorded == 1
    token = (await row.hub.store.get(token_key(PROVIDER, "RFID", "0102030405060A"))).body

    await row.owner.tell("location", messages.location())
    await row.cpo.settled()
    row.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, token=token, emsp_reference="their-1")
    question = Authorize(cpo=OWNER, uid=token.uid, location_id="L1", evse_uids=("E1",))
    assert (await row.hub.hub.authorize(Origin("cpo"), question)).allowed is Allowed.ALLOWED
    assert len(row.emsp.office.asked) == 1


@pytest.mark.statement("OCPI-190")
@pytest.mark.parametrize("name", ["cpo", "emsp"])
async def test_whatever_a_node_pushes_it_offers_to_be_pulled(row, name):
    node = getattr(row, name)
    hub = row.hub.book.partners[name]
    wiring = wiring_of(hub)
    listed = {one.identifier: one.url for one in wiring.endpoints if one.role == "SENDER"}
    assert OWNED[name] <= listed.keys()
    token = row.hub.book.keyring.open(wiring.token_out)
    for module in OWNED[name]:
        path = listed[module].removeprefix(node.url) + "?date_from=2020-01-01T00:00:00Z"
        headers, said = await fetched(node, path, token, node.hosts[0].partition("/")[0])
        assert (said["status_code"], headers["X-Total-Count"]) == (1000, "0")
