"""The calls of administration about agreements: offer, accept, amend, end, networks, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from interroam.core.rules.explain import Explanation
from interroam.model.agreements import Agreement, Network, Prices, Selection, Terms, selection
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module
from interroam.model.tariffs import Tariff
from interroam.protocols.plain import translate
from interroam.protocols.plain.admin_routes import MISSING, STATE, Call, party_id_of, party_of, route
from interroam.protocols.plain.showing import agreement_report
from interroam.protocols.plain.wire import Tariff as TariffSaid
from interroam.protocols.plain.wire import agreements as wire


async def agreements(call: Call) -> wire.Agreements:
    """List agreements."""
    return _all(call, call.office.admin.agreements(call.actor))


async def agreement(call: Call) -> wire.AgreementReport:
    """Show an agreement."""
    return _report(call, call.office.admin.agreement(call.actor, call.given["id"]))


async def agreement_versions(call: Call) -> wire.Agreements:
    """List the versions of an agreement."""
    one = call.office.admin.agreement(call.actor, call.given["id"])
    return _all(call, await call.office.notary.versions(call.actor, one.id))


async def add_agreement(call: Call) -> wire.AgreementReport:
    """Add an agreement on behalf of all it binds."""
    made = await call.office.notary.offer(call.actor, _draft(call))
    return _report(call, await call.office.notary.accept(call.actor, made.id))


async def offers(call: Call) -> wire.Agreements:
    """List what waits to be accepted."""
    return _all(call, call.office.notary.offers(call.actor))


async def offer_agreement(call: Call) -> wire.AgreementReport:
    """Offer an agreement; it holds when all it binds have accepted."""
    return _report(call, await call.office.notary.offer(call.actor, _draft(call)))


async def offer_amendment(call: Call) -> wire.AgreementReport:
    """Offer the next version of an agreement; it holds when all it binds have accepted."""
    old, said = call.office.admin.agreement(call.actor, call.given["id"]), call.body
    changed = replace(
        old,
        cpos=old.cpos if said.cpos is None else tuple(map(party_of, said.cpos)),
        networks=old.networks if said.networks is None else said.networks,
        ends=said.ends or old.ends,
        terms={**old.terms, **_terms(old, said.terms)},
        selections=old.selections if said.selections is None else tuple(map(_selection, said.selections)),
        prices=replace(old.prices, **_amended_prices(call, said.prices)),
        services=old.services if said.services is None else frozenset(said.services),
        smart_charging=old.smart_charging if said.smart_charging is None else tuple(map(party_of, said.smart_charging)),
    )
    return _report(call, await call.office.notary.amend(call.actor, old, changed))


async def accept_offer(call: Call) -> wire.AgreementReport:
    """Accept an offer on behalf of a party, or of all who have not."""
    party = party_of(call.body.party) if call.body.party else None
    return _report(call, await call.office.notary.accept(call.actor, call.given["id"], party))


async def take_back_offer(call: Call) -> None:
    """Take an offer back."""
    await call.office.notary.take_back(call.actor, call.given["id"])


async def amend_agreement(call: Call) -> wire.AgreementReport:
    """Change terms on behalf of all an agreement binds; prices need an amendment."""
    admin = call.office.admin
    old = admin.agreement(call.actor, call.given["id"])
    return _report(call, await admin.amend_agreement(call.actor, old.id, _terms(old, call.body.terms)))


async def end_agreement(call: Call) -> wire.AgreementReport:
    """End an agreement."""
    return _report(call, await call.office.admin.end_agreement(call.actor, call.given["id"], call.body.at))


async def networks(call: Call) -> wire.Networks:
    """List networks."""
    return wire.Networks(tuple(map(_network, call.office.notary.networks(call.actor))))


async def put_network(call: Call) -> wire.NetworkSaid:
    """Say which CPO operations a network has."""
    cpos = tuple(map(party_of, call.body.cpos))
    network = Network(call.given["id"], party_of(call.body.owner), cpos)
    return _network(await call.office.notary.put_network(call.actor, network))


async def explain(call: Call) -> Explanation:
    """Say whether a card would be accepted somewhere, or a party is shown an EVSE, and why."""
    asked, adviser = call.query, call.office.adviser
    cpo = party_id_of(asked.cpo) if asked.cpo else None
    if asked.viewer:
        return await adviser.sight(call.actor, party_of(asked.viewer), asked.evse, cpo, asked.at, offers=asked.offers)
    if not asked.card:
        raise Refused(Reason.INCOMPLETE, "who?", remedy="name a card, or a viewer")
    wanted = {"service": asked.service, "offers": asked.offers}
    return await adviser.explain(call.actor, asked.card, asked.evse, cpo, asked.at, **wanted)


# -- forms -------------------------------------------------------------------------------------------------------------


def _report(call: Call, one: Agreement) -> wire.AgreementReport:
    return agreement_report(one, call.office.notary, call.office.notary.beside(one))


def _all(call: Call, found: Sequence[Agreement]) -> wire.Agreements:
    return wire.Agreements(tuple(agreement_report(one, call.office.notary) for one in found))


def _draft(call: Call) -> Agreement:
    said = call.body
    return Agreement(
        id="",
        emsp=party_of(said.emsp),
        cpos=tuple(map(party_of, said.cpos)),
        networks=said.networks,
        starts=said.starts or call.office.hub.clock.now(),
        ends=said.ends,
        terms=said.terms,
        selections=tuple(map(_selection, said.selections)),
        prices=_prices(call, said.prices),
        services=frozenset(said.services),
        smart_charging=tuple(map(party_of, said.smart_charging)),
    )


def _selection(said: wire.SelectionSaid) -> Selection:
    cpo = party_id_of(said.cpo) if said.cpo else None
    return selection(cpo, said.locations, said.tariff_groups, said.evses)


def _terms(old: Agreement, said: Mapping[Module, wire.TermsAmended]) -> dict[Module, Terms]:
    return {module: replace(old.terms.get(module, Terms()), **_said(one)) for module, one in said.items()}


def _amended_prices(call: Call, said: wire.PricesAmended) -> dict[str, Any]:
    changed = _said(said)
    return changed | ({"tariffs": _tariffs(call, changed["tariffs"])} if "tariffs" in changed else {})


def _said(form: Struct) -> dict[str, Any]:
    """Return what a form says, without what it leaves as it is."""
    return {name: value for name, value in asdict(form).items() if value is not UNSET}


def _prices(call: Call, said: wire.PricesSaid) -> Prices:
    return Prices(_tariffs(call, said.tariffs), said.tolerance, said.beyond, said.clearing)


def _tariffs(call: Call, said: Iterable[TariffSaid]) -> tuple[Tariff, ...]:
    tariffs = []
    for one in said:
        if not one.party or not one.id:
            raise Refused(Reason.INCOMPLETE, "a tariff in an agreement names its party and id")
        fact, _ = translate.read_tariff(party_id_of(one.party), one.id, one, call.office.hub.clock.now())
        if isinstance(fact.body, Tariff):
            tariffs.append(fact.body)
    return tuple(tariffs)


def _network(one: Network) -> wire.NetworkSaid:
    return wire.NetworkSaid(id=one.id, owner=str(one.owner), cpos=tuple(map(str, one.cpos)))


_TAKEN = (*MISSING, Reason.CONFLICT)
_Report, _List = wire.AgreementReport, wire.Agreements
ROUTES = (
    route("GET", "/agreements", agreements, _List),
    route("POST", "/agreements", add_agreement, _Report, body=wire.AgreementWanted, errors=_TAKEN, status=201),
    route("GET", "/agreements/{id}", agreement, _Report, errors=MISSING),
    route("GET", "/agreements/{id}/versions", agreement_versions, _List, errors=MISSING),
    route("POST", "/agreements/{id}/terms", amend_agreement, _Report, body=wire.TermsWanted, errors=_TAKEN),
    route("POST", "/agreements/{id}/amend", offer_amendment, _Report, body=wire.AmendmentWanted, errors=_TAKEN),
    route("POST", "/agreements/{id}/end", end_agreement, _Report, body=wire.Ending, errors=STATE),
    route("GET", "/offers", offers, _List),
    route("POST", "/offers", offer_agreement, _Report, body=wire.AgreementWanted, errors=_TAKEN, status=201),
    route("POST", "/offers/{id}/accept", accept_offer, _Report, body=wire.Accepting, errors=STATE),
    route("DELETE", "/offers/{id}", take_back_offer, errors=MISSING),
    route("GET", "/networks", networks, wire.Networks),
    route("PUT", "/networks/{id}", put_network, wire.NetworkSaid, body=wire.NetworkSaid),
    route("GET", "/explain", explain, Explanation, query=wire.ExplainQuery),
)
