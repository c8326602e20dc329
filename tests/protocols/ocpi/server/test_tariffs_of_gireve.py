"""Tariffs where the profile is Gireve's: when they start, what is odd about them, which prices a charge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interroam.core.audit import LOCAL, Audit
from interroam.core.office.approving import Approving
from interroam.core.rules.pricing.choosing import resolve
from interroam.core.rules.visibility import groups_of
from interroam.core.telling.repricing import repriced
from interroam.model.agreements import Agreement, Selection
from interroam.model.ids import Kind, Party, PartyId, cdr_key, tariff_key
from tests.protocols.ocpi.server.messages import cdr, connector, evse, location, period, tariff

AT = "receiver/tariffs/CH/CCC/T1"
LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"
CCC = PartyId.parse("CH*CCC")


@pytest.fixture
async def approving(node, cpo, emsp):
    await node.change("ccc", profile="gireve")
    return Approving(node.hub, Audit(node.store, node.clock, node.hub.ids))


async def defects(approving) -> list[tuple[str, str]]:
    found = await approving.findings(LOCAL, "ccc")
    return [(one.field, one.message) for each in found for one in each.defects]


async def start_of(node) -> datetime:
    return (await node.store.get(tariff_key(CCC, "T1"))).body.starts


@pytest.mark.statement("OCPI-145", "OCPI-146")
async def test_every_type_is_stored_and_only_regular_ones_are_shown(node, approving, cpo, emsp):
    kinds = (None, "REGULAR", "AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN")
    for number, kind in enumerate(kinds):
        path = f"receiver/tariffs/CH/CCC/K{number}"
        assert (await cpo.put(path, tariff(f"K{number}", type=kind))).http == 201
        assert (await cpo.get(path)).data["id"] == f"K{number}"
    assert [one["id"] for one in (await emsp.get("sender/tariffs")).data] == ["K0", "K1"]


@pytest.mark.statement("OCPI-147", "OCPI-148")
async def test_a_tariff_without_start_holds_from_its_first_reception_on(node, approving, cpo, emsp):
    before = node.clock.now()
    await cpo.put(AT, tariff())
    after = node.clock.now()
    start = await start_of(node)
    assert before <= start <= after
    (shown,) = (await emsp.get("sender/tariffs")).data
    assert datetime.fromisoformat(shown["start_date_time"]) == start
    node.clock.ahead = timedelta(days=3)
    await cpo.put(AT, tariff(tariff_alt_text=[{"language": "en", "text": "New words"}], last_updated=LATER))
    assert await start_of(node) == start
    for number, begun, outcome in (("C1", start - timedelta(days=1), "not_checkable"), ("C2", start, "agrees")):
        at = begun.isoformat().replace("+00:00", "Z")
        ended = (begun + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        charge = cdr(
            number,
            start_date_time=at,
            end_date_time=ended,
            charging_periods=[{**period(10.5, at), "tariff_id": "T1"}],
            tariffs=[shown],
        )
        assert (await cpo.post("receiver/cdrs", charge)).http == 201
        stored = await node.store.get(cdr_key(CCC, number))
        assert ((await repriced(node.store, stored.body)).computed is None) is (outcome == "not_checkable")


async def test_where_the_profile_is_the_specifications_a_tariff_needs_no_start(node, cpo, emsp):
    await cpo.put(AT, tariff())
    assert await start_of(node) is None
    assert "start_date_time" not in (await emsp.get("sender/tariffs")).data[0]


@pytest.mark.statement("OCPI-149")
async def test_a_new_price_under_an_old_id_is_taken_and_noted_but_no_new_text_or_end(node, approving, cpo, emsp):
    start = {"start_date_time": "2026-01-01T00:00:00Z"}
    await cpo.put(AT, tariff(**start))
    words = [{"language": "en", "text": "By the hour"}]
    ends = {"end_date_time": "2027-01-01T00:00:00Z"}
    assert (await cpo.put(AT, tariff(**start, **ends, tariff_alt_text=words, last_updated=LATER))).status == 1000
    assert await defects(approving) == []
    changed = await cpo.put(AT, tariff(price=0.5, **start, **ends, last_updated=LATEST))
    assert (changed.http, changed.status) == (200, 1000)
    assert await defects(approving) == [("elements", "changed under the same id: a new price is a new tariff")]
    assert (await emsp.get("sender/tariffs")).data[0]["elements"][0]["price_components"][0]["price"] == 0.5


@pytest.mark.statement("OCPI-149")
async def test_a_new_price_under_an_old_id_is_counted_in_the_profile_of_the_specification_too(node, cpo, emsp):
    await cpo.put(AT, tariff())
    words = [{"language": "en", "text": "By the hour"}]
    ends = {"end_date_time": "2027-01-01T00:00:00Z"}
    await cpo.put(AT, tariff(**ends, tariff_alt_text=words, last_updated=LATER))
    assert node.hub.oddities.of("ccc") == []
    assert (await cpo.put(AT, tariff(price=0.5, **ends, last_updated=LATEST))).status == 1000
    (one,) = node.hub.oddities.of("ccc")
    assert (one.message, one.field, one.what) == (
        "tariff",
        "elements",
        "changed under the same id: a new price is a new tariff",
    )


@pytest.mark.statement("OCPI-150")
async def test_a_price_change_is_a_new_tariff_beside_the_old_one_and_each_prices_its_days(node, cpo, emsp):
    change = "2026-06-01T00:00:00Z"
    await cpo.put(AT, tariff("T1", 0.4, end_date_time=change))
    await cpo.put("receiver/tariffs/CH/CCC/T2", tariff("T2", 0.6, start_date_time=change))
    plug = connector(tariff_ids=["T1", "T2"])
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse(connectors=[plug])]))
    (shown,) = (await emsp.get("sender/locations")).data
    assert shown["evses"][0]["connectors"][0]["tariff_ids"] == ["T1", "T2"]
    rows = [(await node.store.get(tariff_key(CCC, one))).body for one in ("T1", "T2")]
    for at, priced in (("2026-05-31T23:59:59", "T1"), ("2026-06-01T00:00:00", "T2")):
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        found = [one for row in rows if (one := resolve(rows, PartyId.parse("DE*EEE"), row.id, moment))]
        assert [one.id for one in found] == [priced]


@pytest.mark.statement("OCPI-157")
async def test_a_tariff_belongs_to_the_evse_by_its_first_connector(node, cpo, emsp):
    grouped = Agreement(
        id="grouped",
        emsp=Party.parse("DE*GGG/EMSP"),
        cpos=(Party.parse("CH*CCC/CPO"),),
        starts=datetime(2020, 1, 1, tzinfo=UTC),
        selections=(Selection(tariff_groups=frozenset({"t1"})),),
    )
    other = await node.partner("ggg", "DE*GGG/EMSP")
    await node.book.put_agreement(grouped)
    plain, priced = connector(id="1", tariff_ids=[]), connector(id="2", tariff_ids=["T1"])
    evses = [evse("E1", connectors=[priced, plain]), evse("E2", connectors=[plain, priced])]
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=evses))
    (shown,) = (await other.get("sender/locations")).data
    assert [one["uid"] for one in shown["evses"]] == ["E1"]
    rows = [row.body for (row,) in [await node.store.by_ref(f"evse:chccce{n}", Kind.EVSE) for n in (1, 2)]]
    assert [groups_of(one) for one in rows] == [("T1",), ()]


@pytest.mark.statement("OCPI-212")
async def test_free_charging_is_a_tariff_like_any_other_and_no_cost_is_not_free(node, approving, cpo, emsp):
    free = tariff(elements=[{"price_components": [{"type": "FLAT", "price": 0.0, "step_size": 1}]}])
    await cpo.put(AT, {**free, "start_date_time": "2026-01-01T00:00:00Z"})
    (shown,) = (await emsp.get("sender/tariffs")).data
    assert shown["elements"] == free["elements"]
    await cpo.post("receiver/cdrs", cdr(tariffs=[shown], total_cost={"excl_vat": 0.0}))
    stored = await node.store.get(cdr_key(CCC, "C1"))
    assert (await repriced(node.store, stored.body)).computed == 0


@pytest.mark.statement("OCPI-213")
@pytest.mark.parametrize(
    ("words", "odd"), [("0.40 CHF per kWh", True), ("0,4 je kWh", True), ("Nights are free", False)]
)
async def test_a_text_beside_the_elements_that_repeats_their_prices_is_noted(node, approving, cpo, words, odd):
    sent = tariff(tariff_alt_text=[{"language": "en", "text": words}], start_date_time="2026-01-01T00:00:00Z")
    start = {"price_components": [{"type": "FLAT", "price": 9.0, "step_size": 1}]}
    sent["elements"] = [start, *sent["elements"]]  # any of the prices counts
    assert (await cpo.put(AT, sent)).status == 1000
    assert [field for field, _ in await defects(approving)] == (["tariff_alt_text"] if odd else [])
