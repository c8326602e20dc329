"""Limits, acts and reports between back offices."""

import pytest

from interroam.core.audit import LOCAL
from interroam.core.finding.dossier import Archive
from tests.protocols.plain.node import SESSION, receiving
from tests.protocols.plain.test_asking import ASK, START

LIMITS = [{"type": "energy", "value": "20000.50", "unit": "Wh"}, {"type": "1012", "value": "7", "unit": "min"}]
GIVEN = {"limits": LIMITS, "interim": True, "alias": "A-7", "parameter": "p"}


async def charging(node, emsp):
    """Let the CPO be allowed to charge, and state the session; returns the reference."""
    emsp.answers["authorize"] = {"allowed": "ALLOWED", "reference": "E-7", **GIVEN}
    _, answer = await node.call("cpo", "POST", "/authorize", {**ASK, "session_id": "S1"})
    bare = {name: value for name, value in SESSION.items() if name != "token"}
    bare |= {"status": "PENDING", "authorization_reference": answer["reference"]}
    assert (await node.call("cpo", "PUT", "/sessions/CH*CCC/S1", bare))[0] == 200
    return answer


@pytest.mark.statement("EMIP-97", "EMIP-126")
async def test_an_emsp_sets_limits_when_it_allows_and_its_cpo_hears_of_them(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp:
        answer = await charging(furnished, emsp)
        assert {name: answer[name] for name in GIVEN} == GIVEN
        assert answer["token"]["contract_id"] == "A-7"
        kept = await furnished.hub.authorization("S1")
        assert (kept.reference, kept.cpo_session, kept.emsp_reference) == (answer["reference"], "S1", "E-7")
        emsp.answers["authorize"] = {"allowed": "ALLOWED", "alias": "A-8"}
        _, answer = await furnished.call("cpo", "POST", "/authorize", {**ASK, "uid": "never-stated", "type": "OTHER"})
        assert answer["token"]["contract_id"] == "A-8"


@pytest.mark.statement("EMIP-97", "EMIP-126")
async def test_an_emsp_sets_limits_with_a_start_and_its_cpo_names_the_charge(furnished):
    async with receiving(furnished, "cpo", "start") as cpo:
        cpo.answers["start"] = {"result": "ACCEPTED", "session_id": "S-9"}
        _, taken = await furnished.call("emsp", "POST", "/commands/start", {**START, **GIVEN})
        assert taken["result"] == "ACCEPTED"
        (question,) = cpo.questions
        assert {name: question[name] for name in GIVEN} == GIVEN
        kept = await furnished.hub.authorization("S-9")
        assert kept.reference == question["authorization_reference"]
        assert [one.value for one in kept.limits] == ["20000.50", "7"]


async def test_an_act_reaches_the_cpo_and_a_report_the_emsp_each_under_its_own_name(furnished):
    async with receiving(furnished, "emsp", "authorize", "report") as emsp, receiving(furnished, "cpo", "act") as cpo:
        await charging(furnished, emsp)
        cpo.answers["act"] = emsp.answers["report"] = {"result": "ACCEPTED"}
        act = {"party": "CH*EEE", "session_id": "E-7", "nature": "suspend", "id": "a1"}
        assert await furnished.call("emsp", "POST", "/acts", act) == (200, {"id": "a1"})
        (asked,) = cpo.questions
        assert (asked["question"], asked["session_id"], asked["nature"], asked["id"]) == ("act", "S1", "SUSPEND", "a1")
        report = {"party": "CH*CCC", "session_id": "S1", "nature": "STARTED", "caused_by": "a1"}
        status, done = await furnished.call("cpo", "POST", "/reports", report)
        assert (status, bool(done["id"])) == (200, True)
        told = emsp.questions[-1]
        assert (told["question"], told["session_id"], told["caused_by"]) == ("report", "E-7", "a1")
        assert (await furnished.call("emsp", "GET", "/sessions/CH*CCC/S1"))[1]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        ("REJECTED", 409, "rejected"),
        ("UNKNOWN_SESSION", 404, "unknown_session"),
        ("NOT_SUPPORTED", 422, "unknown_nature"),
    ],
)
async def test_an_act_that_is_not_carried_out_is_an_error(furnished, result, status, reason):
    async with receiving(furnished, "emsp", "authorize") as emsp, receiving(furnished, "cpo", "act") as cpo:
        answer = await charging(furnished, emsp)
        cpo.answers["act"] = {"result": result}
        act = {"party": "CH*EEE", "session_id": answer["reference"], "nature": "STOP"}
        got, error = await furnished.call("emsp", "POST", "/acts", act)
        assert (got, error["error"]["reason"]) == (status, reason)


async def test_only_the_emsp_of_a_charge_acts_on_it_and_only_its_cpo_reports(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp, receiving(furnished, "cpo", "act"):
        await charging(furnished, emsp)
        act = {"party": "CH*OOO", "session_id": "S1", "nature": "STOP"}
        assert (await furnished.call("other", "POST", "/acts", act))[1]["error"]["reason"] == "foreign"
        report = {"party": "CH*CCD", "session_id": "E-7", "nature": "ENDED"}
        assert (await furnished.call("cpo", "POST", "/reports", report))[0] in (403, 404)
        act = {"party": "CH*EEE", "session_id": "nothing", "nature": "STOP"}
        assert (await furnished.call("emsp", "POST", "/acts", act))[1]["error"]["reason"] == "unknown_session"


async def test_a_stop_comes_as_a_command_where_acts_are_not_taken(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp, receiving(furnished, "cpo", "stop") as cpo:
        await charging(furnished, emsp)
        cpo.answers["stop"] = {"result": "REJECTED", "message": "not now"}
        act = {"party": "CH*EEE", "session_id": "E-7", "nature": "STOP"}
        status, error = await furnished.call("emsp", "POST", "/acts", act)
        assert (status, error["error"]["message"]) == (409, "not now")
        assert cpo.questions[-1]["session_id"] == "S1"


async def test_acts_and_reports_are_part_of_the_story_of_their_charge(furnished):
    async with receiving(furnished, "emsp", "authorize", "report") as emsp, receiving(furnished, "cpo", "act") as cpo:
        answer = await charging(furnished, emsp)
        cpo.answers["act"] = emsp.answers["report"] = {"result": "ACCEPTED"}
        await furnished.call("emsp", "POST", "/acts", {"party": "CH*EEE", "session_id": "E-7", "nature": "STOP"})
        await furnished.call("cpo", "POST", "/reports", {"party": "CH*CCC", "session_id": "S1", "nature": "ENDED"})
        archive = Archive(furnished.hub.store, furnished.hub.book)
        for name in ("E-7", "S1", answer["reference"]):
            dossier = await archive.dossier(LOCAL, name, furnished.clock.now())
            told = {(moment.what, moment.operation) for moment in dossier.story}
            assert {("in", "POST /acts"), ("out", "question act"), ("in", "POST /reports")} <= told, told
            assert ("out", "question report") in told
