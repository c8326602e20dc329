"""The front of a platform: what is read, what is answered, what is done when nothing can be answered."""

from __future__ import annotations

import asyncio
import time

import pytest

from interroam.core.hub import Deadlines
from interroam.model.errors import Reason, Unavailable
from interroam.protocols.emip.server import front
from tests.protocols.emip.nodes import cpo_node, emsp_node, hub
from tests.protocols.emip.partner import Partner, write

BEAT = "eMIP_ToIOP_HeartBeat"
ASK = "eMIP_ToIOP_GetServiceAuthorisation"
START = "eMIP_ToIOP_SetServiceAuthorisation"
STARTED = "eMIP_FromIOP_SetServiceAuthorisation"
SWIPE = {
    "EVSEIdType": "eMI3",
    "EVSEId": "FR*C01*E1",
    "userIdType": "RFID-UID",
    "userId": "04A1B2C3",
    "requestedServiceId": 1,
}
PATHS = [
    "/emip",
    "/emip/",
    "/emip/services/authorisationV1",
    "/emip/services/csfV1",
    "/emip/anything/at/all",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_operation_is_answered_at_every_path(node, cpo, path):
    answer = await cpo.call(node.url, BEAT, path=path)
    assert (answer.http, answer.name, answer.status) == (200, f"{BEAT}Response", 1)


@pytest.mark.statement("EMIP-1")
async def test_only_soap_12_is_served(node, cpo):
    old = write(f"{BEAT}Request", cpo.header("t-11")).replace(
        b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"
    )
    answer = await cpo.post(f"{node.url}/emip", old, {"content-type": "text/xml; charset=utf-8"})
    assert (answer.http, answer.fault) == (400, ("INVALID_REQUEST", "NOT_SOAP12"))
    assert (await cpo.post(f"{node.url}/emip", write(f"{BEAT}Request", cpo.header("t-12")))).status == 1


@pytest.mark.statement("EMIP-1")
async def test_without_the_test_switch_nothing_is_served_over_plain_http(tmp_path, cpo):
    async with hub(tmp_path, insecure=False) as node:
        await node.cpo("FR*C01")
        answer = await cpo.call(node.url, BEAT)
        assert answer.http == 400
        assert answer.fault == ("INVALID_REQUEST", "HTTPS_ONLY")


@pytest.mark.statement("EMIP-2")
async def test_answers_and_faults_are_utf_8_and_say_so(node, cpo):
    for body in (write(f"{BEAT}Request", cpo.header("t-é")), b"<no>"):
        answer = await cpo.post(f"{node.url}/emip", body)
        assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
        assert answer.raw.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    answer = await cpo.call(node.url, BEAT, transaction="t-é")
    assert "t-é".encode() in answer.raw


@pytest.mark.statement("EMIP-6")
async def test_each_request_gets_one_response_or_one_fault_and_never_both(node, cpo):
    good = write(f"{BEAT}Request", cpo.header())
    cases = {
        good: "Response",
        good.replace(b"HeartBeat", b"HeartAttack"): "Fault",
        good.replace(b"<partnerId>", b"<partnerIds>").replace(b"</partnerId>", b"</partnerIds>"): "Fault",
        good.replace(b"FR*P-C01", b"FR*XXX"): "Fault",
        b"": "Fault",
        b"not xml": "Fault",
    }
    for body, kind in cases.items():
        answer = await cpo.post(f"{node.url}/emip", body)
        assert answer.name.endswith(kind), body
        assert answer.raw.count(b"Response>") == (2 if kind == "Response" else 0)
        assert answer.raw.count(b"Fault>") in ((0,) if kind == "Response" else (4,))


@pytest.mark.statement("EMIP-6")
async def test_what_a_handler_did_not_foresee_is_a_fault_without_a_word_of_it(node, cpo):
    async def breaks(_desk, _call):
        raise KeyError("secret thought")

    node.room.front._handlers[BEAT] = breaks
    answer = await cpo.call(node.url, BEAT, transaction="t-21")
    assert (answer.http, answer.fault) == (500, ("INTERNAL_ERROR", "UNEXPECTED_ERROR"))
    assert answer.fields["Detail"]["iopFault"]["transactionId"] == "t-21"
    assert b"secret thought" not in answer.raw


@pytest.mark.statement("EMIP-6")
async def test_what_cannot_be_written_as_an_answer_is_a_fault(node, cpo):
    async def odd(_desk, _call):
        return object()

    node.room.front._handlers[BEAT] = odd
    answer = await cpo.call(node.url, BEAT, transaction="t-22")
    assert (answer.http, answer.fault) == (500, ("INTERNAL_ERROR", "UNEXPECTED_ERROR"))
    assert answer.fields["Detail"]["iopFault"]["transactionId"] == "t-22"


async def test_a_body_that_is_wrong_below_its_header_is_answered_with_a_status(node, cpo):
    answer = await cpo.call(node.url, ASK, {**SWIPE, "userId": ""}, transaction="t-31")
    assert (answer.http, answer.status, answer.fields["transactionId"]) == (200, 19001, "t-31")
    assert answer.fields["authorisationValue"] == "2"
    assert answer.fields["serviceSessionId"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "text/xml;charset=utf-8"},
        {"soapaction": '"urn:whatever"'},
        {"content-type": 'application/soap+xml; charset=utf-8; action="urn:nonsense"'},
        {"content-type": "text/xml"},
    ],
)
async def test_odd_headers_of_requests_do_not_matter(node, cpo, headers):
    assert (await cpo.call(node.url, BEAT, headers=headers)).status == 1


async def test_a_client_that_looks_before_it_asks_is_not_challenged(node, cpo):
    answer = await cpo.post(f"{node.url}/emip/services/csfV1", b"", method="GET")
    assert answer.http == 200
    assert "www-authenticate" not in answer.headers
    other = await cpo.post(f"{node.url}/emip", b"", method="DELETE")
    assert (other.http, other.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.statement("EMIP-9")
@pytest.mark.parametrize(
    ("path", "there", "not_there"),
    [
        ("/emip?wsdl", b"ToIOP_SetChargeDetailRecord", b"FromIOP_"),
        ("/emip/iop?WSDL", b"ToIOP_HeartBeat", b"FromIOP_"),
        ("/emip/cpo?wsdl", b"FromIOP_SetServiceAuthorisation", b"FromIOP_GetServiceAuthorisation"),
        ("/emip/emsp?wsdl", b"FromIOP_GetServiceAuthorisation", b"FromIOP_SetServiceAuthorisation"),
    ],
)
async def test_each_of_the_three_interfaces_is_described(node, cpo, path, there, not_there):
    answer = await cpo.post(node.url + path, b"", method="GET")
    assert answer.http == 200
    assert there in answer.raw
    assert not_there not in answer.raw
    assert f"{node.url}{path.partition('?')[0]}".encode() in answer.raw


@pytest.mark.statement("EMIP-9")
async def test_a_node_that_is_no_platform_describes_its_own_side(tmp_path):
    async with cpo_node(tmp_path) as cpo, emsp_node(tmp_path) as emsp, Partner("FR*107") as platform:
        for node, there, not_there in (
            (cpo, b"FromIOP_SetServiceAuthorisation", b"FromIOP_GetServiceAuthorisation"),
            (emsp, b"FromIOP_GetServiceAuthorisation", b"FromIOP_SetServiceAuthorisation"),
        ):
            await node.platform("")
            answer = await platform.post(f"{node.url}/emip?wsdl", b"", method="GET")
            assert answer.http == 200
            assert there in answer.raw
            assert not_there not in answer.raw
            assert b"ToIOP_" not in answer.raw.replace(b"FromIOP_", b"")


async def test_what_only_a_platform_serves_is_unknown_at_a_node_that_is_none(tmp_path):
    async with cpo_node(tmp_path) as node, Partner("FR*107", "FR*107") as platform:
        await node.platform("")
        answer = await platform.call(node.url, BEAT)
        assert answer.fault == ("INVALID_REQUEST", "UNKNOWN_OPERATION")


async def test_a_node_that_has_too_much_to_do_says_when_to_come_back(node, cpo):
    async def refuses(_desk, _call):
        raise Unavailable(Reason.OVERLOADED, "too much waits", retry_after=7.0)

    node.room.front._handlers[BEAT] = refuses
    answer = await cpo.call(node.url, BEAT)
    assert (answer.http, answer.fault) == (503, ("SERVICE_UNAVAILABLE", "OVERLOADED"))
    assert answer.headers["retry-after"] == "7"


@pytest.mark.statement("EMIP-7")
async def test_a_request_larger_than_ten_mebibytes_is_refused_as_a_fault(node, cpo):
    answer = await cpo.post(f"{node.url}/emip", b"<a>" + b" " * (10 * 1024 * 1024))
    assert answer.http == 413
    assert answer.fault[0] == "INVALID_REQUEST"


@pytest.mark.statement("EMIP-43")
async def test_a_question_is_answered_in_time_although_somebody_hangs(tmp_path, cpo):
    assert Deadlines().door * 1.2 < 15
    async with hub(tmp_path, deadlines=Deadlines(partner=0.2, door=0.3)) as node:
        await node.cpo("FR*C01")
        ended = asyncio.Event()

        async def hangs(_desk, _call):
            try:
                await asyncio.sleep(30)
            finally:
                ended.set()

        for name, status in {
            "eMIP_ToIOP_GetServiceAuthorisation": 10210,
            "eMIP_ToIOP_SetServiceAuthorisation": 10207,
        }.items():
            node.room.front._handlers[name] = hangs
            cpo.operator = "FR*C01" if status == 10210 else "FR*E01"
            if status == 10207:
                await node.change("fr-c01", parties=(await node.emsp("FR*E01", partner_id="FR*P-E01")).parties)
            more = {"authorisationValue": 1, "intermediateCDRRequested": 0} if status == 10207 else {}
            began = time.perf_counter()
            answer = await cpo.call(node.url, name, {**SWIPE, **more})
            assert time.perf_counter() - began < 2
            assert answer.status == status
            await asyncio.wait_for(ended.wait(), 1)  # a late yes is a wrong yes
            ended.clear()


@pytest.mark.statement("EMIP-40")
async def test_a_platform_is_answered_in_time_although_the_back_office_hangs(tmp_path):
    assert Deadlines().partner * 0.9 < 5
    deadlines = Deadlines(partner=0.3, door=2.0)
    async with cpo_node(tmp_path, deadlines=deadlines) as node, Partner("FR*107", "FR*E01") as platform:
        await node.platform("")

        async def hangs(_desk, _call):
            await asyncio.sleep(30)

        name = "eMIP_FromIOP_SetServiceAuthorisation"
        node.room.front._handlers[name] = hangs
        fields = {**SWIPE, "serviceSessionId": "s-1", "authorisationValue": 1, "intermediateCDRRequested": 0}
        began = time.perf_counter()
        answer = await platform.call(node.url, name, fields, target="FR*C01")
        assert time.perf_counter() - began < 1
        assert answer.status == 206


@pytest.mark.statement("EMIP-40", "EMIP-43")
async def test_no_deadline_is_longer_than_others_wait(tmp_path, cpo, monkeypatch):
    assert (front.FROM_IOP_S, front.TO_IOP_S) == (5, 15)
    assert front._LONGEST_S[ASK] < 10
    monkeypatch.setattr(front, "FROM_IOP_S", 0.3)
    monkeypatch.setattr(front, "TO_IOP_S", 0.3)
    monkeypatch.setitem(front._LONGEST_S, ASK, 0.3)
    patient = Deadlines(partner=60, door=60)

    async def hangs(_desk, _call):
        await asyncio.sleep(30)

    async with (
        hub(tmp_path, deadlines=patient) as node,
        cpo_node(tmp_path, deadlines=patient) as site,
        Partner("FR*107", "FR*E01") as platform,
        Partner("FR*P-E01", "FR*E01") as emsp,
    ):
        await node.cpo("FR*C01")
        await node.emsp("FR*E01")
        await site.platform("")
        for one in (node, site):
            one.room.front._handlers |= dict.fromkeys((ASK, START, STARTED), hangs)
        more = {**SWIPE, "authorisationValue": 1, "intermediateCDRRequested": 0}
        began = time.perf_counter()
        assert (await cpo.call(node.url, ASK, SWIPE)).status == 10210
        assert (await emsp.call(node.url, START, more)).status == 10207
        answer = await platform.call(site.url, STARTED, {**more, "serviceSessionId": "s-1"}, target="FR*C01")
        assert answer.status == 206
        assert time.perf_counter() - began < 3
