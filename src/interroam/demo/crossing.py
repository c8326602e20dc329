"""Two who speak eMIP join: their drivers charge at OCPI stations, and the others' drivers at theirs."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any

from interroam.demo.cast import ALPES, CLAIRE, CPO_NAME, HUB, HUB_NAME, LUMEN, MARC, RHONE, RHONE_NAME, Card, Provider
from interroam.demo.charging import Charge
from interroam.demo.nodes import Node
from interroam.demo.offices import Office
from interroam.demo.plot import authorize, issue, seen_by, until
from interroam.demo.sites import Spot, small_network
from interroam.demo.stage import Stage
from interroam.demo.story import Step, Story

_HUB_PARTY = f"{HUB}/HUB"
_OPEN = {"mutual_tls": False}
"""On one machine, without certificates; `interroam partner certificate issue` makes them."""


def is_spoken() -> bool:
    """Whether this house has the room for it."""
    return find_spec("interroam.protocols.emip") is not None


class Crossing:
    """The newcomers: an operator and a provider, each with a node and a back office."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.rhone = stage.make("rhone", "cpo", RHONE, name=RHONE_NAME)
        self.lumen = stage.make("lumen", "emsp", LUMEN.party, name=LUMEN.name)
        self.operator: Office
        self.provider: Office
        self.spots: list[Spot] = []

    async def joins(self, story: Story) -> None:
        """Start the two nodes, make them partners of the hub, and agree."""
        stage = self._stage
        story.chapter("An operator and a provider join who speak another language: eMIP")
        with story.step(f"{RHONE_NAME} and [{LUMEN.color}]{LUMEN.name}[/] start their nodes") as step:
            stage.guests += [self.rhone, self.lumen]
            await asyncio.gather(self.rhone.start(), self.lumen.start())
            self.operator = await stage.open_office(self.rhone, [f"{RHONE}/CPO"])
            answers = stage.provider_answers(LUMEN)
            self.provider = await stage.open_office(self.lumen, [f"{LUMEN.party}/EMSP"], answer=answers)
            stage.visitors += [self.operator, self.provider]
            await self.provider.open(facts=True, questions=("authorize",))
            step.says("their back offices talk JSON to their nodes, as everybody's do")
        with story.step(f"{HUB_NAME} and they become partners; heartbeats over SOAP go both ways") as step:
            await self._connect(self.rhone, RHONE, "CPO", sends_places=True, tells_cost=True)
            await self._connect(self.lumen, LUMEN.party, "EMSP")
            for node in (self.rhone, self.lumen):
                known = await stage.hub.admin.get("partners", node.folder.name)
                step.must(known["state"] == "connected", f"the hub says {node.folder.name} is {known['state']}")
            step.says(f"what {HUB_NAME} serves is described at {stage.hub.url}/emip/iop?wsdl")
        with story.step("agreements across the languages") as step:
            await self._agree(step, ALPES, self._stage.emsps[ALPES], RHONE)
            await self._agree(step, LUMEN, self.lumen, *LUMEN.cpos)
            await self.rhone.admin.post("agreements", body={"emsp": _HUB_PARTY, "cpos": [f"{RHONE}/CPO"]})

    async def publishes(self, story: Story) -> None:
        """Upload places by eMIP; an OCPI provider sees them."""
        locations, self.spots = small_network(RHONE)
        alpes = f"[{ALPES.color}]{ALPES.name}[/]"
        with story.step(f"{RHONE_NAME} states {len(self.spots)} EVSEs in Valence; {alpes} has them, over OCPI") as step:
            for one in locations:
                await self.operator.api.put("locations", one["party"], one["id"], body=one)
            wanted = {spot.evse_id for spot in self.spots}
            seen = await until(lambda: seen_by(self._stage.providers[ALPES]), wanted.issubset)
            step.must(wanted <= seen.keys(), f"{ALPES.name} lacks {len(wanted - seen.keys())} EVSEs")
            step.says("pool, station, EVSE and connector by SOAP in; one location by OCPI out")

    async def charges(self, story: Story) -> Charge:
        """Let each side's driver charge at the other side's station; returns the charge at the eMIP station."""
        there = self.spots[0]
        story.chapter(f"Claire charges at an eMIP station in {there.town}, with her OCPI card")
        first = Charge(self.operator, self._stage.providers[ALPES], ALPES, there, "RHE-S-1")
        await self._charge(story, first, self.operator, there, CLAIRE, ALPES)
        here = next(one for one in self._stage.spots if one.town == "Annecy")
        story.chapter(f"Marc charges at an OCPI station in {here.town}, with his eMIP card")
        with story.step(f"[{LUMEN.color}]{LUMEN.name}[/] states his card; {CPO_NAME} need not know it"):
            await issue(self.provider.api, LUMEN, MARC)
            self._stage.cards[LUMEN].add(MARC.uid)
        second = Charge(self._stage.operator, self.provider, LUMEN, here, "VLT-S-1003")
        await self._charge(story, second, self._stage.operator, here, MARC, LUMEN)
        return first

    async def _charge(
        self, story: Story, charge: Charge, operator: Office, spot: Spot, card: Card, provider: Provider
    ) -> None:
        name = f"[{provider.color}]{provider.name}[/]"
        with story.step(f"the card is held to {spot.evse_id}: [bold]may {card.driver} charge?[/]") as step:
            answer = await authorize(operator, spot, card)
            step.must(answer["allowed"] == "ALLOWED", f"the answer was {answer}")
            charge.reference, charge.known_as = answer["reference"], self._stage.given[provider]
            step.says(f"[green]ALLOWED[/] [dim]by {provider.name}, whose reference is {charge.known_as}[/]")
        with story.step(f"from plug to bill; the CDR arrives at {name}") as step:
            await charge.brief(step)

    async def _connect(self, node: Node, party: str, role: str, **switches: bool) -> None:
        hub, name = self._stage.hub, node.folder.name
        known: dict[str, Any] = {"id": name, "protocol": "emip", "parties": [f"{party}/{role}"]}
        await hub.admin.post("partners", body=known | {"switches": {"partner_id": party, **_OPEN}})
        named = {"partner_id": HUB, "our_partner_id": party, **_OPEN, **switches}
        known = {"id": "hub", "protocol": "emip", "parties": [_HUB_PARTY], "switches": named}
        await node.admin.post("partners", body=known)
        await hub.admin.post("partners", name, "register", body={"url": f"{node.url}/emip", "token": ""})
        await node.admin.post("partners", "hub", "register", body={"url": f"{hub.url}/emip", "token": ""})

    async def _agree(self, step: Step, provider: Provider, node: Node, *cpos: str) -> None:
        agreed = {"emsp": f"{provider.party}/EMSP", "cpos": [f"{one}/CPO" for one in cpos]}
        await self._stage.hub.admin.post("agreements", body=agreed)
        if provider is LUMEN:
            await node.admin.post("agreements", body=agreed | {"cpos": [_HUB_PARTY]})
        step.says(f"[{provider.color}]{provider.party}[/] [dim]with {', '.join(cpos)}[/]")


async def crossing(story: Story, stage: Stage) -> Charge:
    """Play the chapters; returns the charge whose dossier tells of both languages."""
    newcomers = Crossing(stage)
    await newcomers.joins(story)
    await newcomers.publishes(story)
    return await newcomers.charges(story)
