"""What a back office finds: its own always, others' by agreement."""

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Terms
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Module, PartyId, location_key
from interroam.model.parties import PartnerState
from interroam.model.places import Audience
from tests.protocols.plain.node import CDR, LOCATION, SESSION, TARIFF


async def listed(node, who, path):
    status, page = await node.call(who, "GET", path)
    assert status == 200, page
    return [item.get("id") or item["uid"] for item in page["items"]]


async def test_one_sees_ones_own_and_what_agreements_show(furnished):
    await furnished.call("cpo", "PUT", "/locations/CH*CCD/L2", LOCATION)
    assert await listed(furnished, "cpo", "/locations") == ["L1", "L2"]
    assert await listed(furnished, "cpo", "/locations?party=CH*CCD") == ["L2"]
    assert await listed(furnished, "emsp", "/locations") == ["L1"]
    assert await listed(furnished, "other", "/locations") == []
    assert await listed(furnished, "emsp", "/tokens") == ["card1"]
    assert await listed(furnished, "cpo", "/tokens") == ["card1"]
    assert await listed(furnished, "other", "/tokens") == []
    assert (await furnished.call("emsp", "GET", "/locations/CH*CCC/L1"))[0] == 200
    assert (await furnished.call("emsp", "GET", "/locations/CH*CCC/L1/evses/1"))[0] == 200
    for path in ("/locations/CH*CCD/L2", "/locations/CH*CCD/L2/evses/1", "/locations/CH*CCC/L9"):
        assert (await furnished.call("emsp", "GET", path))[0] == 404
    assert (await furnished.call("other", "GET", "/tokens/CH*EEE/RFID/card1"))[0] == 404


@pytest.mark.statement("OCPI-194")
async def test_a_place_that_is_not_published_is_on_nobodys_map_but_its_owners(furnished):
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L2", {**LOCATION, "publish": False})
    assert await listed(furnished, "cpo", "/locations") == ["L1", "L2"]
    assert await listed(furnished, "emsp", "/locations") == ["L1"]
    assert await listed(furnished, "emsp", "/locations?card=RFID:card1") == ["L1"]
    stored = await furnished.hub.store.get(location_key(PartyId.parse("CH*CCC"), "L2"))
    named = replace(stored.body, audience=(Audience(uid="CARD1", type="RFID"),), last_updated=furnished.clock.now())
    await furnished.hub.tell(Origin("cpo"), Fact(named))
    assert await listed(furnished, "emsp", "/locations?card=RFID:card1") == ["L1", "L2"]
    assert await listed(furnished, "emsp", "/locations") == ["L1"]


@pytest.mark.statement("OCPI-138")
async def test_charges_are_for_their_cpo_and_their_emsp(furnished):
    await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
    await furnished.call("cpo", "POST", "/cdrs", CDR)
    for who, seen in (("cpo", True), ("emsp", True), ("other", False)):
        assert await listed(furnished, who, "/sessions") == (["S1"] if seen else [])
        assert await listed(furnished, who, "/cdrs") == (["C1"] if seen else [])
        assert (await furnished.call(who, "GET", "/sessions/CH*CCC/S1"))[0] == (200 if seen else 404)
        assert (await furnished.call(who, "GET", "/cdrs/CH*CCC/C1"))[0] == (200 if seen else 404)


async def test_what_an_agreement_leaves_out_is_not_seen(furnished):
    agreement = furnished.hub.book.agreements["a1"]
    await furnished.hub.book.put_agreement(replace(agreement, terms={Module.LOCATIONS: Terms(on=False)}))
    assert await listed(furnished, "emsp", "/locations") == []
    assert (await furnished.call("emsp", "GET", "/locations/CH*CCC/L1"))[0] == 404


async def test_a_list_is_read_page_by_page(node):
    for number in range(5):
        await node.call("cpo", "PUT", f"/tariffs/CH*CC{'CD'[number % 2]}/T{number}", TARIFF)
    seen, path = [], "/tariffs?limit=2"
    while True:
        _, page = await node.call("cpo", "GET", path)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        path = f"/tariffs?limit=2&after={page['next']}"
    assert seen == ["T0", "T1", "T2", "T3", "T4"]


async def test_a_partner_of_both_roles_sees_both_sides_in_one_list(furnished):
    book = furnished.hub.book
    await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
    both = book.partners["cpo"].parties + book.partners["emsp"].parties
    await book.put_partner(replace(book.partners["cpo"], parties=both))
    assert await listed(furnished, "cpo", "/sessions?limit=1") == ["S1"]


async def test_a_list_is_cut_by_time(node):
    for hour in (1, 2, 3):
        await node.call(
            "cpo", "PUT", f"/tariffs/CH*CCC/T{hour}", {**TARIFF, "last_updated": f"2026-03-01T0{hour}:00:00Z"}
        )
    between = "/tariffs?from=2026-03-01T02:00:00Z&to=2026-03-01T03:00:00Z"
    assert await listed(node, "cpo", between) == ["T2"]
    assert await listed(node, "cpo", "/tariffs?from=2026-03-01T03:30:00%2B01:00") == ["T3"]
    assert await listed(node, "cpo", "/tariffs?from=2026-03-01T03:30:00+01:00") == ["T3"]


async def test_a_page_has_its_limits(node):
    for query in ("limit=0", "limit=1001", "after=-1", "limit=x", "party=switzerland", "from=yesterday"):
        status, answer = await node.call("cpo", "GET", f"/tariffs?{query}")
        assert (status, answer["error"]["field"]) == (422, query.partition("=")[0])


async def test_a_suspended_partner_finds_nothing(furnished):
    await furnished.hub.book.set_state("emsp", PartnerState.SUSPENDED)
    status, answer = await furnished.call("emsp", "GET", "/locations")
    assert (status, answer["error"]["reason"]) == (403, "forbidden")


@pytest.mark.statement("OCPI-146", "OCPI-152", "OCPI-155")
async def test_an_emsp_finds_and_is_told_the_regular_tariff_that_is_for_it(furnished):
    offers = {None: "0.4", "CH*EEE": "0.3", "CH*OOO": "0.2"}
    for target, price in offers.items():
        element = {"components": [{"dimension": "ENERGY", "price": float(price)}]}
        body = {**TARIFF, "elements": [element], **({"target": target} if target else {})}
        assert (await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", body))[0] < 300
        if target != "CH*EEE":
            assert (await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T2", body))[0] < 300
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T3", {**TARIFF, "type": "AD_HOC_PAYMENT"})
    assert sorted(await listed(furnished, "cpo", "/tariffs")) == ["T1", "T1", "T1", "T2", "T2", "T3"]

    def prices(shown):
        assert all("target" not in one for one in shown)
        return {one["id"]: one["elements"][0]["components"][0]["price"] for one in shown}

    _, page = await furnished.call("emsp", "GET", "/tariffs")
    assert (len(page["items"]), prices(page["items"])) == (2, {"T1": 0.3, "T2": 0.4})
    for query in ("", "?target=CH*OOO"):
        found = [(await furnished.call("emsp", "GET", f"/tariffs/CH*CCC/{one}{query}"))[1] for one in ("T1", "T2")]
        assert prices(found) == {"T1": 0.3, "T2": 0.4}
    assert (await furnished.call("emsp", "GET", "/tariffs/CH*CCC/T3"))[0] == 404
    _, told = await furnished.call("emsp", "GET", "/facts?limit=1000")
    tariffs = [one for one in told["facts"] if one["kind"] == "tariff"]
    assert all(one["key"].keys() == {"party", "id"} for one in tariffs)
    assert prices([one["object"] for one in tariffs]) == {"T1": 0.3, "T2": 0.4}
    await furnished.call("cpo", "DELETE", "/tariffs/CH*CCC/T1?target=CH*EEE")
    _, told = await furnished.call("emsp", "GET", f"/facts?after={told['next']}")
    assert prices([one["object"] for one in told["facts"]]) == {"T1": 0.4}
