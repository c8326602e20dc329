"""Agreements for those they bind: a back office sees and accepts what is offered to its parties."""

from __future__ import annotations

from interroam.core.audit import Audit
from interroam.core.office.notary import Notary
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.showing import agreement_report
from interroam.protocols.plain.wire import agreements as wire


async def agreements(call: Call) -> wire.Agreements:
    """List the agreements and offers of the partner's parties."""
    book, notary = call.hub.book, _notary(call)
    found = [*book.agreements.values(), *book.offers.values()]
    mine = [one for one in found if any(party in call.partner.parties for party in notary.needed(one))]
    return wire.Agreements(tuple(agreement_report(one, notary) for one in mine))


async def accept(call: Call) -> wire.AgreementReport:
    """Accept an offer for the partner's parties."""
    notary = _notary(call)
    return agreement_report(await notary.accept_for(call.partner, call.params["id"]), notary)


def _notary(call: Call) -> Notary:
    hub = call.hub
    return Notary(hub, Audit(hub.store, hub.clock, hub.ids))
