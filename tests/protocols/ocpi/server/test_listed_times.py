"""When what a list shows changed last, and in which order several owners' objects come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interroam.model.facts import Origin, Withdrawal
from interroam.model.ids import PartyId, location_key, token_key
from tests.protocols.ocpi.server.messages import evse, location, token
from tests.protocols.ocpi.server.test_lists import LIST, OWNER, crawl, fill


@pytest.mark.statement("OCPI-38", "OCPI-51")
async def test_a_status_said_again_shows_its_newer_time_in_every_list_that_was_read_before(node, cpo, emsp):
    await fill(cpo, 1)
    whole, changes = LIST, f"{LIST}?date_from=2020-01-01T00:00:00Z"
    for minute in range(2):
        for path in (whole, changes):
            (place,) = (await emsp.get(path)).data
            assert place["last_updated"] == place["evses"][0]["last_updated"] == f"2026-03-14T12:0{minute}:00Z"
        again = {"status": "AVAILABLE", "last_updated": f"2026-03-14T12:0{minute + 1}:00Z"}
        head = node.store.head()
        assert (await cpo.patch("receiver/locations/CH/CCC/L0/E1", again)).status == 1000
        assert node.store.head() == head
        (late,) = (await emsp.get(f"{LIST}?date_from={again['last_updated']}")).data
        assert late["last_updated"] == again["last_updated"]


@pytest.mark.statement("OCPI-41")
async def test_each_evse_of_a_list_has_its_own_time_and_the_location_the_newest(node, cpo, emsp):
    at = "receiver/locations/CH/CCC/L0"
    await cpo.put(at, location("L0", evses=[evse("E1"), evse("E2"), evse("E3")]))
    exact = ["2026-03-14T12:01:00.1234Z", "2026-03-14T12:02:00.5Z"]
    for uid, stamp in zip(("E1", "E2"), exact, strict=True):
        await cpo.patch(f"{at}/{uid}", {"status": "CHARGING", "last_updated": stamp})
    for profile in ("spec", "gireve"):
        await node.change("eee", profile=profile)
        (place,) = (await emsp.get(LIST)).data
        seen = [datetime.fromisoformat(one["last_updated"]) for one in (*place["evses"], place)]
        wanted = [*exact, evse()["last_updated"], exact[1]]
        assert (profile, seen) == (profile, [datetime.fromisoformat(one) for one in wanted])


@pytest.mark.statement("OCPI-50")
async def test_objects_of_several_owners_come_in_the_order_of_creation_of_all(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await node.roam("DE*EEE", "CH*CCC", "CH*DDD")
    for number in range(0, 4, 2):
        await fill(cpo, 1, number)
        await other.put(f"receiver/locations/CH/DDD/L{number + 1}", location(f"L{number + 1}", party_id="DDD"))
    assert [one["id"] for one in (await emsp.get(LIST)).data] == ["L0", "L1", "L2", "L3"]
    first = await emsp.get(f"{LIST}?limit=3")
    await fill(cpo, 1, 4)
    link = first.headers["Link"].removeprefix("<").partition(">")[0]
    assert await crawl(emsp, link) == [["L3", "L4"]]


@pytest.mark.statement("OCPI-56", "OCPI-60")
async def test_an_owner_that_is_a_provider_too_lists_its_own_as_it_stated_it_and_others_with_the_hubs_id(
    node, cpo, emsp
):
    await fill(cpo, 1)
    both = await node.partner("both", "CH*CCC/CPO", "CH*CCC/EMSP")
    await node.roam("CH*CCC", "CH*CCC")
    for _ in range(2):
        assert ["gireve_id" in one for one in (await emsp.get(LIST)).data] == [True]
        assert ["gireve_id" in one for one in (await both.get(LIST)).data] == [False]


@pytest.mark.statement("OCPI-51", "OCPI-85")
async def test_a_window_without_a_beginning_asks_for_no_changes_and_is_told_nothing_of_what_is_gone(node, cpo, emsp):
    await cpo.put("receiver/locations/CH/CCC/L0", location("L0", evses=[]))
    await cpo.put("receiver/locations/CH/CCC/L1", location("L1"))
    await emsp.put("receiver/tokens/DE/EEE/AABBCCDD", token("AABBCCDD"))
    at = datetime(2026, 3, 15, tzinfo=UTC)
    for key in (location_key(OWNER, "L0"), location_key(OWNER, "L1")):
        await node.hub.tell(Origin("ccc"), Withdrawal(key, at))
    await node.hub.tell(Origin("eee"), Withdrawal(token_key(PartyId.parse("DE*EEE"), "RFID", "AABBCCDD"), at))

    for window, count in (("", 0), ("?date_to=2027-01-01T00:00:00Z", 0), ("?date_from=2026-03-15T00:00:00Z", 2)):
        page = await emsp.get(f"{LIST}{window}")
        assert (window, len(page.data), page.headers["X-Total-Count"]) == (window, count, str(count))
        tokens = await cpo.get(f"sender/tokens{window}")
        assert (window, [one["valid"] for one in tokens.data]) == (window, [False] if count else [])
