"""The calls of administration: each reads what it is given, asks the office, and writes the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from interroam.core.audit import Actor
from interroam.core.explain import Explanation
from interroam.core.office import Office
from interroam.core.people import User
from interroam.core.reports import CourierReport
from interroam.core.retelling import Dossier
from interroam.core.upkeep import courier_key
from interroam.model.agreements import Agreement
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, PartyId
from interroam.model.parties import Partner, PartnerState
from interroam.protocols.plain.openapi import Route
from interroam.protocols.plain.wire import administration as wire

_MISSING = (Reason.UNKNOWN_OBJECT,)
_CLASH = (Reason.CONFLICT,)
_STATE = (Reason.UNKNOWN_OBJECT, Reason.WRONG_STATE)
_AFAR = (*_STATE, Reason.NOT_OFFERED, Reason.PARTNER_UNUSABLE, Reason.NOT_CONNECTED, Reason.TIMED_OUT)


class Call(msgspec.Struct, frozen=True):
    """One call: who, at which path, with what."""

    office: Office
    actor: Actor
    given: dict[str, str]
    query: Any
    body: Any


# -- who is there ------------------------------------------------------------------------------------------------------


async def log_in(call: Call) -> wire.LoggedIn:
    """Log in."""
    ticket = await call.office.people.log_in(call.body.name, call.body.password)
    return wire.LoggedIn(token=ticket.token, ends=ticket.ends, role=ticket.actor.rank, bodies=ticket.actor.bodies)


async def me(call: Call) -> wire.Me:
    """Say who is asking."""
    return wire.Me(name=call.actor.name, role=call.actor.rank, bodies=call.actor.bodies)


async def node(call: Call) -> wire.NodeReport:
    """Say how the node is."""
    hub = call.office.hub
    partners = call.office.admin.partners(call.actor)
    return wire.NodeReport(
        name=call.office.name,
        url=call.office.url,
        party=str(hub.book.hub or ""),
        hub=hub.is_hub,
        head=hub.store.head(),
        counts=await hub.store.counts(),
        partners={state: sum(one.state is state for one in partners) for state in PartnerState},
    )


async def users(call: Call) -> wire.Users:
    """List people."""
    return wire.Users(tuple(_user(one) for one in call.office.people.users(call.actor)))


async def put_user(call: Call) -> wire.UserReport:
    """Add or change a person."""
    wanted = call.body
    people = call.office.people
    return _user(await people.put(call.actor, call.given["name"], wanted.password, wanted.role, bodies=wanted.bodies))


async def remove_user(call: Call) -> None:
    """Remove a person."""
    await call.office.people.remove(call.actor, call.given["name"])


async def audit(call: Call) -> wire.AuditLog:
    """List who did what."""
    return wire.AuditLog(tuple(await call.office.audited(call.actor, call.query.limit)))


# -- partners ----------------------------------------------------------------------------------------------------------


async def partners(call: Call) -> wire.Partners:
    """List partners."""
    return wire.Partners(tuple(_partner(one) for one in call.office.admin.partners(call.actor)))


async def partner(call: Call) -> wire.PartnerReport:
    """Show a partner."""
    return _partner(call.office.admin.partner(call.actor, call.given["id"]))


async def add_partner(call: Call) -> wire.TokenIssued:
    """Add a partner."""
    return _issued(await call.office.admin.add_partner(call.actor, _wanted(call.body, call.body.id)))


async def amend_partner(call: Call) -> wire.PartnerReport:
    """Change a partner."""
    return _partner(await call.office.admin.amend_partner(call.actor, _wanted(call.body, call.given["id"])))


async def remove_partner(call: Call) -> None:
    """Forget a partner."""
    await call.office.admin.remove_partner(call.actor, call.given["id"])


async def issue(call: Call) -> wire.TokenIssued:
    """Issue a new secret."""
    return _issued(await call.office.admin.issue(call.actor, call.given["id"]))


async def register(call: Call) -> wire.PartnerReport:
    """Register with a partner."""
    admin = call.office.admin
    return _partner(await admin.register(call.actor, call.given["id"], call.body.url, call.body.token))


async def unregister(call: Call) -> wire.PartnerReport:
    """End a registration."""
    return _partner(await call.office.admin.unregister(call.actor, call.given["id"]))


async def rotate(call: Call) -> wire.PartnerReport:
    """Exchange new secrets."""
    return _partner(await call.office.admin.rotate(call.actor, call.given["id"]))


async def suspend(call: Call) -> wire.PartnerReport:
    """Switch a partner off."""
    return _partner(await call.office.admin.suspend(call.actor, call.given["id"]))


async def resume(call: Call) -> wire.PartnerReport:
    """Switch a partner on."""
    return _partner(await call.office.admin.resume(call.actor, call.given["id"]))


async def route(call: Call) -> wire.RouteWanted:
    """Say who carries a party's messages."""
    made = await call.office.admin.route(call.actor, _party(call.body.party), call.body.partners)
    return wire.RouteWanted(party=str(made.party), partners=made.partners)


# -- agreements --------------------------------------------------------------------------------------------------------


async def agreements(call: Call) -> wire.Agreements:
    """List agreements."""
    now = call.office.hub.clock.now()
    return wire.Agreements(tuple(_agreement(one, now) for one in call.office.admin.agreements(call.actor)))


async def agreement(call: Call) -> wire.AgreementReport:
    """Show an agreement."""
    return _agreement(call.office.admin.agreement(call.actor, call.given["id"]), call.office.hub.clock.now())


async def add_agreement(call: Call) -> wire.AgreementReport:
    """Add an agreement."""
    wanted = call.body
    cpos = tuple(_party(one) for one in wanted.cpos)
    made = await call.office.admin.add_agreement(
        call.actor, _party(wanted.emsp), cpos, wanted.starts, wanted.ends, wanted.terms
    )
    return _agreement(made, call.office.hub.clock.now())


async def amend_agreement(call: Call) -> wire.AgreementReport:
    """Change terms."""
    made = await call.office.admin.amend_agreement(call.actor, call.given["id"], call.body.terms)
    return _agreement(made, call.office.hub.clock.now())


async def end_agreement(call: Call) -> wire.AgreementReport:
    """End an agreement."""
    made = await call.office.admin.end_agreement(call.actor, call.given["id"], call.body.at)
    return _agreement(made, call.office.hub.clock.now())


async def explain(call: Call) -> Explanation:
    """Say whether a card would be accepted somewhere, and why."""
    asked = call.query
    cpo = _party_id(asked.cpo) if asked.cpo else None
    return await call.office.adviser.explain(call.actor, asked.card, asked.evse, cpo, asked.at)


# -- deliveries --------------------------------------------------------------------------------------------------------


async def couriers(call: Call) -> wire.Couriers:
    """List couriers."""
    return wire.Couriers(tuple(call.office.upkeep.couriers(call.actor)))


async def move_courier(call: Call) -> CourierReport:
    """Pause, resume, drain or replay a courier."""
    upkeep, asked = call.office.upkeep, call.body
    key = courier_key(asked.party, asked.lane)
    match call.given["verb"]:
        case "pause":
            return await upkeep.pause(call.actor, key)
        case "resume":
            return await upkeep.resume(call.actor, key)
        case "drain":
            return await upkeep.drain(call.actor, key, asked.within)
        case "replay" if asked.since is not None:
            return await upkeep.replay(call.actor, key, asked.since)
        case "replay":
            raise Refused(Reason.INCOMPLETE, "replay since when?", remedy="send since")
    raise Refused(Reason.UNKNOWN_OBJECT, "couriers know pause, resume, drain and replay")


async def shelf(call: Call) -> wire.Shelf:
    """List the shelf."""
    asked = call.query
    key = courier_key(asked.party, asked.lane) if asked.party else None
    return wire.Shelf(tuple(await call.office.upkeep.shelf(call.actor, key, asked.limit)))


async def retry(call: Call) -> wire.Counted:
    """Try shelved entries again."""
    return wire.Counted(count=await call.office.upkeep.retry(call.actor, call.body.ids))


async def drop(call: Call) -> None:
    """Give shelved entries up."""
    await call.office.upkeep.drop(call.actor, call.body.ids)


async def erase(call: Call) -> wire.Counted:
    """Forget a driver."""
    return wire.Counted(count=await call.office.upkeep.erase_driver(call.actor, call.body.type, call.body.uid))


async def rotate_keys(call: Call) -> wire.Counted:
    """Put a new key in front."""
    return wire.Counted(count=await call.office.upkeep.rotate_keys(call.actor))


# -- what happened -----------------------------------------------------------------------------------------------------


async def journal(call: Call) -> wire.Moments:
    """Read the journal."""
    asked = call.query
    lines = await call.office.journal(call.actor, asked.after, asked.limit, asked.kind, asked.correlation)
    return wire.Moments(lines)


async def traces(call: Call) -> wire.Moments:
    """Read exchanges."""
    asked = call.query
    lines = await call.office.traces(call.actor, asked.id, asked.partner, asked.since, asked.until, asked.limit)
    return wire.Moments(lines)


async def dossier(call: Call) -> Dossier:
    """Tell the story of a charge."""
    return await call.office.dossier(call.actor, call.given["id"], call.query.at)


# -- forms -------------------------------------------------------------------------------------------------------------


def _party(text: str) -> Party:
    try:
        return Party.parse(text)
    except ValueError:
        message = f"{text!r} is no party with a role"
        raise Refused(Reason.MALFORMED, message, remedy="write it as CH*CCC/CPO or NL*EEE/EMSP") from None


def _party_id(text: str) -> PartyId:
    try:
        return PartyId.parse(text.partition("/")[0])
    except ValueError as error:
        raise Refused(Reason.MALFORMED, str(error)) from None


def _wanted(body: wire.PartnerWanted, id: str) -> Partner:
    return Partner(
        id=id,
        protocol=body.protocol,
        name=body.name,
        parties=tuple(_party(one) for one in body.parties),
        profile=body.profile,
        switches=body.switches,
        addresses=body.addresses,
    )


def _partner(partner: Partner) -> wire.PartnerReport:
    return wire.PartnerReport(
        id=partner.id,
        protocol=partner.protocol,
        name=partner.name,
        parties=tuple(map(str, partner.parties)),
        state=partner.state,
        profile=partner.profile,
        switches=partner.switches,
        addresses=partner.addresses,
        since=partner.since,
    )


def _issued(issued: Any) -> wire.TokenIssued:
    return msgspec.convert(issued, wire.TokenIssued, from_attributes=True)


def _agreement(one: Agreement, now: datetime) -> wire.AgreementReport:
    return wire.AgreementReport(
        id=one.id,
        version=one.version,
        emsp=str(one.emsp),
        cpos=tuple(map(str, one.cpos)),
        starts=one.starts,
        ends=one.ends,
        in_force=one.in_force(now),
        terms=one.terms,
    )


def _user(user: User) -> wire.UserReport:
    return wire.UserReport(name=user.name, role=user.rank, bodies=user.bodies, since=user.since)


# -- the table ---------------------------------------------------------------------------------------------------------


def _route(method: str, path: str, run: Any, answer: Any = None, **more: Any) -> Route:
    name, summary = f"admin_{run.__name__}", run.__doc__.rstrip(".")
    more.setdefault("status", 200 if answer is not None else 204)
    return Route(method=method, path=path, run=run, summary=summary, name=name, tag="admin", answer=answer, **more)


ROUTES = (
    _route("POST", "/login", log_in, wire.LoggedIn, body=wire.LogIn, open=True, errors=(Reason.UNAUTHENTICATED,)),
    _route("GET", "/me", me, wire.Me),
    _route("GET", "/node", node, wire.NodeReport),
    _route("GET", "/users", users, wire.Users),
    _route("PUT", "/users/{name}", put_user, wire.UserReport, body=wire.UserWanted),
    _route("DELETE", "/users/{name}", remove_user, errors=_MISSING),
    _route("GET", "/audit", audit, wire.AuditLog, query=wire.AuditQuery),
    _route("GET", "/partners", partners, wire.Partners),
    _route("POST", "/partners", add_partner, wire.TokenIssued, body=wire.PartnerWanted, errors=_CLASH, status=201),
    _route("GET", "/partners/{id}", partner, wire.PartnerReport, errors=_MISSING),
    _route("PUT", "/partners/{id}", amend_partner, wire.PartnerReport, body=wire.PartnerWanted, errors=_MISSING),
    _route("DELETE", "/partners/{id}", remove_partner, errors=_MISSING),
    _route("POST", "/partners/{id}/token", issue, wire.TokenIssued, errors=_MISSING, status=201),
    _route("POST", "/partners/{id}/register", register, wire.PartnerReport, body=wire.Registering, errors=_AFAR),
    _route("POST", "/partners/{id}/unregister", unregister, wire.PartnerReport, errors=_AFAR),
    _route("POST", "/partners/{id}/rotate", rotate, wire.PartnerReport, errors=_AFAR),
    _route("POST", "/partners/{id}/suspend", suspend, wire.PartnerReport, errors=_MISSING),
    _route("POST", "/partners/{id}/resume", resume, wire.PartnerReport, errors=_STATE),
    _route("PUT", "/routes", route, wire.RouteWanted, body=wire.RouteWanted, errors=_MISSING),
    _route("GET", "/agreements", agreements, wire.Agreements),
    _route("POST", "/agreements", add_agreement, wire.AgreementReport, body=wire.AgreementWanted, status=201),
    _route("GET", "/agreements/{id}", agreement, wire.AgreementReport, errors=_MISSING),
    _route(
        "POST", "/agreements/{id}/terms", amend_agreement, wire.AgreementReport, body=wire.TermsWanted, errors=_MISSING
    ),
    _route("POST", "/agreements/{id}/end", end_agreement, wire.AgreementReport, body=wire.Ending, errors=_STATE),
    _route("GET", "/explain", explain, Explanation, query=wire.ExplainQuery),
    _route("GET", "/couriers", couriers, wire.Couriers),
    _route("POST", "/couriers/{verb}", move_courier, CourierReport, body=wire.CourierNamed, errors=_MISSING),
    _route("GET", "/shelf", shelf, wire.Shelf, query=wire.ShelfQuery),
    _route("POST", "/shelf/retry", retry, wire.Counted, body=wire.Numbered),
    _route("POST", "/shelf/drop", drop, body=wire.Numbered),
    _route("POST", "/drivers/erase", erase, wire.Counted, body=wire.Driver),
    _route("POST", "/keys/rotate", rotate_keys, wire.Counted),
    _route("GET", "/journal", journal, wire.Moments, query=wire.JournalQuery),
    _route("GET", "/traces", traces, wire.Moments, query=wire.TraceQuery),
    _route(
        "GET",
        "/dossiers/{id}",
        dossier,
        Dossier,
        query=wire.DossierQuery,
        errors=(Reason.UNKNOWN_OBJECT, Reason.AMBIGUOUS),
    ),
)
