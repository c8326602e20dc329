"""New platforms: each gets a token of its own to register with, or gives us one."""

from __future__ import annotations

import pytest

from interroam.model.parties import PartnerState
from tests.protocols.ocpi.partners import Peer, basic
from tests.protocols.plain.test_admin import people as people  # noqa: PLC0414  the fixture


def as_ccc(peer: Peer) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request in the name of CH*CCC."""
    shown = {
        "authorization": basic(peer.given["token"]),
        "ocpi-from-country-code": "CH",
        "ocpi-from-party-id": "CCC",
    }
    return [(name.encode(), value.encode()) for name, value in shown.items()]


@pytest.mark.statement("OCPI-7", "OCPI-13")
async def test_each_new_platform_gets_a_temporary_token_of_its_own(people):
    await people.log_in("admin")
    issued = [
        (await people("POST", "/partners", {"id": name, "parties": [party]}))[1]
        for name, party in (("one", "CH*CCC/CPO"), ("two", "DE*EEE/EMSP"))
    ]
    assert [one["purpose"] for one in issued] == ["registration"] * 2
    tokens = [one["token"] for one in issued]
    assert len(set(tokens)) == 2
    assert all(len(one) <= 64 and one.isascii() and one.isprintable() and " " not in one for one in tokens)
    async with Peer((("CH", "CCC", "CPO"),)) as peer:
        assert (await peer.post_credentials(people.node.url, tokens[0]))[1]["status_code"] == 1000
        assert peer.given["token"] not in tokens
        assert (await peer.get(peer.given["url"], peer.given["token"]))["status_code"] == 1000
        await people.client.request("GET", f"{people.node.url}/ocpi/2.2.1/sender/tokens", headers=as_ccc(peer))
        assert (await peer.post_credentials(people.node.url, tokens[0]))[0] == 401  # it was temporary


@pytest.mark.statement("OCPI-25")
async def test_what_a_platform_says_of_itself_is_shown_to_the_operator_and_changes_nothing(people):
    await people.log_in("admin")
    _, issued = await people("POST", "/partners", {"id": "one", "parties": ["CH*CCC/CPO"]})
    async with Peer((("CH", "CCC", "CPO"), ("CH", "DDD", "CPO"))) as peer:
        await peer.post_credentials(people.node.url, issued["token"])
        _, report = await people("GET", "/partners/one")
        assert (report["parties"], report["declared"]) == (["CH*CCC/CPO"], ["CH*CCC/CPO", "CH*DDD/CPO"])
        _, changed = await people("PUT", "/partners/one", {"parties": ["CH*CCC/CPO"], "name": "One"})
        assert (changed["name"], changed["declared"]) == ("One", report["declared"])
        await peer.call("DELETE", f"{people.node.url}/ocpi/2.2.1/credentials", peer.given["token"])
    assert "declared" not in (await people("GET", "/partners/one"))[1]


@pytest.mark.statement("OCPI-7")
async def test_a_platform_may_give_the_hub_a_token_to_start_with(people):
    await people.log_in("admin")
    await people("POST", "/partners", {"id": "one", "parties": ["CH*CCC/CPO"]})
    async with Peer((("CH", "CCC", "CPO"),)) as peer:
        wanted = {"url": peer.versions_url, "token": "given-by-the-platform"}
        status, report = await people("POST", "/partners/one/register", wanted)
        assert (status, report["state"]) == (200, PartnerState.CONNECTED)
        assert {one.headers["authorization"] for one in peer.seen} == {basic("given-by-the-platform")}
        assert peer.given["url"].endswith("/ocpi/versions")
        assert peer.given["token"] != "given-by-the-platform"
