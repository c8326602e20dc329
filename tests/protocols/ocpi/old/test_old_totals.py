"""Lists of 2.1.1 count what their reader is shown, and have no gaps."""

from __future__ import annotations

import pytest

from tests.protocols.ocpi.server import messages

LATER = "2026-03-15T12:00:00Z"


@pytest.mark.statement("OCPI-48", "OCPI-80")
async def test_places_that_are_not_published_are_not_counted_and_leave_no_gap_in_a_page(old_emsp):
    await old_emsp.say("PUT", "receiver/locations/CH/CCC/L2", messages.location("L2", publish=False))

    async def listed(query=""):
        names = [one["name"] for one in (await old_emsp.ask("GET", f"locations?limit=2{query}"))["data"]]
        heard = old_emsp.emsp.heard
        return names, heard["X-Total-Count"], "Link" in heard

    assert await listed() == (["Am Ring"], "1", False)
    for number in (3, 4):
        await old_emsp.say(
            "PUT", f"receiver/locations/CH/CCC/L{number}", messages.location(name=f"L{number}", id=f"L{number}")
        )
    assert await listed() == (["Am Ring", "L3"], "3", True)
    assert await listed("&offset=2") == (["L4"], "3", False)
    assert await listed("&date_from=2020-01-01T00:00:00Z") == (["Am Ring", "L3"], "3", True)
    shown = {"publish": True, "name": "L2", "last_updated": LATER}
    await old_emsp.say("PATCH", "receiver/locations/CH/CCC/L2", shown)
    assert await listed() == (["Am Ring", "L2"], "4", True)
    await old_emsp.say("PATCH", "receiver/locations/CH/CCC/L2", {**shown, "publish": False})
    assert await listed() == (["Am Ring", "L3"], "3", True)


@pytest.mark.statement("OCPI-48")
async def test_a_tariff_that_is_not_in_force_is_neither_listed_nor_counted(old_emsp):
    for number, fields in enumerate(({}, {"start_date_time": "2100-01-01T00:00:00Z"}, {"type": "PROFILE_FAST"}, {}), 2):
        await old_emsp.say("PUT", f"receiver/tariffs/CH/CCC/T{number}", messages.tariff(f"T{number}", **fields))
    listed = (await old_emsp.ask("GET", "tariffs?limit=2"))["data"]
    heard = old_emsp.emsp.heard
    assert (len(listed), heard["X-Total-Count"], "Link" in heard) == (2, "3", True)
    assert len((await old_emsp.ask("GET", "tariffs?limit=2&offset=2"))["data"]) == 1
    assert "Link" not in old_emsp.emsp.heard


@pytest.mark.statement("OCPI-48", "OCPI-86")
async def test_places_of_which_only_a_status_changed_are_not_counted_among_changes(old_emsp):
    for number in range(2, 8):
        at = f"receiver/locations/CH/CCC/L{number}"
        await old_emsp.say("PUT", at, messages.location(f"L{number}", name=f"L{number}"))
        await old_emsp.say("PATCH", f"{at}/E1", {"status": "CHARGING", "last_updated": LATER})
    for number in (3, 5, 6):
        change = {"name": f"New {number}", "last_updated": LATER}
        await old_emsp.say("PATCH", f"receiver/locations/CH/CCC/L{number}", change)

    async def page(path):
        names = [one["name"] for one in (await old_emsp.ask("GET", path))["data"]]
        heard = old_emsp.emsp.heard
        return names, heard["X-Total-Count"], heard.get("Link", "").removeprefix("<").partition(">")[0]

    first, total, link = await page(f"locations?date_from={LATER}&limit=2")
    assert (first, total) == (["New 3", "New 5"], "3")
    await old_emsp.say("PATCH", "receiver/locations/CH/CCC/L7", {"name": "New 7", "last_updated": LATER})
    assert await page(link) == (["New 6"], "3", "")
    assert await page(f"locations?date_from={LATER}&limit=2&offset=2") == (["New 6", "New 7"], "4", "")
