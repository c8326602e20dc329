"""What travels: content types, and URLs in whichever form a partner publishes them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from urllib.parse import quote, unquote

import pytest
from yarl import URL

from interroam.model.errors import Unavailable
from interroam.model.ids import Module
from interroam.model.questions import Authorize
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming, join
from tests.protocols.ocpi.partners import Peer, basic
from tests.protocols.ocpi.server import messages

FROM = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
LIST = {"X-Total-Count": "0", "X-Limit": "50"}
ODD = "FR*A:C/E+1 ä"


@pytest.mark.statement("OCPI-188")
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8"])
async def test_a_body_with_a_charset_is_taken_and_every_answer_is_json(node, cpo, content_type):
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    shown = {"Authorization": basic(cpo.given["token"]), **FROM}
    place = f"{node.url}/ocpi/2.2.1/receiver/locations/CH/CCC/L1"
    known, lost = {**shown, "Content-Type": content_type}, {**FROM, "Authorization": "Token x"}
    for method, url, headers, http in (
        ("PUT", place, known, 201),
        ("GET", place, shown, 200),
        ("GET", f"{place}9", shown, 404),
        ("POST", place, shown, 405),
        ("GET", f"{node.url}/ocpi/versions", shown, 200),
        ("GET", f"{node.url}/ocpi/versions", lost, 401),
        ("GET", place, lost, 401),
        ("DELETE", f"{node.url}/ocpi/2.2.1/credentials", shown, 200),
    ):
        body = {"json": messages.location()} if method == "PUT" else {}
        async with cpo.session.request(method, url, headers=headers, **body) as answer:
            assert (answer.status, answer.content_type) == (http, "application/json")


@pytest.mark.statement("OCPI-188")
async def test_a_body_that_is_said_to_be_something_else_is_taken_and_noted(node, cpo):
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    shown = {"Authorization": basic(cpo.given["token"]), **FROM, "Content-Type": "text/plain"}
    place = f"{node.url}/ocpi/2.2.1/receiver/locations/CH/CCC/L1"
    async with cpo.session.put(place, headers=shown, data=json.dumps(messages.location())) as answer:
        assert answer.status == 201
    (trace,) = [one for one in await node.store.traces(partner="cpo") if one.operation == "ocpi PUT locations"]
    assert "Content-Type: is not application/json" in trace.note


@pytest.mark.statement("OCPI-188")
async def test_every_body_we_send_is_said_to_be_json(node, emsp, cpo):
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    await join(node, "emsp", emsp, "DE*EEE/EMSP")
    await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
    world = Roaming(node, emsp, cpo)
    await world.tell("location", messages.location())
    await world.tell("cdr", messages.cdr())
    await world.settled()
    await node.room.rotate(node.book.partners["emsp"])
    sent = [one for one in emsp.seen if one.raw]
    assert {one.method for one in sent} == {"PUT", "POST"}
    assert {one.headers["content-type"] for one in sent} == {"application/json"}


@pytest.mark.statement("OCPI-189")
@pytest.mark.parametrize("end", ["", "/"])
async def test_a_published_url_is_called_with_one_slash_and_ids_encoded_once(node, end):
    async with Ending((("DE", "EEE", "EMSP"),), end=end) as emsp:
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        await node.expect("cpo", "CH*CCC/CPO")
        emsp.seen.clear()
        world = Roaming(node, emsp, emsp)
        await world.tell("location", messages.location(evses=[messages.evse(ODD)]))
        await world.patch_evse(ODD, status="CHARGING", last_updated="2026-03-14T12:05:00Z")
        await world.settled()
        (change,) = emsp.told("PATCH")
        with contextlib.suppress(Unavailable):  # what it answers says nothing
            asked = Authorize(cpo=OWNER, uid=ODD, type="OTHER", location_id="L1", emsp=PROVIDER)
            await node.hub.authorize(world.origin(), asked)
        (question,) = emsp.told("POST")
        emsp.headers = LIST
        emsp.answers.append(lambda seen: (200, b'{"status_code":1000,"data":[],"timestamp":"2026-01-01T00:00:00Z"}'))
        since = node.clock.now()
        await asyncio.wait_for(node.rounds.pulling.pull("emsp", Module.TOKENS, since), 5)
        pull = emsp.seen[-1]
    start = "/receiver/locations/CH/CCC/L1/"
    assert change.path.startswith(start)
    assert "/" not in change.path.removeprefix(start)
    assert unquote(change.path.removeprefix(start)) == ODD
    assert question.path == f"/sender/tokens/{quote(ODD, safe='')}/authorize"
    assert (pull.path, pull.query["date_from"][:10]) == (f"/sender/tokens{end}", since.date().isoformat())


@pytest.mark.statement("OCPI-189")
async def test_ids_in_a_path_that_is_called_are_decoded_once(node, cpo):
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    shown = {"Authorization": basic(cpo.given["token"]), **FROM}
    place = f"{node.url}/ocpi/2.2.1/receiver/locations/CH/CCC/L1"
    for method, path, body in (
        ("PUT", "", messages.location()),
        ("PUT", f"/{quote(ODD, safe='')}", messages.evse(ODD)),
        ("PUT", "/E%252F", messages.evse("E%2F")),
        ("GET", "//FR%2aA%3AC%2fE%2B1%20%C3%A4/", None),
    ):
        async with cpo.session.request(method, URL(place + path, encoded=True), headers=shown, json=body) as answer:
            said = await answer.json()
            assert said["status_code"] == 1000, path
    assert said["data"]["uid"] == ODD


class Ending(Peer):
    """Publishes its endpoints with or without a slash at their end."""

    def __init__(self, roles, end: str) -> None:
        super().__init__(roles)
        self.end = end

    async def answer_to(self, seen, request):
        if seen.path != "/v/2.2.1":
            return await super().answer_to(seen, request)
        listed = [{"identifier": "credentials", "role": "SENDER", "url": f"{self.url}/credentials"}]
        listed += [
            {"identifier": name, "role": role, "url": f"{self.url}/{role.lower()}/{name}{self.end}"}
            for name, role in self.endpoints
        ]
        return self.ok({"version": "2.2.1", "endpoints": listed})
