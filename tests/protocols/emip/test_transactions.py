"""Transactions: made, echoed, kept over retries; the same message twice is done once; traces tell the story."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from interroam.core.audit import LOCAL
from interroam.model.errors import Refused, Unavailable
from interroam.protocols.emip.wire import to_iop
from tests.protocols.emip.charging import CDR, record, world
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner, write
from tests.protocols.emip.places import availability, build
from tests.waiting import eventually

BEAT = "eMIP_ToIOP_HeartBeat"
EVENT = "eMIP_ToIOP_SetSessionEventReport"
EVENT_FIELDS = {
    "serviceSessionId": "iop-1",
    "execPartnerSessionId": "cpo-1",
    "sessionEvent": {"sessionEventNature": 3, "sessionEventDateTime": "2026-03-02T08:00:00Z"},
}


class Works:
    """Stands in for the handler of events: counts, and answers by the count."""

    def __init__(self, node) -> None:
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        node.room.front._handlers[EVENT] = self

    async def __call__(self, _desk, call):
        self.count += 1
        number = self.count
        await self.gate.wait()
        return to_iop.SetSessionEventReportResponse(
            transaction_id=call.transaction,
            service_session_id="iop-1",
            session_event_id=f"event-{number}",
            session_action_id=f"event-{number}",
            request_status=1,
        )


@pytest.mark.statement("EMIP-21")
async def test_the_transaction_of_a_request_is_echoed_unchanged(node, cpo):
    for given in ("t-1", "Ünï cödé", "x" * 200):
        assert (await cpo.call(node.url, BEAT, transaction=given)).fields["transactionId"] == given
    refused = await cpo.call(node.url, BEAT, transaction="t-2", partnerId="FR*XXX")
    assert refused.fields["Detail"]["iopFault"]["transactionId"] == "t-2"


@pytest.mark.statement("EMIP-22")
async def test_a_request_without_a_transaction_gets_a_unique_one_and_its_trace_lies_there(node, cpo):
    made = [(await cpo.call(node.url, BEAT, transaction=None)).fields["transactionId"] for _ in range(3)]
    assert len(set(made)) == 3
    assert all(made)
    (trace,) = await node.traces(made[0])
    assert (trace.operation, trace.correlation) == (BEAT, made[0])
    empty = await cpo.call(node.url, BEAT, transaction="  ")  # an empty element is an absent one
    assert empty.fields["transactionId"].strip()


@pytest.mark.statement("EMIP-25")
async def test_when_no_transaction_can_be_made_that_is_a_fault_of_its_own(node, cpo):
    def cannot():
        raise RuntimeError("out of numbers")

    node.room.front.mint = cannot
    answer = await cpo.call(node.url, BEAT, transaction=None)
    assert answer.fault == ("INTERNAL_ERROR", "MSG_SUIVI_WS_CANNOT_CREATE_TRANSACTION_EXCEPTION")
    assert answer.http == 500
    assert (await cpo.call(node.url, BEAT, transaction="t-3")).status == 1  # who brings one needs none


@pytest.mark.statement("EMIP-32")
async def test_a_repeated_message_is_answered_again_and_done_once(node, cpo):
    works = Works(node)
    first = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-4")
    again = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-4")
    assert works.count == 1
    assert again.raw == first.raw
    other = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-5")
    changed = await cpo.call(node.url, EVENT, {**EVENT_FIELDS, "execPartnerSessionId": "cpo-2"}, transaction="t-4")
    assert works.count == 3
    assert other.fields["sessionEventId"] == "event-2"
    assert changed.fields["sessionEventId"] == "event-3"


@pytest.mark.statement("EMIP-32", "EMIP-133")
async def test_a_failure_of_ours_is_no_answer_to_give_again(node, cpo):
    works = Works(node)

    async def fails(_desk, _call):
        raise RuntimeError("out of order")

    node.room.front._handlers[EVENT] = fails
    first = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-6")
    assert first.fault == ("INTERNAL_ERROR", "UNEXPECTED_ERROR")
    node.room.front._handlers[EVENT] = works
    again = [await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-6") for _ in range(2)]
    assert [one.status for one in again] == [1, 1]
    assert works.count == 1
    gate, tries = asyncio.Event(), []

    async def fails_once(desk, call):
        tries.append(call.transaction)
        if len(tries) == 1:
            await gate.wait()
            raise RuntimeError("out of order")
        return await works(desk, call)

    node.room.front._handlers[EVENT] = fails_once
    both = [asyncio.ensure_future(cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-7")) for _ in range(2)]
    await eventually(lambda: len(node.room.front._tasks) == 2)
    gate.set()
    assert sorted(one.http for one in await asyncio.gather(*both)) == [200, 500]
    assert tries == ["t-7", "t-7"]


@pytest.mark.statement("EMIP-32")
async def test_a_record_that_is_repeated_after_the_end_of_its_session_is_answered_as_it_was(tmp_path):
    async with world(tmp_path) as here:
        session = await here.allowed(intermediateCDRRequested=1)
        interim = record(session, 2)
        first = await here.cpo.call(here.node.url, CDR, interim, transaction="t-60")
        assert (first.status, (await here.bring(session)).status) == (1, 1)
        again = await here.cpo.call(here.node.url, CDR, interim, transaction="t-60")
        other = await here.cpo.call(here.node.url, CDR, interim, transaction="t-61")
        assert again.raw == first.raw
        assert other.status == 19006  # that is another message, and it comes too late
        await here.node.settled()
        assert len(here.emsp.of("FromIOP_SetChargeDetailRecord")) == 2


@pytest.mark.statement("EMIP-32")
async def test_a_message_repeated_while_the_first_is_at_work_waits_for_its_answer(node, cpo):
    works = Works(node)
    works.gate.clear()
    calls = [asyncio.create_task(cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-6")) for _ in range(3)]
    while not works.count:  # noqa: ASYNC110  it begins behind our back
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    works.gate.set()
    answers = await asyncio.gather(*calls)
    assert works.count == 1
    assert len({answer.raw for answer in answers}) == 1


@pytest.mark.statement("EMIP-32")
async def test_a_message_repeated_after_a_restart_is_answered_again(node, cpo):
    works = Works(node)
    first = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-7")
    await node.restart()
    later = Works(node)
    again = await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-7")
    assert (works.count, later.count) == (1, 0)
    assert again.raw == first.raw


@pytest.mark.statement("EMIP-32")
async def test_the_same_transaction_of_another_partner_is_another_one(node, cpo):
    await node.cpo("FR*C02")
    works = Works(node)
    await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-8")
    async with Partner("FR*P-C02", "FR*C02") as other:
        await other.call(node.url, EVENT, EVENT_FIELDS, transaction="t-8")
    assert works.count == 2


async def test_a_failure_of_ours_is_not_repeated(node, cpo):
    async def breaks(_desk, _call):
        raise RuntimeError

    node.room.front._handlers[EVENT] = breaks
    assert (await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-9")).http == 500
    works = Works(node)
    assert (await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-9")).status == 1
    assert works.count == 1


async def test_answers_are_forgotten_after_some_days(node, cpo):
    works = Works(node)
    await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-10")
    shelves = [f"emip-answer-{node.clock.now():%Y-%m-%d}"]
    assert len(await node.store.all(shelves[0])) == 1
    node.clock.forward(days=5)
    await node.room.front.repeats.clean()
    assert await node.store.all(shelves[0]) == []
    await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-10")
    assert works.count == 2


# -- traces --------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-26", "EMIP-27")
async def test_each_message_is_traced_with_its_transaction_its_sessions_and_its_time(node, cpo):
    Works(node)
    before = node.clock.now()
    await cpo.call(node.url, EVENT, EVENT_FIELDS, transaction="t-20")
    (trace,) = await node.traces("t-20")
    assert (trace.operation, trace.code, trace.inward) == (EVENT, "200/1", True)
    assert {"t-20", "iop-1", "cpo-1"} <= set(trace.ids)
    assert before <= trace.at <= node.clock.now()
    assert trace.latency_us > 0
    assert b"<sessionEventNature>3<" in trace.request
    assert b"requestStatus" in trace.response
    assert [one.correlation for one in await node.traces("cpo-1")] == ["t-20"]
    assert await node.traces("t-2") == []


@pytest.mark.statement("EMIP-26", "EMIP-31")
async def test_what_we_ask_is_traced_alike_and_says_how_it_ended(node):
    from interroam.protocols.emip.wire import from_iop
    from tests.protocols.emip.partner import Fault, Http

    async with Partner("FR*P-E01", "FR*E01") as emsp:
        partner = await node.emsp("FR*E01", url=emsp.url)
        name = "eMIP_FromIOP_GetServiceAuthorisation"
        for transaction, script, code in [
            ("o-1", {"authorisationValue": 1, "requestStatus": 1, "partnerServiceSessionId": "emsp-1"}, "200/1"),
            ("o-2", {"authorisationValue": 2, "requestStatus": 203}, "200/203"),
            ("o-3", {"authorisationValue": 2, "requestStatus": 10210}, "200/10210"),
            ("o-4", Fault(), "500/INTERNAL_ERROR:UNEXPECTED_ERROR"),
            ("o-5", Http(502), "502"),
        ]:
            emsp.answers[name] = script
            message = from_iop.GetServiceAuthorisation(
                transaction_id=transaction,
                partner_id="FR*107",
                operator_id="FR*C01",
                evse_id="FR*C01*E1",
                user_id_type="RFID-UID",
                user_id="04A1B2C3",
                requested_service_id="1",
                service_session_id="iop-9",
            )
            await node.room.calls.call(partner, message)
            (trace,) = await node.traces(transaction)
            assert (trace.operation, trace.code, trace.inward) == (name, code, False)
            assert "iop-9" in trace.ids
        assert "emsp-1" in (await node.traces("o-1"))[0].ids


@pytest.mark.statement("EMIP-29")
async def test_lines_of_the_log_carry_the_transaction(node, cpo):
    async def says(_desk, _call):
        structlog.get_logger().info("something_happened")
        raise RuntimeError

    node.room.front._handlers[BEAT] = says
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await cpo.call(node.url, BEAT, transaction="t-30")
        structlog.get_logger().info("something_else")
    said = {line["event"]: line.get("transaction") for line in lines}
    assert said["something_happened"] == "t-30"
    assert said["request_failed"] == "t-30"
    assert said["something_else"] is None


@pytest.mark.statement("EMIP-29")
async def test_a_line_about_a_status_that_could_not_be_stated_carries_the_transaction_too(node, cpo, monkeypatch):
    await build(cpo, node)
    await availability(cpo, node, 1)  # from now on the EVSE is known

    def cannot(*_):
        raise RuntimeError

    monkeypatch.setattr(node.hub, "told", cannot)
    monkeypatch.setattr(node.hub, "tell", cannot)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await availability(cpo, node, 2)
    made = answer.fields["Detail"]["iopFault"]["transactionId"]
    assert [line.get("transaction") for line in lines if line["event"] == "request_failed"] == [made]


@pytest.mark.statement("EMIP-120")
async def test_certificates_and_keys_are_in_no_trace_and_no_line_of_the_log(tmp_path, cpo):
    from interroam.settings import Listen

    async with hub(tmp_path, listen=Listen(proxies=("127.0.0.1",))) as node:
        await node.cpo("FR*C01", mutual_tls=True, certificate="cert-1")
        secret = "CN=cert-9,OU=0123456789abcdef"
        headers = {"x-client-dn": secret, "authorization": "Basic c2VjcmV0OnNlY3JldA==", "client-cert": ":AAAA:"}
        with capture_logs() as lines:
            answer = await cpo.call(node.url, BEAT, transaction="t-40", headers=headers)
            own = {"x-client-dn": "CN=cert-1,OU=0123456789abcdef", "authorization": headers["authorization"]}
            let_in = await cpo.call(node.url, BEAT, transaction="t-40", headers=own)
        assert answer.fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")
        assert let_in.status == 1
        traces = await node.traces("t-40")
        assert len(traces) == 2
        told = repr(traces) + repr(lines) + answer.raw.decode()
        for word in ("0123456789abcdef", "c2VjcmV0", "BEGIN", ":AAAA:"):
            assert word not in told


@pytest.mark.statement("EMIP-120")
async def test_the_key_that_a_partner_is_issued_is_in_no_trace_and_no_line_of_the_log(tmp_path):
    async with hub(tmp_path) as node:
        await node.cpo("FR*C01", mutual_tls=True)
        with capture_logs() as lines:
            pair, _ = await node.app.office.issuing.issue(LOCAL, "fr-c01")
            again, _ = await node.app.office.issuing.issue(LOCAL, "fr-c01", renew=True)
        told = repr(await node.traces()) + repr(lines) + repr(await node.app.office.audited(LOCAL))
        for pem in (pair.key, pair.certificate, again.key, again.certificate):
            assert pem.splitlines()[1] not in told


@pytest.mark.statement("EMIP-120")
async def test_a_password_in_an_address_is_in_no_trace_and_no_line_of_the_log(node):
    admin = node.app.office.admin
    for url in ("https://me:hush-hush@127.0.0.1:1/emip", "https://me:hush/hush-hush@127.0.0.1", "hush-hush@nowhere"):
        await node.emsp("FR*E01", url=url, heartbeats=True)
        with capture_logs() as lines, pytest.raises(Unavailable) as silence:
            await node.links["fr-e01"].beat()
        with pytest.raises(Refused) as no:
            await admin.register(LOCAL, "fr-e01", url, "")
        traces = await node.traces()
        assert any(trace.partner == "fr-e01" for trace in traces)
        for told in (lines, traces, silence.value, no.value, no.value.message, await node.app.office.audited(LOCAL)):
            assert "hush-hush" not in repr(told)


async def test_the_wire_is_kept_as_it_came(node, cpo):
    body = write(f"{EVENT}Request", {**cpo.header("t-50"), **EVENT_FIELDS})
    Works(node)
    await cpo.post(f"{node.url}/emip", body)
    (trace,) = await node.traces("t-50")
    assert trace.request == body
