"""What is wrong with a message, and where."""

from __future__ import annotations

from interroam.model.errors import Reason, Refused


class Misread(Refused):
    """A refusal that knows which field it is about."""

    def __init__(self, field: str, message: str, *, reason: Reason = Reason.MALFORMED, remedy: str = "") -> None:
        super().__init__(reason, message, remedy=remedy)
        self.field = field
