"""The worlds of eMIP: a platform with a CPO and an eMSP, or the node of one of them before a platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interroam.core.hub import Deadlines
from interroam.model.facts import Receipt, Telling, Verdict
from interroam.model.ids import PartyId
from interroam.model.questions import Acknowledged, Act, Authorize, Done, Report, StartSession
from interroam.model.tokens import Allowed, Authorization, Token, Whitelist
from interroam.settings import Part
from tests.fuzz.damage import Call
from tests.fuzz.emip_messages import OPEN, THIS, TO_IOP, call, tree
from tests.fuzz.emip_trees import chunked
from tests.fuzz.world import SOON, World
from tests.net.raw import Caller, Reply
from tests.protocols.emip import charging
from tests.protocols.emip.nodes import PLATFORM, Node
from tests.protocols.emip.partner import Asked, Http, Partner

PROBED = "FR*C01*E9999"
FOREIGN = "FR*C02*E0001"
SEED = ("SetChargingPoolStaticData", "SetChargingStationStaticData", "SetEVSEStaticData")


class EmipWorld(World):
    """One node and stubs of those around it; ``role`` is what the node is: HUB, CPO or EMSP."""

    def __init__(self, folder: Path, role: str) -> None:
        super().__init__(folder)
        self.role = role
        self.open = "S-0"
        """The id of the charge that is under way."""
        self.busy = 1

    async def _start(self) -> None:
        self.stubs = [
            Partner("FR*P-C01", "FR*C01"),
            Partner("FR*P-E01", "FR*E01"),
            Partner(PLATFORM, "FR*E01", iop=True),
        ]
        for stub in self.stubs:
            await stub.start()
        part = {"HUB": Part.HUB, "CPO": Part.CPO, "EMSP": Part.EMSP}[self.role]
        party = {"HUB": PLATFORM, "CPO": "FR*C01", "EMSP": "FR*E01"}[self.role]
        parties = () if self.role == "HUB" else (f"{party}/{self.role}",)
        # The back office here never says what became of a start: it is awaited for a part of this time.
        deadlines = Deadlines(partner=0.5, door=2.0, command=2.0)
        self.house = house = Node(self._folder / "data", party=party, part=part, parties=parties, deadlines=deadlines)
        await house.start()
        self.node = house.app
        _listen_in(self)
        await (self._hub() if self.role == "HUB" else self._platform())
        await house.settled()

    async def _hub(self) -> None:
        cpo, emsp, _ = self.stubs
        cpo.answers |= {charging.STARTED: {"partnerServiceSessionId": "C01-S-9", "requestStatus": 1}}
        emsp.answers |= {charging.ASKED: charging.yes(meterLimitList=charging.limits(charging.METERS[1]))}
        await self.house.cpo("FR*C01", url=cpo.url)
        await self.house.emsp("FR*E01", url=emsp.url)
        await self.house.cpo("FR*C02")
        await self.house.agree("FR*E01", "FR*C01", "FR*C02")
        await charging.place(self.house, "fr-c02", "FR*C02", "FR*C02*P0001", FOREIGN)
        await charging.place(self.house, "fr-c01", "FR*C01", "FR*C01*P9999", PROBED)
        await charging.listed(self.house)

    async def _platform(self) -> None:
        self.house.back.answer = _answered
        await self.house.platform(self.stubs[2].url)
        own, hub = self.house.parties[0], f"{PLATFORM}/HUB"
        if self.role == "CPO":
            await self.house.agree(hub, own)
            await charging.place(self.house, "office")
        else:
            await self.house.agree(own, hub)
            await charging.listed(self.house, partner="office")

    async def _stop(self) -> None:
        for caller in self._callers:
            caller.writer.transport.abort()
        await self.house.stop()
        for stub in self.stubs:
            await stub.stop()

    async def _reply(self, caller: Caller, call: Call) -> Reply:
        reply = await super()._reply(caller, call)
        return await super()._reply(caller, call) if reply.status == 100 else reply

    # -- calls -----------------------------------------------------------------------------------------------------

    def tell(self, one: Call) -> tuple[Call, Reply]:
        """Say a call with a transactionId and a charge of its own; returns what was said and what was answered."""
        number = f"t-{next(self.numbers)}".encode()
        meant = one._replace(body=one.body.replace(THIS.encode(), number).replace(OPEN.encode(), self.open.encode()))
        pieces = (b"transfer-encoding", b"chunked") in meant.headers
        return meant, self.say(meant._replace(body=chunked(meant.body)) if pieces else meant)

    def answer(self, name: str, http: int, body: bytes) -> None:
        """Let both partners answer so what the platform passes on."""

        def given(asked: Asked) -> Http:
            transaction = asked.fields.get("transactionId", "").encode()
            return Http(http, body.replace(THIS.encode(), transaction).replace(OPEN.encode(), self.open.encode()))

        for stub in self.stubs:
            stub.answers[f"eMIP_FromIOP_{name}"] = given

    def asked(self, name: str) -> None:
        """Wait until the eMSP was asked this about the charge that is under way."""

        async def wait() -> None:
            charge, asked = self.open.encode(), self.stubs[1].of
            async with asyncio.timeout(SOON):
                while not any(charge in one.raw for one in asked(f"FromIOP_{name}")[-3:]):  # noqa: ASYNC110  no bell
                    await asyncio.sleep(0.005)

        self._run(wait())

    def recover(self) -> None:
        """Wait, long enough for every courier, until all is delivered."""
        self.house.clock.forward(minutes=30)
        for who, fields in TO_IOP["HeartBeat"]:
            self.tell(call("HeartBeat", tree("ToIOP", "HeartBeat", who, fields)))
        self._run(self.house.settled())

    def furnish(self) -> None:
        """State the place anew and begin a charge, so that good messages find what they are about."""
        if self.role != "HUB":
            self.open = f"S-{next(self.numbers)}"
            return
        for name in (*SEED, "SetChargingConnectorStaticData", "SetEVSEAvailabilityStatus", "GetServiceAuthorisation"):
            who, fields = TO_IOP[name][0]
            if name == "SetEVSEAvailabilityStatus":
                fields = {**fields, "statusEventDate": datetime.now(UTC).isoformat()}
            _, reply = self.tell(call(name, tree("ToIOP", name, who, fields)))
        self.open = reply.body.partition(b"<serviceSessionId>")[2].partition(b"<")[0].decode()

    def stated(self) -> tuple[Call, Reply]:
        """State something that is new, of an EVSE nobody else speaks of."""
        fields = {"EVSEIdType": "eMI3", "EVSEId": PROBED, "statusEventDate": datetime.now(UTC).isoformat()}
        name = "SetEVSEBusyStatus"
        self.busy = 3 - self.busy
        return self.tell(call(name, tree("ToIOP", name, "cpo", {**fields, "busyStatus": self.busy})))


def _listen_in(world: EmipWorld) -> None:
    """Keep what the store acknowledged, and whose exchanges were traced."""
    store = world.node.store
    tell, note = store.tell, store.note

    def heard(telling: Telling, then: Callable[[Receipt | Exception], None]) -> None:
        def first(outcome: Receipt | Exception) -> None:
            if isinstance(outcome, Receipt) and outcome.verdict is Verdict.RECORDED and outcome.seq:
                world.recorded.append((telling.statement.key, outcome))
            then(outcome)

        tell(telling, first)

    def noted(exchange: Any) -> None:
        if exchange.inward:
            world.noted.append(exchange.code)
        note(exchange)

    store.tell = heard
    store.note = noted


def _answered(question: Any) -> Any:
    """What the back office of a CPO or an eMSP says."""
    match question:
        case StartSession():
            return Acknowledged(result="ACCEPTED", session_id="S1")
        case Act() | Report():
            return Done(question.id or "d-1")
        case Authorize():
            token = Token(
                owner=PartyId("FR", "E01"),
                uid=question.uid,
                type=question.type,
                contract_id="FR-E01-C00000001",
                issuer="E01",
                valid=True,
                whitelist=Whitelist.ALLOWED,
                last_updated=charging.NOW,
            )
            return Authorization(allowed=Allowed.ALLOWED, token=token, emsp_reference="E01-S-1")
        case _:
            return None
