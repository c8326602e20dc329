"""Who may state what, and who is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.core.ports import CourierKey
from interroam.core.rules.routing import Routing
from interroam.model.agreements import Policy, Terms
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Act
from interroam.model.ids import (
    Kind,
    Lane,
    Module,
    Party,
    PartyId,
    cdr_key,
    evse_key,
    location_key,
    session_key,
    token_key,
)
from interroam.model.parties import PartnerState, Route
from tests.core.objects import CPO, EMSP, EMSP_PARTY, HUB_PARTY, NOW, agreement, at, entry, partner

PLACE = evse_key(CPO, "L1", "1")


def told(routing: Routing, key=PLACE, **fields) -> dict[CourierKey, Policy]:
    return dict(routing.receivers(entry(1, key, **fields), NOW))


@pytest.mark.statement("OCPI-24")
def test_a_partner_may_state_only_for_the_parties_we_configured():
    routing = Routing([partner("cpo", "FR*CPO/CPO"), partner("other", "FR*OTH/CPO")])
    routing.may_state("cpo", PLACE)
    with pytest.raises(Refused) as no:
        routing.may_state("other", PLACE)
    assert no.value.reason is Reason.FOREIGN
    assert "FR*CPO/CPO" in no.value.remedy


@pytest.mark.statement("OCPI-23", "OCPI-24")
def test_a_party_may_state_only_what_its_role_owns():
    routing = Routing([partner("emsp", "DE*MSP/EMSP")])
    routing.may_state("emsp", token_key(EMSP, "RFID", "1A2B3C4D"))
    with pytest.raises(Refused):
        routing.may_state("emsp", location_key(EMSP, "L1"))


def test_a_suspended_partner_states_nothing():
    routing = Routing([partner("cpo", "FR*CPO/CPO", state=PartnerState.SUSPENDED)])
    with pytest.raises(Refused):
        routing.may_state("cpo", PLACE)


def test_a_hub_states_for_everybody_but_those_who_speak_here_themselves():
    routing = Routing([partner("hub", "FR*107/HUB"), partner("office", "DE*MSP/EMSP")])
    routing.may_state("hub", PLACE)
    with pytest.raises(Refused):
        routing.may_state("hub", token_key(EMSP, "RFID", "1A2B3C4D"))


@pytest.mark.statement("OCPI-35")
def test_a_status_goes_to_those_in_agreement_and_to_nobody_else():
    routing = Routing(
        [partner("cpo", "FR*CPO/CPO"), partner("one", "DE*MSP/EMSP"), partner("two", "NL*MP2/EMSP")],
        [agreement(), agreement(emsp="NL*MP2/EMSP", cpos=("FR*OTH/CPO",))],
    )
    assert told(routing) == {CourierKey(EMSP_PARTY, Lane.PLACES): Policy.LATEST}


def test_toward_a_hub_everything_is_one_strict_queue():
    routing = Routing([partner("hub", "FR*107/HUB")], [agreement(emsp="FR*107/HUB")])
    assert told(routing) == {CourierKey(HUB_PARTY, Lane.ALL): Policy.STRICT}


@pytest.mark.statement("OCPI-35")
def test_an_agreement_that_ended_or_leaves_the_module_out_tells_nobody():
    ended = agreement(ends=at(-10))
    without = agreement(terms={Module.LOCATIONS: Terms(on=False)})
    silent = agreement(terms={Module.LOCATIONS: Terms(policy=Policy.NONE)})
    for one in (ended, without, silent):
        assert told(Routing([], [one])) == {}


@pytest.mark.statement("OCPI-35")
def test_each_question_follows_the_time_at_which_it_is_asked_and_no_other():
    routing = Routing([], [agreement(starts=at(-100), ends=at(100))])
    asked = {
        "told": lambda when: bool(routing.told(PLACE.owner, Module.LOCATIONS, when)),
        "covering": lambda when: routing.covering(CPO, EMSP, Module.TOKENS, when) is not None,
        "askable": lambda when: bool(routing.askable(CPO, when)),
        "scope": lambda when: routing.scope(EMSP_PARTY, when).of(CPO) is None,
    }
    for name, ask in asked.items():  # each by itself: none leans on another's having looked at the clock
        answers = [ask(at(seconds)) for seconds in (-101, -100, 0, 99, 100, 99, -101)]
        assert answers == [False, True, True, True, False, True, False], name


def test_a_hub_is_not_told_what_it_said_itself():
    behind = agreement(emsp="FR*107/HUB")
    assert told(Routing([partner("cpo", "FR*107/HUB")], [behind])) == {}
    assert told(Routing([partner("cpo", "FR*107/HUB", "DE*MSP/EMSP")], [behind, agreement()])) == {}


@pytest.mark.statement("OCPI-35")
def test_two_parties_of_one_platform_that_roam_with_each_other_are_told_as_all_others_are():
    routing = Routing([partner("cpo", "DE*MSP/EMSP", "FR*CPO/CPO")], [agreement()])
    assert told(routing) == {CourierKey(EMSP_PARTY, Lane.PLACES): Policy.LATEST}


def test_a_charge_goes_to_its_one_receiver_only():
    routing = Routing([], [agreement(), agreement(emsp="NL*MP2/EMSP")])
    key = session_key(CPO, "S1")
    assert told(routing, key, act=Act.FACT, receiver=EMSP_PARTY) == {CourierKey(EMSP_PARTY, Lane.CHARGES): Policy.FIFO}
    assert told(routing, key, act=Act.FACT) == {}


def test_charges_that_an_agreement_switches_off_go_to_nobody():
    routing = Routing([], [agreement(terms={Module.CDRS: Terms(policy=Policy.NONE)})])
    given = {"act": Act.FACT, "receiver": EMSP_PARTY, "agreement": agreement().id}
    assert told(routing, cdr_key(CPO, "C1"), **given) == {}
    assert told(routing, session_key(CPO, "S1"), **given) == {CourierKey(EMSP_PARTY, Lane.CHARGES): Policy.FIFO}


def test_a_refusal_names_what_is_missing():
    routing = Routing([], [agreement(ends=at(-10))])
    assert "ended" in routing.why_not(CPO, EMSP, Module.TOKENS, NOW).message
    assert "no agreement between" in routing.why_not(CPO, PartyId.of("NL", "MP2"), Module.TOKENS, NOW).message
    left_out = Routing([], [agreement(terms={Module.COMMANDS: Terms(on=False)})])
    assert "commands" in left_out.why_not(CPO, EMSP, Module.COMMANDS, NOW).remedy


def test_the_first_connected_partner_of_a_route_carries_the_messages():
    backup = partner("backup", "DE*MSP/EMSP")
    main = partner("main", "DE*MSP/EMSP")
    routes = [Route(EMSP_PARTY, ("main", "backup"))]
    assert Routing([backup, main], routes=routes).partner_for(EMSP_PARTY).id == "main"
    down = partner("main", "DE*MSP/EMSP", state=PartnerState.OFFLINE)
    assert Routing([backup, down], routes=routes).partner_for(EMSP_PARTY).id == "backup"


def test_a_module_may_have_a_route_of_its_own():
    known = [partner("main", "DE*MSP/EMSP"), partner("ledger"), partner("spare")]
    routes = [Route(EMSP_PARTY, ("main",)), Route(EMSP_PARTY, ("ledger", "spare"), Module.CDRS)]
    routing = Routing(known, routes=routes)
    assert routing.partner_for(EMSP_PARTY, Module.SESSIONS).id == "main"
    assert [one.id for one in routing.carriers(EMSP_PARTY, Module.CDRS)] == ["ledger", "spare"]
    assert routing.partner_for(EMSP_PARTY).id == "main"


_CODES = st.sampled_from(["AAA", "BBB", "CCC", "DDD"])
_AGREEMENTS = st.lists(
    st.tuples(_CODES, st.lists(_CODES, min_size=1, max_size=3, unique=True), st.booleans(), st.booleans()), max_size=6
)


def _routing(drawn) -> Routing:
    return Routing(
        [],
        [
            agreement(
                emsp=f"DE*{emsp}/EMSP",
                cpos=tuple(f"FR*{cpo}/CPO" for cpo in cpos),
                ends=None if open_ended else at(-1),
                terms={} if on else {Module.LOCATIONS: Terms(on=False)},
                id=str(number),
            )
            for number, (emsp, cpos, on, open_ended) in enumerate(drawn)
        ],
    )


@given(_AGREEMENTS, _CODES, _CODES)
def test_a_party_never_receives_nor_sees_what_no_agreement_shows_it(drawn, cpo, emsp):
    routing = _routing(drawn)
    owner, viewer = PartyId.of("FR", cpo), Party.parse(f"DE*{emsp}/EMSP")
    shown = any(e == emsp and cpo in cpos and on and open_ended for e, cpos, on, open_ended in drawn)
    receivers = {key.party for key in told(routing, location_key(owner, "L1"), act=Act.FACT)}
    assert (viewer in receivers) == shown
    visible = routing.visible(viewer, Module.LOCATIONS, NOW)
    assert visible is not None
    assert (owner in visible) == shown
    assert (routing.covering(owner, viewer.id, Module.LOCATIONS, NOW) is not None) == shown


@given(_AGREEMENTS)
def test_tokens_travel_against_the_direction_of_places(drawn):
    routing = _routing(drawn)
    for emsp, cpos, _, open_ended in drawn:
        key = token_key(PartyId.of("DE", emsp), "RFID", "1A2B3C4D")
        receivers = {one.party.id.code for one in told(routing, key, act=Act.FACT)}
        if open_ended:
            assert set(cpos) <= receivers
        assert key.kind is Kind.TOKEN
