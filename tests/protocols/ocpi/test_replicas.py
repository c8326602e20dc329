"""Whatever a CPO says of a place, in whatever order it comes: who keeps what it is told has what is listed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer, World
from tests.protocols.ocpi.partners import Peer, Seen
from tests.protocols.ocpi.server.messages import evse, location

AT = "receiver/locations/CH/CCC/L1"
WORDS = ("AVAILABLE", "CHARGING", "BLOCKED", "OUTOFORDER", "PLANNED", "REMOVED")
Said = tuple[str, str, dict[str, Any]]


def said(chance: random.Random, count: int = 50) -> list[Said]:
    """Draw what a CPO says, each at its own second, a few of which come late."""
    return [_drawn(chance, second) for second in sorted(range(1, count), key=lambda each: each + chance.random() * 10)]


def _drawn(chance: random.Random, second: int) -> Said:
    at = f"{AT}/E{chance.randrange(3)}"
    status, floor = {"status": chance.choice(WORDS)}, {"floor_level": str(chance.randrange(9))}
    time = {"last_updated": f"2026-03-14T12:00:{second:02}Z"}
    match chance.randrange(12):
        case 0:
            return "PUT", at, evse(at[-2:], **status, **floor, **time)
        case 1:
            return "PATCH", AT, {"name": chance.choice("abc"), **time}
        case 2:
            return "PATCH", AT, {"publish": chance.random() < 0.6, **time}
        case 3:
            return "PATCH", f"{at}/1", {"max_amperage": 6 + chance.randrange(9), **time}
        case 4:
            return "PATCH", at, {**floor, **time}
        case 5:
            return "PATCH", at, {**status, **floor, **time}
        case 6 | 7:
            inner = [evse(f"E{one}", **status, **floor, **time) for one in range(3) if chance.random() < 0.8]
            return "PUT", AT, location(name=chance.choice("abc"), publish=chance.random() < 0.8, evses=inner, **time)
    return "PATCH", at, {**status, **time}


def kept(told: Iterable[Seen]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the place and its EVSEs as somebody has them who keeps what he is told."""
    place: dict[str, Any] = {}
    evses: dict[str, dict[str, Any]] = {}
    for one in told:
        names, whole = one.path.partition("/locations/")[2].split("/")[2:], one.method == "PUT"
        if len(names) > 1:
            evses[names[1]] = one.body if whole else evses.get(names[1], {}) | one.body
        else:
            evses = {each["uid"]: each for each in one.body.get("evses", [])} if whole else evses
            place = one.body if whole else place | one.body
    return place, evses


def brief(evses: Iterable[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return what is compared of the EVSEs that are there."""
    here = [one for one in evses if one["status"] != "REMOVED"]
    power = "max_amperage" if here and "max_amperage" in here[0]["connectors"][0] else "amperage"
    return {one["uid"]: (one["status"], one.get("floor_level"), one["connectors"][0][power]) for one in here}


@pytest.mark.statement("OCPI-35", "OCPI-39", "OCPI-41")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("kind", "quality"), [(Peer, "off"), (Peer, "automatic"), (OldPeer, "off")])
async def test_who_keeps_what_it_is_told_has_what_is_listed(tmp_path, kind, quality, seed):
    chance = random.Random(seed)
    async with (
        Node(tmp_path) as node,
        Peer((("CH", "CCC", "CPO"),)) as cpo,
        kind((("DE", "EEE", "EMSP"),)) as emsp,
    ):
        world = World(node, cpo, emsp)
        await world.join()
        await node.book.put_partner(replace(node.book.partners["cpo"], switches={"quality": quality}))
        await world.say("PUT", AT, location(evses=[evse(f"E{one}") for one in range(3)]))
        for method, path, body in said(chance):
            answer = await world.say(method, path, body)
            assert (answer["http"] // 100, answer["status_code"]) == (2, 1000), (method, path, body)
            if chance.random() < 0.3:
                await world.settled()
        await world.settled()

        side = "" if kind is OldPeer else "sender/"
        listed = (await world.ask("GET", f"{side}locations"))["data"]
        place, evses = kept(one for one in emsp.told() if "/locations/" in one.path)
        assert brief(evses.values()) == brief(one for each in listed for one in each.get("evses", []))
        assert [place["name"]] == [one["name"] for one in listed] or not brief(evses.values())
