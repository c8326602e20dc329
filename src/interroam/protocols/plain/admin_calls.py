"""The calls of administration: each reads what it is given, asks the office, and writes the answer."""

from __future__ import annotations

from typing import Any

import msgspec

from interroam.core.finding.retelling import Dossier
from interroam.core.office.people import User
from interroam.core.office.reports import CourierReport
from interroam.core.office.upkeep import courier_key
from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner, PartnerState, Route
from interroam.protocols.plain.admin_routes import MISSING, STATE, Call, party_id_of, party_of
from interroam.protocols.plain.admin_routes import route as _route
from interroam.protocols.plain.agreement_calls import ROUTES as AGREEMENTS
from interroam.protocols.plain.clearing_calls import ROUTES as CLEARING
from interroam.protocols.plain.wire import administration as wire

_CLASH = (Reason.CONFLICT,)
_TAKEN = (*MISSING, *_CLASH)
_AFAR = (*STATE, Reason.NOT_OFFERED, Reason.PARTNER_UNUSABLE, Reason.NOT_CONNECTED, Reason.TIMED_OUT)


# -- who is there ------------------------------------------------------------------------------------------------------


async def log_in(call: Call) -> wire.LoggedIn:
    """Log in."""
    ticket = await call.office.people.log_in(call.body.name, call.body.password)
    return wire.LoggedIn(token=ticket.token, ends=ticket.ends, role=ticket.actor.rank, bodies=ticket.actor.bodies)


async def log_out(call: Call) -> None:
    """Log out: the token shown opens nothing any more."""
    await call.office.people.log_out(call.actor, call.token)


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
        party=call.office.party,
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


async def routes(call: Call) -> wire.Routes:
    """List who carries whose messages, where that was said."""
    return wire.Routes(tuple(map(_route_of, call.office.admin.routes(call.actor))))


async def route(call: Call) -> wire.RouteWanted:
    """Say who carries a party's messages."""
    wanted = Route(party_of(call.body.party), call.body.partners, call.body.module)
    return _route_of(await call.office.admin.route(call.actor, wanted))


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


async def evses(call: Call) -> wire.Signs:
    """List what is to stand under EVSEs."""
    cpo = party_id_of(call.query.party)
    return wire.Signs(await call.office.signs(call.actor, cpo, call.query.location))


# -- forms -------------------------------------------------------------------------------------------------------------


def _wanted(body: wire.PartnerWanted, id: str) -> Partner:
    return Partner(
        id=id,
        protocol=body.protocol,
        name=body.name,
        parties=tuple(party_of(one) for one in body.parties),
        profile=body.profile,
        switches=body.switches,
        addresses=body.addresses,
        rate=body.rate,
        body_bytes=body.body_bytes,
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
        rate=partner.rate,
        body_bytes=partner.body_bytes,
        since=partner.since,
        declared=partner.declared,
    )


def _route_of(made: Route) -> wire.RouteWanted:
    return wire.RouteWanted(party=str(made.party), partners=made.partners, module=made.module)


def _issued(issued: Any) -> wire.TokenIssued:
    return msgspec.convert(issued, wire.TokenIssued, from_attributes=True)


def _user(user: User) -> wire.UserReport:
    return wire.UserReport(name=user.name, role=user.rank, bodies=user.bodies, since=user.since)


# -- the table ---------------------------------------------------------------------------------------------------------


ROUTES = (
    _route("POST", "/login", log_in, wire.LoggedIn, body=wire.LogIn, open=True, errors=(Reason.UNAUTHENTICATED,)),
    _route("POST", "/logout", log_out, errors=(Reason.WRONG_STATE,)),
    _route("GET", "/me", me, wire.Me),
    _route("GET", "/node", node, wire.NodeReport),
    _route("GET", "/users", users, wire.Users),
    _route("PUT", "/users/{name}", put_user, wire.UserReport, body=wire.UserWanted),
    _route("DELETE", "/users/{name}", remove_user, errors=MISSING),
    _route("GET", "/audit", audit, wire.AuditLog, query=wire.AuditQuery),
    _route("GET", "/partners", partners, wire.Partners),
    _route("POST", "/partners", add_partner, wire.TokenIssued, body=wire.PartnerWanted, errors=_CLASH, status=201),
    _route("GET", "/partners/{id}", partner, wire.PartnerReport, errors=MISSING),
    _route("PUT", "/partners/{id}", amend_partner, wire.PartnerReport, body=wire.PartnerWanted, errors=_TAKEN),
    _route("DELETE", "/partners/{id}", remove_partner, errors=MISSING),
    _route("POST", "/partners/{id}/token", issue, wire.TokenIssued, errors=MISSING, status=201),
    _route("POST", "/partners/{id}/register", register, wire.PartnerReport, body=wire.Registering, errors=_AFAR),
    _route("POST", "/partners/{id}/unregister", unregister, wire.PartnerReport, errors=_AFAR),
    _route("POST", "/partners/{id}/rotate", rotate, wire.PartnerReport, errors=_AFAR),
    _route("POST", "/partners/{id}/suspend", suspend, wire.PartnerReport, errors=MISSING),
    _route("POST", "/partners/{id}/resume", resume, wire.PartnerReport, errors=STATE),
    _route("GET", "/routes", routes, wire.Routes),
    _route("PUT", "/routes", route, wire.RouteWanted, body=wire.RouteWanted, errors=MISSING),
    *AGREEMENTS,
    *CLEARING,
    _route("GET", "/evses", evses, wire.Signs, query=wire.SignsQuery, errors=MISSING),
    _route("GET", "/couriers", couriers, wire.Couriers),
    _route("POST", "/couriers/{verb}", move_courier, CourierReport, body=wire.CourierNamed, errors=MISSING),
    _route("GET", "/shelf", shelf, wire.Shelf, query=wire.ShelfQuery),
    _route("POST", "/shelf/retry", retry, wire.Counted, body=wire.Numbered, errors=MISSING),
    _route("POST", "/shelf/drop", drop, body=wire.Numbered, errors=MISSING),
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
