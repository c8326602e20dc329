"""Agreements that select EVSEs, on the wire: lists, single gets and pushes show the same, and never more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from interroam.core.rules.explain import Case, explain_sight
from interroam.model.agreements import Agreement, selection
from interroam.model.ids import Party, PartyId, evse_key
from tests.protocols.ocpi.nodes import LONG_AGO
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.server.conftest import Caller, Node

CPO, EMSP = PartyId.parse("CH*CCC"), Party.parse("DE*EEE/EMSP")
SITES, UIDS, GROUPS = ["L1", "L2"], ["E1", "E2"], ["fast", "slow"]


def evse(uid: str, group: str, minute: int) -> dict:
    connectors = [messages.connector(tariff_ids=[group]), messages.connector(id="2", tariff_ids=GROUPS)]
    return messages.evse(uid, connectors=connectors, last_updated=time(minute))


def time(minute: int) -> str:
    return f"2026-03-14T12:{minute:02}:00Z"


class Desk:
    """A hub, a CPO that calls and an eMSP that keeps what it is told."""

    def __init__(self, node: Node, cpo: Caller, emsp: Caller, peer: Peer) -> None:
        self.node, self.cpo, self.emsp, self.peer = node, cpo, emsp, peer
        self.minute = 0
        self.heard = 0
        self.picture: dict[str, dict[str, str]] = {}

    async def agree(
        self, *groups: str, locations: tuple[str, ...] = (), evses: tuple[str, ...] = (), all_: bool = False
    ) -> None:
        self.minute += 1
        chosen = () if all_ else (selection(CPO, locations, groups, evses),)
        cpos = (Party.parse("CH*CCC/CPO"),)
        await self.node.book.put_agreement(
            Agreement(id="a", version=self.minute, emsp=EMSP, cpos=cpos, starts=LONG_AGO, selections=chosen)
        )
        await self.settled()

    async def put(self, site: str, groups: dict[str, str]) -> None:
        self.minute += 1
        inside = [evse(uid, group, self.minute) for uid, group in groups.items()]
        await self.cpo.put(
            f"receiver/locations/CH/CCC/{site}",
            messages.location(site, evses=inside, last_updated=time(self.minute)),
        )
        await self.settled()

    async def patch(self, site: str, uid: str = "", **fields: object) -> None:
        self.minute += 1
        path = f"receiver/locations/CH/CCC/{site}" + (f"/{uid}" if uid else "")
        await self.cpo.patch(path, {**fields, "last_updated": time(self.minute)})
        await self.settled()

    async def settled(self) -> None:
        await self.node.settled()
        told = self.peer.told()
        for seen in told[self.heard :]:
            self.hear(seen.method, seen.path.split("/")[5:], seen.body)
        self.heard = len(told)

    def hear(self, method: str, place: list[str], body: dict) -> None:
        """Keep the picture as a plain receiver does: statuses by location and uid, of locations it was given whole."""
        assert place[0] in self.picture or (method == "PUT" and len(place) == 1)
        known = self.picture.setdefault(place[0], {})
        if method == "PUT" and len(place) == 1:
            known.update({one["uid"]: one["status"] for one in body.get("evses", ())})
        elif len(place) == 2 and "status" in body:
            known[place[1]] = body["status"]

    def known(self) -> set[tuple[str, str]]:
        return {(site, uid) for site, some in self.picture.items() for uid, word in some.items() if word != "REMOVED"}

    async def listed(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        totals = []
        for offset in range(len(SITES)):
            page = await self.emsp.get(f"sender/locations?offset={offset}&limit=1")
            totals.append(int(page.headers["X-Total-Count"]))
            found |= {one["id"]: {each["uid"] for each in one.get("evses", [])} for one in page.data}
        assert totals[0] == len(found)
        return found

    async def explained(self) -> set[tuple[str, str]]:
        node, shown = self.node, set()
        for site in SITES:
            for uid in UIDS:
                row = await node.store.get(evse_key(CPO, site, uid))
                if row is not None and row.body.status.word != "REMOVED":
                    case = Case(at=node.clock.now(), cpo=CPO, evse=row.body)
                    if explain_sight(node.book.routing, EMSP, case).accepted:
                        shown.add((site, uid))
        return shown

    async def check(self) -> None:
        shown = await self.explained()
        listed = await self.listed()
        assert {(site, uid) for site, uids in listed.items() for uid in uids} == shown
        assert self.known() == shown
        for site in SITES:
            whole = await self.emsp.get(f"sender/locations/{site}")
            inside = {one["uid"] for one in (whole.data or {}).get("evses", ()) if one["status"] != "REMOVED"}
            assert inside == {uid for place, uid in shown if place == site}
            for uid in UIDS:
                one = await self.emsp.get(f"sender/locations/{site}/{uid}")
                seen = one.status == 1000 and one.data["status"] != "REMOVED"
                assert seen == ((site, uid) in shown)


async def at_desk(folder: Path, play) -> None:
    async with Node(folder, hub="CH*HUB") as node, Peer((("DE", "EEE", "EMSP"),)) as peer:
        cpo = await node.partner("ccc", "CH*CCC/CPO")
        emsp = await node.connect("eee", peer, "DE*EEE/EMSP")
        await play(Desk(node, cpo, emsp, peer))


def sent(desk: Desk) -> list[tuple[str, str]]:
    told = [(one.method, one.path.removeprefix("/receiver/locations/CH/CCC/")) for one in desk.peer.told()]
    desk.peer.seen.clear()
    desk.heard = 0
    return told


@pytest.mark.statement("OCPI-77", "OCPI-79", "OCPI-85")
async def test_an_evse_moves_in_and_out_of_what_an_emsp_is_shown(tmp_path):
    async def play(desk: Desk) -> None:
        await desk.agree("fast")
        await desk.put(
            "L1", {"E1": "fast", "E2": "slow"}
        )  # its second connector is in both groups: that counts nothing
        await desk.put("L2", {"E1": "slow"})
        assert sent(desk) == [("PUT", "L1")]
        assert await desk.listed() == {"L1": {"E1"}}
        await desk.patch("L1", "E2", status="CHARGING")
        await desk.patch("L2", name="Elsewhere")
        assert sent(desk) == []
        await desk.patch("L1", "E1", connectors=[messages.connector(tariff_ids=["slow"])])
        await desk.patch("L1", "E1", status="CHARGING")
        await desk.patch("L1", name="Am Markt")
        assert sent(desk) == [("PATCH", "L1/E1")]
        assert (await desk.listed(), (await desk.emsp.get("sender/locations/L1")).data) == ({}, None)
        await desk.patch("L1", "E2", connectors=[messages.connector(tariff_ids=["fast"])])
        (whole,) = desk.peer.told()
        assert (whole.method, [one["uid"] for one in whole.body["evses"]]) == ("PUT", ["E2"])
        assert whole.body["name"] == "Am Markt"

    await at_desk(tmp_path, play)


@pytest.mark.statement("OCPI-87", "OCPI-79")
async def test_a_place_stated_again_goes_by_the_evses_that_are_shown_and_whole_to_whom_it_is_new(tmp_path):
    async def play(desk: Desk) -> None:
        await desk.agree("fast")
        await desk.put("L1", {"E1": "fast", "E2": "slow"})
        await desk.put("L2", {"E1": "slow"})
        sent(desk)
        connectors = [messages.connector(tariff_ids=["fast"], max_amperage=16)]
        moved = messages.evse("E1", connectors=connectors, last_updated=time(20))
        said = {"name": "Am Markt", "last_updated": time(20)}
        other = evse("E2", "slow", 20)
        await desk.cpo.put("receiver/locations/CH/CCC/L1", messages.location(evses=[moved, other], **said))
        await desk.settled()
        assert sent(desk) == [("PATCH", "L1"), ("PUT", "L1/E1")]
        desk.minute = 21
        await desk.put("L1", {"E1": "slow", "E2": "fast", "E3": "fast"})  # E2 enters, what it knew leaves
        assert sent(desk) == [("PATCH", "L1/E1"), ("PUT", "L1")]
        await desk.put("L1", {"E1": "fast", "E2": "fast", "E3": "slow"})
        assert sent(desk) == [("PATCH", "L1/E3"), ("PUT", "L1/E1")]
        await desk.put("L2", {"E1": "slow", "E2": "fast"})
        assert sent(desk) == [("PUT", "L2")]
        await desk.check()

    await at_desk(tmp_path, play)


@pytest.mark.parametrize("name", ["E1", "CH*CCC*E1"])
async def test_a_single_evse_is_shown_by_its_uid_or_its_evse_id(tmp_path, name):
    async def play(desk: Desk) -> None:
        await desk.agree(evses=(name,))
        await desk.put("L1", {"E1": "fast", "E2": "fast"})
        await desk.patch("L1", "E2", status="CHARGING")
        await desk.patch("L1", "E1", status="CHARGING")
        await desk.check()
        assert sent(desk) == [("PUT", "L1"), ("PATCH", "L1/E1")]
        assert await desk.listed() == {"L1": {"E1"}}
        await desk.agree(evses=("CH*CCC*E2",))
        await desk.check()
        assert await desk.listed() == {"L1": {"E2"}}

    await at_desk(tmp_path, play)


async def test_an_evse_that_is_given_another_evse_id_leaves_what_was_agreed(tmp_path):
    async def play(desk: Desk) -> None:
        await desk.agree(evses=("CH*CCC*E1",))
        await desk.put("L1", {"E1": "fast", "E2": "fast"})
        await desk.patch("L1", "E1", evse_id="CH*CCC*E9")
        await desk.check()
        assert await desk.listed() == {}
        await desk.patch("L1", "E2", evse_id="CH-CCC-E1")
        await desk.check()
        assert await desk.listed() == {"L1": {"E2"}}

    await at_desk(tmp_path, play)


async def test_a_patch_of_a_location_carries_no_word_of_evses_that_are_not_shown(tmp_path):
    async def play(desk: Desk) -> None:
        await desk.agree("fast")
        await desk.put("L1", {"E1": "fast", "E2": "slow"})
        desk.peer.seen.clear()
        await desk.patch("L1", name="Am Markt", evses=[evse("E2", "slow", 9), evse("E1", "fast", 9)])
        assert b"E1" in b"".join(one.raw for one in desk.peer.told())
        assert b"E2" not in b"".join(one.raw for one in desk.peer.told())

    await at_desk(tmp_path, play)


@pytest.mark.statement("OCPI-210")
async def test_tariff_ids_are_the_same_for_every_emsp_that_sees_the_evse(tmp_path):
    async def play(desk: Desk) -> None:
        async with Peer((("NL", "NNN", "EMSP"),)) as peer:
            other = await desk.node.connect("nnn", peer, "NL*NNN/EMSP")
            await desk.node.roam("NL*NNN", "CH*CCC")
            await desk.agree("fast")
            await desk.put("L1", {"E1": "fast"})
            asked = [await one.get("sender/locations/L1") for one in (desk.emsp, other)]
            shown = [one.data["evses"][0]["connectors"] for one in asked]
            assert shown[0] == shown[1]
            assert [one["tariff_ids"] for one in shown[0]] == [["fast"], GROUPS]

    await at_desk(tmp_path, play)


@pytest.mark.statement("OCPI-87")
async def test_a_location_without_evses_is_told_to_who_comes_to_see_all_of_its_owner(tmp_path):
    async def play(desk: Desk) -> None:
        await desk.agree(locations=("L2",))
        await desk.put("L2", {})
        await desk.agree(all_=True)
        assert sent(desk) == [("PUT", "L2")]
        await desk.put("L2", {"E1": "fast", "E2": "fast"})  # its EVSEs alone are news
        assert sent(desk) == [("PUT", "L2/E1"), ("PUT", "L2/E2")]

    await at_desk(tmp_path, play)


groups = st.sampled_from(GROUPS)
moves = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(SITES), st.dictionaries(st.sampled_from(UIDS), groups)),
    st.tuples(st.just("group"), st.sampled_from(SITES), st.sampled_from(UIDS), groups),
    st.tuples(
        st.just("agree"),
        st.lists(groups, max_size=2),
        st.lists(st.sampled_from(SITES), max_size=1),
        st.lists(st.sampled_from([*UIDS, "CHCCCE1"]), max_size=1),
        st.booleans(),
    ),
)


@settings(max_examples=6, deadline=None, phases=(Phase.explicit, Phase.generate))  # a story is dear
@given(st.lists(moves, min_size=3, max_size=7))
def test_on_the_wire_lists_gets_and_pushes_show_what_the_explanation_says(story):
    async def play(desk: Desk) -> None:
        await desk.agree("fast")
        await desk.put("L1", {"E1": "fast", "E2": "slow"})
        for verb, *rest in story:
            if verb == "agree":
                await desk.agree(*rest[0], locations=tuple(rest[1]), evses=tuple(rest[2]), all_=rest[3])
            elif verb == "put":
                await desk.put(*rest)
            else:
                await desk.patch(rest[0], rest[1], connectors=[messages.connector(tariff_ids=[rest[2]])])
            await desk.check()

    with TemporaryDirectory() as folder:
        asyncio.run(at_desk(Path(folder), play))
