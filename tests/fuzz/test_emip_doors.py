"""Whatever comes to the doors of eMIP is answered by a response or a fault, and nothing acknowledged is lost."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from lxml import etree

from interroam.protocols.emip.wire.operations import OPERATIONS, REQUESTS, RESPONSES
from tests.fuzz import campaign
from tests.fuzz.damage import Call
from tests.fuzz.emip_messages import ANSWERS, FROM_IOP, TO_IOP, answer, calls
from tests.fuzz.emip_messages import call as answered
from tests.fuzz.emip_trees import SOAP, damaged
from tests.fuzz.emip_world import EmipWorld
from tests.net.raw import Reply

HUB_CALLS = calls("ToIOP", TO_IOP)
CPO_CALLS = [one for one in calls("FromIOP", FROM_IOP) if one[2] == "to cpo"]
EMSP_CALLS = [one for one in calls("FromIOP", FROM_IOP) if one[2] == "to emsp"]
SIDES = {"HUB": HUB_CALLS, "CPO": CPO_CALLS, "EMSP": EMSP_CALLS}
HTTP = {
    "INVALID_REQUEST": (400, 408, 413),
    "AUTHENTICATION_ERROR": (403,),
    "ROLE_ERROR": (403,),
    "SERVICE_UNAVAILABLE": (503,),
}
NOT_READ = frozenset({"MALFORMED_XML", "NOT_SOAP12", "UNKNOWN_OPERATION", "INVALID_VALUE"})
PARSER = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
)
ANEW = 20
"""After so many examples the world is furnished anew."""


def test_the_campaign_knows_every_operation():
    known = {f"eMIP_ToIOP_{name}" for name in TO_IOP} | {f"eMIP_FromIOP_{name}" for name in FROM_IOP}
    assert known == {operation.name for operation in OPERATIONS}
    assert len(known) == 35


class Trial:
    """Sends examples to one node and judges what comes back."""

    def __init__(self, world: EmipWorld) -> None:
        self.world = world
        self.said: dict[str, int] = {}
        self.count = 0

    def __call__(self, example: Call) -> None:
        if self.count % ANEW == 0:
            self.world.furnish()
        self.count += 1
        before = len(self.world.noted)
        call, reply = self.world.tell(example)
        self.judge(call, reply, len(self.world.noted) - before)
        self.lives()

    def judge(self, call: Call, reply: Reply, noted: int) -> None:
        assert reply.status != 500, reply
        code = self._code(call, reply)
        self.said[code] = self.said.get(code, 0) + 1
        through = reply.headers.get(b"content-type", b"").startswith(b"application/soap+xml")
        if through and call.method == "POST" and reply.status not in (408, 413, 417):
            closed = not call.whole and reply.headers.get(b"connection") == b"close"
            if closed and (not noted or self.world.noted[-1] == str(reply.status)):
                return  # it came no further than the listener
            assert noted == 1, (call, reply)
            assert self.world.noted[-1] == code
            transaction = _transaction(reply.body)
            assert not transaction or self.world.traced(transaction), (call, reply)

    def _code(self, call: Call, reply: Reply) -> str:
        kind = reply.headers.get(b"content-type", b"")
        if not kind.startswith(b"application/soap+xml"):
            assert reply.status in ((200,) if call.method in ("GET", "HEAD") else ()) + (400, 404, 405, 408, 417, 431)
            assert reply.status != 200 or kind.startswith(b"text/")
            assert reply.status != 404 or not call.whole, (call, reply)
            return str(reply.status)
        if call.method == "HEAD":
            return str(reply.status)
        said = _said(reply.body)
        sent = _transaction(call.body)
        if etree.QName(said).localname != "Fault":
            assert reply.status == 200, reply
            return self._response(call, said, sent)
        return self._fault(reply, said, sent)

    def _response(self, call: Call, said: etree._Element, sent: str) -> str:
        assert said.tag.startswith("{https://api-iop.gireve.com/schemas/")
        asked = REQUESTS[etree.QName(_asked(call.body)).localname.lower()]
        assert RESPONSES[etree.QName(said).localname.lower()] is asked
        given = _transaction_of(said)
        assert given
        assert given == sent or not sent, (given, sent)
        status = int(_text(said, "requestStatus"))
        assert status > 0
        return f"200/{status}"

    def _fault(self, reply: Reply, said: etree._Element, sent: str) -> str:
        fault = next(one for one in said.iter() if etree.QName(one).localname == "iopFault")
        code, cause = _text(fault, "faultCode"), _text(fault, "exceptionCode")
        assert reply.status in HTTP[code], reply
        assert cause
        assert _text(fault, "message")
        blame = said.find(f"{{{SOAP}}}Code/{{{SOAP}}}Value").text
        assert blame == ("env:Receiver" if reply.status == 503 else "env:Sender")
        if reply.status == 503:
            assert int(reply.headers[b"retry-after"]) > 0
        given = _text(fault, "transactionId")
        assert given in ("", sent) or not sent
        assert given or not sent or cause in NOT_READ, reply
        return f"{reply.status}/{code}:{cause}"

    def lives(self) -> None:
        """Ask for something good: it is answered, and at the platform it is recorded."""
        if self.world.role != "HUB":
            call, reply = self.world.tell(SIDES[self.world.role][0][0])
            assert self._code(call, reply) == "200/1", reply
            return
        before = len(self.world.recorded)
        call, reply = self.world.stated()
        assert self._code(call, reply) == "200/1", reply
        assert len(self.world.recorded) > before
        key, receipt = self.world.recorded[-1]
        assert self.world.entry(receipt.seq).key == key


def _said(body: bytes) -> etree._Element:
    """The one thing an envelope says."""
    root = etree.fromstring(body)
    assert root.tag == f"{{{SOAP}}}Envelope"
    (inner,) = root.find(f"{{{SOAP}}}Body")
    return inner


def _asked(body: bytes) -> etree._Element | None:
    try:
        root = etree.fromstring(body, PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    inner = root.find(f"{{{SOAP}}}Body")
    return next(inner.iterchildren(etree.Element), None) if inner is not None else None


def _transaction(body: bytes) -> str:
    asked = _asked(body)
    if asked is None:
        return ""
    fault = next((one for one in asked.iter(etree.Element) if etree.QName(one).localname == "iopFault"), None)
    return _transaction_of(asked if fault is None else fault)


def _transaction_of(element: etree._Element) -> str:
    """The first transactionId that is not empty."""
    named = (
        one for one in element if isinstance(one.tag, str) and etree.QName(one).localname.lower() == "transactionid"
    )
    return next(filter(None, ((one.text or "").strip() for one in named)), "")


def _text(element: etree._Element, name: str) -> str:
    return next((one.text or "" for one in element if etree.QName(one).localname == name), "")


@st.composite
def examples(draw: st.DrawFn, role: str) -> Call:
    good, tree, _ = draw(st.sampled_from(SIDES[role]))
    return draw(damaged(good, tree))


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, int, bytes]:
    """What a partner answers: to which operation, with which status, and the bytes."""
    name = draw(st.sampled_from(sorted(ANSWERS)))
    tree = answer(name)
    said = draw(damaged(answered(name, tree), tree))
    return name, draw(st.sampled_from([200] * 12 + [201, 302, 400, 404, 500, 503])), said.body


class Asking:
    """Has one platform ask its partners, who answer oddly, and judges what it makes of that."""

    def __init__(self, world: EmipWorld) -> None:
        self.world = world
        self.trial = Trial(world)

    def __call__(self, example: tuple[str, int, bytes]) -> None:
        name, http, body = example
        for one in ANSWERS:
            self.world.answer(one, 200, str(answer(one)).encode())
        self.world.furnish()
        self.world.answer(name, http, body)
        self.trial.count = 1  # it is furnished already
        good = [call for call, _, _ in HUB_CALLS if call.name.startswith(f"ToIOP {name} ")][-1]
        self.trial(good)
        if name == "SetChargeDetailRecord":
            self.delivered()

    def delivered(self) -> None:
        """Let the eMSP come to its senses: it gets the record at last, or it refused it in so many words."""
        self.world.asked("SetChargeDetailRecord")
        self.world.answer("SetChargeDetailRecord", 200, str(answer("SetChargeDetailRecord")).encode())
        self.world.recover()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    made: dict[str, EmipWorld] = {}

    def of(role: str) -> EmipWorld:
        if role not in made:
            made[role] = EmipWorld(tmp_path_factory.mktemp(role.lower()), role).__enter__()
            made[role].furnish()
        return made[role]

    yield of
    for one in made.values():
        one.__exit__()


@pytest.mark.parametrize(
    ("role", "call"),
    [(role, call) for role, rows in SIDES.items() for call, _, _ in rows],
    ids=lambda one: one.name if isinstance(one, Call) else one,
)
def test_an_undamaged_call_is_answered(worlds, role, call):
    Trial(worlds(role))(call)


@pytest.mark.parametrize(
    ("role", "call", "code"),
    [("HUB", call, "403/ROLE_ERROR:OPERATION_NOT_ALLOWED_FOR_ROLE") for call, _, _ in CPO_CALLS + EMSP_CALLS]
    + [("CPO", call, "400/INVALID_REQUEST:UNKNOWN_OPERATION") for call, _, _ in HUB_CALLS]
    + [("CPO", call, "200/19010") for call, _, _ in EMSP_CALLS],
    ids=lambda one: one.name if isinstance(one, Call) else one[:4],
)
def test_a_call_at_another_door_is_refused(worlds, role, call, code):
    trial = Trial(worlds(role))
    trial(call._replace(body=call.body.replace(b"FR*107", b"FR*P-C01")) if role == "HUB" else call)
    assert trial.said == {code: 1}


def test_a_body_in_pieces_is_a_body(worlds):
    trial = Trial(worlds("HUB"))
    good = HUB_CALLS[0][0]
    trial(good._replace(headers=(*good.headers, (b"transfer-encoding", b"chunked"))))
    assert trial.said == {"200/1": 1}


@pytest.mark.parametrize(("role", "count"), [("HUB", 150), ("CPO", 25), ("EMSP", 60)])
def test_damaged_calls_are_answered_and_nothing_acknowledged_is_lost(worlds, role, count):
    world = worlds(role)
    campaign.few(Trial(world), examples(role), count)
    assert world.lost() == []


def test_damaged_answers_of_partners_are_made_the_best_of(worlds):
    world = worlds("HUB")
    campaign.few(Asking(world), answers(), 60)
    assert world.lost() == []


@pytest.mark.fuzz
def test_very_many_damaged_answers_of_partners_are_made_the_best_of(worlds):
    world = worlds("HUB")
    asking = Asking(world)
    campaign.many(asking, answers(), "emip answers", 0.5)
    campaign.say(f"emip answers: {dict(sorted(asking.trial.said.items()))}, {len(world.recorded)} recorded")
    assert world.lost() == []


@pytest.mark.fuzz
@pytest.mark.parametrize(("role", "share"), [("HUB", 1.0), ("CPO", 0.3), ("EMSP", 0.4)])
def test_very_many_damaged_calls_are_answered(worlds, role, share):
    world = worlds(role)
    trial = Trial(world)
    campaign.many(trial, examples(role), f"emip doors, {role}", share)
    campaign.say(f"emip doors, {role}: {dict(sorted(trial.said.items()))}, {len(world.recorded)} recorded")
    assert world.lost() == []
