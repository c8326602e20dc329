"""The platform between an eMSP that starts a charge and the CPO of the EVSE (EMIP-85, EMIP-86, EMIP-127)."""

from __future__ import annotations

import pytest

from interroam.core.hub import Deadlines
from tests.protocols.emip.charging import STARTED, limits, meter, world
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Fault, Http, Partner, Silence


@pytest.mark.statement("EMIP-85", "EMIP-97", "EMIP-118")
async def test_a_remote_authorisation_is_relayed_as_it_is_under_an_id_of_ours(here):
    here.cpo.answers[STARTED] = {"partnerServiceSessionId": "C01-R-1", "requestStatus": 1}
    most = [meter(2, "007.0", "Wh"), meter(1, "30", "min")]

    answer = await here.start(
        intermediateCDRRequested=1,
        userContractIdAlias="alias-1",
        meterLimitList=limits(*most),
        parameter="IOP={}CPO={x}",
        bookingId="b-1",
    )

    assert answer.status == 1
    (asked,) = here.cpo.of("FromIOP_SetServiceAuthorisation")
    said = asked.fields
    assert said["serviceSessionId"] == answer.fields["serviceSessionId"] != "E01-ses-9"
    assert said["meterLimitList"] == {"meterReport": [{k: str(v) for k, v in one.items()} for one in most]}
    assert (said["intermediateCDRRequested"], said["userContractIdAlias"]) == ("1", "alias-1")
    assert (said["parameter"], said["bookingId"], said["authorisationValue"]) == ("IOP={}CPO={x}", "b-1", "1")
    assert (said["userIdType"], said["userId"]) == ("EMP-SPEC", "app-7")
    assert (said["operatorId"], said["targetOperatorId"]) == ("FR*E01", "FR*C01")
    assert "partnerServiceSessionId" not in said
    assert answer.fields["execPartnerOperatorId"] == "FR*C01"


@pytest.mark.statement("EMIP-89", "EMIP-90", "EMIP-91")
async def test_all_three_names_are_kept(here):
    here.cpo.answers[STARTED] = {"partnerServiceSessionId": "C01-R-1", "requestStatus": 1}

    answer = await here.start()

    permission = await here.node.hub.authorization(answer.fields["serviceSessionId"])
    assert (permission.cpo_session, permission.emsp_reference) == ("C01-R-1", "E01-ses-9")
    begun = await here.node.hub.session(answer.fields["serviceSessionId"])
    assert (begun.body.id, begun.body.status) == ("C01-R-1", "PENDING")


@pytest.mark.statement("EMIP-85", "EMIP-127")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"requestStatus": 205}, 205),
        ({"requestStatus": 206}, 206),
        ({"requestStatus": 202}, 10201),
        ({"requestStatus": 10201}, 10201),
        ({"requestStatus": -9999992}, 10201),
        ({"requestStatus": 19000}, 10201),
        (Fault(), 10201),
        (Fault(http=400, soap="Sender"), 10201),
        (Http(200, b"<a/>"), 10201),
        (Silence(), 10207),
    ],
)
async def test_what_the_cpo_says_decides(here, said, told):
    here.cpo.answers[STARTED] = said

    answer = await here.start()

    assert answer.status == told
    assert answer.fields["serviceSessionId"]
    assert await here.node.hub.session(answer.fields["serviceSessionId"]) is None  # nothing was started


@pytest.mark.statement("EMIP-85", "EMIP-38")
async def test_a_cpo_that_is_not_there_is_10207(here):
    await here.cpo.stop()
    answer = await here.start()
    assert answer.status == 10207


@pytest.mark.parametrize("value", [0, 2, 5])
@pytest.mark.statement("EMIP-86")
async def test_a_value_that_is_not_1_is_refused_and_not_relayed(here, value):
    answer = await here.start(authorisationValue=value)
    assert answer.status == 19004
    assert not here.cpo.asked


@pytest.mark.statement("EMIP-69")
async def test_an_evse_without_a_cpo_is_201(here):
    answer = await here.start(evse="FR*C01*E9999")
    assert (answer.status, bool(answer.fields["serviceSessionId"])) == (201, True)
    assert not here.cpo.asked


@pytest.mark.statement("EMIP-130")
async def test_without_an_agreement_nothing_starts(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        answer = await here.start()
        assert answer.status == 202
        assert not here.cpo.asked


@pytest.mark.statement("EMIP-43", "EMIP-41")
async def test_an_emsp_is_answered_even_when_the_cpo_hangs(tmp_path):
    async with world(tmp_path, deadlines=Deadlines(partner=0.4, door=0.8, command=1.0)) as here:
        here.cpo.answers[STARTED] = Silence(60)
        answer = await here.start()
        assert answer.status == 10207


@pytest.mark.statement("EMIP-44")
async def test_the_next_partner_of_a_cpo_is_tried_where_the_first_cannot_be_reached(here):
    async with Partner(partner_id("FR*C01") + "-B", "FR*C01") as backup:
        await here.node.cpo("FR*C01", id="second", partner_id=backup.partner_id, url=backup.url)
        await here.cpo.stop()

        answer = await here.start()

        assert answer.status == 1
        assert len(backup.of("FromIOP_SetServiceAuthorisation")) == 1


@pytest.mark.statement("EMIP-122")
async def test_a_cpo_that_starts_nothing_from_afar_is_not_asked(here):
    await here.node.change("fr-c01", switches={"services": "-FromIOP_SetServiceAuthorisation"})
    answer = await here.start()
    assert answer.status == 10201
    assert not here.cpo.asked
