"""Sessions and CDRs, stated over a socket."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Prices, selection
from interroam.model.ids import Kind
from tests.protocols.ocpi.server.messages import (
    cdr,
    cdr_token,
    connector,
    evse,
    location,
    period,
    session,
    tariff,
    token,
)

AT = "receiver/sessions/CH/CCC/S1"
LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"


@pytest.mark.statement("OCPI-127")
async def test_a_put_replaces_the_periods_and_a_patch_adds_to_them(node, cpo, emsp):
    assert (await cpo.put(AT, session(charging_periods=[period(1.0)], custom=1))).http == 201
    patch = {"charging_periods": [period(2.5, LATER)], "kwh": 3.5, "last_updated": LATER}
    assert (await cpo.patch(AT, patch)).status == 1000
    back = (await cpo.get(AT)).data
    assert back["charging_periods"] == [period(1.0), period(2.5, LATER)]
    assert (back["kwh"], back["custom"]) == (3.5, 1)
    stored = await node.store.by_ref("session:s1", Kind.SESSION)
    assert [str(each.dimensions[0].volume) for each in stored[0].body.periods] == ["1.0", "2.5"]
    assert (await cpo.put(AT, session(kwh=4, last_updated=LATEST))).status == 1000
    assert "charging_periods" not in (await cpo.get(AT)).data
    assert (await cpo.patch(AT, {"kwh": 5})).status == 2001
    assert (await cpo.patch(f"{AT}/charging_periods", {"last_updated": LATEST})).http == 404


@pytest.mark.statement("OCPI-60", "OCPI-57", "OCPI-206")
async def test_the_cpo_reads_its_session_by_its_own_id_and_the_emsp_by_the_hubs(node, cpo, emsp):
    await cpo.put(AT, session())
    assert (await cpo.get(AT)).data == session()
    (seen,) = (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data
    assert seen["id"] != "S1"
    assert len(seen["id"]) == 36
    assert {**seen, "id": "S1"} == session()


@pytest.mark.statement("OCPI-132")
async def test_a_completed_session_is_final(node, cpo, emsp):
    await cpo.put(AT, session(status="COMPLETED"))
    again = await cpo.put(AT, session(status="COMPLETED"))
    assert (again.http, again.status) == (200, 1000)
    late = await cpo.put(AT, session(status="ACTIVE", last_updated=LATEST))
    assert (late.http, late.status) == (200, 2001)
    assert (await cpo.patch(AT, {"kwh": 9, "last_updated": LATEST})).status == 2001
    assert (await cpo.get(AT)).data["kwh"] == 0.0


@pytest.mark.statement("OCPI-136", "OCPI-137")
async def test_a_cdr_is_taken_once_and_shown_where_the_location_header_says(node, cpo, emsp):
    first = await cpo.post("receiver/cdrs", cdr(custom=1))
    assert (first.http, first.status) == (201, 1000)
    url = first.headers["Location"]
    assert url.startswith(f"{node.url}/ocpi/2.2.1/receiver/cdrs/")
    assert (await cpo.get(url)).data == cdr(custom=1)
    shuffled = dict(reversed(cdr(custom=1).items()))
    again = await cpo.post("receiver/cdrs", shuffled)
    assert (again.http, again.status) == (200, 1000)
    assert again.headers["Location"] == url
    other = await cpo.post("receiver/cdrs", cdr(custom=1, total_cost={"excl_vat": 99}))
    assert (other.http, other.status) == (200, 2001)
    unknown_field = await cpo.post("receiver/cdrs", cdr(custom=2))
    assert unknown_field.status == 2001
    assert (await cpo.get(url)).data == cdr(custom=1)
    assert len(await node.journal(Kind.CDR)) == 1


@pytest.mark.statement("OCPI-136", "OCPI-141", "OCPI-129")
async def test_a_cdr_that_was_priced_here_may_be_repeated_and_keeps_what_its_cpo_wrote(node, cpo, emsp):
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, prices=Prices(clearing=True)))
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=0.5))
    free = cdr(charging_periods=[period(10.5)], tariffs=[tariff(price=0.5)], total_cost={"excl_vat": 0}, custom=1)
    first = await cpo.post("receiver/cdrs", free)
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=9.0, last_updated=LATEST))  # prices no more what is known
    again = await cpo.post("receiver/cdrs", free)
    assert [(one.http, one.status) for one in (first, again)] == [(201, 1000), (200, 1000)]
    assert again.headers["Location"] == first.headers["Location"]
    (seen,) = (await emsp.get("sender/cdrs")).data
    assert (seen["total_cost"], seen["total_energy_cost"]) == ({"excl_vat": 5.25}, {"excl_vat": 5.25})
    assert (seen["custom"], seen["cdr_location"], seen["tariffs"]) == (1, free["cdr_location"], free["tariffs"])
    other = await cpo.post("receiver/cdrs", {**free, "total_cost": {"excl_vat": 5.25}})
    assert (other.http, other.status) == (200, 2001)
    assert len(await node.journal(Kind.CDR)) == 1
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=3, prices=Prices()))
    assert (await cpo.post("receiver/cdrs", free)).status == 1000


@pytest.mark.statement("OCPI-139")
async def test_a_credit_names_what_it_takes_back_and_is_not_taken_in_the_profile_gireve(node, cpo, emsp):
    await cpo.post("receiver/cdrs", cdr())
    credit = cdr("C1-C", credit=True, total_cost={"excl_vat": -4.2})
    loose = await cpo.post("receiver/cdrs", credit)
    assert (loose.http, loose.status) == (200, 2001)
    taken = await cpo.post("receiver/cdrs", {**credit, "credit_reference_id": "C1"})
    assert (taken.http, taken.status) == (201, 1000)
    assert [one["id"] for one in (await emsp.get("sender/cdrs")).data] == ["C1", "C1-C"]
    await node.change("ccc", profile="gireve")
    off = await cpo.post("receiver/cdrs", {**credit, "id": "C1-D", "credit_reference_id": "C1"})
    assert (off.http, off.status) == (200, 2000)
    assert len(await node.journal(Kind.CDR)) == 2


@pytest.mark.statement("OCPI-137")
async def test_a_copy_of_a_cdr_is_shown_to_its_owner_alone(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    url = (await cpo.post("receiver/cdrs", cdr())).headers["Location"]
    assert (await other.get(url)).http == 404
    assert (await emsp.get(url)).http == 403
    assert (await cpo.get("receiver/cdrs/nothing")).http == 404
    await cpo.put(AT, session())
    (stored,) = await node.store.by_ref("session:s1", Kind.SESSION)
    assert (await cpo.get(f"receiver/cdrs/{stored.hub_id}")).http == 404


@pytest.mark.statement("OCPI-208", "OCPI-212")
async def test_a_charge_at_a_place_that_was_never_sent_reaches_its_emsp_and_no_cost_stays_no_cost(node, cpo, emsp):
    assert (await cpo.put(AT, session(location_id="HOME", evse_uid="BOX"))).http == 201
    assert (await cpo.post("receiver/cdrs", cdr(cdr_location={**cdr()["cdr_location"], "id": "HOME"}))).http == 201
    (seen,) = (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data
    assert seen["evse_uid"] == "BOX"
    assert "total_cost" not in seen  # which does not mean that it was free
    (bill,) = (await emsp.get("sender/cdrs")).data
    assert bill["cdr_location"]["id"] == "HOME"


@pytest.mark.statement("OCPI-124")
async def test_a_cdr_goes_where_its_session_went_although_the_agreement_has_ended_since(node, cpo, emsp):
    await cpo.put(AT, session())
    (agreed,) = node.book.agreements.values()
    await node.book.put_agreement(replace(agreed, ends=node.clock.now()))
    for name, session_id in (("C1", "S1"), ("C2", "S2"), ("C3", None)):
        taken = await cpo.post("receiver/cdrs", cdr(name, session_id=session_id))
        assert (taken.http, "ended" in taken.message) == (201, session_id != "S1")
    assert [one["id"] for one in (await emsp.get("sender/cdrs")).data] == ["C1"]


@pytest.mark.statement("OCPI-124")
async def test_a_charge_at_an_evse_that_no_agreement_selects_goes_to_nobody(node, cpo, emsp):
    (agreed,) = node.book.agreements.values()
    chosen = (selection(locations=["L1"]),)
    await node.book.put_agreement(replace(agreed, selections=chosen))
    for number, place in enumerate(("L1", "L2")):
        await cpo.put(f"receiver/locations/CH/CCC/{place}", location(place))
        there = {**cdr()["cdr_location"], "id": place}
        told = [
            await cpo.put(f"receiver/sessions/CH/CCC/S{number}", session(f"S{number}", location_id=place)),
            await cpo.post("receiver/cdrs", cdr(f"C{number}", session_id=None, cdr_location=there)),
        ]
        assert [(one.http, "leaves out" in one.message) for one in told] == [(201, place == "L2")] * 2
    assert [one["id"] for one in (await emsp.get("sender/cdrs")).data] == ["C0"]
    assert len((await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data) == 1


@pytest.mark.statement("OCPI-206")
async def test_sessions_are_listed_to_who_names_a_date_alone(node, cpo, emsp):
    await cpo.put(AT, session())
    for query in ("", "?date_to=2026-04-01T00:00:00Z", "?date_from="):
        answer = await emsp.get(f"sender/sessions{query}")
        assert (answer.http, answer.status, "date_from" in answer.message) == (200, 2001, True)
    assert len((await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data) == 1


@pytest.mark.statement("OCPI-178")
async def test_a_charge_that_nothing_allowed_is_taken_and_its_sender_is_told(node, cpo, emsp):
    flagged = [await cpo.put(AT, session()), await cpo.post("receiver/cdrs", cdr())]
    assert [(one.http, "OCPI-178" in one.message) for one in flagged] == [(201, True)] * 2
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token(whitelist="ALLOWED"))
    listed = [
        await cpo.put("receiver/sessions/CH/CCC/S2", session("S2")),
        await cpo.post("receiver/cdrs", cdr("C2", session_id="S2")),
    ]
    assert [(one.http, "OCPI-178" in one.message) for one in listed] == [(201, False)] * 2
    assert len((await emsp.get("sender/cdrs")).data) == 2


@pytest.mark.statement("OCPI-208")
async def test_a_cdr_of_an_unknown_session_is_taken(node, cpo, emsp):
    taken = await cpo.post("receiver/cdrs", cdr("C9", session_id="nobody", authorization_reference="none"))
    assert (taken.http, taken.status) == (201, 1000)


@pytest.mark.statement("OCPI-182")
@pytest.mark.parametrize(
    "body",
    [
        cdr(country_code="DE"),
        cdr(party_id="DDD"),
        cdr(id=""),
        cdr(total_cost=3),
        cdr(charging_periods="none"),
        cdr(cdr_token=cdr_token(type="FACE")),
        cdr(end_date_time="late"),
        cdr(total_energy=float("1e30")),
        {},
        [],
        "C1",
    ],
)
async def test_a_bad_cdr_lets_the_queue_move_on(node, cpo, emsp, body):
    answer = await cpo.post("receiver/cdrs", body)
    assert answer.http == 200
    assert answer.status == 2001
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-182")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (AT, session("S2")),
        (AT, session(party_id="DDD")),
        ("receiver/sessions/CH/DDD/S1", session(party_id="DDD")),
        (AT, session(kwh="many")),
        (AT, session(status="TIRED")),
        (AT, None),
    ],
)
async def test_a_bad_session_lets_the_queue_move_on(node, cpo, emsp, path, body):
    answer = await cpo.put(path, b"null" if body is None else body)
    assert (answer.http, answer.status) == (200, 2001)
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-126")
async def test_a_patch_of_an_unknown_session_is_2001_and_off_where_the_profile_says_so(node, cpo, emsp):
    unknown = await cpo.patch(AT, {"kwh": 1, "last_updated": LATER})
    assert (unknown.http, unknown.status) == (200, 2001)
    await node.change("ccc", profile="gireve")
    off = await cpo.patch(AT, {"kwh": 1, "last_updated": LATER})
    assert (off.http, off.status) == (200, 2000)


@pytest.mark.statement("OCPI-130")
async def test_charges_without_roaming_are_kept_and_shown_to_nobody(node, cpo, emsp):
    anonymous = cdr_token(country_code="$$", party_id="ADV", uid="12345671234567", contract_id="Gireve2Advenir")
    assert (await cpo.put(AT, session(cdr_token=anonymous))).status == 1000
    assert (await cpo.post("receiver/cdrs", cdr(cdr_token=anonymous, session_id=None))).http == 201
    assert (await emsp.get("sender/cdrs")).data == []


async def test_the_trace_of_a_charge_is_found_by_all_its_ids(node, cpo, emsp):
    await cpo.post("receiver/cdrs", cdr(authorization_reference="A-1"), {"X-Correlation-ID": "CORR"})
    for known_by in ("C1", "S1", "A-1", "CORR"):
        (trace,) = await node.traces(known_by)
        assert (trace.operation, trace.code, trace.seq) == ("ocpi POST cdrs", "201/1000", 1)
        assert b'"C1"' in trace.request
        assert trace.response == b""
        assert "0102030405060A" not in "".join(trace.ids)


@pytest.mark.statement("OCPI-185")
async def test_a_session_without_a_cost_has_one_for_an_emsp_that_subscribed_until_its_cpo_says_so(node, cpo, emsp):
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, prices=Prices(clearing=True)))
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=0.5))

    async def cost():
        ((seen),) = (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data
        return seen.get("total_cost")

    first = session(kwh=4, charging_periods=[period(4)])
    assert [(await cpo.put(AT, first)).http for _ in range(2)] == [201, 200]
    assert await cost() == {"excl_vat": 2.0}
    assert len(await node.journal(Kind.SESSION)) == 1
    more = {"charging_periods": [period(6, LATER)], "kwh": 10, "last_updated": LATER}
    assert (await cpo.patch(AT, more)).status == 1000
    assert await cost() == {"excl_vat": 5.0}
    said = {"total_cost": {"excl_vat": 7, "incl_vat": 8}, "status": "COMPLETED", "last_updated": LATEST}
    assert (await cpo.patch(AT, said)).status == 1000
    assert await cost() == {"excl_vat": 7, "incl_vat": 8}


@pytest.mark.statement("OCPI-127")
async def test_a_patch_that_is_sent_again_adds_its_periods_no_second_time(node, cpo, emsp):
    await cpo.put(AT, session(charging_periods=[period(1.0)]))
    patch = {"charging_periods": [period(2.5, LATER), period(2.5, LATER)], "kwh": 3.5, "last_updated": LATER}
    assert [(await cpo.patch(AT, patch)).status for _ in range(2)] == [1000, 1000]
    assert len(await node.journal(Kind.SESSION)) == 2
    more = {"charging_periods": [period(2.5, LATER)], "last_updated": LATEST}
    assert (await cpo.patch(AT, more)).status == 1000
    (seen,) = (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data
    assert seen["charging_periods"] == [period(1.0), *[period(2.5, LATER)] * 3]
    row = (await node.store.by_ref("session:s1", Kind.SESSION))[0]
    assert len(row.body.periods) == 4


@pytest.mark.statement("OCPI-77")
@pytest.mark.parametrize("connector_id", ["1", "b"])
async def test_the_tariffs_of_the_first_connector_are_those_of_a_charge_at_any_of_its_evse(
    node, cpo, emsp, connector_id
):
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, prices=Prices(clearing=True)))
    await node.change("ccc", profile="gireve")
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=0.5, start_date_time="2026-01-01T00:00:00Z"))
    dear = tariff("T2", price=0.9, type="REGULAR", start_date_time="2026-02-01T00:00:00Z")
    await cpo.put("receiver/tariffs/CH/CCC/T2", dear)
    plugs = [connector(), connector(id="B", tariff_ids=["T2"])]
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse(connectors=plugs)]))
    said = session(kwh=4, charging_periods=[period(4)], connector_id=connector_id)
    assert (await cpo.put(AT, said)).status == 1000
    (seen,) = (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data
    assert seen["total_cost"] == {"excl_vat": 2.0}


@pytest.mark.statement("OCPI-185")
async def test_a_cdr_without_a_price_has_one_for_an_emsp_that_subscribed(node, cpo, emsp):
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, prices=Prices(clearing=True)))
    priced = tariff(price=0.5)
    await cpo.put("receiver/tariffs/CH/CCC/T1", priced)
    sent = cdr(total_cost={"excl_vat": 0.0}, tariffs=[priced])
    assert (await cpo.post("receiver/cdrs", sent)).status == 1000
    (seen,) = (await emsp.get("sender/cdrs")).data
    assert (seen["total_cost"], seen["total_energy_cost"]) == ({"excl_vat": 5.25}, {"excl_vat": 5.25})


@pytest.mark.statement("OCPI-132")
async def test_a_session_that_was_priced_here_is_final_too_and_may_be_repeated(node, cpo, emsp):
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, prices=Prices(clearing=True)))
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=0.5))
    done = session(kwh=4, charging_periods=[period(4)], status="COMPLETED")
    assert [(await cpo.put(AT, done)).status for _ in range(2)] == [1000, 1000]
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=9.0, last_updated=LATEST))
    assert (await cpo.put(AT, done)).status == 1000
    assert (await cpo.patch(AT, {"kwh": 9, "last_updated": LATEST})).status == 2001
