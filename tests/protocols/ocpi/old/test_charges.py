"""Sessions, CDRs and tariffs across the bridge, as far as it takes a hub."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL, Actor, Audit
from interroam.core.delivering.dispatch import Dispatch
from interroam.core.office.upkeep import Upkeep
from interroam.core.ports import Query
from interroam.model.agreements import Prices, Terms
from interroam.model.errors import Refused
from interroam.model.ids import Kind, Module
from interroam.protocols.ocpi.server.held import held
from tests.protocols.ocpi import older
from tests.protocols.ocpi.older import Voice
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

SIGNED = {"encoding_method": "OCMF", "signed_values": [{"nature": "Start", "plain_data": "a", "signed_data": "b"}]}


async def posted(world):
    await world.settled()
    return [one.body for one in world.emsp.told("POST") if one.path.endswith("cdrs")]


@pytest.mark.statement("OCPI-140", "OCPI-63")
@pytest.mark.parametrize("credits", [True, False])
async def test_a_credit_is_a_negative_cdr_for_those_who_agreed_and_is_kept_for_others(make, credits):
    async with make("emsp", **({"credits": True} if credits else {})) as world:
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.say("POST", "receiver/cdrs", messages.cdr())
        credit = messages.cdr("C1-CREDIT", credit=True, credit_reference_id="C1", total_cost={"excl_vat": -4.2})
        await world.say("POST", "receiver/cdrs", credit)

        first, *more = await posted(world)
        if credits:
            (one,) = more
            assert (one["total_cost"], first["id"] in one["remark"]) == (-4.2, True)
        else:
            assert more == []
            (kept,) = await world.node.store.shelf()
            assert "credit" in kept.message


@pytest.mark.statement("OCPI-48", "OCPI-140")
@pytest.mark.parametrize(
    ("agreed", "ids"),
    [
        ({}, ["C1", "C4"]),
        ({"credits": True}, ["C1", "C2", "C4"]),
        ({"home_charging": True}, ["C1", "C3", "C4"]),
        ({"credits": True, "home_charging": True}, ["C1", "C2", "C3", "C4"]),
    ],
)
async def test_what_a_partner_has_not_agreed_to_is_neither_listed_nor_counted(make, agreed, ids):
    async with make("emsp", **agreed) as world:
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        credit = {"credit": True, "credit_reference_id": "C1", "total_cost": {"excl_vat": -4.2}}

        async def listed(query):
            said = (await world.ask("GET", f"cdrs?{query}"))["data"]
            names = [(await world.node.store.by_hub_id(one["id"])).key.id.upper() for one in said]
            heard = world.emsp.heard
            return names, heard["X-Total-Count"], "Link" in heard

        await world.say("POST", "receiver/cdrs", messages.cdr())
        assert await listed("limit=1") == (["C1"], "1", False)  # the rest comes to a list that is known
        await world.say("POST", "receiver/cdrs", messages.cdr("C2", **credit))
        await world.say("POST", "receiver/cdrs", messages.cdr("C3", home_charging_compensation=True))
        await world.say("POST", "receiver/cdrs", messages.cdr("C4"))
        assert await listed("limit=2") == (ids[:2], str(len(ids)), len(ids) > 2)
        assert await listed("limit=2&offset=2") == (ids[2:4], str(len(ids)), False)
        assert await listed("date_from=2020-01-01T00:00:00Z") == (ids, str(len(ids)), False)


async def test_a_cdr_at_a_place_nobody_stated_is_told_as_soon_as_somebody_does(make, monkeypatch):
    monkeypatch.setattr("interroam.core.delivering.lacking._GATHERED_S", 0.05)
    async with make("emsp") as world:
        await world.say("POST", "receiver/cdrs", messages.cdr())
        assert await posted(world) == []
        (waiting,) = await world.node.store.shelf()
        assert waiting.reason == "incomplete"
        await world.say("PUT", "receiver/locations/CH/CCC/L2", messages.location("L2"))  # another place
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.emsp.until(lambda: any(one.path.endswith("cdrs") for one in world.emsp.told("POST")))
        assert len(await posted(world)) == 1
        assert await world.node.store.shelf() == []


@pytest.mark.statement("OCPI-143")
async def test_an_old_emsp_is_told_of_the_place_of_a_charge_as_it_was_when_that_began(old_emsp):
    await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session())
    await old_emsp.settled()
    without = messages.location(evses=[messages.evse("E2")], name="Am Platz", last_updated="2026-03-14T12:05:00Z")
    await old_emsp.say("PUT", "receiver/locations/CH/CCC/L1", without)
    for status in ("ACTIVE", "COMPLETED"):
        later = {"status": status, "last_updated": f"2026-03-14T12:0{6 + len(status) // 8}:00Z"}
        await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session(kwh=3, **later))
    await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S2", messages.session("S2", evse_uid="E2"))
    await posted(old_emsp)
    *first, last = [one.body["location"] for one in old_emsp.emsp.told("PUT") if "/sessions/" in one.path]
    assert [(one["name"], one["evses"][0]["evse_id"], one["evses"][0]["status"]) for one in first] == [
        ("Am Ring", "CH*CCC*E1", "AVAILABLE")
    ] * 3
    assert (last["name"], last["evses"][0]["evse_id"]) == ("Am Platz", "CH*CCC*E2")
    moved = messages.session("S2", evse_uid="E2", location_id="L2", last_updated="2026-03-14T12:09:00Z")
    await old_emsp.say("PUT", "receiver/locations/CH/CCC/L2", messages.location("L2", evses=[messages.evse("E2")]))
    await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S2", moved)
    await posted(old_emsp)
    assert old_emsp.emsp.told("PUT")[-1].body["location"]["name"] == "Am Ring"  # that of L2, where it is now
    (listed,) = (await old_emsp.ask("GET", "sessions?date_from=2026-01-01T00:00:00Z&limit=1"))["data"]
    assert listed["location"]["name"] == "Am Ring"


@pytest.mark.statement("OCPI-141")
async def test_the_remark_says_when_a_total_means_nothing(old_emsp):
    await old_emsp.say("POST", "receiver/cdrs", messages.cdr("C1", remark="Fine", tariffs=[messages.tariff()]))
    await old_emsp.say("POST", "receiver/cdrs", messages.cdr("C2", remark="Fine", total_cost={"excl_vat": 0}))

    assert [one["remark"] for one in await posted(old_emsp)] == ["Fine", "[?] Fine"]


@pytest.mark.statement("OCPI-141")
async def test_the_remark_says_when_the_hub_made_the_total(old_emsp):
    (agreement,) = old_emsp.node.book.agreements.values()
    await old_emsp.node.book.put_agreement(replace(agreement, version=2, prices=Prices(clearing=True)))
    free = {"total_cost": {"excl_vat": 0}, "tariffs": [messages.tariff()], "remark": "Fine"}
    await old_emsp.say("POST", "receiver/cdrs", messages.cdr(**free))
    await old_emsp.say("POST", "receiver/cdrs", messages.cdr("C2", **{**free, "total_cost": {"excl_vat": 4.2}}))

    assert [(one["total_cost"], one["remark"]) for one in await posted(old_emsp)] == [(4.2, "[*] Fine"), (4.2, "Fine")]


@pytest.mark.statement("OCPI-142")
@pytest.mark.parametrize("agreed", [True, False])
async def test_signed_data_travels_where_the_agreement_says_so(old_emsp, agreed):
    (agreement,) = old_emsp.node.book.agreements.values()
    known = {name: getattr(agreement, name) for name in agreement.__struct_fields__}
    terms = {Module.CDRS: Terms(signed=agreed)}
    await old_emsp.node.book.put_agreement(type(agreement)(**{**known, "version": 2, "terms": terms}))

    await old_emsp.say("POST", "receiver/cdrs", messages.cdr(signed_data=SIGNED))

    (cdr,) = await posted(old_emsp)
    assert ("signed_data" in cdr) is agreed


@pytest.mark.statement("OCPI-159", "OCPI-160")
async def test_tariffs_carry_the_published_extensions_and_those_of_an_old_cpo_are_read(old_emsp):
    (tariff,) = (await old_emsp.ask("GET", "tariffs"))["data"]
    assert (tariff["country_code"], tariff["party_id"]) == ("CH", "CCC")
    component = tariff["elements"][0]["price_components"][0]
    assert component["price_round"] == {"round_granularity": "THOUSANDTH", "round_rule": "ROUND_NEAR"}
    assert component["step_round"] == {"round_granularity": "UNIT", "round_rule": "ROUND_UP"}
    assert component["exact_price_component"] is True


@pytest.mark.statement("OCPI-162")
@pytest.mark.parametrize(("profile", "pushed"), [("gireve", 0), ("spec", 1)])
async def test_an_old_emsp_lists_tariffs_and_is_told_of_them_only_in_the_profile_of_the_specification(
    make, profile, pushed
):
    async with make("emsp", profile=profile) as world:
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff())
        await world.settled()
        assert len(world.emsp.told()) == pushed
        assert len((await world.ask("GET", "tariffs"))["data"]) == 1
        await world.say("DELETE", "receiver/tariffs/CH/CCC/T1")
        await world.settled()
        assert [one.method for one in world.emsp.told()] == ["PUT", "DELETE"][: 2 * pushed]


@pytest.mark.statement("OCPI-162")
@pytest.mark.parametrize(("profile", "status"), [("gireve", 2000), ("spec", 1000)])
async def test_an_old_cpo_puts_tariffs_and_changes_or_deletes_them_as_its_profile_says(make, profile, status):
    async with make("cpo", profile=profile) as world:
        assert (await world.say("PUT", "tariffs/CH/CCC/T1", older.old_tariff()))["status_code"] == 1000
        some = {"currency": "EUR", "last_updated": "2026-03-15T12:00:00Z"}
        assert (await world.say("PATCH", "tariffs/CH/CCC/T1", some))["status_code"] == status
        assert (await world.say("DELETE", "tariffs/CH/CCC/T1"))["status_code"] == status


@pytest.mark.statement("OCPI-124")
async def test_a_charge_of_an_old_cpo_goes_by_its_permission_else_by_the_contract_it_names(make):
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        world.emsp.answers.append(
            says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", "token": messages.token()})
        )
        asked = {"location_id": "L1", "evse_uids": ["E1"]}
        answer = await world.say("POST", "tokens/0102030405060A/authorize", asked)
        by_permission = {"authorization_id": answer["data"]["authorization_id"], "auth_id": "not known here"}
        for number, how in enumerate((by_permission, {})):
            await world.say("PUT", f"sessions/CH/CCC/S{number}", older.old_session(f"S{number}", **how))
            await world.say("POST", "cdrs", older.old_cdr(f"C{number}", **how))
        await world.settled()
        told = [one for one in world.emsp.told("PUT", "POST") if "sessions" in one.path or one.path.endswith("cdrs")]
        owner = {name: messages.token()[name] for name in ("country_code", "party_id", "uid", "contract_id")}
        assert [{name: one.body["cdr_token"][name] for name in owner} for one in told] == [owner] * 4


@pytest.mark.statement("OCPI-124")
async def test_of_two_providers_with_a_contract_the_one_in_agreement_with_the_old_cpo_is_meant(make):
    async with make("cpo") as world, Peer((("NL", "NNN", "EMSP"),)) as stranger:
        await world.node.expect("stranger", "NL*NNN/EMSP")
        await stranger.post_credentials(world.node.url, await world.node.invite("stranger"))
        for voice, owner in ((Voice(world.node, stranger), {"country_code": "NL", "party_id": "NNN"}), (world.ask, {})):
            card = messages.token(**owner)
            path = f"receiver/tokens/{card['country_code']}/{card['party_id']}/{card['uid']}"
            assert (await voice("PUT", path, card))["status_code"] == 1000
        await world.say("POST", "cdrs", older.old_cdr())
        (seen,) = await posted(world)
        assert seen["cdr_token"]["party_id"] == "EEE"


@pytest.mark.statement("OCPI-182")
async def test_a_charge_whose_token_nobody_stated_yet_is_held_and_told_as_soon_as_one_has(make):
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        answers = [
            await world.say("PUT", "sessions/CH/CCC/S1", older.old_session()),
            await world.say("POST", "cdrs", older.old_cdr()),
            await world.say("POST", "cdrs", older.old_cdr()),
        ]
        assert [(one["http"], one["status_code"]) for one in answers] == [(200, 1000)] * 3
        assert [one.id for one in await held(world.node.hub)] == ["cpo/sessions/S1", "cpo/cdrs/C1"]
        assert "no token of contract" in (await held(world.node.hub))[0].message

        await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        await world.emsp.until(lambda: any(one.path.endswith("cdrs") for one in world.emsp.told("POST")))
        (cdr,) = await posted(world)
        assert await held(world.node.hub) == []
        assert cdr["cdr_token"]["uid"] == "0102030405060A"
        assert [one for one in world.emsp.told("PUT") if "sessions" in one.path]


def desk(node):
    return Upkeep(node.hub, node.dispatch, Audit(node.store, node.clock, node.hub.ids))


async def test_an_operator_sees_what_waits_for_a_card_and_what_would_make_it_pass(make):
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await world.say("PUT", "sessions/CH/CCC/S1", older.old_session())
        (one,) = await desk(world.node).waiting(LOCAL)
        assert (one.id, one.partner, one.object) == ("cpo/sessions/S1", "cpo", "session S1")
        assert "no token of contract …01-1" in one.why
        assert one.passes == "its provider states a token of contract DE-EEE-C00000001-1"

        (veiled,) = await desk(world.node).waiting(Actor("vera"))
        assert "C00000001" not in repr(veiled)


async def test_what_waits_is_tried_again_or_given_up_by_an_operator_and_both_are_audited(make):
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await world.say("PUT", "sessions/CH/CCC/S1", older.old_session())
        await world.say("POST", "cdrs", older.old_cdr())
        upkeep = desk(world.node)
        with pytest.raises(Refused):
            await upkeep.drop_waiting(Actor("vera"), ["cpo/sessions/S1"])
        with pytest.raises(Refused):
            await upkeep.retry_waiting(LOCAL, ["cpo/sessions/S1", "cpo/sessions/S2"])
        assert await upkeep.retry_waiting(LOCAL, ["cpo/sessions/S1"]) == 0
        await upkeep.drop_waiting(LOCAL, ["cpo/sessions/S1"])
        assert [one.id for one in await upkeep.waiting(LOCAL)] == ["cpo/cdrs/C1"]

        await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        await world.emsp.until(lambda: any(one.path.endswith("cdrs") for one in world.emsp.told("POST")))
        assert [one for one in world.emsp.told("PUT") if "sessions" in one.path] == []
        lines = await Audit(world.node.store, world.node.clock, world.node.hub.ids).lines()
        assert [(one.action, one.object) for one in lines] == [
            ("waiting retry", "cpo/sessions/S1"),
            ("waiting drop", "cpo/sessions/S1"),
        ]


def told_of(world):
    return [(one.method, one.path.rpartition("/")[2], one.body and one.body.get("id")) for one in world.emsp.told()]


async def followed(world, hours):
    """Let time pass, and what is due then be told."""
    world.node.clock.ahead += timedelta(hours=hours)
    await asyncio.sleep(0.4)
    await world.settled()


async def test_an_old_emsp_is_told_of_a_tariff_when_it_begins_and_when_it_ends_and_of_no_other(make):
    async with make("emsp") as world:
        now = datetime.now(UTC)
        begins, ends = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 3))
        await world.say("PUT", "receiver/tariffs/CH/CCC/OLD", messages.tariff("OLD", end_date_time=begins))
        new = messages.tariff("NEW", start_date_time=begins, end_date_time=ends)
        await world.say("PUT", "receiver/tariffs/CH/CCC/NEW", new)
        await world.say("PUT", "receiver/tariffs/CH/CCC/ANY", messages.tariff("ANY"))
        await world.settled()
        rows = {one.key.id: one.hub_id for one in (await world.node.store.page(Query(kind=Kind.TARIFF))).items}
        told = [("PUT", rows["old"], rows["old"]), ("PUT", rows["any"], rows["any"])]
        assert told_of(world) == told

        await followed(world, 2)
        told += [("DELETE", rows["old"], None), ("PUT", rows["new"], rows["new"])]
        assert sorted(told_of(world)[2:]) == sorted(told[2:])
        await followed(world, 0.5)
        assert len(told_of(world)) == len(told)
        await followed(world, 2)
        assert told_of(world)[4:] == [("DELETE", rows["new"], None)]


def named_by(world):
    """The tariff that each PUT of a place names, and what else was told, in order."""
    told = []
    for one in world.emsp.told():
        place = one.method == "PUT" and "/locations/" in one.path
        evse = one.body.get("evses", [one.body])[0] if place else {}
        told.append(evse["connectors"][0].get("tariff_id") if place else (one.method, one.path.split("/")[-1]))
    return told


@pytest.mark.statement("OCPI-87")
@pytest.mark.parametrize("pushed", [True, False])
async def test_an_old_emsp_is_told_which_tariff_a_connector_has_when_that_begins_or_ends(make, pushed):
    async with make("emsp", pushes_old_tariffs=pushed) as world:
        now = datetime.now(UTC)
        begins, ends = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 3))
        await world.say("PUT", "receiver/tariffs/CH/CCC/OLD", messages.tariff("OLD", end_date_time=begins))
        new = messages.tariff("NEW", start_date_time=begins, end_date_time=ends)
        await world.say("PUT", "receiver/tariffs/CH/CCC/NEW", new)
        for site, tariffs in (("L1", ["OLD", "NEW"]), ("L2", ["ANY"]), ("L3", [])):
            plug = messages.connector(tariff_ids=tariffs)
            inside = messages.location(site, evses=[messages.evse(connectors=[plug]), messages.evse("E2")])
            await world.say("PUT", f"receiver/locations/CH/CCC/{site}", inside)
        await world.settled()
        rows = {one.key.id: one.hub_id for one in (await world.node.store.page(Query(kind=Kind.TARIFF))).items}
        old, new = rows["old"], rows["new"]
        assert [one for one in named_by(world) if not isinstance(one, tuple)] == [old, None, None]

        world.emsp.seen.clear()
        await followed(world, 2)
        assert named_by(world) == ([("PUT", new), new, ("DELETE", old)] if pushed else [new])
        (place,) = [one.path.split("/")[-2:] for one in world.emsp.told("PUT") if "/locations/" in one.path]
        assert place == [await world.hub_id("L1"), await world.hub_id("L1", "E1")]
        world.emsp.seen.clear()
        await followed(world, 2)
        assert named_by(world) == ([None, ("DELETE", new)] if pushed else [None])


async def test_a_date_that_came_while_the_node_was_down_is_told_once_after_its_start(make):
    async with make("emsp") as world:
        begins = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff(start_date_time=begins))
        await world.settled()
        assert told_of(world) == []
        await world.node.dispatch.stop()
        world.node.clock.ahead += timedelta(hours=2)
        for _ in range(2):
            world.node.dispatch = Dispatch(world.node.hub)
            await world.node.dispatch.start()
            await followed(world, 0.1)
            assert [method for method, *_ in told_of(world)] == ["PUT"]
            await world.node.dispatch.stop()
        await world.node.dispatch.start()


async def test_a_tariff_that_goes_or_is_moved_into_the_future_is_deleted_by_the_id_the_old_emsp_knows(make):
    async with make("emsp") as world:
        for name in ("T1", "T2"):
            await world.say("PUT", f"receiver/tariffs/CH/CCC/{name}", messages.tariff(name))
        later = {"start_date_time": "2099-01-01T00:00:00Z", "last_updated": "2026-03-15T12:00:00Z"}
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff(**later))
        await world.say("DELETE", "receiver/tariffs/CH/CCC/T2")
        await world.settled()
        known = [name for method, name, _ in told_of(world) if method == "PUT"]
        assert [name for method, name, _ in told_of(world) if method == "DELETE"] == known
