"""Rules of Gireve's profile, and of all hubs, that belong to no single module."""

from __future__ import annotations

import pytest

from interroam.core.refs import session_ref
from interroam.model.agreements import Agreement, Terms
from interroam.model.charges import Command
from interroam.model.ids import Kind, Module, Party, PartyId
from tests.protocols.ocpi.nodes import LONG_AGO
from tests.protocols.ocpi.partners import Peer, says
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

AT = "receiver/locations/CH/CCC/L1"
LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"
ADVENIR = cdr_token(country_code="$$", party_id="ADV", uid="12345671234567", contract_id="Gireve2Advenir")
IDS = ("X-Request-ID", "X-Correlation-ID")


# -- connections -------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-15")
async def test_every_request_of_ours_names_both_parties_but_for_versions_and_credentials(node, cpo, provider):
    peer, _ = provider
    await cpo.put(AT, location())
    await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": LATER})
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    await cpo.post("sender/tokens/0102030405060A/authorize", {"location_id": "L1"})
    await node.settled()
    functional = peer.told()
    assert {one.method for one in functional} == {"PUT", "PATCH", "POST"}
    assert {one.receiver for one in functional} == {"DE*EEE"}
    assert {one.sender for one in functional} == {"CH*HUB", "CH*CCC"}
    configuring = [one for one in peer.seen if one not in functional]
    assert {one.path for one in configuring} >= {"/versions"}
    assert not [one for one in configuring if any(name.startswith("ocpi-") for name in one.headers)]


@pytest.mark.statement("OCPI-21")
async def test_one_registration_serves_all_parties_and_roles_of_a_platform(node):
    async with Peer((("CH", "CCC", "CPO"), ("CH", "DDD", "CPO"), ("DE", "EEE", "EMSP"))) as peer:
        platform = await node.connect("platform", peer, "CH*CCC/CPO", "CH*DDD/CPO", "DE*EEE/EMSP")
        async with Peer((("NL", "FFF", "CPO"),)) as other:
            far = await node.connect("far", other, "NL*FFF/CPO")
            await node.roam("DE*EEE", "NL*FFF")
            for code in ("CCC", "DDD"):
                path = f"receiver/locations/CH/{code}/L1"
                sent = location(party_id=code)
                assert (await platform.put(path, sent, {"OCPI-from-party-id": code})).http == 201
            own = {"OCPI-from-country-code": "DE", "OCPI-from-party-id": "EEE"}
            assert (await platform.put("receiver/tokens/DE/EEE/0102030405060A", token(), own)).http == 201
            assert (await platform.get("sender/locations", own)).status == 1000
            await far.put("receiver/locations/NL/FFF/L9", location("L9", country_code="NL", party_id="FFF"))
            await node.settled()
            assert [one.path for one in peer.told("PUT") if "L9" in one.path] == ["/receiver/locations/NL/FFF/L9"]
        assert len(node.book.credentials_of("platform")) == 1


@pytest.mark.statement("OCPI-21", "OCPI-35")
async def test_two_parties_of_one_platform_roam_with_each_other_as_any_others_do(node):
    async with Peer((("CH", "CCC", "CPO"), ("DE", "EEE", "EMSP"))) as peer:
        platform = await node.connect("platform", peer, "CH*CCC/CPO", "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        changed = {"status": "CHARGING", "last_updated": LATER}
        assert (await platform.put(AT, location())).http == 201
        assert (await platform.patch(f"{AT}/E1", changed)).status == 1000
        await node.settled()
        seen = [(one.method, one.sender, one.receiver) for one in peer.told() if "/locations/" in one.path]
        assert seen == [("PUT", "CH*HUB", "DE*EEE"), ("PATCH", "CH*HUB", "DE*EEE")]
        allowed = {"allowed": "ALLOWED", "token": token("AABBCCDD")}
        peer.answers.append(says("POST", "/authorize", 200, 1000, allowed))
        answer = await platform.post("sender/tokens/AABBCCDD/authorize", {"location_id": "L1"})
        assert (answer.status, answer.data["allowed"]) == (1000, "ALLOWED")
        assert [(one.sender, one.receiver) for one in peer.told("POST")] == [("CH*CCC", "DE*EEE")]


@pytest.mark.statement("OCPI-33")
@pytest.mark.parametrize("absent", IDS)
async def test_a_request_without_an_id_is_refused_where_the_profile_says_so_else_marked(node, cpo, absent):
    assert (await cpo.put(AT, location(), {absent: None})).http == 201
    traces = await node.traces(partner="ccc")
    assert "minted here" in traces[-1].note
    assert traces[-1].correlation
    await node.change("ccc", profile="gireve")
    refused = await cpo.put(AT, location(last_updated=LATER), {absent: None})
    assert (refused.http, refused.status) == (200, 2001)
    assert absent.lower() in refused.message
    assert all(refused.headers[name] for name in IDS)
    assert (await cpo.put(AT, location(last_updated=LATER))).status == 1000
    assert "is missing" in (await node.traces(partner="ccc"))[-2].note


@pytest.mark.statement("OCPI-32")
async def test_the_outcome_and_the_session_keep_their_own_correlation_and_lead_back_to_the_command(node, operator):
    cpo_peer, cpo = operator
    cpo_peer.answers.append(says("POST", "/commands/", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))
    async with Peer((("DE", "EEE", "EMSP"),)) as peer:
        emsp = await node.connect("eee", peer, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        await cpo.put(AT, location())
        start = {"response_url": f"{peer.url}/callback/7", "token": token(), "location_id": "L1", "evse_uid": "E1"}
        await emsp.post("receiver/commands/START_SESSION", start, {"X-Correlation-ID": "ASKED"})
        (sent,) = [one for one in cpo_peer.told("POST") if "/commands/" in one.path]
        await cpo.post(sent.body["response_url"], {"result": "ACCEPTED"}, {"X-Correlation-ID": "CAME"})
        begun = session(authorization_reference=sent.body["authorization_reference"])
        await cpo.put("receiver/sessions/CH/CCC/S1", begun, {"X-Correlation-ID": "BEGAN"})
        await node.settled()
        told = {one.path: one.headers["x-correlation-id"] for one in peer.told()}
    assert told["/callback/7"] == "CAME"
    assert [told[path] for path in told if "/sessions/" in path] == ["BEGAN"]
    for correlation, operation in (("CAME", "ocpi POST commands START_SESSION"), ("BEGAN", "ocpi PUT sessions")):
        assert operation in [one.operation for one in await node.traces(correlation)]
    (row,) = await node.store.by_ref(session_ref("S1"), Kind.SESSION)
    permission = await node.hub.authorization(row.body.authorization_reference)
    (command,) = await node.store.by_ref(f"command:{permission.command}", Kind.COMMAND)
    assert isinstance(command.body, Command)
    assert (command.body.correlation, permission.correlation) == ("ASKED", "ASKED")


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-90")
async def test_what_changes_inside_a_place_makes_all_around_it_younger(node, cpo, emsp):
    await cpo.put(AT, location(evses=[evse(), evse("E2")]))
    await cpo.patch(f"{AT}/E1/1", {"max_amperage": 16, "last_updated": LATER})
    (place,) = (await emsp.get("sender/locations")).data
    first, second = place["evses"]
    assert (place["last_updated"], first["last_updated"], second["last_updated"]) == (
        LATER,
        LATER,
        evse()["last_updated"],
    )
    assert first["connectors"][0]["last_updated"] == LATER
    await cpo.patch(f"{AT}/E2", {"status": "CHARGING", "last_updated": LATEST})
    (place,) = (await emsp.get(f"sender/locations?date_from={LATEST}")).data
    assert (place["last_updated"], place["evses"][0]["last_updated"]) == (LATEST, LATER)


@pytest.mark.statement("OCPI-193")
async def test_a_connector_is_known_by_its_evse_and_an_evse_by_its_location(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await node.roam("DE*EEE", "CH*DDD")
    await cpo.put(AT, location(evses=[evse("E1"), evse("E2")]))
    await cpo.put("receiver/locations/CH/CCC/L2", location("L2"))
    await other.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"))
    assert (await cpo.patch(f"{AT}/E1/1", {"max_amperage": 16, "last_updated": LATER})).status == 1000
    seen = {
        (place["party_id"], place["id"], one["uid"]): one["connectors"][0]["max_amperage"]
        for place in (await emsp.get("sender/locations")).data
        for one in place["evses"]
    }
    assert seen.pop(("CCC", "L1", "E1")) == 16
    assert (len(seen), set(seen.values())) == (3, {connector()["max_amperage"]})


@pytest.mark.statement("OCPI-186")
async def test_unknown_fields_are_ignored_and_not_relayed_and_null_is_absent(node, cpo, provider):
    peer, emsp = provider
    await node.change("eee", profile="gireve")
    sent = location(mood="sunny", name=None, evses=[evse(color="red", physical_reference=None)])
    assert (await cpo.put(AT, sent)).http == 201
    await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "color": "blue", "last_updated": LATER})
    await node.settled()
    whole, *_, change = [one.body for one in peer.told() if "/locations/" in one.path]
    assert change == {"status": "CHARGING", "last_updated": LATER}
    (listed,) = (await emsp.get("sender/locations")).data
    for place in (whole, listed):
        assert place["gireve_id"]
        assert not {"mood", "name"} & place.keys()
        assert not {"color", "physical_reference"} & place["evses"][0].keys()
    await node.change("eee", profile="spec")
    assert (await emsp.get("sender/locations")).data[0]["mood"] == "sunny"


@pytest.mark.statement("OCPI-186")
async def test_no_module_relays_fields_that_it_does_not_know(node, cpo, provider):
    peer, emsp = provider
    await node.change("eee", profile="gireve")
    await node.change("ccc", switches={"known_fields_only": True, "pushes_tokens": False})
    odd = {"mood": "sunny", "auth_method": "WHITELIST"}
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token(mood="sunny", language=None))
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(mood="sunny", min_price=None))
    await cpo.put("receiver/sessions/CH/CCC/S1", session(cdr_token={**cdr_token(), "mood": "sunny"}, **odd))
    await cpo.post("receiver/cdrs", cdr(charging_periods=[{**period(10.5), "mood": "sunny"}], remark=None, **odd))
    await node.settled()
    await node.change("ccc", switches={"known_fields_only": True})
    lists = [
        *(await emsp.get("sender/tariffs")).data,
        *(await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data,
        *(await emsp.get("sender/cdrs")).data,
        *(await cpo.get("sender/tokens")).data,
    ]
    pushed = [one.body for one in peer.told("PUT", "POST")]
    assert (len(lists), len(pushed)) == (4, 3)
    for said in map(str, (*lists, *pushed)):
        assert "mood" not in said
        assert "None" not in said


@pytest.mark.statement("OCPI-180")
@pytest.mark.parametrize(
    ("text", "fits"),
    [("FR*007", True), ("chccc", True), *((no, False) for no in ("C1*CCC", "CH*CC", "CH*CCCC", "CH*C-C"))],
)
def test_an_operator_id_is_two_letters_and_three_letters_or_digits(text, fits):
    if fits:
        assert str(PartyId.parse(text)) == (f"{text[:2]}*{text[-3:]}").upper()
    else:
        with pytest.raises(ValueError, match="no party"):
            PartyId.parse(text)


@pytest.mark.statement("OCPI-180")
@pytest.mark.parametrize("owner", ["CHE/CCC", "C/CCC", "CH/CCCC", "CH/C-C"])
async def test_a_url_that_names_no_operator_names_nobodys_object(node, cpo, owner):
    answer = await cpo.put(f"receiver/locations/{owner}/L1", location())
    assert (answer.http, answer.status, "is no party" in answer.message) == (200, 2001, True)
    assert (await cpo.get(f"receiver/locations/{owner}/L1")).http == 404


@pytest.mark.statement("OCPI-184")
async def test_a_uid_without_end_is_refused_whatever_the_profile_says_of_cards(node, cpo, provider):
    peer, _ = provider
    await cpo.put(AT, location())
    longer = await cpo.post(f"sender/tokens/{'7' * 37}/authorize?type=OTHER", {"location_id": "L1"})
    assert (longer.http, longer.status, peer.told("POST")) == (200, 2001, [])


@pytest.mark.statement("OCPI-184")
async def test_a_contract_certificate_is_asked_about_as_a_token_of_type_other(node, cpo, provider):
    peer, _ = provider
    contract = "DE-EEE-C" + "0" * 26 + "-1"
    shown = token(contract, type="OTHER", contract_id=contract)
    peer.answers.append(says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", "token": shown}))
    await cpo.put(AT, location())
    await node.change("ccc", switches={"strict_uid": True})
    answer = await cpo.post(f"sender/tokens/{contract}/authorize?type=OTHER", {"location_id": "L1"})
    assert (answer.status, answer.data["allowed"]) == (1000, "ALLOWED")
    assert {name: answer.data["token"][name] for name in ("uid", "type", "contract_id")} == {
        "uid": contract,
        "type": "OTHER",
        "contract_id": contract,
    }
    (asked,) = peer.told("POST")
    assert (asked.path, asked.query["type"]) == (f"/sender/tokens/{contract}/authorize", "OTHER")
    assert len(contract) == 36
    longer = await cpo.post(f"sender/tokens/{contract}7/authorize?type=OTHER", {"location_id": "L1"})
    assert (longer.status, len(peer.told("POST"))) == (2001, 1)


# -- tokens and charges ------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-200")
async def test_a_token_is_never_deleted_but_made_invalid(node, cpo, emsp):
    path = "receiver/tokens/DE/EEE/0102030405060A"
    await emsp.put(path, token())
    refused = await emsp.delete(path)
    assert (refused.http, refused.status) == (405, 2000)
    assert (await emsp.patch(path, {"valid": False, "last_updated": LATER})).status == 1000
    (shown,) = (await cpo.get("sender/tokens")).data
    assert shown["valid"] is False


@pytest.mark.statement("OCPI-130", "OCPI-131")
async def test_charges_of_a_subsidy_program_are_kept_and_go_to_no_emsp(node, cpo, provider):
    peer, emsp = provider
    await node.change("ccc", profile="gireve")
    peer.answers.append(says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", "token": token()}))
    await cpo.put(AT, location())
    answer = await cpo.post("sender/tokens/0102030405060A/authorize", {"location_id": "L1"})
    permission = {"authorization_reference": answer.data["authorization_reference"]}  # not even by mistake
    assert (await cpo.put("receiver/sessions/CH/CCC/S1", session(cdr_token=ADVENIR, **permission))).http == 201
    assert (await cpo.post("receiver/cdrs", cdr(cdr_token=ADVENIR))).http == 201
    agreed = {**ADVENIR, "uid": "no number of a card", "party_id": "XYZ"}  # the values are those of the onboarding
    assert (await cpo.post("receiver/cdrs", cdr("C2", cdr_token=agreed))).http == 201
    kept = await node.store.by_ref(session_ref("S1"))
    assert [(row.body.token.owner.country, row.receiver) for row in kept] == [("$$", None)] * 3
    assert (await cpo.get("receiver/sessions/CH/CCC/S1")).data["cdr_token"] == ADVENIR
    await node.settled()
    assert [one.path for one in peer.told() if "/sessions" in one.path or "/cdrs" in one.path] == []
    assert (await emsp.get("sender/cdrs")).data == []
    assert (await emsp.get("sender/sessions?date_from=2026-01-01T00:00:00Z")).data == []


@pytest.mark.statement("OCPI-131")
async def test_charges_of_a_subsidy_program_go_to_no_hub_behind_which_everybody_may_be(node, cpo):
    await node.partner("far", "FR*222/HUB")
    far, own = Party.parse("FR*222/HUB"), Party.parse("CH*CCC/CPO")
    await node.book.put_agreement(Agreement(id="far", emsp=far, cpos=(own,), starts=LONG_AGO))
    await cpo.put("receiver/sessions/CH/CCC/S1", session(cdr_token=ADVENIR))
    await cpo.post("receiver/cdrs", cdr(cdr_token=ADVENIR))
    await cpo.put("receiver/sessions/CH/CCC/S2", session("S2"))
    kept = [row.receiver for one in ("S1", "S2") for row in await node.store.by_ref(session_ref(one))]
    assert kept == [None, None, far]


@pytest.mark.statement("OCPI-132")
async def test_nothing_said_of_a_completed_session_reaches_the_emsp(node, cpo, provider):
    peer, _ = provider
    path = "receiver/sessions/CH/CCC/S1"
    await cpo.put(path, session(status="COMPLETED", end_date_time=LATER))
    assert (await cpo.put(path, session(kwh=9.0, last_updated=LATEST))).status == 2001
    assert (await cpo.patch(path, {"kwh": 9.0, "last_updated": LATEST})).status == 2001
    await node.settled()
    assert [one.body["status"] for one in peer.told("PUT")] == ["COMPLETED"]


@pytest.mark.statement("OCPI-143")
async def test_a_cdr_keeps_place_tariff_and_token_as_they_were_whatever_became_of_them(node, cpo, provider):
    peer, emsp = provider
    await cpo.put(AT, location())
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff())
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token())
    sent = cdr(tariffs=[tariff()], charging_periods=[period(4.5), period(6.0, LATER)])
    await cpo.put(AT, location(address="Elsewhere 9", city="Basel", last_updated=LATER))
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff(price=0.9, last_updated=LATER))
    changed = token(contract_id="DE-EEE-C00000002-2", last_updated=LATER)
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", changed)
    await cpo.post("receiver/cdrs", sent)
    await peer.until(lambda: peer.told("POST"))
    (pushed,) = [one.body for one in peer.told("POST")]
    (listed,) = (await emsp.get("sender/cdrs")).data
    for seen in (pushed, listed):
        assert {name: seen[name] for name in ("cdr_location", "tariffs", "cdr_token", "charging_periods")} == {
            name: sent[name] for name in ("cdr_location", "tariffs", "cdr_token", "charging_periods")
        }


# -- tariffs -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-144")
async def test_tariffs_of_a_roaming_agreement_are_not_sent_and_others_are_at_once(node, cpo, provider):
    peer, emsp = provider
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff())
    await node.settled()
    assert [one.path for one in peer.told("PUT")] == ["/receiver/tariffs/CH/CCC/T1"]
    await node.book.put_agreement(
        Agreement(
            id="DE*EEE-CH*CCC",
            emsp=Party.parse("DE*EEE/EMSP"),
            cpos=(Party.parse("CH*CCC/CPO"),),
            starts=LONG_AGO,
            version=2,
            terms={Module.TARIFFS: Terms(on=False)},
        )
    )
    await cpo.put("receiver/tariffs/CH/CCC/T2", tariff("T2"))
    await node.settled()
    assert len(peer.told("PUT")) == 1
    assert (await emsp.get("sender/tariffs")).data == []
