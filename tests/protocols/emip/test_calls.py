"""Calls out: the header, the transaction, the time that is given, and what comes back told apart."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from interroam.core.audit import LOCAL
from interroam.core.hub import Deadlines
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Act, Entry
from interroam.model.ids import PartyId, cdr_key
from interroam.protocols.emip import calls
from interroam.protocols.emip.calls import Result, transaction_of
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.wire import from_iop, to_iop
from interroam.protocols.emip.wire.operations import OPERATIONS
from tests.protocols.emip.charging import ASKED, listed, world
from tests.protocols.emip.nodes import cpo_node, hub
from tests.protocols.emip.partner import SOAP, Fault, Http, Partner, Silence, fault, write

BEAT = "eMIP_ToIOP_HeartBeat"
BUSY = "eMIP_ToIOP_SetEVSEBusyStatus"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def platform():
    async with Partner("FR*107", "FR*107") as one:
        yield one


@pytest.fixture
async def node(tmp_path, platform):
    async with cpo_node(tmp_path) as one:
        await one.platform(platform.url)
        yield one


def peer(node, id="iop") -> Peer:
    return Peer(node.book.partners[id], node.hub, node.room.calls, PartyId.of("FR", "C01"))


def status(node, **more) -> to_iop.SetEVSEBusyStatus:
    head = peer(node).header(PartyId.of("FR", "C01"))
    fields = {"evse_id": "FR*C01*E1", "status_event_date": NOON, "busy_status": 1}
    return to_iop.SetEVSEBusyStatus(**head, **fields, **more)


async def call(node, platform, script):
    platform.answers[BUSY] = script
    return await peer(node).call(status(node))


async def test_a_message_says_who_we_are_and_what_it_is(node, platform):
    await call(node, platform, {"requestStatus": 1})
    (asked,) = platform.of("ToIOP_SetEVSEBusyStatus")
    assert asked.fields["partnerId"] == "FR*P-C01"
    assert (asked.fields["operatorIdType"], asked.fields["operatorId"]) == ("eMI3", "FR*C01")
    assert asked.fields["statusEventDate"] == "2026-03-02T12:00:00Z"
    action = "https://api-iop.gireve.com/services/eMIP_ToIOP_SetEVSEBusyStatusV1/"
    assert asked.headers["content-type"] == f'application/soap+xml; charset=utf-8; action="{action}"'
    assert asked.path == "/their/door"


@pytest.mark.statement("EMIP-8")
async def test_where_a_platform_is_is_configuration(node, platform):
    assert not [one for one in OPERATIONS if "gireve.com" in one.family.path]
    await node.change("iop", switches={"paths": "families"})
    await call(node, platform, {"requestStatus": 1})
    await peer(node).call(to_iop.HeartBeat(**peer(node).header(PartyId.of("FR", "C01"))))
    assert platform.of("ToIOP_SetEVSEBusyStatus")[-1].path == "/their/door/services/evciV1"
    assert platform.of("ToIOP_HeartBeat")[-1].path == "/their/door/services/platformV1"
    async with Partner("FR*107") as test:
        await node.app.office.admin.register(LOCAL, "iop", test.url, "")
        await call(node, test, {"requestStatus": 1})
        assert test.of("ToIOP_SetEVSEBusyStatus")


@pytest.mark.statement("EMIP-2")
async def test_requests_are_utf_8_and_say_so(node, platform):
    await peer(node).call(status(node, busy_status_comment="kaputt – für heute"))
    (asked,) = platform.of("ToIOP_SetEVSEBusyStatus")
    assert asked.fields["busyStatusComment"] == "kaputt – für heute"
    assert "kaputt – für heute".encode() in asked.raw
    assert "charset=utf-8" in asked.headers["content-type"]


@pytest.mark.statement("EMIP-21", "EMIP-24")
async def test_each_message_has_a_transaction_of_its_own(tmp_path, node, platform):
    for _ in range(3):
        await call(node, platform, {"requestStatus": 1})
    ids = [one.fields["transactionId"] for one in platform.of("ToIOP_SetEVSEBusyStatus")]
    assert len(set(ids)) == 3
    async with hub(tmp_path) as iop, Partner("FR*P-C01", "FR*C01") as cpo:
        partner = await iop.cpo("FR*C01", url=cpo.url, sends_transactions=False)  # which a platform cannot help
        for given in ("x", "y"):
            message = from_iop.HeartBeat(
                transaction_id=given, partner_id="FR*107", operator_id="FR*107", target_operator_id="FR*C01"
            )
            await iop.room.calls.call(partner, message)
        link = iop.links[partner.id]
        await link.beat()
        await link.beat()
        ids = [one.fields["transactionId"] for one in cpo.asked]
        assert ids[:2] == ["x", "y"]
        assert len(set(filter(None, ids))) == 4


@pytest.mark.statement("EMIP-23")
async def test_who_sent_no_transaction_keeps_its_trace_under_the_returned_one(node, platform):
    await node.change("iop", switches={"sends_transactions": False})
    called = await call(node, platform, {"transactionId": "theirs-1", "requestStatus": 1})
    (asked,) = platform.of("ToIOP_SetEVSEBusyStatus")
    assert "transactionId" not in asked.fields
    assert called.transaction == "theirs-1"
    (trace,) = await node.traces("theirs-1")
    assert (trace.operation, trace.correlation) == (BUSY, "theirs-1")


OK_BUT = write(f"{BUSY}Response", {"transactionId": "t", "requestStatus": 1})
CASES = [
    ({"requestStatus": 1}, Result.SUCCESS, "200/1"),
    ({"requestStatus": 900}, Result.WARNING, "200/900"),
    ({"requestStatus": 4711}, Result.WARNING, "200/4711"),  # unknown, classed by the threshold
    ({"requestStatus": 9999}, Result.WARNING, "200/9999"),
    ({"requestStatus": 10000}, Result.ERROR, "200/10000"),
    ({"requestStatus": 10601}, Result.ERROR, "200/10601"),
    ({"requestStatus": 123456}, Result.ERROR, "200/123456"),
    ({"requestStatus": -9999992}, Result.ERROR, "200/-9999992"),
    ({"requestStatus": "-1: whatever"}, Result.ERROR, "200/-1"),
    ({"requestStatus": " 1: Ok!"}, Result.SUCCESS, "200/1"),
]


@pytest.mark.statement("EMIP-30")
@pytest.mark.parametrize(("script", "result", "code"), CASES)
async def test_the_status_of_every_answer_is_examined(node, platform, script, result, code):
    called = await call(node, platform, script)
    assert (called.result, called.code) == (result, code)
    assert called.done is (result is not Result.ERROR)


@pytest.mark.statement("EMIP-31")
@pytest.mark.parametrize(
    ("script", "result", "code"),
    [
        (Http(404), Result.HTTP, "404"),
        (Http(503, b"<html/>"), Result.HTTP, "503"),
        (Http(500, OK_BUT), Result.HTTP, "500"),
        (Fault("INVALID_REQUEST", "INVALID_VALUE", 400, "Sender"), Result.FAULT, "400/INVALID_REQUEST:INVALID_VALUE"),
        (Fault(http=200), Result.FAULT, "200/INTERNAL_ERROR:UNEXPECTED_ERROR"),
        (Fault(http=500), Result.FAULT, "500/INTERNAL_ERROR:UNEXPECTED_ERROR"),
        ({"requestStatus": 19001}, Result.ERROR, "200/19001"),
    ],
)
async def test_http_failures_faults_and_errors_are_told_apart(node, platform, script, result, code):
    called = await call(node, platform, script)
    assert (called.result, called.code) == (result, code)
    assert not called.done
    (trace,) = await node.traces(called.transaction)
    assert trace.code == code


@pytest.mark.statement("EMIP-31")
async def test_a_fault_in_the_style_of_soap_11_is_a_fault(node, platform):
    old = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring>'
        "</s:Fault></s:Body></s:Envelope>"
    )
    called = await call(node, platform, Http(200, old.encode()))
    assert called.result is Result.FAULT


@pytest.mark.statement("EMIP-48")
@pytest.mark.parametrize(
    ("script", "raised", "reason"),
    [
        ({"requestStatus": 10601}, Refused, Reason.UNKNOWN_OBJECT),
        ({"requestStatus": 19005}, Refused, Reason.FOREIGN),
        ({"requestStatus": -9999990}, Refused, Reason.REJECTED),
        (Fault("INVALID_REQUEST", "INVALID_VALUE", 400, "Sender"), Refused, Reason.BAD_ANSWER),
        (Fault("AUTHENTICATION_ERROR", "IP_NOT_ALLOWED", 500, "Sender"), Refused, Reason.BAD_ANSWER),
        (Http(404), Refused, Reason.BAD_ANSWER),
        (Fault("INTERNAL_ERROR", "UNEXPECTED_ERROR", 500), Unavailable, Reason.BAD_ANSWER),
        (Fault("SERVICE_UNAVAILABLE", "OVERLOADED", 200), Unavailable, Reason.BAD_ANSWER),
        (Http(502), Unavailable, Reason.BAD_ANSWER),
        (Http(500, OK_BUT), Unavailable, Reason.BAD_ANSWER),
        (Http(200, b"hello"), Unavailable, Reason.BAD_ANSWER),
        (Silence(0), Unavailable, Reason.TIMED_OUT),
    ],
)
async def test_only_what_was_not_answered_is_worth_another_try(node, platform, script, raised, reason):
    with pytest.raises(raised) as no:
        (await call(node, platform, script)).check()
    assert no.value.reason is reason


async def test_a_partner_says_when_to_come_back(node, platform):
    busy = Http(503, fault(Fault("SERVICE_UNAVAILABLE", "OVERLOADED", 503)), {"retry-after": "17"})
    with pytest.raises(Unavailable) as later:
        (await call(node, platform, busy)).check()
    assert later.value.retry_after == 17


@pytest.mark.statement("EMIP-42")
async def test_a_platform_is_given_15_seconds(node, platform, monkeypatch):
    assert calls.TO_IOP_S == 15
    monkeypatch.setattr(calls, "TO_IOP_S", 0.3)
    began = time.perf_counter()
    with pytest.raises(Unavailable) as lost:
        await call(node, platform, Silence(5))
    assert 0.25 < time.perf_counter() - began < 1
    assert lost.value.reached
    monkeypatch.setattr(calls, "TO_IOP_S", 15.0)
    monkeypatch.setattr(calls, "FROM_IOP_S", 0.1)  # which says nothing of platforms
    platform.answers[BUSY] = lambda _: (time.sleep(0.3), {"requestStatus": 1})[1]
    assert (await peer(node).call(status(node))).done


@pytest.mark.statement("EMIP-41")
async def test_a_partner_is_given_no_longer_however_patient_the_platform_is(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "FROM_IOP_S", 0.3)
    async with world(tmp_path, deadlines=Deadlines(partner=60, door=8)) as here:
        await listed(here.node)
        here.emsp.answers[ASKED] = Silence(60)
        began = time.perf_counter()
        answer = await here.ask()
        assert time.perf_counter() - began < 5
        assert answer.fields["authorisationValue"] == "1"  # the list decides


@pytest.mark.statement("EMIP-41")
async def test_a_partner_of_a_platform_is_given_5_seconds(tmp_path, monkeypatch):
    assert calls.FROM_IOP_S == 5
    assert Deadlines().partner == 5
    monkeypatch.setattr(calls, "FROM_IOP_S", 0.3)
    async with hub(tmp_path) as node, Partner("FR*P-C01", "FR*C01") as cpo:
        await node.cpo("FR*C01", url=cpo.url)
        cpo.answers["eMIP_FromIOP_HeartBeat"] = Silence(5)
        began = time.perf_counter()
        with pytest.raises(Unavailable) as lost:
            await node.links["fr-c01"].beat()
        assert 0.25 < time.perf_counter() - began < 1
        assert lost.value.reason is Reason.TIMED_OUT
        (trace,) = await node.traces(cpo.asked[0].fields["transactionId"])
        assert trace.code == "timed_out"


def entry(seq: int, hub_id: str = "01a1") -> Entry:
    key = cdr_key(PartyId.of("FR", "C01"), "cdr-1")
    return Entry(
        seq=seq,
        at=NOON,
        lane="charges",
        act=next(iter(Act)),
        key=key,
        no=1,
        hub_id=hub_id,
        origin="office",
        correlation="c-1",
    )


@pytest.mark.statement("EMIP-133")
async def test_a_retried_message_keeps_its_transaction_and_no_other_has_it(node, platform):
    from interroam.model.ids import Party

    iop = Party.parse("FR*107/HUB")
    message = status(node)
    platform.answers[BUSY] = [Silence(0), Http(503), {"requestStatus": 1}]
    for _ in range(2):
        with pytest.raises(Unavailable):
            await peer(node).send(entry(7), message, iop)
    await peer(node).send(entry(7), message, iop)
    await peer(node).send(entry(8), message, iop)
    *tries, other = [one.fields["transactionId"] for one in platform.of("ToIOP_SetEVSEBusyStatus")]
    assert len(tries) >= 3
    assert len(set(tries)) == 1
    assert other != tries[0]
    many = {transaction_of(entry(seq, hub_id), name) for seq in range(9) for hub_id in "ab" for name in ("X", "Y")}
    assert len(many) == 36


async def test_a_start_is_not_sent_again_where_the_connection_ends_without_an_answer(node, platform):
    begun = "eMIP_ToIOP_SetServiceAuthorisation"
    platform.answers |= {BUSY: [{"requestStatus": 1}, Silence(0), {"requestStatus": 1}], begun: Silence(0)}
    start = to_iop.SetServiceAuthorisation(
        **peer(node).header(PartyId.of("FR", "C01")),
        evse_id="FR*C01*E1",
        user_id_type="EMP-SPEC",
        user_id="app-7",
        requested_service_id="1",
        authorisation_value=1,
        intermediate_cdr_requested=False,
    )
    await peer(node).call(status(node))  # from now on there is a connection
    assert (await peer(node).call(status(node))).done  # which ended, and another one was opened
    with pytest.raises(Unavailable) as lost:
        await peer(node).call(start)
    assert lost.value.reached
    assert len(platform.of(begun.removeprefix("eMIP_"))) == 1


async def test_what_is_no_word_of_the_protocol_is_not_supported(node):
    from interroam.model.ids import Party
    from interroam.model.questions import CancelReservation

    question = CancelReservation(emsp=PartyId.of("FR", "E01"), reservation_id="r")
    hub_party = Party.parse("FR*107/HUB")
    answer = await node.links["iop"].ask(question, hub_party, hub_party, "c", 1.0)
    assert answer.result == "NOT_SUPPORTED"


def test_every_reason_has_a_status_in_every_table():
    from interroam.protocols.emip.rules.codes import OTHERS, STATUSES

    for table in (OTHERS, *STATUSES.values()):
        assert set(table) == set(Reason)
        assert all(1 <= number < 20000 for number in table.values())
