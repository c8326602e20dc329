"""Who calls again while nothing changed: what was found out before, and what is looked at each time."""

from __future__ import annotations

import asyncio

import pytest

from interroam.core.hub import Deadlines
from interroam.protocols.emip.wire.types import Response
from tests.protocols.emip.cpo_office import moment
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.test_identities import PROXY
from tests.waiting import eventually

BEAT = "eMIP_ToIOP_HeartBeat"
STATUS = "eMIP_ToIOP_SetEVSEBusyStatus"
RECORDS, USERS = "eMIP_ToIOP_GetChargeDetailRecordList", "eMIP_ToIOP_GetAuthenticationData"


@pytest.mark.statement("EMIP-16", "EMIP-17")
async def test_an_operator_of_one_partner_is_not_one_of_the_next_that_names_it(node, cpo, other):
    await node.cpo("FR*C02")
    for _ in range(2):
        assert (await cpo.call(node.url, BEAT)).status == 1
        stolen = await other.call(node.url, BEAT, operatorId="FR*C01")
        assert stolen.fault == ("AUTHENTICATION_ERROR", "PARTNER_OPERATOR_NOT_ASSOCIATED")
        assert (await other.call(node.url, BEAT)).status == 1


@pytest.mark.statement("EMIP-19")
async def test_who_may_beat_may_not_ask_for_what_is_another_role_s(node, cpo):
    for _ in range(2):
        assert (await cpo.call(node.url, BEAT)).status == 1
        assert (await cpo.call(node.url, RECORDS)).fault == ("ROLE_ERROR", "OPERATION_NOT_ALLOWED_FOR_ROLE")


@pytest.mark.statement("EMIP-122")
async def test_who_may_do_one_thing_may_not_do_what_is_off(node, cpo):
    await node.change("fr-c01", switches={"services": "-ToIOP_GetAuthenticationData"})
    for _ in range(2):
        assert (await cpo.call(node.url, BEAT)).status == 1
        assert (await cpo.call(node.url, USERS)).status == 19007


@pytest.mark.statement("EMIP-12", "EMIP-13")
async def test_where_each_request_comes_from_and_what_it_shows_is_looked_at_each_time(tmp_path, cpo):
    async with hub(tmp_path, listen=PROXY) as node:
        await node.cpo("FR*C01", addresses=("192.0.2.0/28",), mutual_tls=True, certificate="cert-1")
        right = {"x-forwarded-for": "192.0.2.7", "x-client-dn": "CN=cert-1"}
        for wrong, cause in (
            ({"x-forwarded-for": "192.0.2.77"}, "IP_NOT_ALLOWED"),
            ({"x-client-dn": "CN=cert-2"}, "CERTIFICATE_MISMATCH"),
        ):
            assert (await cpo.call(node.url, BEAT, headers=right)).status == 1
            refused = await cpo.call(node.url, BEAT, headers=right | wrong)
            assert refused.fault == ("AUTHENTICATION_ERROR", cause)


@pytest.mark.statement("EMIP-6", "EMIP-26")
async def test_what_is_done_after_its_time_is_over_is_not_answered_a_second_time(tmp_path, cpo):
    async with hub(tmp_path, deadlines=Deadlines(partner=0.2, door=0.2)) as node:
        await node.cpo("FR*C01")
        done = asyncio.Event()

        async def slow(_desk, call):
            await done.wait()
            return Response(transaction_id=call.transaction, request_status=1)

        node.room.front._handlers[STATUS] = slow
        fields = {"EVSEIdType": "eMI3", "EVSEId": "FR*C01*E1", "statusEventDate": moment(node.clock.now())}
        late = await cpo.call(node.url, STATUS, {**fields, "busyStatus": 1}, transaction="t-1")
        assert (late.http, late.fault) == (503, ("SERVICE_UNAVAILABLE", "OVERLOADED"))
        done.set()
        await eventually(lambda: not node.room.front._tasks)
        (trace,) = await node.traces("t-1")
        assert trace.code == "503/SERVICE_UNAVAILABLE:OVERLOADED"
