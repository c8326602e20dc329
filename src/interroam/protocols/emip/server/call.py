"""One request on its way through the server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from interroam.core.rules.verdicts import clamped
from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.model.parties import Partner
from interroam.protocols.emip.profiles import Switches, switches
from interroam.protocols.emip.wire.operations import Operation

_AHEAD = "lies ahead of our clock: taken as now"


class Call(Struct, kw_only=True):
    """A request whose sender is known, and what a handler notes about it."""

    operation: Operation
    message: Any
    """The request, of the operation's own type."""
    partner: Partner
    operator: Party
    """The source operator, in the role in which it may ask for this."""
    target: Party | None = None
    """Who is to treat what a platform asks of us (EMIP-117)."""
    transaction: str
    now: datetime
    fields: dict[str, object] = {}
    """What is known already of the answer: a refusal carries it instead of neutral values."""
    ids: list[str] = []
    """What else a person may search this exchange by."""
    notes: list[str] = []
    odd: list[tuple[str, str]] = []
    """Fields that were read all the same, and what is odd about them: for the sender's quality page."""
    subject: bytes = b""
    seq: int = 0
    correlation: str = ""
    """The id of what follows from this call, where it is not the transaction's."""
    keep: bool = True
    """Whether the trace keeps the bodies when all goes well; descriptions of places are in the journal anyway."""

    def past(self, field: str, stated: datetime) -> datetime:
        """Return a time of a field that is over: one too far ahead counts as now, and is noted."""
        at = clamped(stated, self.now)
        if at != stated:
            self.odd.append((field, _AHEAD))
            self.notes.append(f"{field} {_AHEAD}")
        return at

    @property
    def origin(self) -> Origin:
        """Who says it, for the core."""
        return Origin(self.partner.id, self.operator, self.correlation or self.transaction, self.transaction)

    @property
    def switches(self) -> Switches:
        """What holds for the partner."""
        return switches(self.partner)

    @property
    def receiver(self) -> Party:
        """The party of ours that is to treat it; there is one in what a platform asks of us."""
        if self.target is None:
            raise TypeError("only what comes from a platform has a target")
        return self.target
