"""What a browser, or a client that looks before it asks, is shown: a description, or a word (EMIP-9)."""

from __future__ import annotations

from interroam.core.hub import Hub
from interroam.model.ids import Role
from interroam.net.http import Request, Response
from interroam.protocols.emip.wire.wsdl import wsdl

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_XML = (b"content-type", b"text/xml; charset=utf-8")
_WORD = b"eMIP 0.7.4 is spoken here: POST a SOAP 1.2 message, or add ?wsdl for a description.\n"
_SIDES = {"iop": Role.HUB, "cpo": Role.CPO, "emsp": Role.EMSP}


def page(request: Request, base_url: str, hub: Hub) -> Response:
    """Answer a GET; never with a challenge, since one client stops at it (sheet 1.2)."""
    asked = request.query.decode("latin-1").partition("&")[0].partition("=")[0].lower()
    if asked != "wsdl":
        return Response(200, [_TEXT], _WORD)
    parts = request.path.lower().strip("/").split("/")
    side = next((_SIDES[part] for part in parts if part in _SIDES), _own(hub))
    return Response(200, [_XML], wsdl(side, base_url.rstrip("/") + request.path))


def _own(hub: Hub) -> Role:
    """Return what this node is by itself: the platform, else a CPO or an eMSP, as its own parties say."""
    if hub.is_hub:
        return Role.HUB
    hosted = {party.role for one in hub.book.partners.values() if not one.is_hub for party in one.parties}
    return Role.EMSP if hosted == {Role.EMSP} else Role.CPO
