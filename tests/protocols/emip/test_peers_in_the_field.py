"""Platforms that are met in the field: what they write is understood, and what they get is what they can read."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from interroam.core.refs import evse_ref
from interroam.model.ids import Kind, PartyId
from interroam.model.places import Busy
from interroam.protocols.emip.rules.ids import Letter, named
from tests.protocols.emip.charging import (
    ACTED,
    ASKED,
    CARD,
    EVSE,
    HANDED,
    REPORTED,
    STARTED,
    World,
    listed,
    place,
    yes,
)
from tests.protocols.emip.field import (
    ANSWERED,
    FLAG,
    HAS_SESSION,
    HEADER,
    NUMBER,
    OPERATOR,
    PLUG,
    SELLER,
    TARGETED,
    WORD,
    Foreigner,
    strictly,
)
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import AUTHORISATION, DYNAMIC, PLATFORM, Http
from tests.protocols.emip.places import CONNECTOR, STATION, build, describe
from tests.protocols.emip.places import EVSE as UPLOADED
from tests.protocols.emip.places import POOL as UPLOADED_POOL

AT = "2026-03-02T07:58:10.000"
DATE = ("statusEventDate", f"{AT}Z")
WHERE = [("EVSEIdType", "eMI3"), ("EVSEId", EVSE)]
WHO = [("userIdType", "RFID-UID"), ("userId", CARD)]


@asynccontextmanager
async def met(folder, profile: str = "wwcp"):
    """A platform between a CPO and an eMSP of this kind."""
    async with (
        hub(folder) as node,
        Foreigner("FR*C01", "FR*C01") as cpo,
        Foreigner("FR*E01", "FR*E01") as emsp,
    ):
        await node.cpo("FR*C01", url=cpo.url, partner_id="FR*C01")
        await node.emsp("FR*E01", url=emsp.url, partner_id="FR*E01")
        for name in ("fr-c01", "fr-e01"):
            await node.change(name, profile=profile)
        await place(node, "fr-c01")
        await node.agree("FR*E01", "FR*C01")
        await node.settled()
        yield World(node, cpo, emsp)


@pytest.fixture
async def world(tmp_path):
    async with met(tmp_path) as here:
        yield here


async def authorised(world) -> str:
    """Let a card charge; returns the serviceSessionId."""
    world.emsp.answers[ASKED] = yes()
    return (await asked(world)).findtext("serviceSessionId")


async def asked(world, card: str = CARD, evse: str = EVSE):
    fields = [("EVSEIdType", "eMI3"), ("EVSEId", evse), ("userIdType", "RFID-UID"), ("userId", card)]
    fields += [("requestedServiceId", "1"), ("partnerServiceSessionId", "C01-S-1")]
    root = "eMIP_ToIOP_GetServiceAuthorisationRequest"
    answer = await world.cpo.send(world.node.url, root, AUTHORISATION, fields)
    assert answer.http == 200, answer.raw
    wanted = {**HAS_SESSION, "authorisationValue": NUMBER, "intermediateCDRRequested": FLAG}
    return strictly(answer.raw, wanted)


def bill(session: str, value: str = "18350") -> list:
    """A record with a line too many, an empty alias and three elements twice."""
    exec_partner = [("execPartnerSessionId", "C01-S-1"), ("execPartnerOperatorIdType", "eMI3")]
    exec_partner += [("execPartnerOperatorId", "FR*C01")]
    meters = [("1", "65.50", "min"), ("2", value, "Wh")]
    reports = [
        ("meterReport", [("meterTypeId", kind), ("meterValue", much), ("meterUnit", unit)])
        for kind, much, unit in meters
    ]
    fields = [("CDRNature", "1"), ("serviceSessionId", session), *exec_partner, *exec_partner]
    fields += [("requestedServiceId", "1"), *WHERE, ("userContractIdAlias", ""), *WHO, ("partnerProductId", "AC")]
    fields += [("startTime", "2026-03-02T07:58:10Z"), ("endTime", "2026-03-02T09:03:40Z"), ("meterReportList", reports)]
    return [("chargeDetailRecord", fields)]


async def billed(world, session: str, value: str = "18350"):
    root = "eMIP_ToIOP_SetChargeDetailRecordRequest"
    answer = await world.cpo.send(world.node.url, root, AUTHORISATION, bill(session, value))
    return strictly(answer.raw, HAS_SESSION)


# -- what it says ------------------------------------------------------------------------------------------------------


async def test_a_heartbeat_is_answered_in_whole_seconds_without_namespaces(world):
    answer = await world.cpo.send(world.node.url, "eMIP_ToIOP_HeartBeatRequest", PLATFORM, [])
    strictly(answer.raw, {**ANSWERED, "heartBeatPeriod": NUMBER, "currentTime": WORD})


async def test_statuses_of_an_evse_come_without_a_zone_and_are_of_utc(world):
    for word, half in (("Availability", "availabilityStatus"), ("Busy", "busyStatus")):
        fields = [*WHERE, ("statusEventDate", AT), (half, "2"), (f"{half}Until", "2030-01-01T00:00:00.000")]
        root = f"eMIP_ToIOP_SetEVSE{word}StatusRequest"
        answer = await world.cpo.send(world.node.url, root, DYNAMIC, fields)
        assert strictly(answer.raw, ANSWERED).findtext("requestStatus") == "1"
    (row,) = await world.node.store.by_ref(evse_ref(EVSE), Kind.EVSE)
    status = row.body.status
    assert (status.availability_at.isoformat(), status.busy) == ("2026-03-02T07:58:10+00:00", Busy.OCCUPIED)
    assert status.busy_until.isoformat() == "2030-01-01T00:00:00+00:00"


QUALIFIED = {
    "ChargingPoolAvailability": [("ChargingPoolIdType", "eMI3_STAR"), ("ChargingPoolId", UPLOADED_POOL)],
    "ChargingStationAvailability": [("ChargingStationIdType", "eMI3_STAR"), ("ChargingStationId", STATION)],
    "ChargingConnectorAvailability": [("ChargingConnectorIdType", "eMI3_STAR"), ("ChargingConnectorId", CONNECTOR)],
    "EVSESynthetic": [("EVSEIdType", "eMI3_STAR"), ("EVSEId", UPLOADED)],
}


@pytest.mark.parametrize("name", QUALIFIED)
async def test_who_writes_children_with_a_namespace_reads_them_with_it(world, name):
    cpo, node = world.cpo, world.node
    await build(cpo, node)
    await describe(cpo, node, "ChargingStation", STATION, values={2061: "1"}, parent=UPLOADED_POOL)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, values={4021: "3"}, parent=UPLOADED)
    said = [DATE, ("availabilityStatus", "1"), ("availabilityStatusComment", "a <digger> & co")]
    if name == "EVSESynthetic":
        said = [("availabilityStatusEventDate", f"{AT}Z"), ("availabilityStatus", "2")]
        said += [("busyStatusEventDate", f"{AT}Z"), ("busyStatus", "1")]
    root = f"eMIP_ToIOP_Set{name}StatusRequest"

    for ids, status in ((QUALIFIED[name], "1"), (_elsewhere(QUALIFIED[name]), "10601")):
        answer = await cpo.send(node.url, root, DYNAMIC, ids + said, qualified=True)
        assert answer.http == 200, answer.raw
        message = strictly(answer.raw, ANSWERED, namespace=DYNAMIC)
        assert message.findtext(f"{{{DYNAMIC}}}requestStatus") == status, answer.raw


def _elsewhere(ids: list) -> list:
    """The id of an element that nobody knows."""
    (kind, said), (name, value) = ids
    return [(kind, said), (name, f"{value}*99")]


async def test_a_question_is_answered_with_a_session_whatever_the_answer(world):
    await listed(world.node)
    await world.node.change("fr-e01", switches={"asking": "sync_only"})
    world.emsp.answers[ASKED] = [yes(), {"authorisationValue": 2, "requestStatus": 1}, Http(500)]
    given = await asked(world)
    values = [given, await asked(world), await asked(world), await asked(world, evse="FR*C01*E99")]
    values += [await asked(world, card="no card")]
    assert [one.findtext("authorisationValue") for one in values] == ["1", "2", "2", "2", "2"]
    assert given.findtext("salePartnerOperatorId") == "FR*E01"
    assert len({one.findtext("serviceSessionId") for one in values}) == 5


async def test_a_record_with_repeated_elements_and_an_empty_alias_is_taken(world):
    session = await authorised(world)
    taken = await billed(world, session)
    assert (taken.findtext("requestStatus"), taken.findtext("serviceSessionId")) == ("1", session)
    assert taken.findtext("salePartnerOperatorId") == "FR*E01"


@pytest.mark.parametrize("value", ["18350", "much"])
async def test_a_record_that_is_refused_is_answered_with_its_session(world, value):
    refused = await billed(world, "C01-S-nobody-knows" if value == "18350" else await authorised(world), value)
    assert int(refused.findtext("requestStatus")) >= 10000


async def test_an_event_with_words_is_answered_with_an_id_in_the_place_of_an_action(world):
    session = await authorised(world)
    world.emsp.answers[REPORTED] = {"requestStatus": "1: Ok!"}
    root = "eMIP_ToIOP_SetSessionEventReportRequest"
    statuses = []
    for known, nature in ((session, "3: started"), ("nobody-knows", "3: started"), (session, "soon")):
        event = [("sessionEventNature", nature), ("sessionEventId", "E-1"), ("sessionEventDateTime", f"{AT}Z")]
        fields = [("serviceSessionId", known), ("sessionEvent", event), ("execPartnerSessionId", "C01-S-1")]
        answer = await world.cpo.send(world.node.url, root, AUTHORISATION, fields)
        message = strictly(answer.raw, {**HAS_SESSION, "sessionActionId": WORD})
        statuses.append(message.findtext("requestStatus"))
    assert statuses == ["1", "10501", "19001"]


async def start(world, **more) -> tuple[str, str]:
    """Start by app: the value as a word, and the eMSP's session under the name of ours."""
    fields = [*WHERE, ("userIdType", "EMP-SPEC"), ("userId", "app-7"), ("requestedServiceId", "1")]
    fields += [("authorisationValue", more.get("value", "Start")), ("intermediateCDRRequested", "0")]
    fields += [("serviceSessionId", "E01-ses-9")]
    root = "eMIP_ToIOP_SetServiceAuthorisationRequest"
    message = strictly((await world.emsp.send(world.node.url, root, AUTHORISATION, fields)).raw, HAS_SESSION)
    return message.findtext("requestStatus"), message.findtext("serviceSessionId")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("1", "1"), ("205", "205"), ("206: Not reachable", "206"), ("-9999992", "10201"), ("-9999993: Data", "10201")],
)
async def test_a_start_by_word_is_answered_by_what_its_cpo_says(world, theirs, ours):
    world.cpo.answers[STARTED] = {"requestStatus": theirs}
    status, session = await start(world)
    assert status == ours
    (started,) = world.cpo.of("FromIOP_SetServiceAuthorisation")
    root = f"{{{AUTHORISATION}}}eMIP_FromIOP_SetServiceAuthorisationRequest"
    wanted = {**TARGETED, "EVSEId": PLUG, "userId": WORD, "userIdType": WORD, "requestedServiceId": NUMBER}
    wanted |= {"serviceSessionId": WORD, "authorisationValue": NUMBER, "intermediateCDRRequested": FLAG}
    assert strictly(started.raw, wanted, root=root).findtext("serviceSessionId") == session


async def test_a_stop_in_the_form_of_a_start_is_refused_with_a_session(world):
    assert (await start(world, value="Stop"))[0] == "19004"


@pytest.mark.parametrize(
    ("theirs", "ours"), [("1", "1"), ("10501", "10507"), ("206", "206"), ("10506", "10506"), ("-9999993", "10507")]
)
async def test_an_action_that_lacks_a_word_in_its_name_reaches_the_cpo(world, theirs, ours):
    session = await authorised(world)
    world.cpo.answers[ACTED] = {"requestStatus": theirs}
    action = [("sessionActionNature", "1: Stop"), ("sessionActionDateTime", f"{AT}Z")]
    fields = [("serviceSessionId", session), ("sessionAction", action), ("salePartnerSessionId", "E01-ses-77")]
    answer = await world.emsp.send(world.node.url, "eMIP_ToIOP_SetSessionActionRequest", AUTHORISATION, fields)
    message = strictly(answer.raw, {**HAS_SESSION, "sessionActionId": WORD})
    (acted,) = [one for one in world.cpo.asked if "SetSessionAction" in one.name]
    root = f"{{{AUTHORISATION}}}eMIP_FromIOP_SetSessionActionRequestRequest"
    got = strictly(acted.raw, {**TARGETED, "serviceSessionId": WORD}, root=root)
    assert (got.findtext("sessionAction/sessionActionNature"), message.findtext("requestStatus")) == ("1", ours)


# -- what it is asked --------------------------------------------------------------------------------------------------


async def test_an_emsp_answers_with_words_and_empty_elements(world):
    said = {**yes(), "userContractIdAlias": "", "parameter": "", "requestStatus": "1: Ok!"}
    world.emsp.answers[ASKED] = said
    assert (await asked(world)).findtext("authorisationValue") == "1"
    whose, question = world.emsp.of("FromIOP_GetServiceAuthorisation")
    wanted = {**TARGETED, "EVSEId": PLUG, "userId": WORD, "userIdType": WORD, "requestedServiceId": NUMBER}
    root = f"{{{AUTHORISATION}}}eMIP_FromIOP_GetServiceAuthorisationRequest"
    read = [strictly(one.raw, wanted, root=root).findtext("requestedServiceId") for one in (whose, question)]
    assert read == ["0", "1"]


@pytest.mark.parametrize("name", ["8f14e45f-ceea-467f-9c1d-3f0a4a7a3b55", "A123456789B123456789C123456789D"])
def test_an_evse_that_we_name_has_a_name_that_everybody_can_read(name):
    assert PLUG.match(str(named(PartyId.parse("NL*TNM"), Letter.EVSE, name)))


@pytest.mark.parametrize(("profile", "seller"), [("wwcp", "FR-E01"), ("spec", "FR*E01")])
async def test_a_record_names_its_emsp_as_the_partner_reads_it(tmp_path, profile, seller):
    async with met(tmp_path, profile) as world:
        session = await authorised(world)
        world.emsp.answers[HANDED] = {"requestStatus": "1: Ok!", "partnerServiceSessionId": "E01-ses-77"}
        await billed(world, session)
        (handed,) = await world.emsp.until("FromIOP_SetChargeDetailRecord")
        await world.node.settled()
    assert len(world.emsp.of("FromIOP_SetChargeDetailRecord")) == 1
    root = f"{{{AUTHORISATION}}}eMIP_FromIOP_SetChargeDetailRecordRequest"
    record = strictly(handed.raw, HEADER, root=root).find("chargeDetailRecord")
    assert record.findtext("salePartnerOperatorId") == seller
    assert bool(SELLER.match(seller)) == (profile == "wwcp")
    assert OPERATOR.match(record.findtext("execPartnerOperatorId"))
    assert PLUG.match(record.findtext("EVSEId"))
    assert (record.findtext("CDRNature"), record.findtext("salePartnerSessionId")) == ("1", "E01-ses-77")


@pytest.mark.parametrize(("profile", "path"), [("wwcp", "sessionAction/sessionEvent"), ("spec", "sessionEvent")])
async def test_an_event_stands_where_the_partner_looks_for_it(tmp_path, profile, path):
    async with met(tmp_path, profile) as world:
        session = await authorised(world)
        answer = await world.report(session, 3, sessionEventId="E-1", relatedSessionActionId="A-1")
    assert answer.status == 1
    (told,) = world.emsp.of("FromIOP_SetSessionEventReport")
    root = f"{{{AUTHORISATION}}}eMIP_FromIOP_SetSessionEventReportRequest"
    wanted = {**TARGETED, "serviceSessionId": WORD, "salePartnerSessionId": WORD}
    event = strictly(told.raw, wanted, root=root).find(path)
    fields = {child.tag: child.text for child in event}
    related = "relatedSessionEventId" if profile == "wwcp" else "relatedSessionActionId"
    assert (fields["sessionEventNature"], fields["sessionEventId"], fields[related]) == ("3", "E-1", "A-1")


# -- another, that searches --------------------------------------------------------------------------------------------


async def test_a_search_without_namespace_and_with_an_odd_header_is_answered_and_so_is_the_look_before_it(tmp_path):
    async with hub(tmp_path) as node, Foreigner("G_Apps", "FR*E01") as emsp:
        await node.cpo("FR*C01")
        await node.emsp("FR*E01", partner_id="G_Apps")
        await place(node, "fr-c01")
        await node.agree("FR*E01", "FR*C01")
        odd = {"content-encoding": "text/xml;charset=utf-8", "content-type": "text/xml"}
        url = f"{node.url}/emip/services/csfV1"
        look = await emsp.post(url, b"", odd, method="GET")
        body = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><eMIP_ToIOP_SearchEVSERequest>'
            "<partnerIdType>eMI3</partnerIdType><partnerId>G_Apps</partnerId><operatorIdType>eMI3</operatorIdType>"
            "<operatorId>FR*E01</operatorId>"
            "<latitude>45.760000</latitude><longitude>4.830000</longitude><radius>10</radius><searchAlgo>1</searchAlgo>"
            "<maxCount>1000</maxCount><language>FR</language>"
            "</eMIP_ToIOP_SearchEVSERequest></s:Body></s:Envelope>"
        )
        answer = await emsp.post(url, body.encode(), odd)
    assert "www-authenticate" not in look.headers
    assert answer.http == 200, answer.raw
    found = strictly(answer.raw, ANSWERED)
    (described,) = [child for child in found if len(child)]
    assert (described.tag, described.findtext("EVSEId")) == ("EVSEDescrip", EVSE)
