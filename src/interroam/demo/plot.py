"""The chapters: what happens, and what must be true after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from interroam.demo.api import Api
from interroam.demo.cast import (
    ALPES,
    CLAIRE,
    CPO_NAME,
    CPO_PARTIES,
    HUB,
    HUB_NAME,
    JONAS,
    JONAS_CARD,
    NORD,
    Card,
    Provider,
)
from interroam.demo.charging import Charge
from interroam.demo.nodes import connect
from interroam.demo.offices import Json, Office
from interroam.demo.sites import Spot, stamp, tariffs
from interroam.demo.sites import network as made_network
from interroam.demo.stage import Stage, now
from interroam.demo.story import Step, Story

T = TypeVar("T")
_HUB_PARTY = f"{HUB}/HUB"
_PATIENCE_S = 15.0
_LOOK_S = 0.05
_BUSY = ("CHARGING", "AVAILABLE", "OUTOFORDER", "CHARGING")


async def introduction(story: Story, stage: Stage) -> None:
    """Start the nodes and introduce them to each other."""
    story.chapter("Four nodes meet")
    with story.step("four nodes start, each a process with its own journal") as step:
        await asyncio.gather(*(node.start() for node in stage.nodes))
        names = (HUB_NAME, "cyan"), (CPO_NAME, "green"), (ALPES.name, ALPES.color), (NORD.name, NORD.color)
        for node, (name, color) in zip(stage.nodes, names, strict=True):
            step.says(f"[{color}]{name:<15}[/] [dim]{node.party}  {node.url}[/]")
    cpos = [f"{party}/CPO" for party in CPO_PARTIES.values()]
    with story.step("three back offices connect to their own nodes, by JSON and signed webhooks") as step:
        await _offices(stage, cpos)
        step.says(f"{CPO_NAME} answers start and stop; both providers answer authorize")
        step.says(f"{ALPES.name} has facts sent to its webhook, {NORD.name} follows the stream")
    with story.step(f"{CPO_NAME} registers with {HUB_NAME}: the credentials handshake of OCPI") as step:
        await connect(stage.cpo, stage.hub, "volta", cpos, CPO_NAME)
        await _registered(stage, step, "volta")
    for provider, node in stage.emsps.items():
        with story.step(f"[{provider.color}]{provider.name}[/] registers too") as step:
            await connect(node, stage.hub, node.folder.name, [f"{provider.party}/EMSP"], provider.name)
            await _registered(stage, step, node.folder.name)
    with story.step("the agreements: who roams with whom") as step:
        await stage.cpo.admin.post("agreements", body={"emsp": _HUB_PARTY, "cpos": cpos})
        for provider, node in stage.emsps.items():
            agreed = {"emsp": f"{provider.party}/EMSP", "cpos": [f"{party}/CPO" for party in provider.cpos]}
            await stage.hub.admin.post("agreements", body=agreed)
            await node.admin.post("agreements", body=agreed | {"cpos": [_HUB_PARTY]})
            step.says(f"[{provider.color}]{provider.party}[/] [dim]with {', '.join(provider.cpos)}[/]")


async def network(story: Story, stage: Stage) -> None:
    """Publish places and prices, and the providers' cards."""
    story.chapter("A network appears")
    locations, stage.spots = made_network()
    operator = stage.operator.api
    with story.step(f"{CPO_NAME} states its tariffs and {len(stage.spots)} EVSEs at {len(locations)} sites") as step:
        for tariff in tariffs():
            await operator.put("tariffs", tariff["party"], tariff["id"], body=tariff)
        for start in range(0, len(locations), 8):
            some = locations[start : start + 8]
            await asyncio.gather(*(operator.put("locations", one["party"], one["id"], body=one) for one in some))
        countries = ", ".join(
            f"{sum(one.party == party for one in stage.spots)} {party}" for party in CPO_PARTIES.values()
        )
        step.says(f"{countries}; from Annecy to Ulm")
    for provider in stage.emsps:
        wanted = {spot.evse_id for spot in stage.spots if spot.party in provider.cpos}
        with story.step(f"[{provider.color}]{provider.name}[/] has its {len(wanted)} EVSEs") as step:
            seen = await until(partial(seen_by, stage.providers[provider]), partial(_are, wanted))
            step.must(set(seen) == wanted, f"{provider.name} sees {len(seen)} EVSEs, not {len(wanted)}")
            priced = (await stage.providers[provider].api.get("tariffs"))["items"]
            step.must(len(priced) == 2 * len(provider.cpos), f"{len(priced)} tariffs arrived")
            step.says(
                f"and {len(priced)} tariffs" + ("" if len(provider.cpos) == 3 else "; nothing of CH*VLT: no deal")
            )
    with story.step("the providers state their drivers' cards; the operator's node has them") as step:
        for provider, cards in ((ALPES, (CLAIRE,)), (NORD, (JONAS, JONAS_CARD))):
            for card_ in cards:
                await issue(stage.providers[provider].api, provider, card_)
                stage.cards[provider].add(card_.uid)
        held = await until(lambda: stage.operator.api.get("tokens"), lambda got: len(got["items"]) == 3)
        step.must(len(held["items"]) == 3, f"{len(held['items'])} cards arrived, not 3")


async def card(story: Story, stage: Stage) -> Charge:
    """Let a driver charge with her card."""
    spot = next(one for one in stage.spots if one.party == "CH*VLT" and one.power_w >= 150_000)
    story.chapter(f"Claire charges in {spot.town} with a card from France")
    charge = Charge(stage.operator, stage.providers[ALPES], ALPES, spot, "VLT-S-1001")
    with story.step(f"she holds her card to {spot.evse_id}: [bold]may she charge?[/]") as step:
        asked = len(stage.providers[ALPES].asked)
        answer = await authorize(stage.operator, spot, CLAIRE)
        step.must(answer["allowed"] == "ALLOWED", f"the answer was {answer}")
        step.must(len(stage.providers[ALPES].asked) == asked + 1, "the provider's back office was not asked")
        charge.reference, charge.known_as = answer["reference"], stage.given[ALPES]
        step.says(f"[green]ALLOWED[/] [dim]by {ALPES.name}'s back office; asked through both nodes and the hub[/]")
        step.says(f"its reference {charge.known_as}, on the operator's side {charge.reference}")
    await charge.run(story, CLAIRE)
    return charge


async def absence(story: Story, stage: Stage) -> None:
    """Let a provider's node be down for a while, and catch up."""
    story.chapter(f"{NORD.name} is away, and catches up")
    node, operator = stage.emsps[NORD], stage.operator.api
    spots = [spot for spot in stage.spots if spot.party in NORD.cpos][:30]
    with story.step(f"[{NORD.color}]{NORD.name}[/]'s node dies (kill -9)"):
        await node.kill()
    with story.step(f"meanwhile {len(spots)} EVSEs change {len(_BUSY)} times each") as step:
        for word in _BUSY:
            told = await operator.post("statuses", body=[_status(spot, word) for spot in spots])
            step.must(told["counts"] == {"recorded": len(spots)}, f"the answers were {told['counts']}")
        last = {spot.evse_id: _BUSY[-1] for spot in spots}
        seen = await until(lambda: seen_by(stage.providers[ALPES]), lambda got: last.items() <= got.items())
        step.must(last.items() <= seen.items(), f"{ALPES.name} lacks some")
        step.says(f"[{ALPES.color}]{ALPES.name}[/] [dim]has every one; {NORD.name} is owed them[/]")
    with story.step(f"[{NORD.color}]{NORD.name}[/]'s node starts again and has the latest of all of them") as step:
        back = now()
        await node.start()
        seen = await until(lambda: seen_by(stage.providers[NORD]), lambda got: last.items() <= got.items())
        step.must(last.items() <= seen.items(), f"{NORD.name} lacks some")
        sent = (await stage.hub.admin.get("traces", partner=node.folder.name, since=stamp(back), limit=1000))["lines"]
        good = sum(line.get("code", "").startswith("200") for line in sent)
        step.says(
            f"{len(spots) * len(_BUSY)} changes were owed, {good} messages made it current: overtaken ones are skipped"
        )


async def phone(story: Story, stage: Stage) -> None:
    """Start and stop a charge from an app."""
    spot = next(one for one in stage.spots if one.town == "Freiburg")
    story.chapter(f"Jonas starts a charge in {spot.town} from his phone")
    charge = Charge(stage.operator, stage.providers[NORD], NORD, spot, "VLT-S-1002")
    with story.step("START_SESSION: from the app to the station, the outcome by callback") as step:
        await charge.start(step, JONAS)
    await charge.run(story, JONAS, stop=True)


async def refusal(story: Story, stage: Stage) -> None:
    """Refuse a card that no agreement covers, and say why."""
    spot = next(one for one in stage.spots if one.town == "Zürich")
    story.chapter(f"Jonas tries his card in {spot.town}")
    with story.step(f"he holds his card to {spot.evse_id}: [bold]may he charge?[/]") as step:
        answer = await authorize(stage.operator, spot, JONAS_CARD)
        step.must(answer["allowed"] == "NOT_ALLOWED", f"the answer was {answer}")
        step.must("agreement" in answer.get("info", ""), f"no reason was given: {answer}")
        step.says(f"[red]NOT_ALLOWED[/] [dim]{answer['info']}[/]")
    with story.step("the hub's operator asks why, and what would make it pass") as step:
        why = await stage.hub.admin.get("explain", card=JONAS_CARD.uid, evse=spot.evse_id)
        step.must(not why["accepted"], "the hub would accept it")
        for line in why["steps"]:
            mark = "[green]✓[/]" if line["passed"] else "[red]✗[/]"
            step.says(f"[dim]{mark} {line['rule']}: {line['message']}[/]")
            if line.get("remedy"):
                step.says(f"[cyan]→ {line['remedy']}[/]")


# -- small parts -------------------------------------------------------------------------------------------------------


async def _offices(stage: Stage, cpos: list[str]) -> None:
    stage.operator = await stage.open_office(stage.cpo, cpos, answer=stage.operator_answers)
    await stage.operator.open(facts=False, questions=("start", "stop"))
    for provider, node in stage.emsps.items():
        answers = stage.provider_answers(provider)
        office = await stage.open_office(node, [f"{provider.party}/EMSP"], answer=answers)
        stage.providers[provider] = office
        await office.open(facts=provider is ALPES, questions=("authorize",))
        if provider is not ALPES:
            office.follow(node.url, stage.tokens[node.folder.name])


async def _registered(stage: Stage, step: Step, name: str) -> None:
    known = await stage.hub.admin.get("partners", name)
    step.must(known["state"] == "connected", f"the hub says {name} is {known['state']}")
    said = (await stage.hub.admin.get("traces", partner=name))["lines"]
    step.says(f"connected after {len(said)} exchanges; new secrets on both sides, kept as keyed hashes")


async def issue(api: Api, provider: Provider, card_: Card) -> None:
    """State a provider's card at its node."""
    body = {
        "contract_id": card_.contract,
        "issuer": provider.name,
        "valid": True,
        "whitelist": "NEVER",
        "visual_number": card_.visual,
    }
    await api.put("tokens", provider.party, card_.kind, card_.uid, body=body)


async def authorize(operator: Office, spot: Spot, card_: Card) -> Json:
    """Ask at an operator's node whether a card may charge at an EVSE."""
    question = {"party": spot.party, "uid": card_.uid, "type": card_.kind}
    question |= {"location_id": spot.location_id, "evse_uid": spot.uid}
    answer: Json = await operator.api.post("authorize", body=question)
    return answer


async def seen_by(office: Office) -> dict[str, str]:
    """Return every EVSE that a back office finds at its node, and its status."""
    found: dict[str, str] = {}
    after: int | None = 0
    while after is not None:
        page = await office.api.get("locations", limit=200, after=after)
        for place in page["items"]:
            found |= {evse["evse_id"]: evse["status"] for evse in place.get("evses", ())}
        after = page["next"]
    return found


async def until(look: Callable[[], Awaitable[T]], fits: Callable[[T], object]) -> T:
    """Look until it fits, for a while; return what was seen last."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + _PATIENCE_S
    seen = await look()
    while not fits(seen) and loop.time() < latest:
        await asyncio.sleep(_LOOK_S)
        seen = await look()
    return seen


def _are(wanted: set[str], seen: dict[str, str]) -> bool:
    return seen.keys() == wanted


def _status(spot: Spot, word: str) -> dict[str, str]:
    return {"party": spot.party, "location_id": spot.location_id, "uid": spot.uid, "status": word}
