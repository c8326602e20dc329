"""The platform between both sides of a session: events one way, actions the other (EMIP-108 to EMIP-115)."""

from __future__ import annotations

import pytest

from tests.protocols.emip.charging import ACTED, REPORTED
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Fault, Partner, Silence

OTHER_SIDE = [
    ({"requestStatus": 10506}, 10506),
    ({"requestStatus": 10501}, 10507),
    ({"requestStatus": 10201}, 10507),
    ({"requestStatus": -9999993}, 10507),
    (Fault(), 10505),
    (Fault(http=400, soap="Sender"), 10505),
    (Silence(), 10504),
]


@pytest.mark.statement("EMIP-108", "EMIP-91", "EMIP-92")
async def test_an_event_reaches_the_emsp_under_its_own_name_of_the_session(here):
    session = await here.allowed()

    answer = await here.report(session, 3, sessionEventId="ev-1", sessionEventParameter="p", relatedSessionActionId="a")

    (asked,) = here.emsp.of("FromIOP_SetSessionEventReport")
    assert answer.status == 1
    assert (answer.fields["sessionEventId"], answer.fields["sessionActionId"]) == ("ev-1", "ev-1")
    assert (asked.fields["serviceSessionId"], asked.fields["salePartnerSessionId"]) == (session, "E01-ses-77")
    assert asked.fields["sessionEvent"] == {
        "sessionEventNature": "3",
        "sessionEventId": "ev-1",
        "sessionEventDateTime": "2026-03-02T07:58:10Z",
        "sessionEventParameter": "p",
        "relatedSessionActionId": "a",
    }
    assert (asked.fields["operatorId"], asked.fields["targetOperatorId"]) == ("FR*C01", "FR*E01")


@pytest.mark.statement("EMIP-91", "EMIP-92")
async def test_who_names_a_session_in_its_own_way_is_understood_and_the_other_side_gets_ours(here):
    session = await here.allowed()
    assert (await here.report("C01-S-1")).status == 1
    assert (await here.act("E01-ses-77")).status == 1
    for partner, operation in ((here.emsp, "FromIOP_SetSessionEventReport"), (here.cpo, ACTED.removeprefix("eMIP_"))):
        (asked,) = partner.of(operation)
        assert asked.fields["serviceSessionId"] == session


@pytest.mark.statement("EMIP-109", "EMIP-91", "EMIP-92")
async def test_an_action_reaches_the_cpo_under_its_own_name_of_the_session(here):
    session = await here.allowed()

    answer = await here.act(session, 1, sessionActionId="act-1", sessionActionParameter="p", relatedSessionEventId="e")

    (asked,) = here.cpo.of("FromIOP_SetSessionActionRequest")
    assert (answer.status, answer.fields["sessionActionId"]) == (1, "act-1")
    assert (asked.fields["serviceSessionId"], asked.fields["execPartnerSessionId"]) == (session, "C01-S-1")
    assert asked.fields["sessionAction"] == {
        "sessionActionNature": "1",
        "sessionActionId": "act-1",
        "sessionActionDateTime": "2026-03-02T07:58:10Z",
        "sessionActionParameter": "p",
        "relatedSessionEventId": "e",
    }
    assert (asked.fields["operatorId"], asked.fields["targetOperatorId"]) == ("FR*E01", "FR*C01")


@pytest.mark.statement("EMIP-110")
async def test_what_has_no_id_gets_one(here):
    session = await here.allowed()

    event, action = await here.report(session), await here.act(session)

    told = here.emsp.of("FromIOP_SetSessionEventReport")[0].fields["sessionEvent"]["sessionEventId"]
    done = here.cpo.of("FromIOP_SetSessionActionRequest")[0].fields["sessionAction"]["sessionActionId"]
    assert told == event.fields["sessionEventId"] != ""
    assert done == action.fields["sessionActionId"] != ""
    assert told != done
    again = await here.report(session)
    assert again.fields["sessionEventId"] not in ("", told)
    await here.report(session, sessionEventId="ev-1")
    await here.act(session, sessionActionId="act-1")
    assert here.emsp.asked[-1].fields["sessionEvent"]["sessionEventId"] == "ev-1"
    assert here.cpo.asked[-1].fields["sessionAction"]["sessionActionId"] == "act-1"


@pytest.mark.parametrize("nature", [0, 1, 2, 3, 11, 12, 13, 14, 99])
@pytest.mark.statement("EMIP-115")
async def test_every_nature_of_an_event_is_relayed(here, nature):
    session = await here.allowed()
    answer = await here.report(session, nature)
    told = here.emsp.of("FromIOP_SetSessionEventReport")[-1].fields["sessionEvent"]
    assert (answer.status, told["sessionEventNature"]) == (1, str(nature))


@pytest.mark.parametrize("nature", [0, 1, 2, 3, 4, 99])
@pytest.mark.statement("EMIP-115")
async def test_every_nature_of_an_action_is_relayed(here, nature):
    session = await here.allowed()
    answer = await here.act(session, nature)
    done = here.cpo.of("FromIOP_SetSessionActionRequest")[-1].fields["sessionAction"]
    assert (answer.status, done["sessionActionNature"]) == (1, str(nature))


@pytest.mark.parametrize(("said", "told"), OTHER_SIDE)
@pytest.mark.statement("EMIP-112", "EMIP-108")
async def test_the_emsps_outcome_of_an_event_decides(here, said, told):
    session = await here.allowed()
    here.emsp.answers[REPORTED] = said
    answer = await here.report(session, 77)
    assert answer.status == told


@pytest.mark.parametrize(("said", "told"), [*OTHER_SIDE, ({"requestStatus": 205}, 205), ({"requestStatus": 206}, 206)])
@pytest.mark.statement("EMIP-112", "EMIP-109", "EMIP-127")
async def test_the_cpos_outcome_of_an_action_decides(here, said, told):
    session = await here.allowed()
    here.cpo.answers[ACTED] = said
    answer = await here.act(session, 77)
    assert answer.status == told
    assert answer.fields["serviceSessionId"] == session


@pytest.mark.statement("EMIP-112")
async def test_a_side_that_is_not_there_is_10504(here):
    session = await here.allowed()
    await here.cpo.stop()
    await here.emsp.stop()
    assert (await here.act(session)).status == 10504
    assert (await here.report(session)).status == 10504


@pytest.mark.statement("EMIP-111")
async def test_a_session_that_nobody_knows_is_10501(here):
    assert (await here.report("no-such")).status == 10501
    assert (await here.act("no-such")).status == 10501


@pytest.mark.statement("EMIP-111", "EMIP-20")
async def test_who_is_no_party_of_a_session_is_10508(here):
    session = await here.allowed()
    await here.node.cpo("FR*C02")
    await here.node.emsp("FR*E02")

    cpo, emsp = Partner(partner_id("FR*C02"), "FR*C02"), Partner(partner_id("FR*E02"), "FR*E02")
    for nature in (1, 2, 77):
        event, action = await here.report(session, nature, cpo), await here.act(session, nature, emsp)
        assert (event.status, action.status) == (10508, 10508)
    crossed = await here.report(session, caller=Partner(partner_id("FR*E01"), "FR*E01"))
    assert crossed.fault == ("ROLE_ERROR", "OPERATION_NOT_ALLOWED_FOR_ROLE")
    assert not here.emsp.of("FromIOP_SetSessionEventReport")
    assert not here.cpo.of("FromIOP_SetSessionActionRequest")


@pytest.mark.statement("EMIP-111")
async def test_a_side_that_is_gone_is_10502(here):
    session = await here.allowed()
    await here.node.change("fr-e01", parties=())
    await here.node.change("fr-c01", parties=())
    await here.node.emsp("FR*E01", id="back")
    # Whoever asks is still there; whom it concerns is not.
    await here.node.change("back", parties=())
    await here.node.cpo("FR*C01", id="again", partner_id="FR*P-AGAIN")
    again = Partner("FR*P-AGAIN", "FR*C01")
    assert (await here.report(session, caller=again)).status == 10502


@pytest.mark.statement("EMIP-111")
async def test_a_cpo_that_is_gone_is_10502(here):
    session = await here.allowed()
    await here.node.change("fr-c01", parties=())
    assert (await here.act(session)).status == 10502


@pytest.mark.statement("EMIP-111", "EMIP-122")
async def test_a_side_that_does_not_serve_the_operation_is_10503(here):
    session = await here.allowed()
    await here.node.change("fr-e01", switches={"services": "-FromIOP_SetSessionEventReport"})
    await here.node.change("fr-c01", switches={"services": "-FromIOP_SetSessionActionRequest"})
    assert (await here.report(session)).status == 10503
    assert (await here.act(session)).status == 10503


@pytest.mark.statement("EMIP-32")
async def test_an_action_that_is_sent_twice_is_done_once(here):
    session = await here.allowed()
    said = {"sessionActionNature": 1, "sessionActionId": "a-1", "sessionActionDateTime": "2026-03-02T08:00:00Z"}
    fields = {"serviceSessionId": session, "sessionAction": said}
    for _ in range(2):
        answer = await here.emsp.call(here.node.url, "eMIP_ToIOP_SetSessionActionRequest", fields, transaction="t-1")
        assert answer.status == 1
    assert len(here.cpo.of("FromIOP_SetSessionActionRequest")) == 1


async def test_events_move_the_session(here):
    session = await here.allowed()
    seen = []
    for nature in (3, 2, 1):
        await here.report(session, nature)
        seen.append((await here.node.hub.session(session)).body.status)
    assert seen == ["ACTIVE", "ACTIVE", "COMPLETED"]
