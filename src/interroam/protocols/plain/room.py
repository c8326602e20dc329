"""The plain room as the node mounts it: requests in, links out, one document of it all."""

from __future__ import annotations

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner, Purpose
from interroam.net.http import JSON, Handler, Response
from interroam.net.premises import Premises
from interroam.protocols.plain import wire
from interroam.protocols.plain.client import PlainLink
from interroam.protocols.plain.openapi import Route, Table, document
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.server.reception import PROTOCOL, Reception, early_refusal
from interroam.protocols.plain.server.routes import BASE, WEBHOOKS, back_office

TITLE = "Interroam"
VERSION = "1"
ABOUT = """The node's own API: tell facts, ask questions, find what is known.

Webhooks carry `Interroam-Signature: t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 over `SECONDS.BODY` under the secret that
`PUT /webhook` returned. Refuse one whose time is more than 5 minutes from yours, and one whose signature is wrong.
A fact may come twice: its `seq` is the same then. A question `start` or `stop` may come twice: its `command` is."""


class PlainRoom:
    """Answers back offices below ``prefix`` and makes the links to their webhooks.

    ``more`` are the tables of other paths that the document lists too; their requests are not answered here.
    """

    name = PROTOCOL
    prefix = BASE
    entrance = BASE
    first = Purpose.REGULAR
    body_bytes: int | None = None
    refusal = staticmethod(early_refusal)

    def __init__(self, hub: Hub, premises: Premises, more: tuple[Table, ...] = ()) -> None:
        self._hub = hub
        self._client = premises.client
        self._more = more
        self._written = b""
        shown = Route(
            method="GET",
            path="/openapi.json",
            name="get_document",
            run=self._document,
            answer=dict,
            summary="This document.",
            open=True,
        )
        self.table = back_office(shown)
        self.handler: Handler = Reception(hub, self.table, insecure_http=premises.insecure_http).answer
        """Answers a request below the prefix."""

    def link(self, partner: Partner) -> PlainLink:
        """Return the link to this partner's webhook."""
        return PlainLink(self._hub, self._client, partner.id)

    async def register(self, partner: Partner, url: str, token: str) -> Partner:  # noqa: ARG002  as the port has it
        """Refuse: a back office is connected when it first calls."""
        raise _no_registration(partner)

    async def unregister(self, partner: Partner) -> Partner:
        """Refuse: there is nothing to end but the partner's token."""
        raise _no_registration(partner)

    async def rotate(self, partner: Partner) -> Partner:
        """Refuse: the operator gives a new token, `PUT /webhook` a new secret."""
        raise _no_registration(partner)

    def openapi(self) -> bytes:
        """Return the OpenAPI document."""
        if not self._written:
            self._written = document(
                (self.table, *self._more),
                title=TITLE,
                version=VERSION,
                description=ABOUT,
                webhooks=WEBHOOKS,
                more=wire.SHOWN_NOWHERE_ELSE,
            )
        return self._written

    async def _document(self, _call: Call) -> Response:
        return Response(200, [JSON], self.openapi())


def _no_registration(partner: Partner) -> Refused:
    return Refused(
        Reason.NOT_OFFERED,
        f"partner {partner.id} speaks plain, which knows no registration",
        remedy="give its back office the token of `interroam partner add`",
    )
