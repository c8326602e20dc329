"""The document says what the server does: every route of it is called, and answers as documented."""

import json
from itertools import product

import msgspec
from msgspec.structs import replace
from openapi_spec_validator import validate

from interroam.protocols.plain.server.routes import AGREE, ASK, FIND, FOLLOW, LIVE, TELL
from tests.protocols.plain.node import CDR, LOCATION, SESSION, TARIFF, TOKEN, receiving

PROFILE = {"unit": "W", "limits": [{"after_s": 0, "limit": 11000}]}
GOOD = {
    "put_location": ("cpo", LOCATION),
    "put_evse": ("cpo", {"status": "AVAILABLE"}),
    "post_statuses": ("cpo", [{"party": "CH*CCC", "location_id": "1", "uid": "1", "status": "CHARGING"}]),
    "put_tariff": ("cpo", TARIFF),
    "put_token": ("emsp", TOKEN),
    "put_session": ("cpo", SESSION),
    "patch_session": ("cpo", {"energy_kwh": 3}),
    "post_cdr": ("cpo", {**CDR, "id": "1"}),
    "post_outcome": ("cpo", {"result": "ACCEPTED"}),
    "post_import": ("cpo", {"kind": "cdr", "object": CDR}),
    "authorize": ("cpo", {"party": "CH*CCC", "uid": "1", "location_id": "1"}),
    "start": ("emsp", {"party": "CH*EEE", "token": {"uid": "1", "type": "RFID"}, "location_id": "1"}),
    "stop": ("emsp", {"party": "CH*EEE", "session_id": "1"}),
    "reserve": (
        "emsp",
        {
            "party": "CH*EEE",
            "token": {"uid": "1", "type": "RFID"},
            "reservation_id": "R1",
            "expires": "2026-03-01T13:00:00Z",
            "location_id": "1",
        },
    ),
    "cancel_reservation": ("emsp", {"party": "CH*EEE", "reservation_id": "R1"}),
    "unlock": (
        "emsp",
        {"party": "CH*EEE", "on_behalf_of": "support", "location_id": "1", "evse_uid": "1", "connector_id": "1"},
    ),
    "set_profile": ("emsp", {"party": "CH*EEE", "session_id": "1", "profile": PROFILE}),
    "get_profile": ("emsp", {"party": "CH*EEE", "session_id": "1", "duration_s": 900}),
    "clear_profile": ("emsp", {"party": "CH*EEE", "session_id": "1"}),
    "prefer": ("emsp", {"party": "CH*EEE", "session_id": "1", "profile_type": "GREEN"}),
    "act": ("emsp", {"party": "CH*EEE", "session_id": "1", "nature": "STOP"}),
    "report": ("cpo", {"party": "CH*CCC", "session_id": "1", "nature": "CHARGE_ENDED"}),
    "put_profile": ("cpo", {"starts": "2026-03-01T12:00:00Z", "profile": PROFILE}),
    "put_webhook": ("emsp", {"url": "http://127.0.0.1:1/", "facts": False}),
    "get_token": ("emsp", None),
}
PLACE = {"party": "CH*CCC", "id": "1", "uid": "1", "type": "RFID"}
AFTER = {"post_outcome": 1, "put_profile": 2}
LAST = ("stream_facts", "delete_tariff", "delete_webhook")


async def called(node, documented, route, who, body):
    """Call a route; see that the status is documented and the body of the documented shape."""
    names = {**PLACE, "party": "CH*EEE"} if "token" in route.name else PLACE
    path = route.path.format(**names, command=node.command)
    url, headers = f"{node.url}/api/v1{path}", {"Authorization": f"Bearer {who}"} if who else {}
    data = json.dumps(body).encode() if body is not None else None
    async with node.http.request(route.method, url, data=data, headers=headers) as answer:
        responses = documented["paths"][f"/api/v1{route.path}"][route.method.lower()]["responses"]
        assert str(answer.status) in responses, (route.name, answer.status, await answer.text())
        if answer.status == route.status and route.answer is not None and route.answer_media == "application/json":
            msgspec.json.decode(await answer.read(), type=route.answer)
        return answer.status


async def test_every_documented_route_answers_as_documented(node):
    async with node.http.get(f"{node.url}/api/v1/openapi.json") as answer:
        documented = await answer.json()
    validate(documented)
    routes = [*TELL, *ASK, *LIVE, *FIND, *AGREE, *FOLLOW]
    assert {route.name for route in routes} | {"get_document"} == {
        operation["operationId"] for path in documented["paths"].values() for operation in path.values()
    }
    async with receiving(node, "cpo", "set_profile", "prefer") as cpo:
        cpo.answers = {"set_profile": {"result": "ACCEPTED"}, "prefer": {"possible": "ACCEPTED"}}
        node.command = "none"
        held = node.hub.book.agreements["a1"]
        await node.hub.book.put_offer(replace(held, id=PLACE["id"]))
        for route in sorted(routes, key=lambda one: (one.name in LAST, AFTER.get(one.name, 0))):
            if route.name == "post_outcome":
                node.command = cpo.questions[0]["command"]
            who, body = GOOD.get(route.name, ("cpo" if route.name not in LAST[:1] else "emsp", None))
            if route.name == "get_webhook":
                who = "cpo"
            taken = (405,) if route.name == "act" else (route.status,)  # the webhook takes no commands
            assert await called(node, documented, route, who, body) in taken, route.name


async def test_every_route_answers_nonsense_as_documented(node):
    documented = json.loads(node.room.openapi())
    node.command = "none"
    for route, body in product((*TELL, *ASK, *LIVE, *FIND, *AGREE, *FOLLOW), (None, [], {}, "text", {"party": 5})):
        if route.name != "stream_facts":
            await called(node, documented, route, "cpo", body)
        assert await called(node, documented, route, None, body) == 401


def test_the_document_names_the_webhooks_and_reads_decimals_both_ways(node):
    document = json.loads(node.room.openapi())
    assert set(document["webhooks"]) == {"fact", "question"}
    assert document["components"]["schemas"]["Cdr"]["properties"]["total_energy_kwh"]["type"] == ["number", "string"]
