"""Traces and lines of the log: every exchange is found by its transaction and by each session it speaks of."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from interroam.model.errors import Refused, Unavailable
from interroam.model.ids import PartyId
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.wire import to_iop
from tests.protocols.emip.charging import ASKED, CDR, GET, HANDED, SET, STARTED
from tests.protocols.emip.nodes import cpo_node
from tests.protocols.emip.partner import Fault, Http, Partner, Silence

BEAT = "eMIP_ToIOP_HeartBeat"
LIST = "eMIP_ToIOP_GetChargeDetailRecordList"


async def operations(node, id: str) -> list[str]:
    return sorted(one.operation for one in await node.traces(id))


@pytest.mark.statement("EMIP-26")
async def test_an_authorisation_is_found_by_each_of_its_sessions(here):
    session = await here.allowed()
    for name in (session, "C01-S-1", "E01-ses-77"):
        assert GET in await operations(here.node, name), name
    assert ASKED in await operations(here.node, session)
    assert ASKED in await operations(here.node, "E01-ses-77")


@pytest.mark.statement("EMIP-26")
async def test_a_refused_authorisation_is_found_by_its_session_too(here):
    here.emsp.answers[ASKED] = {"authorisationValue": 2, "requestStatus": 1}
    for answer in (
        await here.ask(),  # by the eMSP
        await here.ask(evse="FR*C01*E7777"),  # by us
        await here.ask(userIdType="CARD"),
        await here.ask(card=""),  # before anybody looked at it
    ):
        session = answer.fields["serviceSessionId"]
        assert GET in await operations(here.node, session), answer.raw


@pytest.mark.statement("EMIP-26")
async def test_a_remote_authorisation_is_found_by_each_of_its_sessions(here):
    here.cpo.answers[STARTED] = {"partnerServiceSessionId": "C01-R-1", "requestStatus": 1}
    session = (await here.start()).fields["serviceSessionId"]
    for name in (session, "E01-ses-9"):
        assert SET in await operations(here.node, name), name
    for name in (session, "C01-R-1"):
        assert STARTED in await operations(here.node, name), name


@pytest.mark.statement("EMIP-26")
async def test_a_record_is_found_by_each_of_its_sessions(here):
    session = await here.allowed()
    await here.bring(session)
    await here.node.settled()
    await here.emsp.call(here.node.url, LIST)
    assert CDR in await operations(here.node, "C01-S-1")
    for name in (session, "C01-S-1", "E01-ses-77"):
        assert {HANDED, LIST} <= set(await operations(here.node, name)), name


@pytest.mark.parametrize(("script", "code"), [(Silence(0), "timed_out"), (Http(200, b"<a/>"), "200/unreadable")])
@pytest.mark.statement("EMIP-26", "EMIP-31")
async def test_what_nobody_answered_is_traced_as_well(here, script, code):
    here.emsp.answers[ASKED] = script
    session = (await here.ask()).fields["serviceSessionId"]
    (asked, *_) = here.emsp.of("FromIOP_GetServiceAuthorisation")
    (trace,) = await here.node.traces(asked.fields["transactionId"])
    assert (trace.operation, trace.code, trace.inward) == (ASKED, code, False)
    assert session in trace.ids


# -- a client ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def platform():
    async with Partner("FR*107", "FR*107") as one:
        yield one


@pytest.fixture
async def node(tmp_path, platform):
    async with cpo_node(tmp_path) as one:
        await one.platform(platform.url)
        yield one


async def beat(node):
    peer = Peer(node.book.partners["iop"], node.hub, node.room.calls, PartyId.of("FR", "C01"))
    return await peer.call(to_iop.HeartBeat(**peer.header(PartyId.of("FR", "C01"))))


@pytest.mark.statement("EMIP-27", "EMIP-21")
async def test_a_trace_stays_under_the_id_that_was_sent_whatever_comes_back(node, platform):
    platform.answers[BEAT] = {"transactionId": "another", "requestStatus": 1}
    called = await beat(node)
    sent = platform.of("ToIOP_HeartBeat")[-1].fields["transactionId"]
    assert called.transaction == sent
    for name in (sent, "another"):
        (trace,) = await node.traces(name)
        assert trace.correlation == sent


@pytest.mark.statement("EMIP-23")
async def test_a_fault_too_says_under_which_id_its_trace_is(node, platform):
    await node.change("iop", switches={"sends_transactions": False})
    fault = (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Receiver'
        b"</s:Value></s:Code><s:Detail><iopFault><faultCode>INTERNAL_ERROR</faultCode><exceptionCode>X</exceptionCode>"
        b"<transactionId>theirs-9</transactionId><message>no</message></iopFault></s:Detail></s:Fault></s:Body>"
        b"</s:Envelope>"
    )
    platform.answers[BEAT] = Http(500, fault)
    assert (await beat(node)).transaction == "theirs-9"
    (trace,) = await node.traces("theirs-9")
    assert (trace.code, trace.correlation) == ("500/INTERNAL_ERROR:X", "theirs-9")


@pytest.mark.parametrize(
    "script",
    [
        {"requestStatus": 19000},
        Fault(),
        Fault(http=400, soap="Sender"),
        Http(502),
        Http(404),
        Http(200, b"<a/>"),
        Silence(0),
    ],
)
@pytest.mark.statement("EMIP-29")
async def test_what_the_log_says_of_a_call_that_failed_names_its_transaction(node, platform, script):
    platform.answers[BEAT] = script
    with pytest.raises((Refused, Unavailable)) as no:
        (await beat(node)).check()
    assert platform.of("ToIOP_HeartBeat")[-1].fields["transactionId"] in no.value.message
    platform.asked.clear()
    with capture_logs() as lines:
        node.clock.forward(minutes=5)
        await node.room.tick()
        for task in list(node.room._busy.values()):
            await task
    (line,) = [one for one in lines if one["event"] == "emip_chore_failed" and "beat" in one["chore"]]
    assert platform.of("ToIOP_HeartBeat")[-1].fields["transactionId"] in line["message"]
