"""Would this card be accepted at that EVSE on that day, by which rule, and what would make it pass: pure.

It walks the very rules of routing and authorizing, in their order, and stops at the first that says no.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from interroam.core.rules.routing import Routing
from interroam.core.rules.visibility import Spot, shown
from interroam.model.agreements import Agreement
from interroam.model.ids import Module, Party, PartyId, Role
from interroam.model.parties import PartnerState
from interroam.model.places import Availability, Evse
from interroam.model.tokens import Token


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule, the object it looked at, and what it says."""

    rule: str
    passed: bool
    message: str
    object: str = ""
    remedy: str = ""


class Explanation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer and the way to it; ``agreement`` is the one it rests on."""

    accepted: bool
    steps: tuple[Step, ...]
    agreement: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, with what is known about it."""

    at: datetime
    cpo: PartyId
    emsp: PartyId | None = None
    tokens: tuple[Token, ...] = ()
    evse: Evse | None = None
    service: str = ""
    """What the driver wants; empty for whatever the agreement has."""
    asked_token: str = ""
    asked_evse: str = ""

    @property
    def spots(self) -> tuple[Spot, ...]:
        """The EVSE as agreements select it."""
        return (Spot.of(self.evse),) if self.evse is not None else ()


def explain(routing: Routing, case: Case) -> Explanation:
    """Answer the case."""
    cpo, place = Party(case.cpo, Role.CPO), _place(case)
    if cpo in routing.suspended:
        return Explanation(accepted=False, steps=(_switched_off(cpo, "place"),))
    if not place.passed:
        return Explanation(accepted=False, steps=(place,))
    if not case.tokens:
        return _stranger(routing, case, place)
    answers = [_known(routing, case, token, place) for token in case.tokens]
    return next((one for one in answers if one.accepted), answers[0])


def _place(case: Case) -> Step:
    if case.evse is None:
        if case.asked_evse:
            message = f"no EVSE {case.asked_evse} of {case.cpo} is known"
            return Step("place", False, message, case.asked_evse, "its CPO must state the location")  # noqa: FBT003
        return _yes("place", f"any EVSE of {case.cpo}", str(case.cpo))
    status = case.evse.status
    name = case.evse.evse_id or case.evse.uid
    if status.availability in (Availability.REMOVED, Availability.PLANNED):
        return _no("place", f"EVSE {name} is {status.word}", name, "its CPO must put it into service")
    return _yes("place", f"EVSE {name} of {case.cpo} is known ({status.word})", name)


def _known(routing: Routing, case: Case, token: Token, place: Step) -> Explanation:
    steps = [place, _yes("token", f"token of {token.owner}, contract of {token.issuer}", str(token.owner))]
    agreement = routing.covering(case.cpo, token.owner, Module.TOKENS, case.at, case.spots, case.service)
    if agreement is None:
        return Explanation(accepted=False, steps=(*steps, _uncovered(routing, case, token.owner)))
    steps += _covered(agreement, case)
    asked = _asked(routing, case, token.owner, agreement)
    steps.append(asked)
    if asked.passed and not token.valid:
        remedy = "its provider must state it as valid"
        steps.append(_no("validity", "the token is not valid as stated", str(token.owner), remedy))
    elif asked.passed:
        steps.append(_yes("validity", "the token is valid as stated", str(token.owner)))
    if asked.passed and case.service and not token.serves(case.service):
        message = f"the token is not stated for service {case.service}: only its provider can tell"
        steps.append(_no("service", message, str(token.owner), f"its provider must state service {case.service}"))
    accepted = all(step.passed for step in steps)
    return Explanation(accepted=accepted, steps=tuple(steps), agreement=agreement.id)


def _stranger(routing: Routing, case: Case, place: Step) -> Explanation:
    """Nobody stated the token: the providers in agreement would be asked side by side (sheet C20)."""
    named = case.asked_token or "the token"
    if case.emsp is not None:
        agreement = routing.covering(case.cpo, case.emsp, Module.TOKENS, case.at, case.spots, case.service)
        if agreement is None:
            return Explanation(accepted=False, steps=(place, _uncovered(routing, case, case.emsp)))
        asked = _asked(routing, case, case.emsp, agreement)
        return Explanation(asked.passed, (place, *_covered(agreement, case), asked), agreement.id)
    known = _no("token", f"nobody stated {named}", named, "its provider must state it, or answer when asked")
    some = routing.askable(case.cpo, case.at, case.spots, case.service)
    if some:
        providers = ", ".join(str(one.emsp.id) for one in some)
        last = _no("agreement", f"{providers} would be asked whether they know it", "", "ask: only they can tell")
    else:
        last = _no("agreement", f"no provider is in agreement with {case.cpo}", str(case.cpo), "add an agreement")
    return Explanation(accepted=False, steps=(place, known, last))


def _covered(agreement: Agreement, case: Case) -> list[Step]:
    until = f" until {agreement.ends:%Y-%m-%d}" if agreement.ends is not None else ""
    message = f"agreement {agreement.id}, in force since {agreement.starts:%Y-%m-%d}{until}"
    steps = [_yes("agreement", message, agreement.id)]
    if case.evse is not None and agreement.selected(case.cpo):
        name = case.evse.evse_id or case.evse.uid
        steps.append(_yes("selection", f"agreement {agreement.id} selects EVSE {name}", name))
    return steps


def _uncovered(routing: Routing, case: Case, emsp: PartyId) -> Step:
    why = routing.why_not(case.cpo, emsp, Module.TOKENS, case.at, case.spots, case.service)
    left_out = routing.covering(case.cpo, emsp, Module.TOKENS, case.at, (), case.service) is not None
    return _no("selection" if left_out else "agreement", why.message, f"{case.cpo} {emsp}", why.remedy)


def explain_sight(routing: Routing, viewer: Party, case: Case) -> Explanation:
    """Say whether a party is shown an EVSE, by the rule that lists, gets and deliveries follow."""
    if case.evse is None:
        return Explanation(accepted=False, steps=(_place(case),))
    rule = shown(routing.scope(viewer, case.at), viewer, Spot.of(case.evse))
    step = Step("visibility", rule.shown, rule.message, case.evse.evse_id or case.evse.uid, rule.remedy)
    return Explanation(rule.shown, (step,), rule.agreement)


def _asked(routing: Routing, case: Case, emsp: PartyId, agreement: Agreement) -> Step:
    """Who would say yes, and can it be reached."""
    provider = Party(emsp, Role.EMSP)
    via = routing.way_to(provider, case.cpo, case.at, agreement)
    if not routing.has(via):
        return _no("provider", f"no partner speaks for {via}", str(via), f"add {via} to the parties of a partner")
    if provider in routing.suspended:
        return _switched_off(provider, "provider")
    partner = routing.partner_for(via, Module.TOKENS)
    if partner.state is PartnerState.CONNECTED:
        return _yes("provider", f"partner {partner.id} answers for {emsp}", partner.id)
    remedy = "interroam partner resume" if partner.state is PartnerState.SUSPENDED else "register the partner"
    return _no("provider", f"partner {partner.id} is {partner.state.value}", partner.id, f"{remedy} {partner.id}")


def _switched_off(party: Party, rule: str) -> Step:
    return _no(rule, f"{party} is suspended", str(party), f"interroam party resume {party}")


def _yes(rule: str, message: str, object: str = "") -> Step:
    return Step(rule, True, message, object)  # noqa: FBT003  the field has a name


def _no(rule: str, message: str, object: str = "", remedy: str = "") -> Step:
    return Step(rule, False, message, object, remedy)  # noqa: FBT003  the field has a name
