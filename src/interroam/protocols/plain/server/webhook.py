"""The webhook of a partner: where its facts go and who answers questions."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec.structs import replace

from interroam.core.keys import new_secret
from interroam.model.errors import Reason, Refused
from interroam.net.http import Response
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.wire.misread import Misread


async def put(call: Call) -> wire.Webhook:
    """Set the webhook; its new secret is in the answer, this once."""
    wanted: wire.WebhookWanted = call.body
    if not _is_address(wanted.url, ("https", "http") if call.insecure_http else ("https",)):
        raise Misread("url", "is no address one could call", remedy="send an https URL")
    secret = new_secret()
    wiring = wire.Wiring(
        url=wanted.url,
        secret=call.hub.book.keyring.seal(secret),
        facts=wanted.facts,
        questions=wanted.questions,
    )
    await _wire(call, translate.write_wiring(wiring))
    return wire.Webhook(url=wiring.url, facts=wiring.facts, questions=wiring.questions, secret=secret)


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:  # half a bracket, or a port that is no number
        return False


async def get(call: Call) -> wire.Webhook:
    """Show the webhook, without its secret."""
    wiring = translate.read_wiring(call.partner.wiring)
    if wiring is None:
        raise Refused(Reason.UNKNOWN_OBJECT, "no webhook is set", remedy="PUT one")
    return wire.Webhook(url=wiring.url, facts=wiring.facts, questions=wiring.questions)


async def delete(call: Call) -> Response:
    """Take the webhook away: facts wait to be fetched, questions are answered from what is stored."""
    await _wire(call, b"")
    return Response(204)


async def _wire(call: Call, wiring: bytes) -> None:
    book = call.hub.book
    await book.put_partner(replace(book.partners[call.partner.id], wiring=wiring))
