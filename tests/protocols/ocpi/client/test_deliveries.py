"""What partners are told, on real sockets."""

import json
from datetime import datetime

import pytest
from msgspec.structs import replace

from interroam.core.rules.statuses import with_availability, with_busy
from interroam.model.facts import Body, Change, Fact, Wire, Withdrawal
from interroam.model.ids import PartyId, evse_key, location_key, tariff_key, token_key
from interroam.model.parties import PartnerState
from interroam.model.places import Availability, Busy
from interroam.model.questions import Report
from tests.core import objects
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, join
from tests.protocols.ocpi.partners import Peer, basic, says
from tests.protocols.ocpi.server import messages
from tests.waiting import eventually

LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"
PATH = "/receiver/locations/CH/CCC/L1"


def calls(peer) -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in peer.told()]


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-40", "OCPI-41", "OCPI-56")
async def test_a_location_goes_out_whole_under_its_owners_codes_with_the_hubs_id(roaming):
    await roaming.tell("location", messages.location(wheelchair=True))
    await roaming.settled()

    (seen,) = roaming.emsp.told()
    assert (seen.method, seen.path) == ("PUT", PATH)
    hub_id = (await roaming.node.store.get(location_key(OWNER, "L1"))).hub_id
    assert seen.body == {**messages.location(wheelchair=True), "gireve_id": hub_id}
    assert (seen.sender, seen.receiver) == ("FR*107", "DE*EEE")


@pytest.mark.statement("OCPI-28", "OCPI-30", "OCPI-31")
async def test_every_call_has_its_own_request_id_and_the_correlation_id_that_came_in(roaming):
    await roaming.tell("location", messages.location())
    await roaming.settled()
    roaming.correlation = "c-2"
    await roaming.patch_evse(status="CHARGING", last_updated=LATER)
    await roaming.settled()

    put, patch = roaming.emsp.told()
    assert [put.headers["x-correlation-id"], patch.headers["x-correlation-id"]] == ["c-1", "c-2"]
    assert put.headers["x-request-id"] != patch.headers["x-request-id"]


@pytest.mark.statement("OCPI-35")
async def test_one_status_leads_to_one_push_for_each_emsp_in_agreement_and_none_for_others(roaming, node):
    async with Peer((("NL", "NNN", "EMSP"),)) as second, Peer((("BE", "BBB", "EMSP"),)) as stranger:
        await join(node, "second", second, "NL*NNN/EMSP")
        await join(node, "stranger", stranger, "BE*BBB/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await roaming.tell("location", messages.location())
        await roaming.settled()
        for one in (roaming.emsp, second, stranger):
            one.seen.clear()

        await roaming.patch_evse(status="CHARGING", last_updated=LATER)
        await roaming.settled()

        assert calls(roaming.emsp) == calls(second) == [("PATCH", f"{PATH}/E1")]
        assert stranger.seen == []


@pytest.mark.parametrize(
    ("availability", "busy", "reserved", "word"),
    [
        (Availability.IN_SERVICE, Busy.OCCUPIED, False, "CHARGING"),
        (Availability.IN_SERVICE, Busy.FREE, True, "RESERVED"),
        (Availability.OUT_OF_SERVICE, Busy.OCCUPIED, False, "OUTOFORDER"),
        (Availability.UNKNOWN, Busy.UNKNOWN, False, "UNKNOWN"),
    ],
)
async def test_a_status_stated_by_halves_elsewhere_goes_out_as_one_word(roaming, availability, busy, reserved, word):
    def merge(body: Body, _: Wire | None) -> tuple[Body, Wire | None]:
        status = with_busy(with_availability(body.status, availability, at), busy, at, reserved=reserved)
        return replace(body, status=status), None

    await roaming.tell("location", messages.location())
    await roaming.settled()
    roaming.emsp.seen.clear()
    at = datetime.fromisoformat(LATER)
    await roaming.state(Change(evse_key(OWNER, "L1", "E1"), frozenset({"status"}), at, merge, own_time=True))
    await roaming.settled()

    (patch,) = roaming.emsp.told()
    assert (patch.method, patch.path) == ("PATCH", f"{PATH}/E1")
    assert patch.body == {"status": word, "last_updated": LATER}


async def test_a_report_of_another_room_goes_out_as_the_session_it_moves(roaming, node):
    waiting = objects.session("S1", owner=OWNER, status="PENDING", token=objects.charge_token(owner=PROVIDER))
    await roaming.state(Fact(waiting))
    await roaming.settled()
    roaming.emsp.seen.clear()
    moved = Report(cpo=OWNER, session_id="S1", nature="STARTED", at=datetime.fromisoformat(LATER))
    await node.hub.report(roaming.origin(), moved)
    await roaming.settled()

    (whole,) = roaming.emsp.told()
    assert (whole.method, whole.body["status"]) == ("PUT", "ACTIVE")


async def test_a_change_goes_out_as_it_was_stated(roaming):
    await roaming.tell("location", messages.location())
    await roaming.patch_location(name="Am Markt", last_updated=LATER)
    await roaming.settled()
    await roaming.tell_evse(messages.evse("E2", last_updated=LATER))
    await roaming.settled()

    _, patch, *_, evse = roaming.emsp.told()
    assert [(one.method, one.path) for one in (patch, evse)] == [("PATCH", PATH), ("PUT", f"{PATH}/E2")]
    assert patch.body == {"name": "Am Markt", "last_updated": LATER}


async def test_a_partner_of_an_agreement_made_later_is_sent_what_is_there(roaming, node):
    await roaming.tell("location", messages.location())
    await roaming.patch_evse(status="CHARGING", last_updated=LATER)
    await roaming.settled()
    async with Peer((("NL", "NNN", "EMSP"),)) as second:
        await join(node, "second", second, "NL*NNN/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await second.until(second.told)
        await roaming.settled()

        (seen,) = second.told()
        assert (seen.method, seen.path) == ("PUT", PATH)
        assert seen.body["evses"][0]["status"] == "CHARGING"
        assert (seen.body["last_updated"], seen.body["evses"][0]["last_updated"]) == (LATER, LATER)


async def test_a_partner_without_receivers_is_left_to_fetch_what_is_for_all(roaming, node):
    async with Peer((("NL", "NNN", "EMSP"),), endpoints=[("tokens", "SENDER")]) as second:
        await join(node, "second", second, "NL*NNN/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await roaming.tell("location", messages.location())
        await roaming.settled()

        assert second.seen == []
        assert await node.store.shelf() == []


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-201")
async def test_tokens_go_to_the_cpos_in_agreement(roaming):
    await roaming.tell("token", messages.token())
    await roaming.patch_token(valid=False, last_updated=LATER)
    await roaming.settled()

    put, patch = roaming.cpo.told()
    assert (put.method, put.path, put.query) == ("PUT", "/receiver/tokens/DE/EEE/0102030405060A", {"type": "RFID"})
    assert put.body == messages.token()
    assert (patch.method, patch.body) == ("PATCH", {"valid": False, "last_updated": LATER})
    assert (put.sender, put.receiver) == ("FR*107", "CH*CCC")


@pytest.mark.statement("OCPI-200")
async def test_a_token_that_is_withdrawn_is_made_invalid_and_never_deleted(roaming):
    await roaming.tell("token", messages.token())
    await roaming.settled()
    key = token_key(PROVIDER, "RFID", "0102030405060A")
    await roaming.state(Withdrawal(key, datetime.fromisoformat(LATER)), "emsp")
    await roaming.settled()
    gone = roaming.cpo.told()[-1]
    assert (gone.method, gone.body) == ("PATCH", {"valid": False, "last_updated": LATER})


@pytest.mark.statement("OCPI-200")
async def test_who_fetches_what_changed_learns_which_tokens_were_withdrawn(roaming, node):
    await roaming.tell("token", messages.token())
    await roaming.tell("token", messages.token("0102030405060B"))
    key = token_key(PROVIDER, "RFID", "0102030405060A")
    await roaming.state(Withdrawal(key, datetime.fromisoformat(LATER)), "emsp")
    await node.expect("stranger", "DE*FFF/EMSP")
    await roaming.tell("token", messages.token(party_id="FFF"), "stranger")
    other = token_key(PartyId.parse("DE*FFF"), "RFID", "0102030405060A")
    await roaming.state(Withdrawal(other, datetime.fromisoformat(LATER)), "stranger")
    headers = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
    headers["Authorization"] = basic(roaming.cpo.given["token"])

    async def listed(query):
        async with roaming.cpo.session.get(f"{node.url}/ocpi/2.2.1/sender/tokens{query}", headers=headers) as answer:
            found = (await answer.json())["data"]
            assert len(found) == int(answer.headers["X-Total-Count"])
            return [(one["uid"][-1], one["valid"], one["last_updated"]) for one in found]

    there = ("B", True, messages.NOW)
    assert await listed("") == [there]
    assert await listed(f"?date_from={messages.NOW}") == [("A", False, LATER), there]
    assert await listed(f"?date_from={LATER}") == [("A", False, LATER)]
    assert await listed(f"?date_to={LATER}") == [there]


@pytest.mark.statement("OCPI-201")
async def test_a_cpo_pulls_a_thousand_tokens_a_page(roaming, node):
    await roaming.tell("token", messages.token())
    headers = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
    headers["Authorization"] = basic(roaming.cpo.given["token"])
    for limit, size in (("?limit=5000", "1000"), ("", "1000"), ("?limit=7", "7")):
        url = f"{node.url}/ocpi/2.2.1/sender/tokens{limit}"
        async with roaming.cpo.session.get(url, headers=headers) as answer:
            (token,) = (await answer.json())["data"]
            assert (token["uid"], answer.headers["X-Limit"]) == ("0102030405060A", size)


@pytest.mark.statement("OCPI-96")
async def test_the_profile_gireve_pushes_no_tokens_to_cpos(roaming, node):
    async with Peer((("NL", "NNN", "CPO"),)) as second:
        await join(node, "second", second, "NL*NNN/CPO", switches={"pushes_tokens": False})
        await node.agree("DE*EEE/EMSP", "NL*NNN/CPO")
        await roaming.tell("token", messages.token())
        await roaming.settled()

        assert (len(roaming.cpo.told()), second.told()) == (1, [])


# -- charges -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-57", "OCPI-58", "OCPI-59")
async def test_a_charge_goes_by_the_hubs_session_id_from_its_first_message_to_its_cdr(roaming, node):
    await roaming.tell("session", messages.session(energy_plan="x"))
    await roaming.patch_session(kwh=1.5, last_updated=LATER)
    await roaming.settled()
    await roaming.tell("cdr", messages.cdr())
    await roaming.settled()

    put, patch, post = roaming.emsp.told()
    hub_id = put.path.rpartition("/")[2]
    assert hub_id != "S1"
    assert (put.path, patch.path) == (f"/receiver/sessions/CH/CCC/{hub_id}",) * 2
    assert put.body == {**messages.session(energy_plan="x"), "id": hub_id}
    assert patch.body == {"kwh": 1.5, "last_updated": LATER}
    assert (post.method, post.path) == ("POST", "/receiver/cdrs")
    assert post.body == {**messages.cdr(), "session_id": hub_id}
    assert {one.sender for one in (put, patch, post)} == {"CH*CCC"}
    assert (await node.hub.session(hub_id)).body.id == "S1"


@pytest.mark.statement("OCPI-155")
async def test_a_cdr_does_not_say_whom_its_tariffs_are_for(roaming):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    await roaming.tell("cdr", messages.cdr(tariffs=[messages.tariff("T1", **own), messages.tariff("T2")]))
    await roaming.settled()

    assert roaming.emsp.told()[-1].body["tariffs"] == [messages.tariff("T1"), messages.tariff("T2")]


@pytest.mark.statement("OCPI-124")
async def test_a_session_goes_to_the_provider_of_its_token_and_nobody_else(roaming, node):
    async with Peer((("NL", "NNN", "EMSP"),)) as second:
        await join(node, "second", second, "NL*NNN/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await roaming.tell("session", messages.session())
        await roaming.settled()

        assert len(roaming.emsp.told()) == 1
        assert second.seen == []


@pytest.mark.parametrize(("switches", "sender"), [({}, "CH*CCC"), ({"from_as": "hub"}, "FR*107")])
async def test_whose_name_a_charge_carries_is_a_switch(roaming, node, switches, sender):
    async with Peer((("NL", "NNN", "EMSP"),)) as second:
        await join(node, "second", second, "NL*NNN/EMSP", switches=switches)
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        token = messages.cdr_token(country_code="NL", party_id="NNN")
        await roaming.tell("session", messages.session(cdr_token=token))
        await roaming.settled()

        assert [one.sender for one in second.told()] == [sender]


async def test_a_receiver_that_takes_no_patch_of_a_session_is_given_all_of_it(roaming):
    await roaming.tell("session", messages.session())
    await roaming.settled()
    roaming.emsp.answers.append(says("PATCH", "/sessions", 200, 2000))
    await roaming.patch_session(kwh=1.5, last_updated=LATER)
    await roaming.settled()

    seen = roaming.emsp.told()[-1]
    assert (seen.method, seen.body["kwh"], seen.body["last_updated"]) == ("PUT", 1.5, LATER)
    assert seen.path.endswith(f"/{seen.body['id']}")


@pytest.mark.statement("OCPI-127")
@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize(("http", "status"), [(503, 3000), (200, 2000)])
async def test_periods_are_added_once_though_a_patch_is_sent_again_and_others_wait_behind_it(
    roaming, http, status, stated
):
    await roaming.tell("session", messages.session(charging_periods=[messages.period(1.0)]))
    await roaming.settled()
    refuses, before = says("PATCH", "/sessions", http, status), iter([True])
    roaming.emsp.answers.append(lambda seen: refuses(seen) if seen.method == "PATCH" and next(before, False) else None)
    roaming.emsp.delay = 0.1
    times = [f"2026-03-14T12:{minute:02}:00Z" for minute in (10, 20, 30)]
    for volume, time in enumerate(times[:2], 2):
        period = messages.period(float(volume), time)
        await roaming.patch_session(kwh=volume, charging_periods=[period], last_updated=time)
        if stated and volume == 2:  # what is stated as a whole in between replaces all
            both = [messages.period(1.0), period]
            await roaming.tell("session", messages.session(charging_periods=both, status="PENDING", last_updated=time))
    await roaming.settled()
    await roaming.patch_session(charging_periods=[messages.period(4.0, times[2])], last_updated=times[2])
    await roaming.settled()
    known: list = []
    for one in roaming.emsp.told():
        said = one.body.get("charging_periods", [])
        failed = one.method == "PATCH" and not known[1:]
        known = known if failed else known + said if one.method == "PATCH" else said
    assert [one["dimensions"][0]["volume"] for one in known] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.statement("OCPI-56")
async def test_the_profile_gireve_is_sent_only_what_the_specification_knows(node, roaming):
    async with Peer((("NL", "NNN", "EMSP"),)) as second:
        await join(node, "second", second, "NL*NNN/EMSP", switches={"known_fields_only": True})
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        await roaming.tell("location", messages.location(wheelchair=True))
        await roaming.tell("tariff", messages.tariff(wheelchair=True))
        await roaming.settled()

        place, tariff = sorted(second.told(), key=lambda one: one.path)
        for seen, key in ((place, location_key(OWNER, "L1")), (tariff, tariff_key(OWNER, "T1"))):
            assert "wheelchair" not in seen.body
            assert seen.body["gireve_id"] == (await node.store.get(key)).hub_id


# -- traces ------------------------------------------------------------------------------------------------------------


async def test_a_delivery_leaves_a_trace_with_its_body_only_when_the_journal_does_not_hold_it(roaming, node):
    await roaming.tell("location", messages.location())
    await roaming.patch_evse(status="CHARGING", last_updated=LATER)
    await roaming.settled()
    roaming.emsp.answers.append(says("PUT", "/receiver/sessions", 200, 2001))
    await roaming.tell("session", messages.session())
    await roaming.settled()

    traces = [one for one in await node.store.traces(ids=["c-1"]) if not one.inward]
    assert [(one.operation, one.code, one.seq) for one in traces] == [
        ("PUT locations", "200/1000", 1),
        ("PATCH locations", "200/1000", 2),
        ("PUT sessions", "200/2001", 3),
    ]
    assert [bool(one.request) for one in traces] == [False, False, True]
    assert json.loads(traces[2].request)["kwh"] == 0.0
    assert [one.message for one in await node.store.shelf()] == ["the partner answered 200/2001: as told"]


async def test_a_delivery_of_what_was_stated_in_another_form_leaves_its_body_in_the_trace(roaming, node):
    at = datetime.fromisoformat(LATER)

    def occupied(body: Body, _: Wire | None) -> tuple[Body, Wire | None]:
        return replace(body, status=with_busy(body.status, Busy.OCCUPIED, at, reserved=False)), None

    await roaming.tell("location", messages.location())
    await roaming.state(Change(evse_key(OWNER, "L1", "E1"), frozenset({"status"}), at, occupied, own_time=True))
    await roaming.settled()

    traces = [one for one in await node.store.traces(ids=["c-1"]) if not one.inward]
    assert [(one.operation, bool(one.request)) for one in traces] == [
        ("PUT locations", False),
        ("PATCH locations", True),
    ]
    assert json.loads(traces[1].request) == roaming.emsp.told()[-1].body


@pytest.mark.statement("OCPI-174")
async def test_whoever_is_suspended_is_sent_nothing_until_resumed_and_misses_nothing(roaming, node):
    await node.book.set_state("emsp", PartnerState.SUSPENDED)
    await roaming.tell("location", messages.location())
    await roaming.tell("cdr", messages.cdr())
    await eventually(lambda: sum(one.cursor.failures > 0 for one in node.dispatch.couriers) == 2)
    assert roaming.emsp.seen == []

    await node.book.set_state("emsp", PartnerState.CONNECTED)
    await roaming.settled()
    assert sorted(calls(roaming.emsp)) == [("POST", "/receiver/cdrs"), ("PUT", PATH)]
