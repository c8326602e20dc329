"""What partners are asked, and what becomes of their answers."""

import json
from datetime import timedelta

import pytest

from interroam.core.hub import Deadlines
from interroam.model.charges import Outcome
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.model.questions import Authorize, StartSession, StopSession
from interroam.model.tokens import Allowed
from interroam.protocols.ocpi.translate import read_token
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.tokens import Token
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

UID = "0102030405060A"
QUESTION = Authorize(cpo=OWNER, uid=UID, location_id="L1", evse_uids=("E1",))


@pytest.fixture
async def known(roaming):
    """The place and the token are known."""
    await roaming.tell("location", messages.location())
    await roaming.tell("token", messages.token())
    await roaming.settled()
    roaming.emsp.seen.clear()
    roaming.cpo.seen.clear()
    return roaming


def answer(**fields):
    return {"allowed": "ALLOWED", "token": messages.token(), **fields}


async def ask(known, question=QUESTION):
    return await known.node.hub.authorize(Origin("cpo", correlation="c-7"), question)


# -- authorize ---------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-30", "OCPI-99")
async def test_authorize_is_asked_in_the_cpos_name_about_one_evse(known):
    given = answer(authorization_reference="their-1", info={"language": "de", "text": "Gute Fahrt"})
    known.emsp.answers.append(says("POST", "/authorize", 200, 1000, given))

    said = await ask(known)

    (seen,) = known.emsp.told()
    assert (seen.path, seen.query) == (f"/sender/tokens/{UID}/authorize", {"type": "RFID"})
    assert seen.body == {"location_id": "L1", "evse_uids": ["E1"]}
    assert (seen.sender, seen.receiver) == ("CH*CCC", "DE*EEE")
    assert seen.headers["x-correlation-id"] == "c-7"
    assert (said.allowed, said.emsp_reference, said.info) == (Allowed.ALLOWED, "their-1", "Gute Fahrt")
    assert said.reference not in ("", "their-1")


@pytest.mark.parametrize(
    ("http", "status", "reason"),
    [(404, 2004, Reason.UNKNOWN_TOKEN), (200, 2004, Reason.UNKNOWN_TOKEN), (404, None, Reason.UNKNOWN_TOKEN)],
)
async def test_an_unknown_token_may_be_said_in_two_ways(known, http, status, reason):
    known.emsp.answers.append(says("POST", "/authorize", http, status))

    with pytest.raises(Refused) as no:
        await ask(known)

    assert no.value.reason is reason


@pytest.mark.parametrize(("http", "status"), [(200, 2002), (200, 2003), (400, 2001), (200, 3000), (500, 3001)])
async def test_a_refusal_of_the_one_asked_is_passed_on_with_its_codes(known, http, status):
    known.emsp.answers.append(says("POST", "/authorize", http, status))

    with pytest.raises(Refused) as no:
        await ask(known)

    assert no.value.code == f"{http}/{status}"


@pytest.mark.parametrize(
    ("http", "status", "data", "reason"),
    [
        (200, None, None, Reason.BAD_ANSWER),
        (502, None, None, Reason.BAD_ANSWER),
        (401, 2000, None, Reason.BAD_ANSWER),
        (429, 2000, None, Reason.BAD_ANSWER),
        (200, 1000, {"allowed": "PERHAPS"}, Reason.BAD_ANSWER),
        (200, 4002, None, Reason.TIMED_OUT),
        (200, 4003, None, Reason.NOT_CONNECTED),
    ],
)
async def test_what_is_no_answer_is_a_failure_of_the_way(known, http, status, data, reason):
    known.emsp.answers.append(says("POST", "/authorize", http, status, data))

    with pytest.raises(Unavailable) as later:
        await ask(known)

    assert later.value.reason is reason


async def test_a_provider_that_is_silent_or_gone_is_told_apart(known):
    known.emsp.delay = 1.0
    known.node.hub.deadlines = Deadlines(partner=0.2)
    with pytest.raises(Unavailable) as silence:
        await ask(known)
    await known.emsp.runner.cleanup()
    with pytest.raises(Unavailable) as absence:
        await ask(known)

    assert silence.value.reason is Reason.TIMED_OUT
    assert absence.value.reason is Reason.NOT_CONNECTED


async def test_a_charge_carries_the_reference_its_receiver_knows(known):
    known.emsp.answers.append(says("POST", "/authorize", 200, 1000, answer(authorization_reference="their-1")))
    said = await ask(known)
    await known.tell("session", messages.session(authorization_reference=said.reference))
    await known.tell("cdr", messages.cdr(authorization_reference=said.reference))
    await known.settled()

    assert [one.body["authorization_reference"] for one in known.emsp.told("PUT")] == ["their-1"]
    assert [one.body["authorization_reference"] for one in known.emsp.told()[2:]] == ["their-1"]


@pytest.mark.statement("OCPI-57")
async def test_without_a_reference_of_its_own_the_provider_gets_the_hubs(known):
    known.emsp.answers.append(says("POST", "/authorize", 200, 1000, answer()))
    said = await ask(known)
    await known.tell("session", messages.session(authorization_reference=said.reference))
    await known.settled()

    assert known.emsp.told("PUT")[0].body["authorization_reference"] == said.reference


# -- commands ----------------------------------------------------------------------------------------------------------


def start(**fields) -> StartSession:
    raw = json.dumps(messages.token()).encode()
    question = {"reply": "http://there.example/callback/1", "reference": "their-9", "evse_uid": "E1", **fields}
    return StartSession(emsp=PROVIDER, token=read_token(read(Token, raw)[0]), location_id="L1", **question)


async def command(known, question):
    return await known.node.hub.command(Origin("emsp", correlation="c-8"), question)


ACCEPTED = {"result": "ACCEPTED", "timeout": 30}


@pytest.mark.statement("OCPI-113")
async def test_a_start_carries_our_own_response_url_and_reference(known):
    known.cpo.answers.append(says("POST", "/START_SESSION", 200, 1000, ACCEPTED))

    said = await command(known, start())
    await command(known, start())

    first, second = known.cpo.told()
    assert first.path == "/receiver/commands/START_SESSION"
    base, _, command_id = first.body["response_url"].rpartition("/")
    assert base == f"{known.node.url}/ocpi/2.2.1/sender/commands/START_SESSION"
    assert first.body["response_url"] != second.body["response_url"]
    assert (await known.node.store.by_ref(f"command:{command_id}"))[0].body.reply == "http://there.example/callback/1"
    assert first.body["authorization_reference"] != "their-9"
    assert first.body["token"]["uid"] == UID
    assert (first.sender, first.receiver) == ("DE*EEE", "CH*CCC")
    assert (said.result, said.within) == ("ACCEPTED", 30)


@pytest.mark.statement("OCPI-113", "OCPI-31")
async def test_an_outcome_is_posted_to_the_url_of_the_asker(known):
    known.cpo.answers.append(says("POST", "/START_SESSION", 200, 1000, ACCEPTED))
    await command(known, start(reply=f"{known.emsp.url}/callback/1"))
    command_id = known.cpo.told()[0].body["response_url"].rpartition("/")[2]

    outcome = Outcome(command=command_id, result="EVSE_OCCUPIED", message="taken", at=known.node.clock.now())
    await known.node.hub.tell(Origin("cpo", correlation="c-9"), outcome)
    await known.settled()

    (seen,) = known.emsp.told()
    assert (seen.method, seen.path) == ("POST", "/callback/1")
    assert seen.body == {"result": "EVSE_OCCUPIED", "message": [{"language": "en", "text": "taken"}]}
    assert (seen.sender, seen.receiver, seen.headers["x-correlation-id"]) == ("CH*CCC", "DE*EEE", "c-9")


@pytest.mark.statement("OCPI-115")
async def test_no_outcome_in_time_is_told_as_a_timeout_once(known):
    known.cpo.answers.append(says("POST", "/START_SESSION", 200, 1000, {"result": "ACCEPTED", "timeout": 1}))
    await command(known, start(reply=f"{known.emsp.url}/callback/1"))
    known.node.clock.ahead = timedelta(seconds=2)

    assert [await known.node.hub.sweep(), await known.node.hub.sweep()] == [1, 0]
    await known.settled()

    assert [one.body["result"] for one in known.emsp.told()] == ["TIMEOUT"]


@pytest.mark.statement("OCPI-121", "OCPI-58")
async def test_a_stop_names_the_session_as_its_cpo_does(known):
    await known.tell("session", messages.session())
    await known.settled()
    hub_id = known.emsp.told("PUT")[0].body["id"]
    known.cpo.answers.append(says("POST", "/STOP_SESSION", 200, 1000, {"result": "REJECTED", "timeout": 0}))

    said = await command(known, StopSession(emsp=PROVIDER, session_id=hub_id, reply="http://there.example/2"))

    (seen,) = known.cpo.told()
    assert seen.body["session_id"] == "S1"
    assert seen.body["response_url"].startswith(f"{known.node.url}/ocpi/2.2.1/sender/commands/STOP_SESSION/")
    assert said.result == "REJECTED"


async def test_a_command_for_a_partner_without_the_interface_is_refused(known):
    link = known.node.links["emsp"]
    known.emsp.endpoints.remove(("commands", "RECEIVER"))
    await known.emsp.post_credentials(known.node.url, known.emsp.given["token"], "PUT")
    link = known.node.links["emsp"]

    with pytest.raises(Refused) as no:
        await link.ask(start(), Party.parse("DE*EEE/CPO"), Party.parse("CH*CCC/EMSP"), "c", 1.0)

    assert no.value.reason is Reason.ENDPOINTS_MISSING
