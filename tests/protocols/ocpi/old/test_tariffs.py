"""Tariffs of CPOs that speak 2.1.1."""

from datetime import timedelta

import pytest

from interroam.model.ids import PartyId, tariff_key
from tests.protocols.ocpi import older
from tests.protocols.ocpi.server import messages

OWNER = PartyId.parse("CH*CCC")
TO_EEE = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}


@pytest.mark.statement("OCPI-147")
async def test_a_tariff_of_an_old_cpo_starts_when_it_is_first_received(make):
    async with make("cpo") as world:
        await world.say("PUT", "tariffs/CH/CCC/T1", older.old_tariff())
        await world.settled()
        first = world.emsp.told("PUT")[-1].body["start_date_time"]
        world.node.clock.ahead += timedelta(days=2)
        words = [{"language": "en", "text": "New words"}]
        again = older.old_tariff(tariff_alt_text=words, last_updated="2026-03-15T12:00:00Z")
        await world.say("PUT", "tariffs/CH/CCC/T1", again)
        await world.settled()
        told = world.emsp.told("PUT")[-1].body
        assert (told["tariff_alt_text"], told["start_date_time"]) == (words, first)


@pytest.mark.statement("OCPI-153")
async def test_the_variants_of_an_old_cpo_start_when_each_is_first_received_and_change_each_by_itself(make):
    async with make("cpo") as world:
        starts = []
        for days, target in ((0, TO_EEE), (1, {}), (1, TO_EEE)):
            world.node.clock.ahead += timedelta(days=days)
            at = f"2026-03-15T12:0{len(starts)}:00Z"
            await world.say("PUT", "tariffs/CH/CCC/T1", older.old_tariff(**target, last_updated=at))
            await world.settled()
            (shown,) = (await world.ask("GET", "sender/tariffs"))["data"]  # the eMSP's own
            starts.append(shown["start_date_time"])
        assert len(set(starts)) == 1
        change = {"currency": "EUR", "last_updated": "2026-03-15T12:05:00Z"}
        assert (await world.say("PATCH", "tariffs/CH/CCC/T1", {**change, **TO_EEE}))["status_code"] == 1000
        (shown,) = (await world.ask("GET", "sender/tariffs"))["data"]
        assert (shown["currency"], shown["start_date_time"]) == ("EUR", starts[0])
        half = {**change, "target_operator_party_id": "EEE"}
        assert (await world.say("PATCH", "tariffs/CH/CCC/T1", half))["status_code"] == 2001


@pytest.mark.statement("OCPI-152")
async def test_an_old_emsp_knows_its_own_variant_wherever_a_tariff_is_named(make):
    async with make("emsp") as world:
        for amount, target in ((0.4, {}), (0.3, TO_EEE)):
            await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff(price=amount, **target))
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.settled()
        (shown,) = (await world.ask("GET", "tariffs"))["data"]
        (place,) = (await world.ask("GET", "locations"))["data"]
        own = await world.node.store.get(tariff_key(OWNER, "T1", PartyId.parse("DE*EEE")))
        assert (shown["elements"][0]["price_components"][0]["price"], shown["id"]) == (0.3, own.hub_id)
        assert place["evses"][0]["connectors"][0]["tariff_id"] == own.hub_id


@pytest.mark.statement("OCPI-145")
async def test_an_old_emsp_is_told_by_the_id_it_knows_that_a_tariff_is_not_for_it_any_more(make):
    async with make("emsp") as world:
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff())
        await world.say("PUT", "receiver/tariffs/CH/CCC/T2", messages.tariff("T2"))
        await world.settled()
        known = [one.path.rpartition("/")[2] for one in world.emsp.told("PUT")]
        later = {"type": "AD_HOC_PAYMENT", "last_updated": "2026-03-15T12:00:00Z"}
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff(**TO_EEE, **later))
        await world.say("PUT", "receiver/tariffs/CH/CCC/T2", messages.tariff("T2", **later))
        await world.settled()
        assert sorted(one.path.rpartition("/")[2] for one in world.emsp.told("DELETE")) == sorted(known)
        assert (await world.ask("GET", "tariffs"))["data"] == []
