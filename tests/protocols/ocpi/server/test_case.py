"""Names of headers, codes and ids have no case; what was sent keeps its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from interroam.model.ids import Kind
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server.messages import cdr, connector, evse, location, session, tariff, token

PLACE = "receiver/locations/CH/CCC/L1"
LATER = "2026-03-15T12:00:00Z"
LATEST = "2026-03-16T12:00:00Z"


async def by_hand(node, head: str, body: str = "") -> tuple[int, dict[str, Any]]:
    """Send a request as it is written, and return its status and envelope."""
    parts = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write((head.strip().replace("\n", "\r\n") + "\r\n" + length + body).encode())
    answer = await reader.read()
    writer.close()
    first, _, rest = answer.partition(b"\r\n")
    return int(first.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


@pytest.mark.statement("OCPI-27")
async def test_the_names_of_headers_are_read_in_any_case(node, cpo):
    shown = cpo.headers({})["Authorization"]
    for spell in (str.upper, str.lower, str.swapcase):
        names = {
            "Host": "hub",
            "Authorization": shown,
            "X-Request-ID": "r",
            "X-Correlation-ID": "c",
            "OCPI-from-country-code": "ch",
            "OCPI-from-party-id": "cCc",
            "OCPI-to-country-code": "Ch",
            "OCPI-to-party-id": "hub",
            "Content-Type": "application/json",
        }
        head = "".join(f"\n{spell(name)}: {value}" for name, value in names.items())
        status, answer = await by_hand(node, f"PUT /ocpi/2.2.1/{PLACE} HTTP/1.1{head}", json.dumps(location()))
        assert (status, answer["status_code"]) == (201 if spell is str.upper else 200, 1000)
        half = head.replace(spell("OCPI-from-party-id"), "X-Other")
        assert (await by_hand(node, f"GET /ocpi/2.2.1/{PLACE} HTTP/1.1{half}"))[1]["status_code"] == 2001


@pytest.mark.statement("OCPI-29")
@pytest.mark.parametrize(("more", "http"), [("Content-Length: 99999999", 413), ("Cookie: " + "x" * 20_000, 431)])
async def test_what_is_refused_before_it_is_read_echoes_both_ids_too(node, cpo, more, http):
    ids = "X-Request-ID: One-1\r\nX-Correlation-ID: Two-2"
    parts = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"PUT /ocpi/2.2.1/{PLACE} HTTP/1.1\r\nHost: hub\r\n{ids}\r\n{more}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    writer.close()
    assert head[0].split()[1] == str(http)
    said = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    assert (said["x-request-id"], said["x-correlation-id"]) == ("One-1", "Two-2")


@pytest.mark.statement("OCPI-27")
async def test_a_place_is_one_place_in_any_case_and_is_shown_as_it_was_sent(node, cpo, emsp):
    other = "receiver/locations/ch/cCc/l1"
    plug = connector(id="Plug-A")
    assert (await cpo.put(PLACE, location(evses=[evse("Ev1", connectors=[plug])]))).http == 201
    assert (await cpo.patch(f"{other}/eV1", {"status": "CHARGING", "last_updated": LATER})).status == 1000
    assert (await cpo.patch(f"{other}/EV1/PLUG-a", {"max_amperage": 16, "last_updated": LATER})).status == 1000
    (listed,) = (await emsp.get("sender/locations")).data
    (shown,) = listed["evses"]
    assert (listed["country_code"], listed["party_id"], listed["id"], shown["uid"]) == ("CH", "CCC", "L1", "Ev1")
    assert (shown["status"], shown["connectors"][0]["id"]) == ("CHARGING", "Plug-A")
    assert shown["connectors"][0]["max_amperage"] == 16
    for path in (f"{other}/ev1/plug-A", f"{PLACE}/EV1/Plug-A"):
        assert (await cpo.get(path)).data["id"] == "Plug-A"
    to = {"OCPI-to-country-code": "cH", "OCPI-to-party-id": "ccc"}
    assert (await emsp.get("sender/locations/l1/EV1/plug-a", to)).data["id"] == "Plug-A"

    again = location(
        "l1", country_code="ch", party_id="Ccc", evses=[evse("ev1", last_updated=LATEST)], last_updated=LATEST
    )
    assert (await cpo.put(other, again)).http == 200
    assert (await cpo.get(PLACE)).data == again
    assert (await emsp.get("sender/locations")).headers["X-Total-Count"] == "1"
    assert (await cpo.put("receiver/locations/CH/CCC/L2", location("l3"))).status == 2001


@pytest.mark.statement("OCPI-27")
async def test_tokens_tariffs_sessions_and_cdrs_are_one_in_any_case(node, cpo, emsp):
    async def put_twice(who, path: str, body: dict[str, Any], name: str) -> None:
        assert (await who.put(path, body)).http == 201
        spelled = {name: body[name].swapcase(), "party_id": body["party_id"].lower(), "last_updated": LATER}
        assert (await who.put(path.rpartition("/")[0].lower() + f"/{spelled[name]}", {**body, **spelled})).http == 200
        back = (await who.get(path)).data
        assert (back[name], back["party_id"]) == (spelled[name], spelled["party_id"])

    await put_twice(emsp, "receiver/tokens/DE/EEE/0102030405060A", token(), "uid")
    await put_twice(cpo, "receiver/tariffs/CH/CCC/Tariff-1", tariff("Tariff-1"), "id")
    await put_twice(cpo, "receiver/sessions/CH/CCC/Session-1", session("Session-1"), "id")
    assert (await cpo.post("receiver/cdrs", cdr("Cdr-1"))).http == 201
    assert (await cpo.post("receiver/cdrs", cdr("cDR-1", total_energy=99))).status == 2001
    assert len(await node.journal(Kind.CDR)) == 1
    charged = session("S2", cdr_token={**session()["cdr_token"], "country_code": "de", "party_id": "eEe"})
    assert (await cpo.put("receiver/sessions/CH/CCC/S2", charged)).status == 1000
    listed = (await emsp.get("sender/sessions?date_from=2020-01-01T00:00:00Z")).data
    assert [one["cdr_token"]["party_id"] for one in listed] == ["EEE", "eEe"]


@pytest.mark.statement("OCPI-27")
async def test_a_card_and_a_place_are_found_in_any_case(node, cpo, provider):
    peer, emsp = provider
    await cpo.put(PLACE, location(evses=[evse("Ev1")]))
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token())
    allowed = {"allowed": "ALLOWED", "token": token(), "location": {"location_id": "L1", "evse_uids": ["Ev1"]}}
    peer.answers.append(says("POST", "/authorize", 200, 1000, allowed))
    where = {"location_id": "l1", "evse_uids": ["EV1"]}
    answer = await cpo.post("sender/tokens/0102030405060a/authorize?type=rfid", where)
    assert (answer.status, answer.data["allowed"]) == (1000, "ALLOWED")
    (asked,) = peer.told("POST")
    assert asked.path.casefold() == "/sender/tokens/0102030405060a/authorize"
    assert (asked.body["location_id"].casefold(), asked.body["evse_uids"]) == ("l1", ["Ev1"])
