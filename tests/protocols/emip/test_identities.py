"""Who calls a platform: the questions, their order, and what comes of a failure."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as change

import pytest

from interroam.model.ids import Party
from interroam.model.parties import PartnerState
from interroam.settings import Listen
from tests.protocols.emip.nodes import cpo_node, hub
from tests.protocols.emip.partner import Partner

BEAT = "eMIP_ToIOP_HeartBeat"
START = "eMIP_ToIOP_SetServiceAuthorisation"
CERTIFICATE = "C=FR,O=Charge,CN=cert-1"
PROXY = Listen(proxies=("127.0.0.1",))
SWIPE = {
    "EVSEIdType": "eMI3",
    "EVSEId": "FR*C01*E1",
    "userIdType": "RFID-UID",
    "userId": "04A1B2C3",
    "requestedServiceId": 1,
    "authorisationValue": 1,
    "intermediateCDRRequested": 0,
}


@dataclass(frozen=True)
class Caller:
    """What a caller shows; by default everything that can be wrong is."""

    partner: str = "FR*XXX"
    active: bool = False
    address: str = "198.51.100.7"
    certificate: str = "CN=cert-9"
    operator: str = "FR*ZZZ"
    operator_active: bool = False
    operation: str = START


RIGHT = Caller("FR*P-C01", True, "192.0.2.7", CERTIFICATE, "FR*C01", True, BEAT)
STEPS = [
    ("PARTNER_UNKNOWN", {}, {"partner": "FR*P-C01"}),
    ("PARTNER_INACTIVE", {"partner": "FR*P-C01"}, {"active": True}),
    ("IP_NOT_ALLOWED", {"active": True}, {"address": "192.0.2.7"}),
    ("CERTIFICATE_MISMATCH", {"address": "192.0.2.7"}, {"certificate": CERTIFICATE}),
    ("OPERATOR_UNKNOWN", {"certificate": CERTIFICATE}, {"operator": "FR*C02"}),
    ("OPERATOR_INACTIVE", {"operator": "FR*C02", "operation": BEAT}, {"operator_active": True}),
    ("PARTNER_OPERATOR_NOT_ASSOCIATED", {"operator_active": True}, {"operator": "FR*C01"}),
    ("OPERATION_NOT_ALLOWED_FOR_ROLE", {"operator": "FR*C01", "operation": START}, {"operation": BEAT}),
]


async def test_a_partner_that_asks_too_much_gets_a_fault_that_says_when_to_come_back(tmp_path):
    async with hub(tmp_path) as node, Partner("FR*P-C01", "FR*C01") as cpo:
        await node.cpo("FR*C01")
        await node.change("fr-c01", rate=0.1)
        await cpo.call(node.url, BEAT)
        slower = await cpo.call(node.url, BEAT)
        assert slower.http == 503
        assert "requests a second" in slower.raw.decode()
        assert int(slower.headers["retry-after"]) >= 1
        await node.change("fr-c01", rate=0, body_bytes=100)
        large = await cpo.call(node.url, BEAT)
        assert "may send at once" in large.raw.decode()
        await node.change("fr-c01", body_bytes=0)
        assert (await cpo.call(node.url, BEAT)).status == 1


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path, listen=PROXY) as one:
        await one.cpo("FR*C01", addresses=("192.0.2.0/28",), mutual_tls=True, certificate="cert-1")
        await one.cpo("FR*C02")
        yield one


async def call(node, caller: Caller, transaction: str = ""):
    """Call as somebody, through the proxy in front of the node."""
    await node.change("fr-c01", state=PartnerState.CONNECTED if caller.active else PartnerState.SUSPENDED)
    for name in ("FR*C01", "FR*C02"):
        await node.book.switch_party(Party.parse(f"{name}/CPO"), on=caller.operator_active)
    async with Partner(caller.partner, caller.operator) as cpo:
        fields = SWIPE if caller.operation == START else {}
        headers = {"x-forwarded-for": caller.address, "x-client-dn": caller.certificate}
        return await cpo.call(node.url, caller.operation, fields, transaction=transaction, headers=headers)


async def the_first_that_fails_decides(node, step):
    """See a fault where a question is the first that fails, or the only one, and none of it where it does not."""
    cause, _, remedy = STEPS[step]
    caller = Caller()
    for _, righted, _ in STEPS[: step + 1]:
        caller = change(caller, **righted)
    answer = await call(node, caller)  # whatever comes later is wrong as well
    code = "ROLE_ERROR" if step == 7 else "AUTHENTICATION_ERROR"
    assert (answer.http, answer.fault) == (403, (code, cause))
    wrong = getattr(caller, next(iter(remedy)))
    alone = {next(iter(remedy)): wrong}
    if cause == "OPERATOR_INACTIVE":
        alone |= {"operator": "FR*C01"}
    answer = await call(node, change(RIGHT, **alone))  # wrong by itself it is refused too
    assert answer.fault == (code, cause)
    answer = await call(node, change(caller, **remedy))  # righted, another question fails, or none
    assert answer.fault is None or answer.fault[1] != cause
    answer = await call(node, RIGHT)
    assert (answer.http, answer.fault, answer.status) == (200, None, 1)


@pytest.mark.statement("EMIP-10")
async def test_first_a_partner_must_exist(node):
    await the_first_that_fails_decides(node, 0)


@pytest.mark.statement("EMIP-11")
async def test_second_a_partner_must_be_active(node):
    await the_first_that_fails_decides(node, 1)


@pytest.mark.statement("EMIP-12")
async def test_third_a_partner_calls_from_an_address_of_its_own(node):
    await the_first_that_fails_decides(node, 2)


@pytest.mark.statement("EMIP-13")
async def test_fourth_a_partner_shows_its_certificate(node):
    await the_first_that_fails_decides(node, 3)


@pytest.mark.statement("EMIP-14")
async def test_fifth_an_operator_must_exist(node):
    await the_first_that_fails_decides(node, 4)


@pytest.mark.statement("EMIP-15")
async def test_sixth_an_operator_must_be_active(node):
    await the_first_that_fails_decides(node, 5)


@pytest.mark.statement("EMIP-16")
async def test_seventh_an_operator_must_be_one_of_the_partner(node):
    await the_first_that_fails_decides(node, 6)


@pytest.mark.statement("EMIP-19")
async def test_then_an_operator_may_only_act_in_a_role_of_its_own(node):
    await the_first_that_fails_decides(node, 7)


@pytest.mark.statement("EMIP-10")
@pytest.mark.parametrize("name", ["fr*p-c01", "FR*p-C01"])
async def test_the_id_of_a_partner_is_compared_without_case(node, name):
    assert (await call(node, change(RIGHT, partner=name))).status == 1


@pytest.mark.statement("EMIP-10")
async def test_a_partner_of_another_protocol_is_a_stranger(node):
    await node.change("fr-c02", protocol="ocpi", profile="spec", switches={})
    assert (await call(node, change(RIGHT, partner="FR*P-C02"))).fault[1] == "PARTNER_UNKNOWN"


@pytest.mark.statement("EMIP-13")
@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("CN=cert-1", True),
        ("/C=FR/O=Charge/CN=cert-1", True),
        ("C=FR,O=Charge,CN=cert-1", True),
        ("C=FR, O=Charge, CN=cert-1", True),
        ("CN = cert-1, O = Charge", True),
        ("emailAddress=ops@charge.example,CN=cert\\-1,OU=East+ST=Isère", True),
        ('O="Charge, CN=cert-2", CN="cert-1"', True),
        ("CN=cert-10", False),
        ("CN=CERT-1", False),
        ("O=cert-1", False),
        ("CN=cert-1,CN=cert-2", False),
        ("/CN=cert-1/CN=cert-2", False),
        ("O=x\\,CN\\=cert-1,CN=cert-2", False),
        ('O="x, CN=cert-1"', False),
        ('O="x, CN=cert-1', False),
        ("O=x\\, CN=cert-1", False),
        ("CN=cert-1,nonsense", False),
        ("cert-1", False),
        ("", False),
    ],
)
async def test_the_common_name_is_compared_whole(node, name, passes):
    answer = await call(node, change(RIGHT, certificate=name))
    assert answer.fault == (None if passes else ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH"))


@pytest.mark.statement("EMIP-13")
async def test_the_certificate_id_is_the_partners_own_id_where_none_is_registered(node):
    await node.change("fr-c01", switches={"certificate": ""})
    assert (await call(node, RIGHT)).fault[1] == "CERTIFICATE_MISMATCH"
    assert (await call(node, change(RIGHT, certificate="CN=FR*P-C01"))).status == 1


@pytest.mark.statement("EMIP-12", "EMIP-13")
async def test_what_somebody_else_than_a_trusted_proxy_says_of_the_caller_is_not_believed(tmp_path):
    async with hub(tmp_path) as node:  # no proxy is trusted
        await node.cpo("FR*C01", addresses=("192.0.2.0/28",), mutual_tls=True, certificate="cert-1")
        assert (await call(node, RIGHT)).fault[1] == "IP_NOT_ALLOWED"
        await node.change("fr-c01", addresses=("127.0.0.1",))
        assert (await call(node, RIGHT)).fault[1] == "CERTIFICATE_MISMATCH"


@pytest.mark.statement("EMIP-17")
async def test_after_a_failure_nothing_is_done_and_the_attempt_is_traced(node):
    done = []
    beats = node.room.front._handlers[BEAT]

    async def counted(desk, call):
        done.append(call.transaction)
        return await beats(desk, call)

    node.room.front._handlers[BEAT] = counted
    for number, (_, righted, _) in enumerate(STEPS[:7]):
        caller = change(Caller(), **{key: value for _, more, _ in STEPS[: number + 1] for key, value in more.items()})
        caller = change(caller, operation=BEAT)
        head = node.store.head()
        answer = await call(node, caller, f"x-{number}")
        assert answer.fault[0] == "AUTHENTICATION_ERROR", righted
        assert node.store.head() == head
        (trace,) = await node.traces(f"x-{number}")
        assert trace.code == f"403/AUTHENTICATION_ERROR:{STEPS[number][0]}"
        assert trace.operation == BEAT
        if number < 4:
            assert (trace.request, trace.partner) == (b"", "")
    assert done == []
    await call(node, RIGHT, "x-9")
    assert done == ["x-9"]


@pytest.mark.statement("EMIP-17", "EMIP-32")
async def test_a_message_that_was_refused_is_no_message_that_was_answered(node):
    assert (await call(node, change(RIGHT, address="198.51.100.7"), "x-20")).fault is not None
    assert (await call(node, RIGHT, "x-20")).status == 1


@pytest.mark.statement("EMIP-18")
async def test_addresses_are_added_and_removed_without_a_restart(node):
    other = change(RIGHT, address="203.0.113.9")
    assert (await call(node, RIGHT)).status == 1
    assert (await call(node, other)).fault[1] == "IP_NOT_ALLOWED"
    await node.change("fr-c01", addresses=("192.0.2.7", "203.0.113.9"))
    assert (await call(node, RIGHT)).status == 1
    assert (await call(node, other)).status == 1
    await node.change("fr-c01", addresses=("203.0.113.9",))
    assert (await call(node, RIGHT)).fault[1] == "IP_NOT_ALLOWED"
    assert (await call(node, other)).status == 1


@pytest.mark.statement("EMIP-18")
async def test_an_operator_is_reached_through_two_partners(node):
    await node.cpo("FR*C01", id="backup", partner_id="FR*P02")
    async with Partner("FR*P02", "FR*C01") as backup:
        assert (await backup.call(node.url, BEAT)).status == 1
    assert (await call(node, RIGHT)).status == 1


@pytest.mark.statement("EMIP-131")
async def test_a_partner_hosts_several_operators(node):
    parties = tuple(map(Party.parse, ("FR*C01/CPO", "FR*C03/CPO", "FR*E03/EMSP")))
    await node.change("fr-c01", parties=parties)
    for operator in ("FR*C01", "FR*C03", "FR*E03", "frc03", "FR-E03"):
        assert (await call(node, change(RIGHT, operator=operator))).status == 1, operator


@pytest.mark.statement("EMIP-15")
async def test_an_operator_may_be_suspended_in_one_of_its_roles(node):
    await node.change("fr-c01", parties=(Party.parse("FR*C01/CPO"), Party.parse("FR*C01/EMSP")))
    await node.book.switch_party(Party.parse("FR*C01/EMSP"), on=False)
    assert (await call(node, change(RIGHT, operation=START))).fault[1] == "OPERATOR_INACTIVE"
    assert (await call(node, RIGHT)).status == 1  # as a CPO it is active
    await node.restart()
    assert (await call(node, change(RIGHT, operation=START))).fault[1] == "OPERATOR_INACTIVE"


@pytest.mark.statement("EMIP-122")
async def test_operations_are_switched_off_for_all_operators_of_a_partner_or_for_one(node):
    await node.change("fr-c01", parties=(Party.parse("FR*E01/EMSP"), Party.parse("FR*E02/EMSP")))
    search = change(RIGHT, operator="FR*E01", operation="eMIP_ToIOP_GetChargeDetailRecordList")
    other = change(search, operator="FR*E02")

    async def statuses(services):
        await node.change("fr-c01", switches={"services": services})
        answers = [await call(node, one) for one in (search, other)]
        return [answer.status == 19007 for answer in answers]

    node.room.front._handlers[search.operation] = node.room.front._handlers[BEAT]
    calls = node.room.front._handlers

    async def empty(desk, given):
        from interroam.protocols.emip.wire import to_iop

        return to_iop.GetChargeDetailRecordListResponse(
            transaction_id=given.transaction, current_time=given.now, charge_detail_record_list=(), request_status=1
        )

    calls[search.operation] = empty
    assert await statuses("") == [False, False]
    assert await statuses("-ToIOP_GetChargeDetailRecordList") == [True, True]
    assert await statuses("-FR*E02:ToIOP_GetChargeDetailRecordList") == [False, True]
    assert await statuses("ToIOP_SearchEVSE") == [True, True]
    assert await statuses("ToIOP_SearchEVSE FR*E01:ToIOP_GetChargeDetailRecordList") == [False, True]
    assert (await call(node, change(search, operation=BEAT))).status == 1


# -- what comes from a platform --------------------------------------------------------------------------------------


@pytest.fixture
async def site(tmp_path):
    async with cpo_node(tmp_path, listen=PROXY) as one:
        await one.platform("", addresses=("192.0.2.0/28",), mutual_tls=True, certificate="iop-1")
        yield one


FROM = "eMIP_FromIOP_HeartBeat"
ACTION = "eMIP_FromIOP_SetSessionActionRequest"
ACTION_FIELDS = {
    "serviceSessionId": "s-1",
    "sessionAction": {
        "sessionActionNature": 1,
        "sessionActionId": "a-1",
        "sessionActionDateTime": "2026-03-02T08:00:00Z",
    },
}


async def from_platform(node, name=FROM, fields=None, *, target="FR*C01", **header):
    headers = {"x-forwarded-for": header.pop("address", "192.0.2.7"), "x-client-dn": header.pop("dn", "CN=iop-1")}
    async with Partner("FR*107", "FR*E01") as platform:
        return await platform.call(node.url, name, fields, target=target, headers=headers, **header)


async def test_a_platform_is_checked_as_its_partners_are(site):
    assert (await from_platform(site)).status == 1
    assert (await from_platform(site, partnerId="FR*108")).fault[1] == "PARTNER_UNKNOWN"
    assert (await from_platform(site, address="198.51.100.7")).fault[1] == "IP_NOT_ALLOWED"
    assert (await from_platform(site, dn="CN=iop-2")).fault[1] == "CERTIFICATE_MISMATCH"
    assert (await from_platform(site, operatorId="nobody")).fault[1] == "OPERATOR_UNKNOWN"
    await site.change("iop", state=PartnerState.SUSPENDED)
    assert (await from_platform(site)).fault[1] == "PARTNER_INACTIVE"


@pytest.mark.statement("EMIP-117")
async def test_what_a_platform_asks_goes_to_the_operator_it_names(site):
    seen = []

    async def notes(_desk, call):
        from interroam.protocols.emip.wire import from_iop

        seen.append(str(call.receiver))
        return from_iop.SetSessionActionRequestResponse(transaction_id=call.transaction, request_status=1)

    site.room.front._handlers[ACTION] = notes
    assert (await from_platform(site, ACTION, ACTION_FIELDS, target=None)).status == 1  # the only one it can be
    assert (await from_platform(site, ACTION, ACTION_FIELDS, target="frc01")).status == 1
    await site.change("office", parties=tuple(map(Party.parse, ("FR*C01/CPO", "FR*C07/CPO", "FR*E07/EMSP"))))
    assert (await from_platform(site, ACTION, ACTION_FIELDS, target="FR*C07")).status == 1
    assert seen == ["FR*C01/CPO", "FR*C01/CPO", "FR*C07/CPO"]
    for unknown in ("FR*C09", "FR*E07", "nobody"):  # FR*E07 is here, but no CPO
        answer = await from_platform(site, ACTION, ACTION_FIELDS, target=unknown)
        assert (answer.http, answer.status) == (200, 19010)
    answer = await from_platform(site, ACTION, ACTION_FIELDS, target=None)
    assert answer.fault == ("INVALID_REQUEST", "MISSING_FIELD")
    assert len(seen) == 3


async def test_only_a_platform_may_ask_what_comes_from_platforms(site, node):
    answer = await call(node, change(RIGHT, operation=FROM))
    assert answer.fault == ("ROLE_ERROR", "OPERATION_NOT_ALLOWED_FOR_ROLE")


@pytest.mark.statement("EMIP-17")
async def test_a_partner_whose_operator_is_not_known_is_not_connected_by_its_call(node):
    await node.cpo("FR*C03", partner_id="FR*P-C03")
    await node.change("fr-c03", state=PartnerState.PLANNED)
    async with Partner("FR*P-C03", "FR*ZZZ") as cpo:
        assert (await cpo.call(node.url, BEAT)).fault == ("AUTHENTICATION_ERROR", "OPERATOR_UNKNOWN")
        assert node.book.partners["fr-c03"].state is PartnerState.PLANNED
        cpo.operator = "FR*C03"
        assert (await cpo.call(node.url, BEAT)).status == 1
    assert node.book.partners["fr-c03"].state is PartnerState.CONNECTED
