"""What a platform says wrongly to an eMSP's node: it is answered, and does no lasting harm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interroam.core.refs import evse_ref
from interroam.model.ids import Kind
from tests.protocols.emip.charging import EVSE, POOL, START
from tests.protocols.emip.nodes import PLATFORM, emsp_node
from tests.protocols.emip.partner import Partner

STATIC = "eMIP_FromIOP_SetEVSEStaticDataChanges"
DYNAMIC = "eMIP_FromIOP_SetEVSEDynamicDataChanges"


@pytest.fixture
async def say(tmp_path):
    async with emsp_node(tmp_path) as node, Partner(PLATFORM, "FR*C01", iop=True) as iop:
        await node.platform(iop.url)
        iop.operator = PLATFORM

        async def said(operation, **fields):
            return await iop.call(node.url, operation, fields, target="FR*E01")

        said.node = node
        answer = await said(STATIC, EVSEStaticDataChangeList={"EVSEStaticDataChange": described()})
        assert answer.status == 1, answer.raw
        yield said


def described(**more):
    place = {"EVSEIdType": "eMI3", "EVSEId": EVSE, "chargingPoolIdType": "eMI3", "chargingPoolId": POOL}
    place |= {"entrancelatitude": "45.76", "entrancelongitude": "4.83", **more}
    return {"actionType": 1, "changeDateTime": START, "EVSEDescrip": place}


def stated(busy, at, until=None):
    fields = {"EVSEIdType": "eMI3", "EVSEId": EVSE, "busyStatusEventDate": at, "busyStatus": busy}
    return {
        "EVSEDynamicDataChangeList": {"EVSEDynamicDataChange": fields | ({"busyStatusUntil": until} if until else {})}
    }


async def _busy(node):
    (row,) = await node.store.by_ref(evse_ref(EVSE), Kind.EVSE)
    return row.body.status.busy


async def test_a_status_of_the_far_future_does_not_outrank_all_that_follow(say):
    assert (await say(DYNAMIC, **stated(2, "9999-12-31T23:59:59Z"))).status == 1
    taken = await _busy(say.node)
    later = datetime.now(UTC).isoformat()
    assert (await say(DYNAMIC, **stated(1, later))).status == 1
    assert await _busy(say.node) != taken


async def test_numbers_without_meaning_are_remarked_and_change_nothing(say):
    assert (await say(DYNAMIC, **stated(2, START))).status == 1
    before = await _busy(say.node)
    head = say.node.store.head()
    assert (await say(DYNAMIC, **stated(9, datetime.now(UTC).isoformat()))).status == 900
    assert (await say(DYNAMIC, **stated(2, "soon"))).status == 19001
    odd = described(entrancelatitude="1000")
    assert (await say(STATIC, EVSEStaticDataChangeList={"EVSEStaticDataChange": odd})).status in (1, 900)
    assert await _busy(say.node) == before
    assert say.node.store.head() == head


async def test_a_description_of_the_far_future_does_not_outrank_all_that_follow(say):
    far = {**described(busyStatus=2, availabilityStatus=1), "changeDateTime": "9999-12-31T23:59:59Z"}
    assert (await say(STATIC, EVSEStaticDataChangeList={"EVSEStaticDataChange": far})).status == 1
    taken = await _busy(say.node)
    assert (await say(DYNAMIC, **stated(1, datetime.now(UTC).isoformat()))).status == 1
    assert await _busy(say.node) != taken


async def test_a_place_very_near_the_equator_is_described(say):
    near = described(entrancelatitude="0.00000001", entrancelongitude="4.123456789012345")
    assert (await say(STATIC, EVSEStaticDataChangeList={"EVSEStaticDataChange": near})).status == 1
