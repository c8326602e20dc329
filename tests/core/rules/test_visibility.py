"""What a partner sees of places where its agreements select EVSEs: in lists, single gets and deliveries, and why."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.core.ports import Query
from interroam.core.rules.routing import Routing
from interroam.core.rules.visibility import Spot, scope, shown
from interroam.model.agreements import Agreement, Network, selection
from interroam.model.facts import Act, Change, Entry, Fact, Origin, Withdrawal
from interroam.model.ids import Kind, Party, PartyId, Role, evse_key, location_key
from interroam.model.places import Availability, Evse, EvseStatus
from interroam.model.questions import Acknowledged, Authorize, StartSession
from interroam.model.tokens import Allowed, Authorization, Whitelist
from tests.core.objects import (
    CPO,
    CPO_PARTY,
    EMSP,
    EMSP_PARTY,
    HUB_PARTY,
    NOW,
    agreement,
    at,
    cdr,
    charge_token,
    connector,
    evse,
    location,
    partner,
    session,
    status_change,
    token,
)
from tests.core.roundabout import Roundabout, running

OTHER = PartyId.of("FR", "CP2")
MP2 = Party.parse("NL*MP2/EMSP")


def in_groups(uid: str, *groups: str, location_id: str = "L1", second: tuple[str, ...] = (), **fields) -> Evse:
    connectors = (connector(tariff_ids=groups), connector(id="2", tariff_ids=second))
    return evse(uid, location_id=location_id, connectors=connectors, **fields)


def site(location_id: str, *evses: Evse, **fields) -> Fact:
    return Fact(location(id=location_id, **fields), parts=tuple(map(Fact, evses)))


def regrouped(uid: str, *groups: str, seconds: float = 1, location_id: str = "L1") -> Change:
    def merge(body, wire):
        return replace(body, connectors=(connector(tariff_ids=groups),), last_updated=at(seconds)), wire

    return Change(evse_key(CPO, location_id, uid), frozenset({"connectors"}), at(seconds), merge)


def selecting(
    *groups: str,
    locations: tuple[str, ...] = (),
    evses: tuple[str, ...] = (),
    cpo: PartyId | None = None,
    **fields,
) -> Agreement:
    return agreement(selections=(selection(cpo, locations, groups, evses),), **fields)


def renamed(uid: str, evse_id: str | None, seconds: float = 1, location_id: str = "L1") -> Change:
    def merge(body, wire):
        return replace(body, evse_id=evse_id, last_updated=at(seconds)), wire

    return Change(evse_key(CPO, location_id, uid), frozenset({"evse_id"}), at(seconds), merge)


@pytest.fixture
async def core(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO", "FR*CP2/CPO"))
        await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.admit(partner("mp2", "NL*MP2/EMSP"))
        await core.dispatch.start()
        yield core


async def listed(core: Roundabout, viewer: Party = EMSP_PARTY, **asked) -> list[str]:
    query = Query(kind=Kind.LOCATION, **asked)
    page = await core.hub.find(viewer, query)
    assert asked.get("limit") or page.total == len(page.items)
    return [row.key.id for row in page.items]


def told(core: Roundabout, name: str = "emsp") -> list[str]:
    return [_word(entry) for entry in core.links[name].taken if entry.key.kind is not Kind.TARIFF]


def _word(entry: Entry) -> str:
    gone = entry.act is Act.WITHDRAWAL
    named = "/".join(part for part in entry.key[2:] if part)
    left = "".join(f" -{uid}" for uid in entry.removed)
    return f"{'gone ' if gone else ''}{named}{left}"


def test_the_first_connector_decides_the_group_and_ids_compare_without_case():
    """OCPI-77, OCPI-79."""
    agreed = selecting("Fast")
    seen = scope(EMSP_PARTY, [agreed])
    assert shown(seen, EMSP_PARTY, Spot.of(in_groups("1", "FAST"))).agreement == agreed.id
    no = shown(seen, EMSP_PARTY, Spot.of(in_groups("2", "slow", second=("fast",))))
    assert (no.shown, no.agreement) == (False, agreed.id)
    assert "slow" in no.message
    assert "amend agreement" in no.remedy
    assert not shown(seen, EMSP_PARTY, Spot.of(evse(owner=OTHER))).shown


@pytest.mark.parametrize(
    ("name", "seen"),
    [("a-1", True), ("A-1", True), ("A1", False), ("FR*CPO*E1", True), ("frcpoe1", True), ("FR*CPO*E2", False)],
)
def test_a_single_evse_is_named_by_uid_or_by_evse_id(name, seen):
    spot = Spot.of(evse("a-1", evse_id="FR*CPO*E1"))
    assert scope(EMSP_PARTY, [selecting(evses=(name,))]).sees(spot) is seen
    assert shown(scope(EMSP_PARTY, [selecting(evses=(name,))]), EMSP_PARTY, spot).shown is seen
    assert not scope(EMSP_PARTY, [selecting(evses=(name,))]).sees(Spot.of(evse("b", evse_id=None)))


async def test_a_single_evse_is_all_that_is_listed_got_and_delivered(core):
    await core.agree(selecting(evses=("FR*CPO*E2",)))
    await core.tell("cpo", site("L1", evse("1", evse_id="FR*CPO*E1"), evse("2", evse_id="FR*CPO*E2")))
    await core.tell("cpo", site("L2", evse("3", location_id="L2", evse_id="FR*CPO*E3")))
    await core.tell("cpo", status_change("CHARGING", at(1), "1"))
    await core.tell("cpo", status_change("CHARGING", at(1), "2"))
    await core.drained()
    assert await listed(core) == ["l1"]
    assert set(told(core)) == {"l1", "l1/2"}
    for uid, seen in (("1", False), ("2", True)):
        assert await core.hub.sight.sees(EMSP_PARTY, await core.store.get(evse_key(CPO, "L1", uid))) is seen


async def test_an_evse_that_gets_another_evse_id_leaves_the_selection_or_enters_it(core):
    await core.agree(selecting(evses=("FR*CPO*E2",)))
    await core.tell("cpo", site("L1", evse("1", evse_id="FR*CPO*E1"), evse("2", evse_id="FR*CPO*E2")))
    await core.drained()
    core.links["emsp"].taken.clear()
    await core.tell("cpo", renamed("2", None))
    await core.tell("cpo", renamed("1", "FR-CPO-E2", 2))
    await core.tell("cpo", renamed("1", "FR*CPO*E2", 3))
    await core.drained()
    assert told(core) == ["gone l1/2", "l1", "l1/1"]
    await core.tell("cpo", site("L1", evse("1", when=at(4), evse_id="FR*CPO*E9"), when=at(4)))
    await core.drained()
    assert told(core)[-1] == "gone l1 -1"
    assert await listed(core) == []


@pytest.mark.statement("OCPI-216")
def test_a_filter_is_kept_for_one_operation_and_says_nothing_of_the_platforms_others():
    agreed = selecting("fast", cpo=CPO, cpos=("FR*CPO/CPO", "FR*CP2/CPO"))
    agreed = replace(agreed, cpos=(CPO_PARTY, Party(OTHER, Role.CPO)))
    seen = scope(EMSP_PARTY, [agreed])
    assert not seen.sees(Spot.of(in_groups("1", "slow")))
    assert seen.sees(Spot.of(in_groups("1", "slow", owner=OTHER)))
    assert not scope(EMSP_PARTY, [agreement()]).sees(Spot.of(in_groups("1", "slow", owner=OTHER)))


@pytest.mark.statement("OCPI-79")
async def test_lists_counts_and_gets_leave_out_locations_without_a_selected_evse(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "slow")))
    await core.tell("cpo", site("L2", in_groups("1", "slow", location_id="L2")))
    await core.tell("cpo", site("L3"))
    await core.tell("cpo", site("L4", in_groups("1", "fast", location_id="L4")))
    assert await listed(core) == ["l1", "l4"]
    assert await listed(core, offset=1, limit=1) == ["l4"]
    assert await listed(core, owners=frozenset({CPO})) == ["l1", "l4"]
    assert await listed(core, owners=frozenset({OTHER})) == []
    rows = {one: await core.store.get(location_key(CPO, one)) for one in ("L1", "L2")}
    assert [await core.hub.sight.sees(EMSP_PARTY, row) for row in rows.values()] == [True, False]
    for uid, seen in (("1", True), ("2", False)):
        assert await core.hub.sight.sees(EMSP_PARTY, await core.store.get(evse_key(CPO, "L1", uid))) is seen


async def test_what_is_seen_in_whole_and_in_part_is_one_list_in_order(core):
    await core.agree(selecting("fast"))
    await core.agree(agreement(cpos=("FR*CP2/CPO",)))
    for number in range(6):
        name = f"L{number}"
        owner = OTHER if number % 2 else CPO
        groups = ("fast",) if number % 4 == 0 else ("slow",)
        await core.tell("cpo", site(name, in_groups("1", *groups, location_id=name, owner=owner), owner=owner))
    assert await listed(core) == ["l0", "l1", "l3", "l4", "l5"]
    assert await listed(core, owners=frozenset({OTHER})) == ["l1", "l3", "l5"]
    found, after = [], 0
    while True:
        page = await core.hub.find(EMSP_PARTY, Query(kind=Kind.LOCATION, after=after, limit=2))
        assert page.total == 5
        found += [row.key.id for row in page.items]
        after = page.next
        if not after:
            break
    assert found == ["l0", "l1", "l3", "l4", "l5"]
    assert await listed(core, offset=3, limit=2) == ["l4", "l5"]


async def test_a_list_follows_what_is_told(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "slow")))
    assert await listed(core) == []
    await core.tell("cpo", regrouped("1", "fast"))
    assert await listed(core) == ["l1"]
    removed = EvseStatus(word="REMOVED", availability=Availability.REMOVED, at=at(2))
    gone = Change(
        evse_key(CPO, "L1", "1"),
        frozenset({"status"}),
        at(2),
        lambda body, wire: (replace(body, status=removed), wire),
    )
    await core.tell("cpo", gone)
    assert await listed(core) == []
    assert await listed(core, updated_from=at(-3600)) == ["l1"]  # who asks for changes hears that it is gone (OCPI-85)
    await core.tell("cpo", Withdrawal(location_key(CPO, "L1"), at(3)))
    assert await listed(core, updated_from=at(-3600)) == []


@pytest.mark.statement("OCPI-35")
async def test_a_status_goes_to_those_alone_who_may_see_the_evse(core):
    await core.agree(selecting("fast"))
    await core.agree(agreement("NL*MP2/EMSP"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "slow")))
    await core.drained()
    for inbox in core.links.values():
        inbox.taken.clear()
    await core.tell("cpo", status_change("CHARGING", at(1), "1"))
    await core.tell("cpo", status_change("CHARGING", at(1), "2"))
    await core.drained()
    assert told(core) == ["l1/1"]
    assert told(core, "mp2") == ["l1/1", "l1/2"]


async def test_an_evse_that_leaves_is_told_once_as_gone_and_one_that_enters_is_told_whole(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "fast")))
    await core.drained()
    core.links["emsp"].taken.clear()
    await core.tell("cpo", regrouped("1", "slow"))
    await core.tell("cpo", regrouped("1", "slower", seconds=2))
    await core.tell("cpo", status_change("CHARGING", at(3), "1"))
    await core.drained()
    assert told(core) == ["gone l1/1"]
    core.links["emsp"].taken.clear()
    await core.tell("cpo", regrouped("1", "fast", seconds=4))
    await core.drained()
    (entry,) = core.links["emsp"].taken
    assert (entry.act, entry.wire, entry.body.status.word) == (Act.FACT, None, "CHARGING")
    core.links["emsp"].taken.clear()
    both = (in_groups(uid, "slow", when=at(5)) for uid in ("1", "2"))
    await core.tell("cpo", site("L1", *both, when=at(5)))
    await core.drained()
    assert told(core) == ["gone l1 -1 -2"]
    core.links["emsp"].taken.clear()
    await core.tell("cpo", regrouped("2", "fast", seconds=6))
    await core.drained()
    assert told(core) == ["l1"]  # nothing was seen there before: the location is told with it


async def test_an_evse_that_left_while_the_partner_was_away_is_told_as_gone_after_a_restart(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.dispatch.start()
        await core.agree(selecting("fast"))
        await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "fast")))
        await core.drained()
        inbox.away = True
        await core.tell("cpo", regrouped("1", "slow"))
        await core.tell("cpo", regrouped("1", "slower", seconds=2))
    async with running(tmp_path, HUB_PARTY) as core:
        core.links["emsp"] = inbox
        inbox.away = False
        inbox.taken.clear()
        await core.dispatch.start()
        await core.drained()
        assert told(core) == ["gone l1/1"]


async def test_an_amendment_tells_what_left_and_what_entered(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "slow")))
    await core.tell("cpo", site("L2", in_groups("1", "slow", location_id="L2")))
    await core.tell("cpo", site("L3", in_groups("1", "fast", location_id="L3")))
    await core.drained()
    core.links["emsp"].taken.clear()
    await core.agree(selecting("slow", version=2))
    await core.drained()
    assert sorted(told(core)) == ["gone l3 -1", "l1 -1", "l2"]
    assert await listed(core) == ["l1", "l2"]
    core.links["emsp"].taken.clear()
    await core.agree(agreement(version=3))
    await core.drained()
    assert sorted(told(core)) == ["l1", "l2", "l3"]
    core.links["emsp"].taken.clear()
    await core.agree(selecting("slow", version=4))
    await core.drained()
    assert sorted(told(core)) == ["gone l3 -1", "l1 -1", "l2"]


@pytest.mark.statement("OCPI-179")
async def test_a_cpo_that_joins_or_leaves_a_network_needs_no_new_agreement(core):
    await core.book.put_network(Network("alps", CPO_PARTY, (CPO_PARTY,)))
    await core.agree(replace(agreement(cpos=()), networks=("alps",)))
    await core.tell("cpo", site("L1", in_groups("1")))
    await core.tell("cpo", site("L2", in_groups("1", location_id="L2", owner=OTHER), owner=OTHER))
    assert await listed(core) == ["l1"]
    await core.book.put_network(Network("alps", CPO_PARTY, (CPO_PARTY, Party(OTHER, Role.CPO))))
    assert await listed(core) == ["l1", "l2"]
    await core.drained()
    assert "l2" in told(core)
    assert core.book.agreements[agreement(cpos=()).id].version == 1
    await core.book.put_network(Network("alps", CPO_PARTY, (Party(OTHER, Role.CPO),)))
    assert await listed(core) == ["l2"]


def asks(uid: str | None) -> Authorize:
    return Authorize(cpo=CPO, uid=token().uid, location_id="L1", evse_uids=(uid,) if uid else ())


@pytest.mark.statement("OCPI-42")
async def test_a_card_is_refused_at_an_evse_outside_the_selection_with_the_rule(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "slow")))
    await core.tell("emsp", Fact(token()))
    core.links["emsp"].answer = Authorization(allowed=Allowed.ALLOWED, token=token())
    assert (await ask(core, "1")).allowed is Allowed.ALLOWED
    no = await ask(core, "2")
    assert no.allowed is Allowed.NOT_ALLOWED
    assert "leaves out EVSE 2" in no.info
    anywhere = await ask(core, None)  # the location alone: an EVSE that the agreement covers is meant
    assert (anywhere.allowed, anywhere.evse_uids) == (Allowed.ALLOWED, ("1",))


async def ask(core: Roundabout, uid: str | None) -> Authorization:
    return await core.hub.authorize(Origin("cpo", CPO_PARTY), asks(uid))


def test_an_explanation_names_the_selection_that_leaves_an_evse_out():
    from interroam.core.rules.explain import Case, explain

    routing = Routing((partner("cpo", "FR*CPO/CPO"), partner("emsp", "DE*MSP/EMSP")), [selecting("fast")])
    yes = explain(routing, Case(at=NOW, cpo=CPO, tokens=(token(),), evse=in_groups("1", "fast")))
    assert (yes.accepted, [step.rule for step in yes.steps][3]) == (True, "selection")
    no = explain(routing, Case(at=NOW, cpo=CPO, tokens=(token(),), evse=in_groups("2", "slow")))
    assert (no.accepted, no.steps[-1].rule) == (False, "selection")


@pytest.mark.statement("OCPI-42")
async def test_a_start_is_refused_at_an_evse_outside_the_selection_with_the_rule(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "fast"), in_groups("2", "slow")))
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED", within=30)
    for uid, result in (("1", "ACCEPTED"), ("2", "REJECTED")):
        question = StartSession(emsp=EMSP, token=token(), location_id="L1", evse_uid=uid)
        answer = await core.hub.command(Origin("emsp", EMSP_PARTY), question)
        assert answer.result == result
    assert "leaves out EVSE 2" in answer.message
    assert len(core.links["cpo"].asked) == 1


@pytest.mark.statement("OCPI-178")
async def test_a_charge_that_nothing_allowed_is_taken_and_flagged(core):
    await core.agree(agreement(cpos=("FR*CPO/CPO", "FR*CP2/CPO")))
    await core.tell("cpo", site("L1", in_groups("1")))
    await core.tell("emsp", Fact(token("AAAA", whitelist=Whitelist.ALLOWED)))
    await core.tell("emsp", Fact(token("BBBB")))
    await core.tell("emsp", Fact(token("DDDD", whitelist=Whitelist.ALWAYS, valid=False)))
    core.links["emsp"].answer = Authorization(allowed=Allowed.ALLOWED, token=token("BBBB"))
    permission = await core.hub.authorize(Origin("cpo", CPO_PARTY), replace(asks("1"), uid="BBBB"))
    for name, uid, reference, flagged in (
        ("S1", "AAAA", None, False),
        ("S2", "BBBB", None, True),
        ("S3", "CCCC", None, True),
        ("S4", "BBBB", permission.reference, False),
        ("S5", "DDDD", None, True),
        ("S6", "BBBB", "invented", True),
    ):
        charge = session(name, token=charge_token(uid), authorization_reference=reference)
        receipt = await core.tell("cpo", Fact(charge))
        assert (receipt.created, "OCPI-178" in receipt.finding) == (True, flagged), name
    stolen = session("S7", owner=OTHER, token=charge_token("BBBB"), authorization_reference=permission.reference)
    assert "OCPI-178" in (await core.tell("cpo", Fact(stolen))).finding  # it was another CPO that asked
    follows = cdr("C4", session_id="S4", token=charge_token("BBBB"))
    assert (await core.tell("cpo", Fact(follows))).finding == ""


async def test_a_charge_without_permission_outside_the_selection_goes_to_nobody_and_the_rule_is_named(core):
    await core.agree(selecting("fast"))
    await core.tell("cpo", site("L1", in_groups("1", "slow")))
    receipt = await core.tell("cpo", Fact(session()))
    assert "leaves out EVSE 1" in receipt.finding
    await core.drained()
    assert "s1" not in told(core)
