"""One charge as the operator's back office lives it, and as the provider hears of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from interroam.demo.cast import Card, Provider
from interroam.demo.offices import Json, Office
from interroam.demo.sites import CURRENCIES, PRICES, VATS, Spot, stamp
from interroam.demo.stage import now, ticket
from interroam.demo.story import Step, Story

_CENT = Decimal("0.01")
_REPORTS = ("8.12", "19.46", "27.3")
"""Energy so far, in time-lapse: a second of the story stands for many minutes of the charge."""
_MINUTES = 35


class Charge:
    """From plug to bill."""

    def __init__(self, operator: Office, office: Office, provider: Provider, spot: Spot, id: str) -> None:
        self.id = id
        self.reference = ""
        """What the operator calls the permission; the hub gave it."""
        self.known_as = ""
        """What the provider calls it."""
        self._operator = operator
        self._api = operator.api
        self._provider = provider
        self._office = office
        self._spot = spot
        self._starts = now()
        self._country = spot.party[:2]
        self._heard_as = id

    # -- from the app ----------------------------------------------------------------------------------------------

    async def start(self, step: Step, card: Card) -> None:
        """Ask for a start as an app does; the station plugs in, the outcome comes back."""
        spot = self._spot
        self.known_as = ticket(self._provider)
        body = {
            "party": self._provider.party,
            "token": {"type": card.kind, "uid": card.uid},
            "cpo": spot.party,
            "location_id": spot.location_id,
            "evse_uid": spot.uid,
            "connector_id": "1",
            "reference": self.known_as,
        }
        answer = await self._office.api.post("commands", "start", body=body)
        await self._outcome(step, answer)
        asked = self._operator.asked[-1]
        step.must(asked["question"] == "start" and asked["evse_uids"] == [spot.uid], f"the operator got {asked}")
        self.reference = asked["authorization_reference"]

    async def _stop(self, step: Step) -> None:
        body = {"party": self._provider.party, "session_id": self._heard_as, "cpo": self._spot.party}
        await self._outcome(step, await self._office.api.post("commands", "stop", body=body))
        asked = self._operator.asked[-1]
        step.must(asked["question"] == "stop", f"the operator got {asked}")
        step.must(asked["session_id"] == self.id, f"the operator was asked to stop {asked['session_id']}")

    async def _outcome(self, step: Step, answer: Json) -> None:
        step.must(answer["result"] == "ACCEPTED", f"the acknowledgment was {answer}")
        command = answer["command"]
        result = await self._office.hears(lambda fact: _result(fact, command))
        step.must(result == "ACCEPTED", f"the outcome was {result}")
        step.says(
            "[green]ACCEPTED[/] [dim]at once, and [/][green]ACCEPTED[/] [dim]again when the station had done it[/]"
        )

    # -- the charge itself -----------------------------------------------------------------------------------------

    async def run(self, story: Story, card: Card, *, stop: bool = False) -> None:
        """Charge from plug to bill."""
        provider = f"[{self._provider.color}]{self._provider.name}[/]"
        with story.step(f"the charge begins; {provider} sees it, and the EVSE as taken") as step:
            await self._begin(step)
        with story.step(f"it goes on: {', '.join(_REPORTS)} kWh [dim](in time-lapse)[/]"):
            for energy in _REPORTS:
                await self._report(energy)
        if stop:
            with story.step(f"STOP_SESSION: {card.driver} ends it from the phone") as step:
                await self._stop(step)
        with story.step("it ends; the EVSE is free again"):
            await self._end()
        with story.step(f"the CDR arrives at {provider}") as step:
            await self._bill(step, card)

    async def brief(self, step: Step) -> Json:
        """Charge, and return the bill as the provider has it: all that every protocol tells of a charge."""
        self._starts = now()
        await self._status("CHARGING")
        body = self._session("ACTIVE", _REPORTS[0], self._starts)
        answer = await self._api.put("sessions", self._spot.party, self.id, body=body)
        step.must(answer["verdict"] == "recorded", f"the verdict was {answer}")
        ended = {"status": "COMPLETED", "ends": stamp(self._starts + timedelta(minutes=_MINUTES))}
        await self._api.patch("sessions", self._spot.party, self.id, body={"energy_kwh": _REPORTS[-1], **ended})
        await self._status("AVAILABLE")
        cdr = self._cdr()
        told = await self._api.post("cdrs", body=cdr)
        step.must(told["verdict"] == "recorded", f"the verdict was {told}")
        heard: Json = await self._office.hears(lambda fact: fact["object"] if self._bills(fact) else None)
        step.must(Decimal(str(heard["total_energy_kwh"])) == Decimal(_REPORTS[-1]), f"the bill says {heard}")
        show_cdr(step, cdr)
        return heard

    async def _begin(self, step: Step) -> None:
        self._starts = now()
        await self._status("CHARGING")
        body = self._session("ACTIVE", "0", self._starts)
        answer = await self._api.put("sessions", self._spot.party, self.id, body=body)
        step.must(answer["verdict"] == "recorded", f"the verdict was {answer}")
        self._heard_as = await self._office.hears(lambda fact: self._mine(fact, "ACTIVE"))
        await self._office.hears(lambda fact: _status_of(fact, self._spot.uid) == "CHARGING")

    async def _report(self, energy: str) -> None:
        cost = self._price(Decimal(energy))
        body = {"energy_kwh": energy, "total_cost": cost, "periods": [self._period(Decimal(energy))]}
        await self._api.patch("sessions", self._spot.party, self.id, body=body)
        await self._office.hears(lambda fact: self._mine(fact, "ACTIVE", Decimal(energy)))

    async def _end(self) -> None:
        energy = _REPORTS[-1]
        body = {"status": "COMPLETED", "ends": stamp(self._starts + timedelta(minutes=_MINUTES))}
        await self._api.patch("sessions", self._spot.party, self.id, body=body)
        await self._status("AVAILABLE")
        await self._office.hears(lambda fact: self._mine(fact, "COMPLETED", Decimal(energy)))

    async def _bill(self, step: Step, card: Card) -> None:
        cdr = self._cdr()
        first = await self._api.post("cdrs", body=cdr)
        again = await self._api.post("cdrs", body=cdr)
        step.must(first["verdict"] == "recorded", f"the verdict was {first}")
        step.must(again["verdict"] == "unchanged", f"told twice, the verdict was {again}")
        heard = await self._office.hears(lambda fact: fact["object"] if self._is_cdr(fact) else None)
        step.must(heard["token"]["contract_id"] == card.contract, f"the CDR names {heard['token']}")
        same = Decimal(str(heard["total_cost"]["excl_vat"])) == Decimal(cdr["total_cost"]["excl_vat"])
        step.must(same, f"the CDR costs {heard['total_cost']}, not {cdr['total_cost']}")
        show_cdr(step, cdr, "; told twice by the operator, recorded once")

    # -- what is written -------------------------------------------------------------------------------------------

    async def _status(self, word: str) -> None:
        spot = self._spot
        body = [{"party": spot.party, "location_id": spot.location_id, "uid": spot.uid, "status": word}]
        await self._api.post("statuses", body=body)

    def _session(self, status: str, energy: str, starts: datetime) -> Json:
        spot = self._spot
        return {
            "status": status,
            "starts": stamp(starts),
            "energy_kwh": energy,
            "authorization_reference": self.reference,
            "location_id": spot.location_id,
            "evse_uid": spot.uid,
            "connector_id": "1",
            "currency": CURRENCIES[self._country],
        }

    def _cdr(self) -> Json:
        energy = _REPORTS[-1]
        session = self._session("COMPLETED", energy, self._starts)
        del session["status"], session["energy_kwh"]
        return session | {
            "party": self._spot.party,
            "id": self.id.replace("-S-", "-C-"),
            "session_id": self.id,
            "ends": stamp(self._starts + timedelta(minutes=_MINUTES)),
            "evse_id": self._spot.evse_id,
            "tariff_ids": [self._spot.tariff],
            "periods": [self._period(Decimal(energy))],
            "total_cost": self._price(Decimal(energy)),
            "total_energy_kwh": energy,
            "remark": self._spot.town,
        }

    def _period(self, energy: Decimal) -> Json:
        dimension = {"type": "ENERGY", "volume": str(energy)}
        return {"starts": stamp(self._starts), "dimensions": [dimension], "tariff_id": self._spot.tariff}

    def _price(self, energy: Decimal) -> Json:
        each = Decimal(PRICES[self._country][self._spot.tariff.endswith("DC")])
        net = (energy * each).quantize(_CENT)
        gross = (net * (1 + Decimal(VATS[self._country]) / 100)).quantize(_CENT)
        return {"excl_vat": str(net), "incl_vat": str(gross)}

    # -- what is heard ---------------------------------------------------------------------------------------------

    def _mine(self, fact: Json, status: str, energy: Decimal | None = None) -> str | None:
        """Return the id under which the provider knows our session, when a fact shows it like this."""
        shown = fact.get("object")
        if fact["kind"] != "session" or not shown or shown.get("authorization_reference") != self.known_as:
            return None
        enough = energy is None or Decimal(str(shown["energy_kwh"])) == energy
        return str(shown["id"]) if enough and shown["status"] == status else None

    def _bills(self, fact: Json) -> bool:
        return bool(fact["kind"] == "cdr" and fact["object"].get("evse_id") == self._spot.evse_id)

    def _is_cdr(self, fact: Json) -> bool:
        return bool(fact["kind"] == "cdr" and fact["object"].get("authorization_reference") == self.known_as)


def show_cdr(step: Step, cdr: Json, said: str = "") -> None:
    """Show a bill."""
    price = cdr["total_cost"]
    step.says(
        f"[bold]{cdr['total_energy_kwh']} kWh, {price['excl_vat']} {cdr['currency']}[/]"
        f" [dim]({price['incl_vat']} with VAT){said}[/]"
    )


def _result(fact: Json, command: str) -> str | None:
    if fact["kind"] != "outcome" or fact["object"].get("command") != command:
        return None
    return str(fact["object"]["result"])


def _status_of(fact: Json, uid: str) -> Any:
    shown = fact.get("object") or {}
    return shown.get("status") if fact["kind"] == "evse" and shown.get("uid") == uid else None
