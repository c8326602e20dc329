"""Fetching and schedules at the command line."""

import asyncio
import json

import pytest

from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.shops import Shop


async def test_what_a_partner_has_is_fetched_shown_and_withdrawn(node):
    async def line(*words, **more):
        return await asyncio.to_thread(node, *words, **more)

    async with Shop((("CH", "PUL", "CPO"),)) as shop:
        owner = {"party_id": "PUL", "evses": []}
        shop.shelves["locations"] = [messages.location(f"L{no}", **owner) for no in range(3)]
        issued = await asyncio.to_thread(node.json, "partner", "add", "pul", "--party", "CH*PUL/CPO")
        base = issued["url"].removesuffix("/ocpi/versions")
        await shop.post_credentials(base, issued["token"])
        shown = await line("pull", "pul", "locations", "--full")
        assert "done" in shown
        assert "3" in shown
        del shop.shelves["locations"][0]
        assert "1 of 3 locations are absent" in await line("pull", "pul", "locations", "--full")
        assert "1 locations withdrawn" in await line("pull", "pul", "locations", "--withdraw")
        assert "withdraw which module?" in await line("pull", "pul", "--withdraw", code=2)
        assert "pull/pul/locations" in await line("schedule", "list")
        shop.paged = False
        assert "without pages" in await line("pull", "pul", "locations", code=1)


def test_a_schedule_is_set_and_keeps_what_was_set(node):
    said = node.json("schedule", "set", "retention", "daily 01:00 Europe/Zurich", "--spread", "5")
    assert (said["rhythm"], said["spread_minutes"], said["own"]) == ("daily 01:00 Europe/Zurich", 5, True)
    assert "Europe/Zurich" in node("schedule", "list")
    assert "never" in node("schedule", "set", "retention", "off")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schedule", "set", "retention", "often"), "is no rhythm"),
        (("schedule", "set", "nothing", "off"), "there is no schedule nothing"),
        (("pull", "nobody"), "there is no partner nobody"),
    ],
)
def test_what_is_wrong_is_said_in_words(node, words, said):
    assert said in node(*words, code=1)


async def test_a_partner_is_told_once_more_what_it_may_know(node, tmp_path):
    async def line(*words, **more):
        return await asyncio.to_thread(node, *words, **more)

    tariff = {"currency": "CHF", "elements": [{"components": [{"dimension": "ENERGY", "price": "0.50"}]}]}
    file = tmp_path / "tariffs.json"
    file.write_text(json.dumps({"tariffs": [{"party": "CH*PSH", "id": "T1", **tariff}]}))
    async with Shop((("NL", "PSH", "EMSP"),)) as shop:
        await line("partner", "add", "psh-office", "--protocol", "plain", "--party", "CH*PSH/CPO")
        issued = await asyncio.to_thread(node.json, "partner", "add", "psh", "--party", "NL*PSH/EMSP")
        await shop.post_credentials(issued["url"].removesuffix("/ocpi/versions"), issued["token"])
        await line("agreement", "add", "NL*PSH/EMSP", "CH*PSH/CPO")
        await line("import", "psh-office", str(file))

        async def told(times):
            async with asyncio.timeout(10):
                while sum("tariffs" in seen.path for seen in shop.told("PUT")) < times:  # noqa: ASYNC110  what is waited for sets no event
                    await asyncio.sleep(0.02)

        await told(1)
        assert "1 part is being sent" in await line("push", "psh", "tariffs")
        await told(2)
        assert "2 parts are being sent" in await line("push", "psh")
        await told(3)
        assert "nothing that the partner is sent" in await line("push", "psh", "tokens")
        assert "interroam courier replay" in await line("push", "psh", "cdrs", code=1)
        assert "there is no partner nobody" in await line("push", "nobody", code=1)
