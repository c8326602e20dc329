"""Why a card would be accepted or not: the rule, the object, and what would make it pass."""

from __future__ import annotations

import pytest

from interroam.core.rules.explain import Case, explain
from interroam.core.rules.routing import Routing
from interroam.model.agreements import Terms
from interroam.model.ids import Module, Party
from interroam.model.parties import PartnerState
from interroam.model.places import Availability, EvseStatus
from tests.core.objects import CPO, EMSP, NOW, agreement, at, evse, partner, token

PARTNERS = (partner("cpo", "FR*CPO/CPO"), partner("emsp", "DE*MSP/EMSP"))
CASE = Case(at=NOW, cpo=CPO, tokens=(token(),), evse=evse())
GONE = EvseStatus(word="REMOVED", availability=Availability.REMOVED)


def rule(routing: Routing, case: Case) -> tuple[bool, str]:
    said = explain(routing, case)
    return said.accepted, said.steps[-1].rule


def test_a_valid_card_under_an_agreement_in_force_is_accepted_and_the_agreement_is_named():
    said = explain(Routing(PARTNERS, [agreement()]), CASE)
    assert (said.accepted, said.agreement) == (True, agreement().id)
    assert [step.rule for step in said.steps] == ["place", "token", "agreement", "provider", "validity"]


@pytest.mark.parametrize(
    ("agreements", "partners", "case", "last", "remedy"),
    [
        ([], PARTNERS, CASE, "agreement", "add an agreement"),
        ([agreement(starts=at(60))], PARTNERS, CASE, "agreement", "agree on dates"),
        ([agreement(ends=at(-60))], PARTNERS, CASE, "agreement", "agree on dates"),
        ([agreement(terms={Module.TOKENS: Terms(on=False)})], PARTNERS, CASE, "agreement", "amend agreement"),
        ([agreement()], PARTNERS[:1], CASE, "provider", "add DE*MSP/EMSP"),
        (
            [agreement()],
            (PARTNERS[0], partner("emsp", "DE*MSP/EMSP", state=PartnerState.SUSPENDED)),
            CASE,
            "provider",
            "interroam partner resume emsp",
        ),
        ([agreement()], PARTNERS, Case(at=NOW, cpo=CPO, tokens=(token(valid=False),)), "validity", "state it as valid"),
        ([agreement()], PARTNERS, Case(at=NOW, cpo=CPO, evse=evse(status=GONE)), "place", "put it into service"),
        ([agreement()], PARTNERS, Case(at=NOW, cpo=CPO, asked_evse="FR*CPO*E9"), "place", "state the location"),
        ([agreement()], PARTNERS, Case(at=NOW, cpo=CPO, asked_token="99"), "agreement", "only they can tell"),
        ([], PARTNERS, Case(at=NOW, cpo=CPO, asked_token="99"), "agreement", "add an agreement"),
    ],
)
def test_a_no_names_its_rule_and_what_would_make_it_pass(agreements, partners, case, last, remedy):
    said = explain(Routing(partners, agreements), case)
    assert (said.accepted, said.steps[-1].rule) == (False, last)
    assert remedy in said.steps[-1].remedy


@pytest.mark.parametrize(("party", "last"), [("FR*CPO/CPO", "place"), ("DE*MSP/EMSP", "provider")])
def test_a_party_that_an_operator_switched_off_is_why(party, last):
    said = explain(Routing(PARTNERS, [agreement()], suspended=[Party.parse(party)]), CASE)
    assert (said.accepted, said.steps[-1].rule) == (False, last)
    assert said.steps[-1].remedy == f"interroam party resume {party}"


@pytest.mark.parametrize(
    ("services", "granted", "said"),
    [
        (("7",), frozenset({"1", "7"}), (True, "validity")),
        ((), frozenset({"1", "7"}), (False, "service")),
        (("7",), frozenset({"1"}), (False, "agreement")),
    ],
)
def test_a_service_is_for_the_agreement_and_for_the_card(services, granted, said):
    case = Case(at=NOW, cpo=CPO, tokens=(token(services=services),), service="7")
    assert rule(Routing(PARTNERS, [agreement(services=granted)]), case) == said


def test_an_unknown_card_of_a_provider_in_agreement_would_be_asked_about():
    assert rule(Routing(PARTNERS, [agreement()]), Case(at=NOW, cpo=CPO, emsp=EMSP)) == (True, "provider")
    assert rule(Routing(PARTNERS, []), Case(at=NOW, cpo=CPO, emsp=EMSP)) == (False, "agreement")


def test_of_two_cards_of_one_uid_the_accepted_one_counts():
    case = Case(at=NOW, cpo=CPO, tokens=(token(owner=CPO), token()))
    assert explain(Routing(PARTNERS, [agreement()]), case).accepted
