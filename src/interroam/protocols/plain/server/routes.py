"""The routes for back offices: the server dispatches by this table, the document lists it."""

from __future__ import annotations

from functools import partial
from typing import Any

from interroam.model.errors import Reason
from interroam.model.ids import Kind, cdr_key, location_key, session_key
from interroam.protocols.plain import wire
from interroam.protocols.plain.openapi import Route, Table
from interroam.protocols.plain.server import agreeing, asking, finding, following, living, steering, telling, webhook
from interroam.protocols.plain.wire.agreements import AgreementReport, Agreements

BASE = "/api/v1"

_TOLD = (Reason.FOREIGN, Reason.CONFLICT, Reason.MISMATCH)
_CHANGED = (*_TOLD, Reason.UNKNOWN_OBJECT)
_ASKED = (
    Reason.NO_AGREEMENT,
    Reason.INCOMPLETE,
    Reason.UNKNOWN_LOCATION,
    Reason.UNKNOWN_TOKEN,
    Reason.UNKNOWN_PARTY,
    Reason.NOT_OFFERED,
    Reason.AMBIGUOUS,
    Reason.NOT_CONNECTED,
    Reason.BAD_ANSWER,
    Reason.TIMED_OUT,
)
_ONE = (Reason.UNKNOWN_OBJECT,)
_LIVE = (Reason.UNKNOWN_SESSION, Reason.UNKNOWN_NATURE, Reason.REJECTED, Reason.CONFLICT)


def _tell(method: str, path: str, name: str, run: Any, body: Any, summary: str, **more: Any) -> Route:
    given: dict[str, Any] = {"answer": wire.Told, "errors": _TOLD} | more
    return Route(method=method, path=path, name=name, run=run, body=body, summary=summary, tag="tell", **given)


def _ask(path: str, name: str, run: Any, body: Any, answer: Any, summary: str, more: tuple[Reason, ...] = ()) -> Route:
    return Route(
        method="POST",
        path=path,
        name=name,
        run=run,
        body=body,
        answer=answer,
        summary=summary,
        tag="ask",
        errors=(*_ASKED, *more),
    )


def _command(word: str, run: Any, body: Any, summary: str) -> Route:
    name = word.replace("-", "_")
    about = f"{summary}, for an eMSP's back office; the outcome follows as a fact."
    return _ask(f"/commands/{word}", name, run, body, wire.Acknowledged, about)


def _list(path: str, name: str, kind: Kind, answer: Any, query: Any = wire.Listed) -> Route:
    run = partial(finding.listed, kind, answer)
    summary = f"{name.partition('_')[2].capitalize()} that you may see, in order of creation."
    return Route(method="GET", path=path, name=name, run=run, query=query, answer=answer, summary=summary, tag="find")


def _one(path: str, name: str, run: Any, answer: Any, query: Any = None) -> Route:
    summary = f"One {name.partition('_')[2]}."
    return Route(
        method="GET",
        path=path,
        name=name,
        run=run,
        query=query,
        answer=answer,
        summary=summary,
        tag="find",
        errors=_ONE,
    )


TELL = (
    _tell(
        "PUT",
        "/locations/{party}/{id}",
        "put_location",
        telling.put_location,
        wire.Location,
        "State a location; with evses, all of them: one known so far and left out is REMOVED.",
    ),
    _tell(
        "PUT",
        "/locations/{party}/{id}/evses/{uid}",
        "put_evse",
        telling.put_evse,
        wire.Evse,
        "State an EVSE of a location.",
        errors=(*_TOLD, Reason.UNKNOWN_LOCATION),
    ),
    _tell(
        "POST",
        "/statuses",
        "post_statuses",
        telling.post_statuses,
        tuple[wire.Status, ...],
        "State the statuses of many EVSEs; each gets its own verdict.",
        answer=wire.Batch,
        errors=(),
    ),
    _tell("PUT", "/tariffs/{party}/{id}", "put_tariff", telling.put_tariff, wire.Tariff, "State a tariff."),
    _tell(
        "DELETE",
        "/tariffs/{party}/{id}",
        "delete_tariff",
        telling.delete_tariff,
        None,
        "State that a tariff is no more.",
        query=wire.Targeted,
        errors=_CHANGED,
    ),
    _tell("PUT", "/tokens/{party}/{type}/{uid}", "put_token", telling.put_token, wire.Token, "State a token."),
    _tell("PUT", "/sessions/{party}/{id}", "put_session", telling.put_session, wire.Session, "State a session."),
    _tell(
        "PATCH",
        "/sessions/{party}/{id}",
        "patch_session",
        telling.patch_session,
        wire.SessionChange,
        "State what is new about a session.",
        errors=_CHANGED,
    ),
    _tell(
        "PUT",
        "/sessions/{party}/{id}/profile",
        "put_profile",
        telling.put_profile,
        wire.ActiveProfile,
        "State by which limits a session goes; only where a profile was set for it.",
        errors=(*_CHANGED, Reason.UNKNOWN_SESSION),
    ),
    _tell("POST", "/cdrs", "post_cdr", telling.post_cdr, wire.Cdr, "State a CDR; told twice it is recorded once."),
    _tell(
        "POST",
        "/outcomes/{command}",
        "post_outcome",
        telling.post_outcome,
        wire.Outcome,
        "State what became of a command that was put to your webhook.",
        errors=_CHANGED,
    ),
    _tell(
        "POST",
        "/import",
        "post_import",
        telling.post_import,
        wire.Line,
        "State many objects, one JSON line each; each gets its own verdict.",
        body_media="application/x-ndjson",
        answer=wire.Batch,
        errors=(),
    ),
)

ASK = (
    _ask(
        "/authorize",
        "authorize",
        asking.authorize,
        wire.Authorize,
        wire.Permission,
        "May this driver charge here? For a CPO's back office.",
    ),
    _command("start", asking.start, wire.Start, "Start a charge"),
    _command("stop", asking.stop, wire.Stop, "Stop a charge"),
    _command("reserve", steering.reserve, wire.Reserve, "Keep a place free"),
    _command("cancel-reservation", steering.cancel_reservation, wire.CancelReservation, "Give up a reservation"),
    _command("unlock", steering.unlock, wire.Unlock, "Unlock a connector, on behalf of support or an operator"),
    _command("set-profile", steering.set_profile, wire.SetProfile, "Limit how fast a session charges"),
    _command("get-profile", steering.get_profile, wire.GetProfile, "Ask how fast a session will charge"),
    _command("clear-profile", steering.clear_profile, wire.ClearProfile, "Lift the limits of a session"),
    _ask(
        "/preferences",
        "prefer",
        steering.prefer,
        wire.Prefer,
        wire.Preferred,
        "Say what the driver of a session would like, for an eMSP's back office.",
        (Reason.UNKNOWN_SESSION, Reason.CONFLICT),
    ),
)

LIVE = (
    _ask(
        "/acts",
        "act",
        living.act,
        wire.Act,
        wire.Done,
        "Have something done with a charge under way, at once, for an eMSP's back office; no outcome follows.",
        _LIVE,
    ),
    _ask(
        "/reports",
        "report",
        living.report,
        wire.Report,
        wire.Done,
        "Tell the eMSP of a charge how it goes, at once, for a CPO's back office.",
        _LIVE,
    ),
)

FIND = (
    _list("/locations", "list_locations", Kind.LOCATION, wire.Locations, wire.ListedPlaces),
    _list("/tariffs", "list_tariffs", Kind.TARIFF, wire.Tariffs),
    _list("/tokens", "list_tokens", Kind.TOKEN, wire.Tokens),
    _list("/sessions", "list_sessions", Kind.SESSION, wire.Sessions),
    _list("/cdrs", "list_cdrs", Kind.CDR, wire.Cdrs),
    _one("/locations/{party}/{id}", "get_location", partial(finding.named, location_key), wire.Location),
    _one("/locations/{party}/{id}/evses/{uid}", "get_evse", finding.evse, wire.Evse),
    _one("/tariffs/{party}/{id}", "get_tariff", finding.tariff, wire.Tariff, wire.Targeted),
    _one("/tokens/{party}/{type}/{uid}", "get_token", finding.token, wire.Token),
    _one("/sessions/{party}/{id}", "get_session", partial(finding.named, session_key), wire.Session),
    _one("/cdrs/{party}/{id}", "get_cdr", partial(finding.named, cdr_key), wire.Cdr),
)

AGREE = (
    Route(
        method="GET",
        path="/agreements",
        name="list_agreements",
        run=agreeing.agreements,
        answer=Agreements,
        summary="The agreements of your parties, and what is offered to them.",
        tag="agree",
    ),
    Route(
        method="POST",
        path="/offers/{id}/accept",
        name="accept_offer",
        run=agreeing.accept,
        answer=AgreementReport,
        summary="Accept an offer for your parties; it holds when all it binds have accepted.",
        tag="agree",
        errors=(Reason.UNKNOWN_OBJECT, Reason.WRONG_STATE, Reason.AMBIGUOUS),
    ),
)

FOLLOW = (
    Route(
        method="GET",
        path="/facts",
        name="get_facts",
        run=following.facts,
        query=wire.Following,
        answer=wire.Facts,
        summary="Facts for you after a number; with wait, a long poll.",
        tag="facts out",
    ),
    Route(
        method="GET",
        path="/facts/stream",
        name="stream_facts",
        run=following.stream,
        query=wire.Streamed,
        answer=wire.Fact,
        answer_media="text/event-stream",
        summary="Facts for you as server-sent events; Last-Event-ID resumes.",
        tag="facts out",
    ),
    Route(
        method="PUT",
        path="/webhook",
        name="put_webhook",
        run=webhook.put,
        body=wire.WebhookWanted,
        answer=wire.Webhook,
        summary="Set where facts are sent and questions are put; makes a new secret, shown this once.",
        tag="facts out",
    ),
    Route(
        method="GET",
        path="/webhook",
        name="get_webhook",
        run=webhook.get,
        answer=wire.Webhook,
        summary="The webhook as it is set.",
        tag="facts out",
        errors=_ONE,
    ),
    Route(
        method="DELETE",
        path="/webhook",
        name="delete_webhook",
        run=webhook.delete,
        status=204,
        summary="Take the webhook away.",
        tag="facts out",
    ),
)

WEBHOOKS = {
    "fact": (
        "A fact for you. Answer 2xx when you have it; 400, 409, 410, 413 or 422 to refuse it for good.",
        wire.Fact,
        None,
    ),
    "question": ("A question for you, to be answered in the response and in time.", wire.Question, wire.Answer),
}


def back_office(*more: Route) -> Table:
    """Return the table of everything a back office may call."""
    return Table(BASE, (*TELL, *ASK, *LIVE, *FIND, *AGREE, *FOLLOW, *more))
