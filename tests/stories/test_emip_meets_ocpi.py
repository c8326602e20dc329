"""A driver of one protocol charges at an EVSE of the other: card, app, stop, events, record; told in one dossier."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from interroam.core.audit import Actor, Rank
from interroam.core.keys import new_secret
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, Purpose
from interroam.protocols.ocpi.translate.places import NOT_KNOWN
from tests.protocols.emip import charging
from tests.protocols.emip.charging import ACTED, ASKED, CARD, EVSE, STARTED, World, yes
from tests.protocols.emip.nodes import hub, partner_id
from tests.protocols.emip.partner import Fault
from tests.protocols.emip.partner import Partner as Emip
from tests.protocols.ocpi import older
from tests.protocols.ocpi.older import OldPeer, Voice
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

LOCAL = Actor("the test", Rank.ADMIN)
THERE = "CH*CCC*E1"
"""The EVSE of the CPO that speaks OCPI."""


async def join(node, name: str, peer: Peer) -> Voice:
    """Register a platform of OCPI."""
    ((country, code, role),) = peer.roles
    await node.book.put_partner(Partner(id=name, protocol="ocpi", parties=(Party.parse(f"{country}*{code}/{role}"),)))
    secret = new_secret()
    made = Credential(node.book.keyring.fingerprint(secret), name, Purpose.REGISTRATION, node.clock.now())
    await node.book.admit(made)
    _, answer = await peer.post_credentials(node.url, secret)
    assert answer["status_code"] == 1000, answer
    peer.seen.clear()
    return Voice(node, peer)


def peer_of(version: str, country: str, code: str, role: str) -> Peer:
    return (OldPeer if version == "2.1.1" else Peer)(((country, code, role),))


def is_old(peer: Peer) -> bool:
    return isinstance(peer, OldPeer)


# -- a CPO of eMIP, an eMSP of OCPI ------------------------------------------------------------------------------------


@dataclass
class AtEmip(World):
    """The eMSP speaks OCPI."""

    peer: Peer | None = None
    say: Voice | None = None

    def told(self, *methods: str, part: str) -> list:
        return [one for one in self.peer.told(*methods) if part in one.path]

    async def command(self, name: str, body: dict) -> dict:
        url = f"{self.peer.url}/{'old' if is_old(self.peer) else 'receiver'}/callback/{name}"
        path = f"commands/{name}" if is_old(self.peer) else f"receiver/commands/{name}"
        return (await self.say("POST", path, {"response_url": url, **body})).get("data")

    async def outcomes(self, name: str, count: int = 1) -> list[str]:
        await self.peer.until(lambda: len(self.told("POST", part=f"callback/{name}")) >= count)
        return [one.body["result"] for one in self.told("POST", part=f"callback/{name}")]


@pytest.fixture(params=["2.2.1", "2.1.1"])
async def at_emip(tmp_path, request):
    async with (
        hub(tmp_path) as node,
        Emip(partner_id("FR*C01"), "FR*C01") as cpo,
        peer_of(request.param, "DE", "EEE", "EMSP") as peer,
    ):
        await node.cpo("FR*C01", url=cpo.url)
        say = await join(node, "eee", peer)
        await charging.place(node, "fr-c01")
        await node.agree("DE*EEE", "FR*C01")
        await node.settled()
        one = AtEmip(node, cpo, None, peer, say)
        if is_old(peer):
            await say("PUT", f"tokens/DE/EEE/{CARD}", older.old_token(CARD))
        else:
            await say("PUT", f"receiver/tokens/DE/EEE/{CARD}", messages.token(CARD))
        yield one


def allowing(peer: Peer) -> dict:
    """What an eMSP of OCPI says when a driver may charge."""
    name = "authorization_id" if is_old(peer) else "authorization_reference"
    known = {} if is_old(peer) else {"token": messages.token(CARD)}
    return says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", name: "emsp-1", **known})


async def location_of(here: AtEmip) -> tuple[str, str]:
    """The ids by which the eMSP knows the pool and its EVSE."""
    (put, *_) = here.told("PUT", part="locations")
    return put.body["id"], put.body["evses"][0]["uid"]


@pytest.mark.statement("EMIP-90", "EMIP-91", "EMIP-70")
async def test_a_card_of_an_ocpi_emsp_charges_at_a_cpo_of_emip(at_emip):
    here = at_emip
    here.peer.answers.append(allowing(here.peer))

    given = await here.ask()
    session = given.fields["serviceSessionId"]
    started = await here.report(session, 3)
    await here.bring(session, 2, meters=[charging.meter(1, "10", "min"), charging.meter(2, "1500", "Wh")])
    await here.node.settled()
    shown = [one.body for one in here.told("PUT", "PATCH", part="sessions")]
    ended = await here.bring(session)
    await here.node.settled()

    assert (given.fields["authorisationValue"], given.fields["salePartnerOperatorId"]) == ("1", "DE*EEE")
    assert (started.status, ended.status) == (1, 1)
    assert "userContractIdAlias" not in given.fields
    location, evse = await location_of(here)
    (asked,) = here.told("POST", part="authorize")
    assert asked.body == {"location_id": location, "evse_uids": [evse]}
    statuses = [one["status"] for one in shown if "status" in one]
    assert (statuses[0], statuses[-1]) == ("PENDING", "ACTIVE")
    assert [float(one["kwh"]) for one in shown if "kwh" in one][-1] == 1.5
    (bill,) = (one.body for one in here.told("POST", part="cdrs"))
    assert float(bill["total_energy"]) == 18.35
    assert round(float(bill["total_time"]), 4) == 1.0917
    assert bill["authorization_id" if is_old(here.peer) else "authorization_reference"] == "emsp-1"
    assert len(bill["charging_periods"]) == 1
    if not is_old(here.peer):
        assert bill["total_cost"] == {"excl_vat": 0}
        assert (bill["remark"], bill["cdr_token"]["uid"]) == ("the CPO stated no price", CARD)
        assert bill["cdr_location"]["evse_id"] == EVSE


async def test_what_the_cpo_says_of_cost_is_the_total(at_emip):
    here = at_emip
    here.peer.answers.append(allowing(here.peer))
    session = (await here.ask()).fields["serviceSessionId"]
    await here.bring(session, meters=[*charging.METERS, charging.meter(3, "7.42", "EUR")])
    await here.node.settled()
    (bill,) = (one.body for one in here.told("POST", part="cdrs"))
    cost = bill["total_cost"]
    assert float(cost if is_old(here.peer) else cost["excl_vat"]) == 7.42
    assert bill["currency"] == "EUR"


@pytest.mark.statement("EMIP-69", "EMIP-73")
async def test_what_an_ocpi_emsp_refuses_is_a_no(at_emip):
    here = at_emip
    here.peer.answers.append(
        says("POST", "authorize", 200, 1000, {"allowed": "BLOCKED", "token": messages.token(CARD)})
    )
    refused = await here.ask()
    assert (refused.fields["authorisationValue"], refused.status) == ("2", 1)


@pytest.mark.statement("EMIP-66")
async def test_an_ocpi_emsp_that_does_not_answer_is_10210(at_emip):
    here = at_emip
    here.peer.answers.append(says("POST", "authorize", 502, None))
    assert (await here.ask()).status == 10210


async def start(here: AtEmip) -> dict:
    location, evse = await location_of(here)
    token = older.old_token(CARD) if is_old(here.peer) else messages.token(CARD)
    own = "authorization_id" if is_old(here.peer) else "authorization_reference"
    return await here.command(
        "START_SESSION", {"token": token, "location_id": location, "evse_uid": evse, own: "emsp-9"}
    )


@pytest.mark.statement("EMIP-85", "EMIP-91")
async def test_an_app_of_an_ocpi_emsp_starts_and_stops_a_charge_at_a_cpo_of_emip(at_emip):
    here = at_emip
    here.cpo.answers[STARTED] = {"partnerServiceSessionId": "C01-R-1", "requestStatus": 1}

    answer = await start(here)
    began = await here.outcomes("START_SESSION")
    await here.node.settled()
    shown = here.told("PUT", part="sessions")[-1].body
    await here.report((await only(here)).authorization_reference, 3)
    stopped = await here.command("STOP_SESSION", {"session_id": shown["id"]})
    over = await here.outcomes("STOP_SESSION")

    result = answer["result"]
    assert (result, began) == ("ACCEPTED", ["ACCEPTED"])
    assert (stopped["result"], over) == ("ACCEPTED", ["ACCEPTED"])
    (asked,) = here.cpo.of("FromIOP_SetServiceAuthorisation")
    assert (asked.fields["EVSEId"], asked.fields["userIdType"], asked.fields["userId"]) == (EVSE, "RFID-UID", CARD)
    (acted,) = here.cpo.of("FromIOP_SetSessionActionRequest")
    assert acted.fields["sessionAction"]["sessionActionNature"] == "1"
    assert acted.fields["execPartnerSessionId"] == "C01-R-1"
    assert acted.fields["serviceSessionId"] == asked.fields["serviceSessionId"]
    assert shown["status"] == "PENDING"


async def only(here: AtEmip):
    stored = await here.node.hub.session("C01-R-1")
    return stored.body


@pytest.mark.parametrize("said", [{"requestStatus": 205}, {"requestStatus": 206}, {"requestStatus": 10201}])
@pytest.mark.statement("EMIP-127")
async def test_a_cpo_of_emip_that_refuses_starts_nothing_for_an_ocpi_emsp(at_emip, said):
    here = at_emip
    here.cpo.answers[STARTED] = said
    assert (await start(here))["result"] == "REJECTED"
    await here.node.settled()
    assert not here.told("PUT", part="sessions")


@pytest.mark.parametrize("said", [{"requestStatus": 206}, {"requestStatus": 10506}, Fault(http=400, soap="Sender")])
async def test_a_stop_that_the_cpo_does_not_carry_out_is_not_accepted(at_emip, said):
    here = at_emip
    here.peer.answers.append(allowing(here.peer))
    await here.ask()
    await here.node.settled()
    here.cpo.answers[ACTED] = said
    answer = await here.command("STOP_SESSION", {"session_id": here.told("PUT", part="sessions")[-1].body["id"]})
    assert answer is None or answer["result"] == "REJECTED"


async def test_emip_reserves_and_unlocks_nothing(at_emip):
    here = at_emip
    location, evse = await location_of(here)
    token = older.old_token(CARD) if is_old(here.peer) else messages.token(CARD)
    reserve = {
        "token": token,
        "expiry_date": "2036-01-01T00:00:00Z",
        "reservation_id": 7 if is_old(here.peer) else "r-7",
        "location_id": location,
        "evse_uid": evse,
    }
    assert (await here.command("RESERVE_NOW", reserve))["result"] == "NOT_SUPPORTED"
    unlock = {"location_id": location, "evse_uid": evse, "connector_id": "1"}
    if is_old(here.peer):
        unlock["connector_id"] = here.told("PUT", part="locations")[0].body["evses"][0]["connectors"][0]["id"]
    assert (await here.command("UNLOCK_CONNECTOR", unlock))["result"] == "NOT_SUPPORTED"
    assert not here.cpo.asked


# -- a CPO of OCPI, an eMSP of eMIP ------------------------------------------------------------------------------------


@dataclass
class AtOcpi(World):
    """The CPO speaks OCPI."""

    peer: Peer | None = None
    say: Voice | None = None

    @property
    def old(self) -> bool:
        return is_old(self.peer)

    async def authorized(self, **answer) -> str:
        """Let a card charge; returns the reference."""
        self.emsp.answers[ASKED] = yes(**answer)
        path = f"tokens/{CARD}/authorize" if self.old else f"sender/tokens/{CARD}/authorize"
        given = (await self.say("POST", path, {"location_id": "L1", "evse_uids": ["E1"]}))["data"]
        assert given["allowed"] == "ALLOWED", given
        return given["authorization_id" if self.old else "authorization_reference"]

    def session(self, reference: str, **fields) -> dict:
        token = messages.cdr_token(country_code="FR", party_id="E01", uid=CARD, contract_id=NOT_KNOWN)
        own = {"auth_method": "AUTH_REQUEST"}
        if self.old:
            return older.old_session(authorization_id=reference, auth_id="FR-E01-C00000001", **own, **fields)
        return messages.session(authorization_reference=reference, cdr_token=token, **own, **fields)

    async def put(self, reference: str, **fields) -> None:
        path = "sessions/CH/CCC/S1" if self.old else "receiver/sessions/CH/CCC/S1"
        answer = await self.say("PUT", path, self.session(reference, **fields))
        assert answer["status_code"] == 1000, answer

    async def bill(self, reference: str, **fields) -> None:
        token = messages.cdr_token(country_code="FR", party_id="E01", uid=CARD, contract_id=NOT_KNOWN)
        if self.old:
            body = older.old_cdr(authorization_id=reference, auth_id="FR-E01-C00000001", **fields)
        else:
            body = messages.cdr(authorization_reference=reference, cdr_token=token, **fields)
        answer = await self.say("POST", "cdrs" if self.old else "receiver/cdrs", body)
        assert answer["status_code"] == 1000, answer

    async def commanded(self, name: str) -> dict:
        await self.peer.until(lambda: [one for one in self.peer.told("POST") if name in one.path])
        return next(one.body for one in reversed(self.peer.told("POST")) if name in one.path)

    def events(self) -> list[str]:
        told = self.emsp.of("FromIOP_SetSessionEventReport")
        return [one.fields["sessionEvent"]["sessionEventNature"] for one in told]

    def records(self) -> list[dict]:
        return [one.fields["chargeDetailRecord"] for one in self.emsp.of("FromIOP_SetChargeDetailRecord")]


@asynccontextmanager
async def ocpi_world(folder, version: str):
    async with (
        hub(folder) as node,
        Emip(partner_id("FR*E01"), "FR*E01") as emsp,
        peer_of(version, "CH", "CCC", "CPO") as peer,
    ):
        await node.emsp("FR*E01", url=emsp.url)
        say = await join(node, "ccc", peer)
        await node.agree("FR*E01", "CH*CCC")
        if is_old(peer):
            put = await say("PUT", "locations/CH/CCC/L1", older.old_location())
        else:
            put = await say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        assert put["status_code"] == 1000, put
        await node.settled()
        yield AtOcpi(node, None, emsp, peer, say)


@pytest.fixture(params=["2.2.1", "2.1.1"])
async def at_ocpi(tmp_path, request):
    async with ocpi_world(tmp_path, request.param) as one:
        yield one


@pytest.mark.statement("EMIP-101", "EMIP-103", "EMIP-91")
async def test_a_card_of_an_emip_emsp_charges_at_a_cpo_of_ocpi(at_ocpi):
    here = at_ocpi

    reference = await here.authorized(intermediateCDRRequested=1)
    await here.put(reference, kwh=0)
    await here.put(reference, kwh=1.5, last_updated="2026-03-14T12:10:00Z")
    await here.put(reference, kwh=2, status="COMPLETED", last_updated="2026-03-14T13:00:00Z")
    await here.bill(reference)
    await here.node.settled()

    first, second = here.emsp.of("FromIOP_GetServiceAuthorisation")
    assert (first.fields["requestedServiceId"], second.fields["requestedServiceId"]) == ("0", "1")
    assert (second.fields["EVSEId"], second.fields["userId"]) == (THERE, CARD)
    assert here.events() == ["3", "1"]
    intermediate, final = here.records()
    assert (intermediate["CDRNature"], final["CDRNature"]) == ("2", "1")
    meters = charging.reports({"chargeDetailRecord": intermediate})
    assert [(one["meterTypeId"], one["meterValue"], one["meterUnit"]) for one in meters] == [
        ("1", "10", "min"),
        ("2", "1500", "Wh"),
    ]
    meters = charging.reports({"chargeDetailRecord": final})
    assert [(one["meterTypeId"], one["meterValue"], one["meterUnit"]) for one in meters] == [
        ("1", "60", "min"),
        ("2", "10500", "Wh"),
        ("3", "4.2", "CHF"),
    ]
    assert (final["salePartnerSessionId"], final["salePartnerOperatorId"]) == ("E01-ses-77", "FR*E01")
    assert (final["execPartnerSessionId"], final["execPartnerOperatorId"]) == ("S1", "CH*CCC")
    assert final["serviceSessionId"] == second.fields["serviceSessionId"]
    assert (final["EVSEId"], final["userIdType"], final["userId"]) == (THERE, "RFID-UID", CARD)


@pytest.mark.statement("EMIP-103")
async def test_an_emip_emsp_gets_no_intermediate_records_that_it_did_not_want(at_ocpi):
    here = at_ocpi
    reference = await here.authorized()
    await here.put(reference, kwh=1.5)
    await here.bill(reference)
    await here.node.settled()
    assert [one["CDRNature"] for one in here.records()] == ["1"]


@pytest.mark.statement("EMIP-102")
async def test_an_emip_emsp_fetches_the_record_of_a_charge_at_a_cpo_of_ocpi(at_ocpi):
    here = at_ocpi
    await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    await here.bill(await here.authorized())
    await here.node.settled()
    assert here.records() == []
    answer = await here.emsp.call(
        here.node.url, "eMIP_ToIOP_GetChargeDetailRecord", {"salePartnerSessionId": "E01-ses-77"}
    )
    assert answer.fields["chargeDetailRecord"]["execPartnerOperatorId"] == "CH*CCC"
    assert charging.reports(answer.fields)[1]["meterValue"] == "10500"


async def test_a_credit_cannot_be_said_in_emip(at_ocpi):
    here = at_ocpi
    if here.old:
        pytest.skip("OCPI 2.1.1 has no credits")
    reference = await here.authorized()
    await here.bill(reference)
    await here.bill(reference, id="C2", credit=True, credit_reference_id="C1", total_cost={"excl_vat": -4.2})
    await here.node.settled()
    assert len(here.records()) == 1
    (shelved,) = await here.node.store.shelf()
    assert "credit" in shelved.message


async def started(here: AtOcpi, result: str | None, ack: str = "ACCEPTED", after: float = 0.1):
    """Start a charge from afar, which the CPO acknowledges and, when it says so, brings to an end."""
    here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": ack, "timeout": 30}))
    asked = asyncio.create_task(here.start(evse=THERE))
    if result is not None:
        body = await here.commanded("START_SESSION")
        await asyncio.sleep(after)
        assert (await here.say("POST", body["response_url"], {"result": result}))["status_code"] == 1000
    return await asked


@pytest.mark.parametrize(
    ("result", "status"),
    [("ACCEPTED", 1), ("REJECTED", 10201), ("EVSE_OCCUPIED", 205), ("TIMEOUT", 206)],
)
@pytest.mark.statement("EMIP-85")
async def test_a_remote_authorisation_is_answered_with_the_outcome(at_ocpi, result, status):
    here = at_ocpi
    if here.old and result == "EVSE_OCCUPIED":
        pytest.skip("OCPI 2.1.1 has no such result")

    answer = await started(here, result)
    await here.node.settled()

    assert answer.status == status
    assert here.events() == []
    asked = await here.commanded("START_SESSION")
    assert asked["token"]["uid"] == "app-7"
    assert asked["location_id"] == "L1"
    if not here.old:
        assert asked["evse_uid"] == "E1"
        assert asked["authorization_reference"] == answer.fields["serviceSessionId"]
        assert (asked["token"]["country_code"], asked["token"]["party_id"]) == ("FR", "E01")


@pytest.mark.statement("EMIP-85", "EMIP-43")
async def test_without_an_outcome_in_time_the_acknowledgment_is_the_answer_and_a_contrary_outcome_an_event(at_ocpi):
    here = at_ocpi

    answer = await started(here, None)
    body = await here.commanded("START_SESSION")
    await here.say("POST", body["response_url"], {"result": "REJECTED"})
    await here.emsp.until("FromIOP_SetSessionEventReport")

    assert answer.status == 1
    (event,) = here.emsp.of("FromIOP_SetSessionEventReport")
    assert event.fields["sessionEvent"]["sessionEventNature"] == "1"
    assert "REJECTED" in event.fields["sessionEvent"]["sessionEventParameter"]
    assert event.fields["salePartnerSessionId"] == "E01-ses-9"
    assert event.fields["serviceSessionId"] == answer.fields["serviceSessionId"]


async def test_an_outcome_that_says_what_was_answered_makes_no_event(at_ocpi):
    here = at_ocpi
    answer = await started(here, None)
    body = await here.commanded("START_SESSION")
    await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
    await here.node.settled()
    assert answer.status == 1
    assert here.events() == []


async def test_a_charge_that_began_is_not_ended_by_an_outcome_that_never_came(at_ocpi):
    here = at_ocpi
    answer = await started(here, None)
    reference = answer.fields["serviceSessionId"]
    if here.old:
        reference = (await here.commanded("START_SESSION"))["authorization_id"]
    await here.put(reference)
    here.node.clock.forward(minutes=10)  # the sweeper says TIMEOUT
    async with asyncio.timeout(5):
        while True:
            if any("result" in row.fields for row in await here.node.store.entries(0, 500)):
                break
            await asyncio.sleep(0.05)
    await here.node.settled()
    assert here.events() == ["3"]


@pytest.mark.statement("EMIP-85")
async def test_a_cpo_of_ocpi_that_is_silent_is_10207(at_ocpi):
    here = at_ocpi
    here.peer.delay = 3.0
    assert (await here.start(evse=THERE)).status == 10207
    here.peer.delay = 0.0


@pytest.mark.statement("EMIP-88", "EMIP-109")
async def test_an_emip_emsp_stops_a_charge_at_a_cpo_of_ocpi(at_ocpi):
    here = at_ocpi
    reference = await here.authorized()
    await here.put(reference)
    await here.node.settled()
    session = here.emsp.of("FromIOP_GetServiceAuthorisation")[-1].fields["serviceSessionId"]
    here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))

    asked = asyncio.create_task(here.act(session, 1))
    body = await here.commanded("STOP_SESSION")
    await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
    answer, other = await asked, await here.act(session, 2)

    assert (answer.status, body["session_id"]) == (1, "S1")
    assert other.status == 10506  # OCPI cannot suspend


# -- all of it ---------------------------------------------------------------------------------------------------------


async def test_one_dossier_tells_all_of_a_charge_at_a_cpo_of_emip(at_emip):
    here = at_emip
    here.peer.answers.append(allowing(here.peer))
    session = (await here.ask()).fields["serviceSessionId"]
    await here.report(session, 3)
    await here.node.settled()
    await here.command("STOP_SESSION", {"session_id": here.told("PUT", part="sessions")[-1].body["id"]})
    await here.outcomes("STOP_SESSION")
    await here.bring(session)
    await here.node.settled()

    for name in (session, "emsp-1", "C01-S-1"):
        dossier = await here.node.app.office.dossier(LOCAL, name)
        told = {(one.partner, one.operation.split()[-1]) for one in dossier.story if one.what in ("in", "out")}
        assert {
            ("fr-c01", charging.GET),
            ("eee", "authorize"),
            ("fr-c01", charging.EVENT),
            ("eee", "STOP_SESSION"),
            ("fr-c01", ACTED),
            ("fr-c01", charging.CDR),
            ("eee", "cdrs"),
        } <= told, told
        assert (dossier.summary["CPO"], dossier.summary["eMSP"]) == ("FR*C01", "DE*EEE"), dossier.summary


async def test_one_dossier_tells_all_of_a_charge_at_a_cpo_of_ocpi(tmp_path):
    async with ocpi_world(tmp_path, "2.2.1") as here:
        reference = await here.authorized(intermediateCDRRequested=1)
        await here.put(reference)
        await here.put(reference, kwh=1.5, last_updated="2026-03-14T12:10:00Z")
        await here.node.settled()
        session = here.emsp.of("FromIOP_GetServiceAuthorisation")[-1].fields["serviceSessionId"]
        here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))
        asked = asyncio.create_task(here.act(session, 1))
        body = await here.commanded("STOP_SESSION")
        await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
        assert (await asked).status == 1
        await here.put(reference, kwh=2, status="COMPLETED", last_updated="2026-03-14T13:00:00Z")
        await here.bill(reference)
        await here.node.settled()

        for name in (session, "E01-ses-77", "S1", "C1"):
            dossier = await here.node.app.office.dossier(LOCAL, name)
            told = {(one.partner, one.operation) for one in dossier.story if one.what in ("in", "out")}
            assert {
                ("ccc", "ocpi POST tokens"),
                ("fr-e01", ASKED),
                ("fr-e01", "eMIP_FromIOP_SetSessionEventReport"),
                ("fr-e01", "eMIP_ToIOP_SetSessionActionRequest"),
                ("ccc", "POST STOP_SESSION"),
                ("fr-e01", "eMIP_FromIOP_SetChargeDetailRecord"),
            } <= told, told
            kinds = [piece.key.partition("/")[0] for piece in dossier.pieces]
            assert sorted(set(kinds)) == ["authorization", "cdr", "command", "session"]
