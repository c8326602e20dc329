"""SearchEVSE: who finds what around a point."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from interroam.core.rules.statuses import from_word
from interroam.model.agreements import selection
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Party, PartyId
from interroam.model.parties import Partner as Known
from interroam.model.parties import PartnerState
from interroam.model.places import Connector, Coordinates, Evse, Location
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import listed

SEARCH = "eMIP_ToIOP_SearchEVSE"
PLUG = Connector(
    id="1", standard="IEC_62196_T2", format="SOCKET", power_type="AC_3_PHASE", voltage_v=230, amperage_a=32
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        for code in ("CCC", "DDD"):  # CPOs of another protocol
            party = Party.parse(f"CH*{code}/CPO")
            await one.book.put_partner(
                Known(id=code.lower(), protocol="plain", parties=(party,), state=PartnerState.CONNECTED)
            )
        await one.emsp("FR*E01")
        await one.emsp("FR*E02")
        await one.agree("FR*E01", "CH*CCC")
        yield one


async def site(node, code: str = "CCC", name: str = "L1", at=("46.0", "7.0"), evses: int = 1, **more):
    owner = PartyId.of("CH", code)
    place = Location(
        owner=owner, id=name, address="Weg 1", city="Bern", country="CHE", last_updated=NOW,
        coordinates=Coordinates(Decimal(at[0]), Decimal(at[1])), **{"name": name, **more},
    )  # fmt: skip
    parts = tuple(
        Fact(
            Evse(
                owner=owner, location_id=name, uid=f"{name}-{no}", evse_id=f"CH*{code}*E{name}*{no}",
                status=from_word("AVAILABLE"), connectors=(PLUG,), capabilities=("RFID_READER",), last_updated=NOW,
            )
        )
        for no in range(evses)
    )  # fmt: skip
    await node.hub.tell(Origin(code.lower()), Fact(place, parts=parts))


async def search(node, emsp: str = "FR*E01", **more):
    asked = {"latitude": "46.0", "longitude": "7.0", "radius": 100, "searchAlgo": 1, "maxCount": 200, **more}
    return await Partner(f"FR*P-{emsp[3:]}", emsp).call(node.url, SEARCH, asked)


async def ids(node, emsp: str = "FR*E01", **more):
    answer = await search(node, emsp, **more)
    assert answer.status == 1, answer.raw
    return [one["EVSEId"] for one in listed(answer.fields.get("EVSEDescrip"))]


async def test_the_nearest_come_first_within_the_radius(node):
    for name, north in (("L3", "46.3"), ("L1", "46.01"), ("L9", "47.9"), ("L2", "45.9")):
        await site(node, name=name, at=(north, "7.0"))
    assert await ids(node) == ["CH*CCC*EL1*0", "CH*CCC*EL2*0", "CH*CCC*EL3*0"]
    assert await ids(node, radius=5) == ["CH*CCC*EL1*0"]
    assert await ids(node, maxCount=2) == ["CH*CCC*EL1*0", "CH*CCC*EL2*0"]
    assert len(await ids(node, radius=10000)) == 4
    await site(node, name="L4", at=("46.001", "7.0"))  # whatever comes later is found as well
    assert (await ids(node))[0] == "CH*CCC*EL4*0"


@pytest.mark.statement("EMIP-61")
async def test_no_more_than_200_are_returned(node):
    for no in range(6):
        await site(node, name=f"L{no}", at=(f"46.0{no}", "7.0"), evses=40)
    assert len(await ids(node, maxCount=1000)) == 200
    assert len(await ids(node, maxCount=201)) == 200
    assert len(await ids(node, maxCount=199)) == 199
    answer = await Partner("FR*P-E01", "FR*E01").call(
        node.url, SEARCH, {"latitude": "46.0", "longitude": "7.0", "radius": 100}
    )
    assert len(answer.fields["EVSEDescrip"]) == 200


@pytest.mark.statement("EMIP-65")
async def test_an_emsp_finds_only_evses_of_its_cpos(node):
    await site(node, "CCC", "L1")
    await site(node, "DDD", "L2")
    assert await ids(node) == ["CH*CCC*EL1*0"]
    assert await ids(node, "FR*E02") == []
    await node.agree("FR*E02", "CH*DDD")
    assert await ids(node, "FR*E02") == ["CH*DDD*EL2*0"]
    await site(node, "CCC", "L3")
    await node.agree("FR*E01", "CH*CCC", version=2, selections=(selection(locations=["L3"]),))
    assert await ids(node) == ["CH*CCC*EL3*0"]
    await node.agree("FR*E01", "CH*CCC", version=3, ends=NOW)
    assert await ids(node) == []


async def test_criteria_hold_all_each_by_any_of_its_conditions(node):
    await site(node, name="L1", operator_name="Blue")
    await site(node, name="L2", operator_name="Red", always_open=True)

    def criteria(number, *conditions):
        return {
            "attributeId": number,
            "attributeCondition": [{"conditionOperator": op, "attributeValue": value} for op, value in conditions],
        }

    async def met(*some):
        return [one[7:] for one in await ids(node, andCombinedCriteria=list(some))]

    assert await met(criteria(1005, ("=", "blue"))) == ["EL1*0"]
    assert await met(criteria(1005, ("=", "Blue"), ("=", "Red"))) == ["EL1*0", "EL2*0"]
    assert await met(criteria(1005, ("=", "Blue"), ("=", "Red")), criteria(1101, ("=", "1"))) == ["EL2*0"]
    assert await met(criteria(1005, ("!=", "Blue"))) == ["EL2*0"]
    assert await met(criteria(3044, (">=", "22"))) == ["EL1*0", "EL2*0"]
    assert await met(criteria(3044, (">", "22.08"))) == []
    assert await met(criteria(3044, ("<", "100"))) == ["EL1*0", "EL2*0"]  # as numbers, not as words
    assert await met(criteria(3046, ("<=", "2")), criteria(3041, ("=", "1"))) == ["EL1*0", "EL2*0"]
    assert await met(criteria(1999, ("=", "x"))) == []
    assert (await search(node, andCombinedCriteria=[criteria(3044, ("~", "1"))])).status == 19001


async def test_an_evse_of_ocpi_is_described(node):
    await site(node, operator_name="Blue", postal_code="3000", always_open=True)
    answer = await search(node, language="GE")
    one = answer.fields["EVSEDescrip"]
    assert (one["EVSEIdType"], one["EVSEId"], one["chargingPoolId"]) == ("eMI3", "CH*CCC*EL1*0", "CH*CCC*PL1")
    assert one["chargingPoolAddress"] == {"StreetName": "Weg 1", "PostCode": "3000", "City": "Bern", "Country": "CHE"}
    assert (Decimal(one["entrancelatitude"]), Decimal(one["power"])) == (Decimal(46), Decimal("22.08"))
    assert (one["availabilityStatus"], one["busyStatus"], one["isOpen24_7"], one["bookable"]) == ("2", "1", "1", "0")
    assert one["authorisationInformation"] == "RFID-Karte"
    assert (await search(node, language="FR")).fields["EVSEDescrip"]["authorisationInformation"] == "Badge RFID"
    names = [child for child in one if child != "chargingPoolAddress"]
    assert all(not isinstance(one[name], dict) for name in names)


@pytest.mark.parametrize("wrong", [{"latitude": "91"}, {"longitude": "-181"}, {"radius": 0}, {"maxCount": 0}])
async def test_a_search_for_nowhere_is_19001(node, wrong):
    assert (await search(node, **wrong)).status == 19001


async def test_a_place_that_is_not_for_everybody_is_not_found(node):
    await site(node, publish=False)
    assert await ids(node) == []


async def test_ten_thousand_evses_are_searched_in_no_time(node):
    for no in range(50):
        await site(node, name=f"L{no}", at=(f"{44 + no * 0.06:.2f}", f"{5 + no % 7}.5"), evses=200)
    await ids(node)
    began = time.perf_counter()
    assert len(await ids(node, radius=1000)) == 200
    assert time.perf_counter() - began < 1.5
