"""Tariffs: variants under one id."""

from __future__ import annotations

import pytest

from tests.protocols.ocpi.server.messages import location, tariff

AT = "receiver/tariffs/CH/CCC/T1"
TO_EEE = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
TO_FFF = {"target_operator_country_code": "DE", "target_operator_party_id": "FFF"}


def price(shown: dict) -> float:
    return shown["elements"][0]["price_components"][0]["price"]


@pytest.mark.statement("OCPI-153", "OCPI-156")
async def test_variants_of_one_id_live_side_by_side(node, cpo, emsp):
    for amount, target in ((0.4, {}), (0.3, TO_EEE), (0.2, TO_FFF)):
        assert (await cpo.put(AT, tariff(price=amount, **target))).http == 201
    assert (await cpo.put(AT, tariff(price=0.25, **TO_FFF, last_updated="2026-03-15T12:00:00Z"))).http == 200
    assert price((await cpo.get(AT)).data) == 0.4
    query = "target_operator_country_code=DE&target_operator_party_id="
    assert (await cpo.get(f"{AT}?{query}EEE")).data == tariff(price=0.3, **TO_EEE)
    assert price((await cpo.get(f"{AT}?{query}FFF")).data) == 0.25
    assert (await cpo.call("DELETE", f"{AT}?{query}EEE")).status == 1000
    assert (await cpo.get(f"{AT}?{query}EEE")).http == 404
    assert price((await cpo.get(AT)).data) == 0.4
    assert (await cpo.delete(AT, TO_FFF)).status == 1000
    assert (await cpo.delete(AT)).status == 1000
    gone = await cpo.delete(AT)
    assert (gone.http, gone.status) == (404, 2000)
    assert (await cpo.get(AT)).http == 404


@pytest.mark.statement("OCPI-156")
async def test_a_delete_that_names_nobody_takes_every_variant_and_nothing_else(node, cpo, emsp):
    for name, target in (("T1", {}), ("T1", TO_EEE), ("T1", TO_FFF), ("T2", TO_EEE)):
        await cpo.put(f"receiver/tariffs/CH/CCC/{name}", tariff(name, **target))
    assert (await cpo.delete(AT)).status == 1000
    query = "target_operator_country_code=DE&target_operator_party_id="
    assert [(await cpo.get(f"{AT}{one}")).http for one in ("", f"?{query}EEE", f"?{query}FFF")] == [404] * 3
    assert [one["id"] for one in (await emsp.get("sender/tariffs")).data] == ["T2"]


@pytest.mark.statement("OCPI-156")
async def test_a_target_in_a_body_counts_beside_other_parameters_and_one_that_cannot_be_read_takes_nothing(node, cpo):
    for target in ({}, TO_EEE):
        await cpo.put(AT, tariff(**target))
    assert (await cpo.delete(AT, dict.fromkeys(TO_EEE, 1))).status == 2001
    assert (await cpo.delete(f"{AT}?reason=old", TO_EEE)).status == 1000
    assert (await cpo.get(AT)).data == tariff()


@pytest.mark.statement("OCPI-151")
@pytest.mark.parametrize("field", list(TO_EEE))
async def test_half_a_target_is_2001(node, cpo, field):
    answer = await cpo.put(AT, tariff(**{field: TO_EEE[field]}))
    assert (answer.http, answer.status) == (200, 2001)
    assert "target_operator" in answer.message
    assert (await cpo.get(f"{AT}?{field}={TO_EEE[field]}")).status == 2001
    assert (await cpo.delete(AT, {field: TO_EEE[field]})).status == 2001
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-146", "OCPI-152", "OCPI-155")
async def test_each_emsp_sees_the_regular_tariff_that_is_for_it(node, cpo, emsp):
    other = await node.partner("ggg", "DE*GGG/EMSP")
    await node.roam("DE*GGG", "CH*CCC")
    await cpo.put(AT, tariff(price=0.4))
    await cpo.put(AT, tariff(price=0.3, **TO_EEE))
    await cpo.put(AT, tariff(price=0.2, **TO_FFF))
    await cpo.put("receiver/tariffs/CH/CCC/T2", tariff("T2", type="AD_HOC_PAYMENT"))
    await cpo.put("receiver/tariffs/CH/CCC/T3", tariff("T3", **TO_FFF))
    (mine,) = (await emsp.get("sender/tariffs")).data
    assert price(mine) == 0.3
    assert "gireve_id" in mine
    assert not [name for name in mine if name.startswith("target_operator")]
    page = await other.get("sender/tariffs?limit=1")
    assert [price(each) for each in page.data] == [0.4]
    assert page.headers["X-Total-Count"] == "1"
    assert "Link" not in page.headers


@pytest.mark.statement("OCPI-152")
@pytest.mark.parametrize("profile", ["spec", "gireve"])
async def test_a_cpo_hears_that_the_other_emsps_see_no_tariff_as_long_as_there_is_none_for_all(
    node, cpo, emsp, profile
):
    await node.change("ccc", profile=profile)
    sent = {"start_date_time": "2026-01-01T00:00:00Z"}
    assert "for all" not in (await cpo.put(AT, tariff(**sent, **TO_EEE))).message  # there are no others
    await node.partner("ggg", "DE*GGG/EMSP")
    await node.roam("DE*GGG", "CH*CCC")
    lonely = await cpo.put(AT, tariff(**sent, **TO_EEE, last_updated="2026-03-14T12:01:00Z", price=0.1))
    assert (lonely.status, "only DE*EEE sees this tariff" in lonely.message) == (1000, True)
    await cpo.put(AT, tariff(**sent))
    both = await cpo.put(AT, tariff(**sent, **TO_EEE, last_updated="2026-03-14T12:02:00Z", price=0.2))
    assert (both.status, "sees this tariff" in both.message) == (1000, False)


@pytest.mark.statement("OCPI-152")
async def test_the_variant_that_is_for_an_emsp_is_shown_whichever_came_first_and_each_id_once(node, cpo, emsp):
    for number in (1, 2, 3):
        await cpo.put(f"receiver/tariffs/CH/CCC/T{number}", tariff(f"T{number}", price=number / 10, **TO_EEE))
    for number in (3, 2, 1):
        await cpo.put(f"receiver/tariffs/CH/CCC/T{number}", tariff(f"T{number}", price=0.9))
    whole = await emsp.get("sender/tariffs")
    assert [(one["id"], price(one)) for one in whole.data] == [("T1", 0.1), ("T2", 0.2), ("T3", 0.3)]
    first = await emsp.get("sender/tariffs?limit=2")
    second = await emsp.get(first.headers["Link"].partition(">")[0].removeprefix("<"))
    assert [one["id"] for one in (*first.data, *second.data)] == ["T1", "T2", "T3"]
    assert "Link" not in second.headers


@pytest.mark.parametrize(
    "body",
    [
        tariff("T2"),
        tariff(party_id="DDD"),
        tariff(elements=[]) | {"currency": None},
        tariff(elements=[{"price_components": [{"type": "SUN", "price": 1, "step_size": 1}]}]),
        tariff(price="much"),
        [],
    ],
)
async def test_a_bad_tariff_is_2001(node, cpo, body):
    answer = await cpo.put(AT, body)
    assert (answer.http, answer.status) == (200, 2001)


async def test_nobody_deletes_what_is_not_his(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await cpo.put(AT, tariff())
    assert (await other.delete(AT)).http == 404
    assert (await cpo.get(AT)).status == 1000


@pytest.mark.statement("OCPI-209")
async def test_a_price_of_the_module_changes_without_anybody_amending_an_agreement(node, cpo, emsp):
    await cpo.put(AT, tariff())
    await cpo.put(AT, tariff(price=0.6, last_updated="2026-03-14T12:05:00Z"))
    (shown,) = (await emsp.get("sender/tariffs")).data
    assert shown["elements"][0]["price_components"][0]["price"] == 0.6
    assert node.book.offers == {}
    assert {one.version for one in node.book.agreements.values()} == {1}


@pytest.mark.statement("OCPI-211")
async def test_a_cpo_reads_its_tariff_back_and_deletes_it_once_no_connector_refers_to_it(node, cpo, emsp):
    await cpo.put(AT, tariff())
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    assert (await cpo.get(AT)).data == tariff()
    refused = await cpo.delete(AT)
    assert refused.status // 1000 == 2
    assert "connector" in refused.message
    connector = {"tariff_ids": [], "last_updated": "2026-03-14T12:05:00Z"}
    await cpo.patch("receiver/locations/CH/CCC/L1/E1/1", connector)
    assert (await cpo.delete(AT)).status == 1000
    assert (await cpo.get(AT)).http == 404


@pytest.mark.statement("OCPI-211")
async def test_one_of_several_variants_goes_while_connectors_refer_to_their_id_and_an_evse_that_is_gone_refers_to_none(
    node, cpo
):
    for target in ({}, TO_EEE):
        await cpo.put(AT, tariff(**target))
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    assert (await cpo.delete(AT)).status == 2000
    query = "target_operator_country_code=DE&target_operator_party_id=EEE"
    assert [(await cpo.get(f"{AT}{one}")).status for one in ("", f"?{query}")] == [1000, 1000]  # none of them went
    assert (await cpo.delete(AT, TO_EEE)).status == 1000
    assert (await cpo.delete(AT)).status == 2000
    await cpo.patch("receiver/locations/CH/CCC/L1/E1", {"status": "REMOVED", "last_updated": "2026-03-14T12:05:00Z"})
    assert (await cpo.delete(AT)).status == 1000
