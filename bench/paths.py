"""The paths: what is sent to whom, and what each must reach (design: Fast by design)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import messages, soap
from bench.crawl import Crawl
from bench.load import Failed, Load
from bench.measure import Must, Result, Side, alone, compared, judged, rate, rounds
from bench.messages import EMSPS, Door
from bench.node import Node, data_file
from bench.peers import DOORS, Peer
from bench.processes import HOST, ROOT, SERVER_CORE, pin
from bench.running import PLACES, Plan, check, reference, stubs

EACH = 10
"""EVSEs of a place where many are stored."""
PAGE = 25


# -- facts stated ------------------------------------------------------------------------------------------------------


async def _stated(plan: Plan, name: str, must: Must, make: Callable[[Door], Iterator[bytes]]) -> Result:
    source = data_file(PLACES, PLACES)
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        node = running.enter_context(Node(name, source, ports))
        bare = running.enter_context(reference())
        sides = [
            Side("ours", node.door(), make(node.door()), node.pid),
            Side("reference", bare, make(bare)),
        ]
        peers = [running.enter_context(Peer(library)) for library in DOORS]
        sides += [Side(peer.library, peer.door, make(peer.door)) for peer in peers]
        before = node.entries()
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
        check(node, before, found["ours"])
    return compared(must, found)


async def status(plan: Plan) -> Result:
    """PATCH of EVSE statuses, every one a true change."""
    return await _stated(
        plan, "status", Must(peer=15, reference=0.50), lambda door: messages.statuses(door, 2 * PLACES)
    )


async def cdr(plan: Plan) -> Result:
    """POST of CDRs."""
    return await _stated(plan, "cdr", Must(peer=15, reference=0.45), messages.cdrs)


async def session(plan: Plan) -> Result:
    """PUT of sessions."""
    return await _stated(plan, "session", Must(peer=15, reference=0.45), messages.sessions)


# -- pages -------------------------------------------------------------------------------------------------------------


async def _pages(plan: Plan, limit: int, must: Must) -> Result:
    source = data_file(PLACES, PLACES)
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        node = running.enter_context(Node(f"page{limit}", source, ports))
        doors = [node.door(f"emsp{number}", EMSPS[number]) for number in range(2)]
        sides = [Side("ours", doors[0], messages.pages(doors, limit, [2 * PLACES, PLACES]), node.pid)]
        for peer in (running.enter_context(Peer(library)) for library in DOORS):
            requests = messages.pages([peer.door], limit, [PLACES])
            sides.append(Side(peer.library, peer.door, requests, connections=4, stretch=1.5))
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
    return compared(must, found)


async def page50(plan: Plan) -> Result:
    """Random pages of 50 locations, two partners with different agreements."""
    return await _pages(plan, 50, Must(peer=75))


async def page100(plan: Plan) -> Result:
    """Random pages of 100 locations, two partners with different agreements."""
    return await _pages(plan, 100, Must(peer=150))


# -- questions ---------------------------------------------------------------------------------------------------------


async def authorise(plan: Plan) -> Result:
    """Authorise, relayed to the eMSP and recorded; against an app that answers at once."""
    source = data_file(PLACES, PLACES)
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        node = running.enter_context(Node("authorise", source, ports))
        bare = running.enter_context(reference())
        sides = [
            Side("ours", node.door(), messages.authorizations(node.door()), node.pid),
            Side("reference", bare, messages.authorizations(bare)),
        ]
        before = node.entries()
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
        check(node, before, found["ours"])
    return compared(Must(reference=0.40), found)


# -- many receivers ----------------------------------------------------------------------------------------------------


def _taken(port: int) -> int:
    with urllib.request.urlopen(f"http://{HOST}:{port}/count", timeout=10) as answer:
        return int(json.load(answer)["taken"])


async def _fan(node: Node, requests: Iterator[bytes], statuses: int, stub: int, receivers: int) -> float:
    """State so many statuses; seconds until every eMSP has confirmed every one."""
    already = _taken(stub)
    began = time.perf_counter()
    one = await Load(HOST, node.port, requests, 16).run(60.0, warm=0.0, most=statuses)
    wanted = already + one.acknowledged * receivers
    while (taken := _taken(stub)) < wanted:
        await asyncio.sleep(0.005)
        if time.perf_counter() - began > 60.0:
            raise Failed(f"{wanted - taken} of {one.acknowledged * receivers} deliveries did not come")
    return one.acknowledged / (time.perf_counter() - began)


def _bare(statuses: int, ports: list[int]) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bare", str(statuses), *map(str, ports)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        preexec_fn=lambda: pin(SERVER_CORE),
    )
    return statuses / float(done.stdout)


async def fanout10(plan: Plan) -> Result:
    """One status to ten eMSPs, confirmed; against a bare aiohttp client that sends the same."""
    must = Must(ratio=1.5)
    source = data_file(PLACES, PLACES)
    ours, bare = [], []
    with stubs(len(EMSPS)) as ports, Node("fanout10", source, ports) as node:
        requests = messages.statuses(node.door(), 2 * PLACES)
        before = node.entries()
        for _ in range(plan.times):
            ours.append(await _fan(node, requests, min(plan.fan, 2 * PLACES), ports[0], len(ports)))
            plan.say(f"ours {ours[-1]:,.0f}/s")
            with alone(0, [node.pid]):
                bare.append(await asyncio.to_thread(_bare, min(plan.fan, 2 * PLACES), ports))
            plan.say(f"aiohttp {bare[-1]:,.0f}/s")
        if node.entries() - before != plan.times * min(plan.fan, 2 * PLACES):
            raise Failed("the journal does not hold what was acknowledged")
    mine, theirs = median(ours), median(bare)
    result = Result(ours=round(mine, 1), ratio=round(mine / theirs, 2), must=str(must), met=False)
    result.note = f"a bare aiohttp client: {theirs:,.0f}"
    return judged(must, result)


# -- across versions ---------------------------------------------------------------------------------------------------


async def bridge_status(plan: Plan) -> Result:
    """PATCH of statuses from OCPI 2.1.1 to 2.2.1 and the reverse, the slower of both; against 2.2.1 throughout."""
    must = Must(ratio=0.7)
    source = data_file(PLACES, PLACES)
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        nodes = [
            running.enter_context(Node(f"bridge-{name}", source, ports, version))
            for name, version in (("none", "2.2.1"), ("up", "2.2.1"), ("down", "2.1.1"))
        ]
        doors = [nodes[0].door(), nodes[1].old_door(), nodes[2].door()]
        sides = [
            Side(name, door, messages.statuses(door, 2 * PLACES), node.pid)
            for name, door, node in zip(("none", "up", "down"), doors, nodes, strict=True)
        ]
        before = [node.entries() for node in nodes]
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
        for node, already, side in zip(nodes, before, sides, strict=True):
            check(node, already, found[side.name])
    up, down = rate(found["up"]), rate(found["down"])
    ratio = round(min(up, down) / rate(found["none"]), 2)
    result = Result(ours=round(min(up, down), 1), ratio=ratio, must=str(must), met=False)
    result.note = f"up {up:,.0f}, down {down:,.0f}, without bridge {rate(found['none']):,.0f}"
    return judged(must, result)


# -- few against many --------------------------------------------------------------------------------------------------


def _large(plan: Plan) -> str:
    return f"{plan.many * EACH:,} EVSEs stored against 1,000"


async def _flat(plan: Plan, name: str, make: Callable[[Door, int], Iterator[bytes]]) -> Result:
    must = Must(ratio=1.15, at_most=True)
    few, many = data_file(100, each=EACH), data_file(plan.many, each=EACH, progress=plan.step)
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        small = running.enter_context(Node(f"{name}-few", few, ports))
        large = running.enter_context(Node(f"{name}-many", many, ports))
        sides = [
            Side("few", small.door(), make(small.door(), 100), small.pid),
            Side("many", large.door(), make(large.door(), plan.many), large.pid),
        ]
        before = small.entries(), large.entries()
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
        check(small, before[0], found["few"])
        check(large, before[1], found["many"])
    result = Result(
        ours=round(rate(found["many"]), 1),
        ratio=round(rate(found["few"]) / rate(found["many"]), 3),
        p99_ms=round(median(one.p99_ms for one in found["many"]), 2),
        must=str(must),
        met=False,
        note=_large(plan),
    )
    return judged(must, result)


async def flat_status(plan: Plan) -> Result:
    """PATCH of statuses all over the picture, many EVSEs stored against few."""
    return await _flat(plan, "flat_status", lambda door, places: messages.statuses(door, places * EACH, each=EACH))


async def flat_authorise(plan: Plan) -> Result:
    """Authorise at places all over the picture, many EVSEs stored against few."""
    return await _flat(plan, "flat_authorise", lambda door, places: messages.authorizations(door, places=places))


def _crawled(name: str, source: Path, ports: list[int]) -> list[float]:
    """Crawl everything once on a node just started, which has nothing in memory but the list itself."""
    with Node(f"flat_crawl-{name}", source, ports) as node:
        crawl = Crawl(node.door("emsp0", EMSPS[0]))
        crawl.page(limit=1)
        whole = crawl.whole(PAGE)
        crawl.close()
    return whole


async def flat_crawl(plan: Plan) -> Result:
    """A whole crawl by its Links on a fresh node, many EVSEs stored against few; the last pages against the first."""
    must = Must(ratio=1.15, at_most=True, last_page=1.5)
    few, many = data_file(100, each=EACH), data_file(plan.many, each=EACH, progress=plan.step)
    with stubs() as ports:
        pages: dict[str, list[float]] = {"few": [], "many": _crawled("many", many, ports)}
        for _ in range(plan.starts):
            pages["few"] += _crawled("few", few, ports)
    mean = {name: sum(took) / len(took) for name, took in pages.items()}
    edge = max(5, len(pages["many"]) // 100)
    last = median(pages["many"][-edge:]) / median(pages["many"][1 : edge + 1])
    result = Result(
        ours=round(1 / mean["many"], 1),
        ratio=round(mean["many"] / mean["few"], 3),
        p99_ms=round(sorted(pages["many"])[int(len(pages["many"]) * 0.99)] * 1000, 2),
        must=str(must),
        met=False,
        note=f"{_large(plan)}; last page {last:.2f}x the first",
    )
    judged(must, result)
    result.met &= must.last_page is not None and last <= must.last_page
    return result


PATHS: dict[str, Callable[[Plan], Coroutine[object, object, Result]]] = {
    each.__name__: each
    for each in (
        status,
        cdr,
        session,
        page50,
        page100,
        authorise,
        fanout10,
        bridge_status,
        flat_status,
        flat_authorise,
        flat_crawl,
        soap.soap_codec,
        soap.authorise_emip,
        soap.status_emip,
    )
}
