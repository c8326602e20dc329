"""What cannot be meant, value by value: the right status, a trace, nothing stored, and life goes on."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.protocols.emip import charging
from tests.protocols.emip.bad import (
    AVAILABLE,
    BUSY,
    CHANGES,
    FOREIGN,
    HUGE,
    LIST,
    POOL,
    RECORD,
    RECORDS,
    SEARCH,
    STATION,
    USERS,
    around,
    asked,
    available,
    described,
    message,
    standing,
    started,
    users,
)
from tests.protocols.emip.charging import ACTION, CDR, EVENT, GET, METERS, SET, START, meter, record
from tests.protocols.emip.partner import Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def bad(tmp_path_factory):
    async with standing(tmp_path_factory.mktemp("bad")) as one:
        yield one


# -- what cannot be meant ----------------------------------------------------------------------------------------------

DATES = (
    "yesterday", "2026-03-14", "2026-02-30T00:00:00Z", "2026-03-14T25:00:00Z", "2026-03-14T12:00:00+99:99",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z", HUGE,
)  # fmt: skip


def cdr(*meters: Any, **more: Any) -> dict[str, Any]:
    return record("S-1", meters=list(meters) or None, **more)


def event(**more: Any) -> dict[str, Any]:
    said = {"sessionEventNature": 3, "sessionEventDateTime": START}
    return {"serviceSessionId": "nobody", "sessionEvent": said, **more}


def action(**more: Any) -> dict[str, Any]:
    said = {"sessionActionNature": 1, "sessionActionDateTime": START}
    return {"serviceSessionId": "nobody", "sessionAction": said, **more}


def where(operator: str, value: str = "1", number: Any = 3044) -> dict[str, Any]:
    condition = {"conditionOperator": operator, "attributeValue": value}
    return around(andCombinedCriteria={"attributeId": number, "attributeCondition": condition})


NONSENSE: dict[str, tuple[str, dict[str, Any], int]] = {
    "no EVSEId": (AVAILABLE, available(EVSEId=None), 19001),
    "an empty EVSEId": (AVAILABLE, available(EVSEId=""), 19001),
    "an EVSEId that is none": (AVAILABLE, available(EVSEId="FR*JBO*2927*2323"), 19001),
    "a very long EVSEId": (AVAILABLE, available(EVSEId=f"FR*C01*E{HUGE}"), 19001),
    "a very, very long EVSEId": (AVAILABLE, available(EVSEId="E" * 70_000), 19001),
    "no status": (AVAILABLE, available(availabilityStatus=None), 19001),
    "availabilityStatus 99": (AVAILABLE, available(availabilityStatus=99), 19001),
    "availabilityStatus -1": (AVAILABLE, available(availabilityStatus=-1), 19001),
    "a status without end": (AVAILABLE, available(availabilityStatus=HUGE), 19001),
    "a status that is a word": (AVAILABLE, available(availabilityStatus="free"), 19001),
    "busyStatus 4": (BUSY, {**available(availabilityStatus=None), "busyStatus": 4}, 19001),
    **{f"at {date[:30]}": (AVAILABLE, available(statusEventDate=date), 19001) for date in DATES},
    "until nobody knows when": (AVAILABLE, available(availabilityStatusUntil="soon"), 19001),
    "an unknown EVSE": (AVAILABLE, available(EVSEId="FR*C01*E7777"), 10601),
    "an EVSE of another": (AVAILABLE, available(EVSEId=FOREIGN), 19005),
    "a charge at an unknown EVSE": (GET, asked(EVSEId="FR*C01*E7777"), 201),
    "a charge at an EVSE of another": (GET, asked(EVSEId=FOREIGN), 19005),
    "service 0": (GET, asked(requestedServiceId=0), 19003),
    "an unknown kind of user": (GET, asked(userIdType="PASSPORT"), 19001),
    "a card that is none": (GET, asked(userId="XYZ"), 19001),
    "a card that is too long": (GET, asked(userId="0" * 15), 19001),
    "no user": (GET, asked(userId=None), 19001),
    "a very long user": (GET, asked(userIdType="EMP-SPEC", userId="u" * 70_000), 19001),
    "a very long session": (GET, asked(partnerServiceSessionId="s" * 70_000), 19001),
    "authorisationValue 7": (SET, started(authorisationValue=7), 19004),
    "authorisationValue 2": (SET, started(authorisationValue=2), 19004),
    "neither yes nor no": (SET, started(intermediateCDRRequested="perhaps"), 19001),
    "a limit that is none": (SET, started(meterLimitList={"meterReport": meter(2, "a lot", "Wh")}), 19001),
    "CDRNature 9": (CDR, cdr(CDRNature=9), 19006),
    "no meters": (CDR, cdr(meter(3, "1", "EUR")), 19006),
    "hours for minutes": (CDR, cdr(meter(1, "1", "h"), METERS[1]), 19006),
    "energy below zero": (CDR, cdr(METERS[0], meter(2, "-1", "Wh")), 19006),
    "energy without end": (CDR, cdr(METERS[0], meter(2, HUGE, "Wh")), 19006),
    "a time without end": (CDR, cdr(meter(1, HUGE, "min"), METERS[1]), 19006),
    "a price without end": (CDR, cdr(*METERS, meter(3, HUGE, "EUR")), 19006),
    "power time without end": (CDR, cdr(*METERS, meter(5, HUGE, "min")), 19006),
    "a meter with an exponent": (CDR, cdr(meter(1, "1e3", "min"), METERS[1]), 19001),
    "the end before the start": (CDR, cdr(endTime="2026-03-02T07:00:00Z"), 19006),
    "no CDR": (CDR, {}, 19001),
    "a CDR of an unknown EVSE": (CDR, cdr(EVSEId="FR*C01*E7777"), 10601),
    "a CDR of an EVSE of another": (CDR, cdr(EVSEId=FOREIGN), 19005),
    "a CDR of an unknown session": (CDR, cdr(), 10501),
    "an event of an unknown session": (EVENT, event(), 10501),
    "an event of nothing": (EVENT, event(sessionEvent=None), 19001),
    "an action on an unknown session": (ACTION, action(), 10501),
    "an action at no time": (ACTION, action(sessionAction={"sessionActionNature": 1}), 19001),
    "latitude 1000": (SEARCH, around(latitude=1000), 19001),
    "longitude -181": (SEARCH, around(longitude=-181), 19001),
    "a latitude of very many digits": (SEARCH, around(latitude="0." + "9" * 70_000), 19001),
    "a latitude without end": (SEARCH, around(latitude=HUGE), 19001),
    "radius -1": (SEARCH, around(radius=-1), 19001),
    "radius 0": (SEARCH, around(radius=0), 19001),
    "maxCount 0": (SEARCH, around(maxCount=0), 19001),
    "an unknown operator of conditions": (SEARCH, where("LIKE"), 19001),
    "an attribute that is no number": (SEARCH, where("=", number="power"), 19001),
    "changes, maxCount 0": (CHANGES, {"maxCount": 0}, 19001),
    "a list, maxCount -5": (LIST, {"maxCount": -5}, 19001),
    "a list for service 0": (LIST, {"requestedServiceId": 0}, 19003),
    "records, maxCount 0": (RECORDS, {"maxCount": 0}, 19001),
    "records of CDRNature 9": (RECORDS, {"CDRNature": 9}, 19001),
    "a record of CDRNature 9": (RECORD, {"CDRNature": 9, "serviceSessionId": "nobody"}, 19001),
    "a record of no session": (RECORD, {}, 19001),
    "501 users": (USERS, users(501), 19002),
    "users, actionType 4": (USERS, users(2, actionType=4), 19001),
    "users, authorisationValue 7": (USERS, users(2, authorisationValue=7), 19004),
    "users of service 0": (USERS, users(2, requestedServiceId=0), 19003),
    "users of no kind": (USERS, users(2, userIdType="x"), 19001),
    "a user until nobody knows when": (USERS, users(2, expiryDate="soon"), 19001),
    "no list of users": (USERS, {}, 19001),
    "a pool of another": (POOL, described("ChargingPool", "FR*C02*P7"), 19005),
    "a pool in the sky": (POOL, described("ChargingPool", charging.POOL, (1062, "1000"), actionType=2), 19001),
    "a pool at infinity": (POOL, described("ChargingPool", charging.POOL, (1062, "1e999999999"), actionType=2), 19001),
    "a station in the sky": (
        STATION,
        described("ChargingStation", "FR*C01*S1", (2041, "91"), parentId=charging.POOL),
        19001,
    ),
    "a station without number": (
        STATION,
        described("ChargingStation", "FR*C01*S1", (2041, "1,5"), parentId=charging.POOL),
        19001,
    ),
    "a station of no pool": (STATION, described("ChargingStation", "FR*C01*S1"), 19001),
    "actionType 4": (POOL, described("ChargingPool", charging.POOL, actionType=4), 19001),
}


@pytest.mark.parametrize(("operation", "fields", "status"), NONSENSE.values(), ids=NONSENSE)
async def test_what_cannot_be_meant_gets_a_status_and_changes_nothing(bad, operation, fields, status):
    answer = await bad.refuses(message(operation, fields), f"200/{status}")
    assert answer.name.removesuffix("Response") == operation
    assert answer.fields["transactionId"] == "t-1"
    assert len(answer.raw) < 100_000


async def test_a_station_that_could_not_be_described_can_be_described_still(bad):
    for attribute in ((2041, "91"), (2041, "1,5"), (2066, "perhaps")):
        fields = described("ChargingStation", "FR*C01*S9", attribute, parentId=charging.POOL)
        await bad.refuses(message(STATION, fields), "200/19001")
    unknown = {
        **available(EVSEId=None, EVSEIdType=None),
        "ChargingStationIdType": "eMI3",
        "ChargingStationId": "FR*C01*S9",
    }
    await bad.refuses(message("eMIP_ToIOP_SetChargingStationAvailabilityStatus", unknown), "200/10601")


async def test_the_session_of_another_is_no_business_of_this_one(bad):
    async with Partner("FR*P-C02", "FR*C02") as other:
        answer = await bad.world.report(bad.session, caller=other)
        assert answer.status == 10508
        found = record(bad.session, EVSEId=FOREIGN)
        answer = await other.call(bad.node.url, CDR, found)
        assert answer.status == 10508
    await bad.lives()


async def test_a_huge_count_asks_for_what_there_is(bad):
    for operation, fields in (
        (SEARCH, around(maxCount=10**17)),
        (CHANGES, {"maxCount": 10**17}),
        (RECORDS, {"maxCount": 10**17}),
    ):
        answer = await bad.says(message(operation, fields))
        assert answer.status == 1, answer.raw


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00", "9999-12-31T23:59:59.999999Z"])
async def test_far_dates_are_dates(bad, date):
    asked = {"lastRequestDate": date}
    for operation in (RECORDS, CHANGES, LIST, "eMIP_ToIOP_GetEVSEStaticDataChanges"):
        assert (await bad.says(message(operation, asked))).status == 1
    for fields in (available(statusEventDate=date), available(availabilityStatusUntil=date)):
        assert (await bad.says(message(AVAILABLE, fields))).status == 1
    assert (await bad.says(message(USERS, users(1, expiryDate=date)))).status in (1, 900)
    assert (await bad.says(message(SEARCH, around()))).status == 1
    session = await bad.world.allowed()
    long = record(session, startTime=min(date, START), endTime=max(date, START))
    assert (await bad.says(message(CDR, long, transactionId=session))).status == 1
    assert (await bad.says(message(RECORD, {"serviceSessionId": session}))).status == 1
    await bad.node.settled()
    await bad.lives()


async def test_a_limit_without_end_is_passed_on_digit_for_digit(bad):
    answer = await bad.says(message(SET, started(meterLimitList={"meterReport": meter(2, HUGE, "Wh")})))
    assert answer.status == 1, answer.raw
    assert (
        bad.world.cpo.of("FromIOP_SetServiceAuthorisation")[-1].fields["meterLimitList"]["meterReport"]["meterValue"]
        == HUGE
    )


# -- the same again ----------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-32")
async def test_a_transaction_that_comes_again_is_one_and_with_other_words_it_is_another(bad):
    session = await bad.world.allowed()
    body = message(CDR, record(session), transactionId="again")
    first = await bad.says(body)
    assert first.status == 1, first.raw
    head = bad.node.store.head()
    assert (await bad.says(body)).raw == first.raw
    other = message(CDR, record(session, endTime="2026-03-02T10:00:00Z"), transactionId="again")
    assert (await bad.says(other)).status == 19006
    assert bad.node.store.head() == head
    assert len(await bad.node.traces("again")) >= 3


async def test_five_hundred_users_are_taken(bad):
    answer = await bad.says(message(USERS, users(500, userContractIdAlias="A1")))
    assert answer.status in (1, 900), answer.raw
