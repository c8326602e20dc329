"""A node that is no hub: a CPO's facts on their way to the hub, in order, unchanged, until they are taken."""

from datetime import UTC, datetime
from itertools import groupby

import pytest

from interroam.model.facts import Withdrawal
from interroam.model.ids import tariff_key
from interroam.model.questions import Authorize
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

LATER = "2026-03-14T12:05:00Z"
PLACE = "/receiver/locations/CH/CCC/L1"


@pytest.fixture
async def hub():
    async with Peer((("FR", "107", "HUB"),)) as one:
        yield one


@pytest.fixture
async def owner(tmp_path, hub):
    """A CPO's node whose back office is ``cpo`` and whose hub is FR*107."""
    async with Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
        there = await node.expect("hub", "FR*107/HUB")
        await node.room.register(there, hub.versions_url, "token-a")
        await node.agree("FR*107/HUB", "CH*CCC/CPO")
        hub.seen.clear()
        world = Roaming(node, hub, hub)
        world.origin = lambda partner="cpo": Roaming.origin(world, "office")
        yield world


@pytest.mark.statement("OCPI-123", "OCPI-133", "OCPI-183")
async def test_a_charge_reaches_the_hub_as_it_happens_in_order_and_unchanged(owner, hub):
    await owner.tell("location", messages.location())
    await owner.tell("session", messages.session())
    await owner.patch_session(kwh=2.5, last_updated=LATER)
    await owner.tell("session", messages.session(status="COMPLETED", kwh=3.0, last_updated="2026-03-14T13:00:00Z"))
    await owner.tell("cdr", messages.cdr())
    await owner.settled()

    session = "/receiver/sessions/CH/CCC/S1"
    assert [(one.method, one.path) for one in hub.told()] == [
        ("PUT", PLACE),
        ("PUT", session),
        ("PATCH", session),
        ("PUT", session),
        ("POST", "/receiver/cdrs"),
    ]
    assert hub.told()[0].body == messages.location()
    assert hub.told()[1].body == messages.session()
    assert hub.told()[4].body == messages.cdr()
    assert {(one.sender, one.receiver) for one in hub.told()} == {("CH*CCC", "FR*107")}


@pytest.mark.statement("OCPI-125", "OCPI-135", "OCPI-158")
@pytest.mark.parametrize("kind", ["session", "tariff", "cdr"])
@pytest.mark.parametrize(("http", "status"), [(400, 2001), (404, None), (503, 3000)])
async def test_whatever_is_not_http_2xx_is_sent_again_until_it_is(owner, hub, kind, http, status):
    method = "POST" if kind == "cdr" else "PUT"
    hub.answers.append(says(method, f"/{kind}s", http, status))
    await owner.tell(kind, getattr(messages, kind)())
    await hub.until(lambda: len(hub.told(method)) > 1)
    hub.answers.clear()
    await owner.settled()
    assert len({one.raw for one in hub.told()}) == 1


@pytest.mark.statement("OCPI-95", "OCPI-97")
@pytest.mark.parametrize("uids", [(), ("E1",), ("E1", "E2")])
async def test_an_unknown_card_is_asked_about_at_one_location_and_as_many_evses_as_are_named(owner, hub, uids):
    await owner.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    hub.answers.append(says("POST", "/authorize", 200, 1000, {"allowed": "ALLOWED", "token": messages.token()}))
    question = Authorize(cpo=OWNER, uid="0102030405060A", location_id="L1", evse_uids=uids)
    said = await owner.node.hub.authorize(owner.origin(), question)

    (seen,) = hub.told("POST")
    assert seen.path == "/sender/tokens/0102030405060A/authorize"
    assert seen.body == {"location_id": "L1", **({"evse_uids": list(uids)} if uids else {})}
    assert (said.token.contract_id, said.token.issuer) == ("DE-EEE-C00000001-1", "EEE")
    assert (await owner.node.store.counts()).get("token", 0) == 0


@pytest.mark.statement("OCPI-183")
async def test_what_waited_for_the_hub_arrives_as_it_was_said_and_nothing_is_left_out(owner, hub):
    hub.answers.append(says("PUT", "/receiver", 500, 3000))
    await owner.tell("location", messages.location())
    for minute in range(1, 4):
        at = f"2026-03-14T12:0{minute}:00Z"
        await owner.tell("session", messages.session(kwh=float(minute), last_updated=at))
        await owner.patch_evse(status="CHARGING" if minute % 2 else "AVAILABLE", last_updated=at)
        await owner.tell("tariff", messages.tariff(price=minute / 10, last_updated=at))
    await owner.tell("cdr", messages.cdr())
    await hub.until(lambda: len(hub.told()) >= 2)
    assert {one.path for one in hub.told()} == {PLACE}
    hub.seen.clear()
    hub.answers.clear()
    await owner.settled()

    kinds = [one.path.split("/")[2] for one in hub.told()]
    assert kinds == ["locations", *["sessions", "locations", "tariffs"] * 3, "cdrs"]
    said = [one.body for one in hub.told()]
    assert [one["kwh"] for one in said if "kwh" in one] == [1.0, 2.0, 3.0]
    assert [one["status"] for one in said[1:-1] if "kwh" not in one and "status" in one] == [
        "CHARGING",
        "AVAILABLE",
        "CHARGING",
    ]
    prices = [one["elements"][0]["price_components"][0]["price"] for one in said if "elements" in one]
    assert prices == [0.1, 0.2, 0.3]


@pytest.mark.statement("OCPI-82", "OCPI-125")
async def test_while_the_hub_fails_places_and_sessions_wait_in_order(owner, hub):
    await owner.tell("location", messages.location())
    await owner.settled()
    hub.seen.clear()
    hub.answers.append(says("PATCH", "/locations", 400, 2001))
    await owner.patch_evse(status="CHARGING", last_updated=LATER)
    await owner.tell("session", messages.session())
    await hub.until(hub.told)
    assert {one.path for one in hub.told()} == {f"{PLACE}/E1"}

    hub.answers[:] = [says("PUT", "/sessions", 404, None)]
    await hub.until(lambda: any(one.path == "/receiver/sessions/CH/CCC/S1" for one in hub.told()))
    await owner.patch_evse(status="AVAILABLE", last_updated="2026-03-14T12:06:00Z")
    hub.answers.clear()
    await owner.settled()

    ordered = [path for path, _ in runs(hub)]
    assert ordered == [f"{PLACE}/E1", "/receiver/sessions/CH/CCC/S1", f"{PLACE}/E1"]


@pytest.mark.statement("OCPI-82", "OCPI-125", "OCPI-135")
async def test_what_failed_goes_before_all_that_waited_behind_it(owner, hub):
    await owner.tell("location", messages.location())
    await owner.settled()
    hub.seen.clear()
    hub.answers += [says(method, "/receiver", 503, 3000) for method in ("PATCH", "PUT", "POST")]
    hub.delay = 0.2  # while the first is under way the others come
    await owner.patch_evse(status="CHARGING", last_updated=LATER)
    await owner.patch_evse(status="BLOCKED", last_updated="2026-03-14T12:06:00Z")
    await owner.tell("session", messages.session(kwh=1.0))
    await owner.tell("session", messages.session(kwh=2.0, last_updated=LATER))
    await owner.tell("cdr", messages.cdr())
    await hub.until(lambda: len(hub.told()) > 1)
    hub.answers.clear()
    hub.delay = 0.0
    await owner.settled()

    said = [one.body.get("status" if "E1" in one.path else "kwh", "bill") for one in hub.told()]
    assert [one for one, _ in groupby(said)] == ["CHARGING", "BLOCKED", 1.0, 2.0, "bill"]


@pytest.mark.statement("OCPI-135", "OCPI-158")
async def test_while_the_hub_fails_tariffs_and_cdrs_wait_in_order(owner, hub):
    hub.answers.append(says("PUT", "/tariffs", 403, 2000))
    await owner.tell("tariff", messages.tariff())
    await owner.tell("cdr", messages.cdr())
    await hub.until(lambda: len(hub.told()) > 1)
    assert {one.path for one in hub.told()} == {"/receiver/tariffs/CH/CCC/T1"}

    hub.answers[:] = [says("POST", "/cdrs", 500, 3000)]
    await hub.until(lambda: len(hub.told("POST")) > 1)
    hub.answers.clear()
    await owner.settled()

    assert [path for path, _ in runs(hub)] == ["/receiver/tariffs/CH/CCC/T1", "/receiver/cdrs"]
    assert all(count > 1 for _, count in runs(hub))


@pytest.mark.statement("OCPI-130")
async def test_charges_of_a_subsidy_program_go_to_the_hub_as_any_other(owner, hub):
    made_up = {"country_code": "$$", "party_id": "ADV", "uid": "12345671234567", "contract_id": "Gireve2Advenir"}
    await owner.tell("session", messages.session(cdr_token=messages.cdr_token(**made_up)))
    await owner.tell("cdr", messages.cdr(cdr_token=messages.cdr_token(**made_up)))
    await owner.settled()

    assert [(one.method, one.path) for one in hub.told()] == [
        ("PUT", "/receiver/sessions/CH/CCC/S1"),
        ("POST", "/receiver/cdrs"),
    ]
    assert [one.body["cdr_token"] for one in hub.told()] == [messages.cdr_token(**made_up)] * 2


@pytest.mark.statement("OCPI-126")
@pytest.mark.parametrize(("http", "status"), [(200, 2000), (405, 2000), (501, 2000), (200, 3000), (200, 3002)])
async def test_a_hub_that_takes_no_patch_of_a_session_is_sent_the_whole(owner, hub, http, status):
    hub.answers.append(says("PATCH", "/sessions", http, status))
    await owner.tell("session", messages.session())
    await owner.patch_session(kwh=2.5, last_updated=LATER)
    await owner.settled()

    assert [one.method for one in hub.told()] == ["PUT", "PATCH", "PUT"]
    assert hub.told()[2].body == messages.session(kwh=2.5, last_updated=LATER)


async def test_the_hub_is_told_whom_a_tariff_is_for_and_of_every_type(owner, hub):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    await owner.tell("tariff", messages.tariff(**own))
    await owner.tell("tariff", messages.tariff(type="AD_HOC_PAYMENT"))
    await owner.settled()

    assert [(one.method, one.body) for one in hub.told()] == [
        ("PUT", messages.tariff(**own)),
        ("PUT", messages.tariff(type="AD_HOC_PAYMENT")),
    ]


@pytest.mark.statement("OCPI-156", "OCPI-153")
async def test_the_hub_keeps_the_variants_that_stand_when_another_is_taken_back(owner, hub):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    for target in (own, {}, {**own, "target_operator_party_id": "FFF"}):
        await owner.tell("tariff", messages.tariff(**target))
    await owner.tell("tariff", messages.tariff("T2", **own))
    await owner.settled()
    hub.seen.clear()

    await owner.state(Withdrawal(tariff_key(OWNER, "T1", PROVIDER), datetime.now(UTC)))
    await owner.settled()
    (one,) = hub.told()
    assert (one.method, one.path, one.query) == ("DELETE", "/receiver/tariffs/CH/CCC/T1", own)

    await owner.state(Withdrawal(tariff_key(OWNER, "T1"), datetime.now(UTC)))
    await owner.settled()
    _, everything, again = hub.told()
    assert (everything.method, everything.path, everything.query) == ("DELETE", "/receiver/tariffs/CH/CCC/T1", {})
    assert (again.method, again.body["target_operator_party_id"]) == ("PUT", "FFF")


def runs(hub) -> list[tuple[str, int]]:
    """The calls in order, repetitions counted."""
    found: list[tuple[str, int]] = []
    for one in hub.told():
        if found and found[-1][0] == one.path:
            found[-1] = (one.path, found[-1][1] + 1)
        else:
            found.append((one.path, 1))
    return found
