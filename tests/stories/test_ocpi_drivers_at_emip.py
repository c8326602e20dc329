"""A driver of an eMSP that speaks OCPI charges at a CPO that speaks eMIP: card, app, stop, record, dossier."""

from __future__ import annotations

import pytest

from interroam.core.audit import Actor, Rank
from tests.protocols.emip import charging
from tests.protocols.emip.charging import ACTED, CARD, EVSE, STARTED
from tests.protocols.emip.partner import Fault
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages
from tests.stories.emip_and_ocpi import AtEmip, emip_world, is_old

LOCAL = Actor("the test", Rank.ADMIN)


@pytest.fixture(params=["2.2.1", "2.1.1"])
async def at_emip(tmp_path, request):
    async with emip_world(tmp_path, request.param) as one:
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


APP = "DE-EEE-C00000077-9"


@pytest.mark.parametrize("said", [APP, "DEEEEC000000779", "de*eee*c00000077*9"])
async def test_a_contract_is_asked_about_and_billed_as_its_emsp_stated_it(tmp_path, said):
    async with emip_world(tmp_path, "2.2.1") as here:
        app = messages.token(APP, type="APP_USER", contract_id=APP)
        await here.say("PUT", f"receiver/tokens/DE/EEE/{APP}?type=APP_USER", app)
        here.peer.answers.append(allowing(here.peer))
        given = await here.ask(card=said, userIdType="eMA")
        own = {"execPartnerSessionId": "C01-own-1", "userId": said, "userIdType": "eMA"}
        ended = await here.bring("C01-own-1", **own)  # let charge by the list
        await here.node.settled()
        (asked,) = here.told("POST", part="authorize")
        assert f"/{APP}/" in asked.path
        assert (given.fields["authorisationValue"], ended.status) == ("1", 1)
        (bill,) = (one.body for one in here.told("POST", part="cdrs"))
        assert (bill["cdr_token"]["uid"], bill["cdr_token"]["type"]) == (APP, "APP_USER")


@pytest.mark.parametrize(
    ("version", "kind", "uid"),
    [
        ("2.2.1", "RFID", "04AABBCCDDEEFF001122"),
        ("2.2.1", "APP_USER", "user-42"),
        ("2.2.1", "AD_HOC_USER", "adhoc-1"),
        ("2.1.1", "RFID", "04AABBCCDDEEFF001122"),
        ("2.1.1", "OTHER", "user-42"),
    ],
)
async def test_whom_the_list_names_may_charge_as_it_names_them(tmp_path, version, kind, uid):
    async with emip_world(tmp_path, version) as here:
        old = is_old(here.peer)
        given = (older.old_token if old else messages.token)(uid, type=kind)
        await here.say("PUT", f"{'' if old else 'receiver/'}tokens/DE/EEE/{uid}?type={kind}", given)
        here.peer.answers.append(allowing(here.peer))
        listed = await here.cpo.call(here.node.url, "eMIP_ToIOP_GetAuthenticationData")
        entries = listed.fields["authenticationDataList"]["authenticationData"]
        (named,) = [one for one in entries if one["userId"] == uid]
        user = {"userIdType": named["userIdType"], "userId": uid}
        allowed = await here.ask(**user)
        ended = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1", **user)
        await here.node.settled()
        (asked,) = here.told("POST", part="authorize")
        assert (asked.path.endswith(f"/{uid}/authorize"), asked.query["type"]) == (True, kind)
        assert (allowed.fields["authorisationValue"], ended.status) == ("1", 1)
        (bill,) = (one.body for one in here.told("POST", part="cdrs"))
        if not old:
            assert (bill["cdr_token"]["uid"], bill["cdr_token"]["type"]) == (uid, kind)


async def test_who_charged_by_the_cpo_s_list_is_billed_as_that(at_emip):
    here = at_emip
    ended = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
    await here.node.settled()
    (bill,) = (one.body for one in here.told("POST", part="cdrs"))
    assert (ended.status, bill["auth_method"]) == (1, "WHITELIST")
    assert here.told("PUT", part="sessions")[-1].body["auth_method"] == "WHITELIST"


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


@pytest.mark.statement("EMIP-85", "EMIP-91", "EMIP-118")
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
    assert "userContractIdAlias" not in asked.fields
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
