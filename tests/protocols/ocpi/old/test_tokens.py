"""Tokens for CPOs of 2.1.1, and the question whether one may charge."""

import json

import pytest

from interroam.model.agreements import Agreement
from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.protocols.ocpi.translate import token_fact
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.tokens import Token
from tests.protocols.ocpi import older
from tests.protocols.ocpi.client.conftest import Roaming
from tests.protocols.ocpi.nodes import LONG_AGO, Node
from tests.protocols.ocpi.older import OldPeer
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

UID = "0102030405060A"


@pytest.mark.statement("OCPI-100")
async def test_authorize_wants_exactly_one_evse(old_cpo):
    said = {"allowed": "ALLOWED", "token": messages.token()}
    old_cpo.emsp.answers.append(says("POST", "authorize", 200, 1000, said))

    async def asked(*uids):
        body = {"location_id": "L1", "evse_uids": list(uids)}
        answer = await old_cpo.say("POST", f"tokens/{UID}/authorize", body)
        return answer["status_code"], answer.get("status_message", "")

    assert await asked() == (2002, "Missing EVSE Id")
    assert (await asked("E1", "E2"))[0] == 2001
    assert (await asked("E1"))[0] == 1000


@pytest.mark.statement("OCPI-101")
async def test_an_old_cpo_is_given_the_hubs_authorization_id_and_the_place_as_its_emsp_allows_it(old_cpo):
    place = {"location_id": "L1", "evse_uids": ["E1"]}
    said = {"allowed": "ALLOWED", "token": messages.token(), "authorization_reference": "theirs", "location": place}
    old_cpo.emsp.answers.append(says("POST", "authorize", 200, 1000, said))
    answer = (await old_cpo.say("POST", f"tokens/{UID}/authorize", place))["data"]
    reference = answer.pop("authorization_id")
    assert answer == {"allowed": "ALLOWED", "location": place}
    assert (await old_cpo.node.hub.authorization(reference)).emsp_reference == "theirs"
    assert len(reference) == 36


@pytest.mark.statement("OCPI-101", "OCPI-99", "OCPI-61")
async def test_what_an_old_emsp_answers_comes_with_the_whole_token_and_the_place_as_its_cpo_knows_it(old_emsp):
    hers = {"location_id": await old_emsp.hub_id("L1"), "evse_uids": [await old_emsp.hub_id("L1", "E1")]}
    said = {"allowed": "ALLOWED", "authorization_id": "theirs", "location": hers}
    old_emsp.emsp.answers.append(says("POST", "authorize", 200, 1000, said))
    answer = (await old_emsp.say("POST", f"sender/tokens/{UID}/authorize", {"location_id": "L1"}))["data"]
    assert old_emsp.emsp.told("POST")[-1].body == hers
    reference = answer.pop("authorization_reference")
    whole = messages.token()
    del whole["energy_contract"]
    assert answer == {
        "allowed": "ALLOWED",
        "token": whole,
        "location": {"location_id": "L1", "evse_uids": ["E1"]},
    }
    assert (await old_emsp.node.hub.authorization(reference)).emsp_reference == "theirs"


@pytest.mark.statement("OCPI-104")
async def test_the_issuer_of_a_token_gives_way_to_its_emsp(old_cpo):
    (token,) = (await old_cpo.say("GET", "tokens"))["data"]
    assert (token["issuer"], messages.token()["issuer"]) == ("DE*EEE", "EEE")
    renamed = {"issuer": "EEE GmbH", "last_updated": "2026-03-15T12:00:00Z"}
    await old_cpo.ask("PATCH", f"receiver/tokens/DE/EEE/{UID}", renamed)
    await old_cpo.settled()
    assert old_cpo.cpo.told("PATCH")[-1].body["issuer"] == "DE*EEE"


@pytest.mark.statement("OCPI-105")
async def test_tokens_are_those_of_all_emsps_in_agreement_or_of_one_all_or_what_changed(old_cpo):
    node = old_cpo.node
    await node.expect("other", "NL*XXX/EMSP")
    other = messages.token("04AABBCC", country_code="NL", party_id="XXX", last_updated="2026-03-20T12:00:00Z")
    raw = json.dumps(other).encode()
    await node.hub.tell(Origin("other"), token_fact(read(Token, raw)[0], raw))

    async def listed(path="tokens", **to):
        return sorted(one["uid"] for one in (await old_cpo.say("GET", path, **to))["data"])

    assert await listed() == [UID]
    parties = Party.parse("NL*XXX/EMSP"), (Party.parse("CH*CCC/CPO"),)
    await node.book.put_agreement(Agreement(id="new", emsp=parties[0], cpos=parties[1], starts=LONG_AGO))
    assert await listed() == [UID, "04AABBCC"]
    to = {"OCPI-to-country-code": "NL", "OCPI-to-party-id": "XXX"}
    assert await listed(**to) == ["04AABBCC"]
    assert await listed("tokens?date_from=2026-03-15T00:00:00Z") == ["04AABBCC"]
    assert await listed("tokens?date_from=2026-03-21T00:00:00Z") == []


@pytest.mark.statement("OCPI-106")
async def test_a_token_is_read_alone_by_its_type_of_which_rfid_is_the_default(old_cpo):
    one = await old_cpo.say("GET", f"tokens/{UID}")
    again = await old_cpo.say("GET", f"tokens/{UID}?tokenType=RFID")
    assert one["data"] == again["data"]
    assert one["data"]["uid"] == UID
    await old_cpo.ask("PUT", "receiver/tokens/DE/EEE/app?type=OTHER", messages.token("app", type="OTHER"))
    for name in ("type", "tokenType", "token_type"):
        assert (await old_cpo.say("GET", f"tokens/app?{name}=OTHER"))["data"]["type"] == "OTHER"
    await old_cpo.node.expect("other", "NL*XXX/EMSP")
    raw = json.dumps(messages.token("04AABBCC", country_code="NL", party_id="XXX")).encode()
    await old_cpo.node.hub.tell(Origin("other"), token_fact(read(Token, raw)[0], raw))
    for path in (f"tokens/{UID}?type=OTHER", "tokens/app", "tokens/04AABBCC", "tokens/99999999"):
        answer = await old_cpo.say("GET", path)
        assert (answer["status_code"], answer.get("data")) == (2000, None)


@pytest.mark.statement("OCPI-108", "OCPI-60")
@pytest.mark.parametrize("kind", ["RFID", "OTHER"])
async def test_an_old_emsp_states_changes_and_reads_back_a_token_whose_path_names_no_type(old_emsp, kind):
    at, sent = "tokens/DE/EEE/04AABBCC", older.old_token("04AABBCC", type=kind)
    assert (await old_emsp.ask("PUT", at, sent))["status_code"] == 1000
    assert (await old_emsp.ask("GET", at))["data"] == sent
    small = {"valid": False, "last_updated": "2026-03-15T12:00:00Z"}
    assert (await old_emsp.ask("PATCH", at, small))["status_code"] == 1000
    assert (await old_emsp.ask("GET", at))["data"] == {**sent, **small}
    assert (await old_emsp.ask("GET", "tokens/DE/EEE/04AABBDD"))["status_code"] == 2000


@pytest.mark.statement("OCPI-106")
@pytest.mark.parametrize("kind", ["APP_USER", "AD_HOC_USER"])
async def test_a_token_that_an_old_cpo_was_shown_as_other_is_read_and_asked_about_as_what_it_is(old_cpo, kind):
    token = messages.token("app-1", type=kind)
    await old_cpo.ask("PUT", f"receiver/tokens/DE/EEE/app-1?type={kind}", token)
    (listed,) = [one for one in (await old_cpo.say("GET", "tokens"))["data"] if one["uid"] == "app-1"]
    assert listed["type"] == "OTHER"
    assert (await old_cpo.say("GET", "tokens/app-1?type=OTHER"))["data"] == listed
    assert (await old_cpo.say("GET", "tokens/app-1"))["status_code"] == 2000
    old_cpo.emsp.answers.append(says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", "token": token}))
    here = {"location_id": "L1", "evse_uids": ["E1"]}
    answer = await old_cpo.say("POST", "tokens/app-1/authorize?type=OTHER", here)
    assert answer["data"]["allowed"] == "ALLOWED"
    assert old_cpo.emsp.told("POST")[-1].query == {"type": kind}


@pytest.mark.statement("OCPI-107", "OCPI-105")
@pytest.mark.parametrize(("profile", "pushed"), [("gireve", 0), ("spec", 1)])
async def test_tokens_are_pushed_or_only_listed_as_the_profile_says(make, profile, pushed):
    async with make("cpo", profile=profile) as world:
        await world.ask("PUT", f"receiver/tokens/DE/EEE/{UID}", messages.token())
        await world.settled()
        assert len(world.cpo.told("PUT")) == pushed
        assert [one["uid"] for one in (await world.say("GET", "tokens"))["data"]] == [UID]


@pytest.mark.statement("OCPI-199")
async def test_an_old_partner_that_does_not_take_a_token_gets_it_again_and_is_answered_200_alone(make):
    async with make("cpo") as world:
        refusals = iter((404, 400))
        world.cpo.answers.append(
            lambda seen: (found, b"{}") if "tokens" in seen.path and (found := next(refusals, 0)) else None
        )
        await world.ask("PUT", f"receiver/tokens/DE/EEE/{UID}", messages.token())
        await world.cpo.until(lambda: len(world.cpo.told("PUT")) == 3)
        await world.settled()
        assert await world.node.store.shelf() == []
        first = await world.say("PUT", "locations/CH/CCC/L9", older.old_location("L9"))
        assert first["http"] == 200


@pytest.mark.statement("OCPI-199")
async def test_an_emsp_pushes_tokens_one_after_another_until_each_is_taken(tmp_path):
    async with OldPeer((("FR", "107", "HUB"),)) as hub, Node(tmp_path, hub=None, hosts=("DE*EEE/EMSP",)) as node:
        there = await node.expect("hub", "FR*107/HUB")
        await node.room.register(there, hub.versions_url, "token-a")
        await node.agree("DE*EEE/EMSP", "FR*107/HUB")
        refusals = iter((500, 404, 400))
        hub.answers.append(
            lambda seen: (found, b"{}") if "tokens" in seen.path and (found := next(refusals, 0)) else None
        )
        world = Roaming(node, None, None)
        world.origin = lambda partner="": Origin("office")
        await world.tell("token", messages.token(UID))
        await world.tell("token", messages.token("0102030405060B"))
        await hub.until(lambda: any(one.path.endswith("0B") for one in hub.told()))
        await node.settled()
        assert [one.path.rpartition("/")[2] for one in hub.told()] == [UID] * 4 + ["0102030405060B"]
