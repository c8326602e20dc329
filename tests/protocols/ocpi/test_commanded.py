"""Commands across three nodes of this house, and a CPO's node that is commanded by a partner."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from interroam.core.ports import Query
from interroam.model.charges import CommandState, Outcome
from interroam.model.facts import Origin, Verdict
from interroam.model.ids import Kind, session_key
from interroam.model.profiles import ActiveProfile, ChargingProfile, Limit, ProfileInForce
from interroam.model.questions import (
    Acknowledged,
    CancelReservation,
    Prefer,
    Preferred,
    Reserve,
    SetProfile,
    Unlock,
)
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages

ACCEPTED = Acknowledged(result="ACCEPTED", within=30)
OFFICE = Origin("office", correlation="c-1")


async def commands(node: Node) -> list:
    return [one.body for one in (await node.store.page(Query(kind=Kind.COMMAND))).items]


def the_token(node: Node):
    from interroam.model.tokens import Token

    at = node.clock.now()
    return Token(
        owner=PROVIDER, uid="app-1", type="APP_USER", contract_id="C1", issuer="E", valid=True, last_updated=at
    )


@pytest.mark.statement("OCPI-205")
async def test_a_reservation_crosses_all_three_and_ends_on_all_three(row):
    await row.owner.tell("location", messages.location())
    await row.settled()
    row.cpo.office.answer = ACCEPTED
    expires = (row.emsp.clock.now() + timedelta(hours=1)).replace(microsecond=0)
    reserve = Reserve(
        emsp=PROVIDER,
        token=the_token(row.emsp),
        reservation_id="R1",
        expires=expires,
        location_id="L1",
        evse_uid="E1",
        reply="office-1",
    )
    assert (await row.emsp.hub.command(OFFICE, reserve)).accepted
    (asked,) = row.cpo.office.asked
    assert (asked.expires, asked.location_id, asked.token.uid) == (expires, "L1", "app-1")
    await row.cpo.hub.tell(OFFICE, Outcome(command=asked.reply, result="ACCEPTED", at=row.cpo.clock.now()))
    await row.settled()
    for node in (row.cpo, row.hub, row.emsp):
        assert [(one.state, one.result) for one in await commands(node)] == [(CommandState.STANDING, "ACCEPTED")]
    cancel = CancelReservation(emsp=PROVIDER, reservation_id="R1", reply="office-2")
    assert (await row.emsp.hub.command(OFFICE, cancel)).accepted
    given_up = row.cpo.office.asked[-1]
    assert given_up.reservation_id == asked.reservation_id
    await row.cpo.hub.tell(OFFICE, Outcome(command=given_up.reply, result="ACCEPTED", at=row.cpo.clock.now()))
    await row.settled()
    for node in (row.cpo, row.hub, row.emsp):
        assert {one.state for one in await commands(node)} == {CommandState.SETTLED}


@pytest.mark.statement("OCPI-175", "OCPI-128")
async def test_a_session_is_limited_reported_on_and_asked_about_under_the_id_each_node_knows(row):
    evse = messages.evse("E1", capabilities=["CHARGING_PREFERENCES_CAPABLE"])
    await row.owner.tell("location", messages.location(evses=[evse]))
    await row.owner.tell("session", messages.session())
    await row.settled()
    hub_id = (await row.hub.store.get(session_key(OWNER, "S1"))).hub_id
    row.cpo.office.answer = ACCEPTED
    profile = ChargingProfile(unit="A", duration_s=600, limits=(Limit(0, Decimal("6.5")), Limit(60, Decimal(16))))
    asked = SetProfile(emsp=PROVIDER, session_id=hub_id, profile=profile, reply="office-1")
    assert (await row.emsp.hub.command(OFFICE, asked)).accepted
    (put,) = row.cpo.office.asked
    assert (put.session_id, put.profile) == ("S1", profile)
    now = row.cpo.clock.now().replace(microsecond=0)
    await row.cpo.hub.tell(OFFICE, Outcome(command=put.reply, result="ACCEPTED", at=now))
    await row.settled()
    active = ActiveProfile(starts=now, profile=profile)
    await row.cpo.hub.tell(OFFICE, ProfileInForce(owner=OWNER, session_id="S1", active=active, at=now))
    await row.settled()
    (command,) = await commands(row.emsp)
    assert (command.session_id, command.profile, command.reply) == (hub_id, active, "office-1")
    row.cpo.office.answer = Preferred("NOT_POSSIBLE")
    wish = Prefer(emsp=PROVIDER, session_id=hub_id, profile_type="FAST", energy_kwh=Decimal("20.5"))
    assert await row.emsp.hub.prefer(OFFICE, wish) == Preferred("NOT_POSSIBLE")
    assert (row.cpo.office.asked[-1].session_id, row.cpo.office.asked[-1].energy_kwh) == ("S1", Decimal("20.5"))


async def test_an_unlock_crosses_all_three(row):
    await row.owner.tell("location", messages.location())
    await row.settled()
    row.cpo.office.answer = ACCEPTED
    unlock = Unlock(emsp=PROVIDER, location_id="L1", evse_uid="E1", connector_id="1", reply="office-1")
    assert (await row.emsp.hub.command(OFFICE, unlock)).accepted
    await row.cpo.hub.tell(
        OFFICE, Outcome(command=row.cpo.office.asked[0].reply, result="FAILED", at=row.cpo.clock.now())
    )
    await row.settled()
    assert [(one.name, one.result) for one in await commands(row.emsp)] == [("UNLOCK_CONNECTOR", "FAILED")]


# -- a CPO's node and a provider that commands it ----------------------------------------------------------------------


class SlowOffice:
    """A back office that tells the outcome of a command before it has answered it."""

    pushes = False
    answers = True

    def __init__(self, node: Node, result: str) -> None:
        self.node, self.result = node, result
        self.verdicts: list = []
        self.telling: list = []

    async def ask(self, question, to, origin_party, correlation, within):
        self.telling.append(asyncio.create_task(self.tell(question.reply)))
        await asyncio.sleep(0.05)
        return Acknowledged(result=self.result, within=30)

    async def tell(self, command: str) -> None:
        said = Outcome(command=command, result="ACCEPTED", at=self.node.clock.now())
        self.verdicts.append((await self.node.hub.tell(OFFICE, said)).verdict)


@pytest.mark.statement("OCPI-114")
@pytest.mark.parametrize(("result", "told"), [("ACCEPTED", 1), ("REJECTED", 0), ("NOT_SUPPORTED", 0)])
async def test_a_cpos_node_calls_back_only_after_it_accepted(tmp_path, result, told):
    async with (
        Peer((("DE", "EEE", "EMSP"),)) as provider,
        Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node,
    ):
        await node.expect("eee", "DE*EEE/EMSP")
        await provider.post_credentials(node.url, await node.invite("eee"))
        await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        node.links["office"] = office = SlowOffice(node, result)
        callback = f"{provider.url}/callback/1"
        body = {"response_url": callback, "location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
        headers = {
            "OCPI-from-country-code": "DE",
            "OCPI-from-party-id": "EEE",
            "OCPI-to-country-code": "CH",
            "OCPI-to-party-id": "CCC",
        }
        url = f"{node.url}/ocpi/2.2.1/receiver/commands/UNLOCK_CONNECTOR"
        _, answer = await provider.call("POST", url, provider.given["token"], body, **headers)
        assert answer["data"]["result"] == result
        await asyncio.gather(*office.telling)
        await node.settled()
        assert office.verdicts == [Verdict.RECORDED if told else Verdict.STALE]
        assert len([one for one in provider.told("POST") if one.path == "/callback/1"]) == told
