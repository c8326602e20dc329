"""What may go wrong, by what to do next: never again unchanged, or later. Anything else is our own bug."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or could not be done; each room has one table from these to its own codes."""

    MALFORMED = "malformed"  # a mandatory field is missing or unreadable
    NOT_JSON = "not_json"  # the body is not even the notation the protocol uses
    MISMATCH = "mismatch"  # two places of one message contradict each other
    INCOMPLETE = "incomplete"  # well formed, but not enough to act on
    UNAUTHENTICATED = "unauthenticated"  # nobody we know
    FORBIDDEN = "forbidden"  # known, but not entitled: role, party or address
    FOREIGN = "foreign"  # the object belongs to somebody else
    UNKNOWN_OBJECT = "unknown_object"
    UNKNOWN_LOCATION = "unknown_location"
    UNKNOWN_TOKEN = "unknown_token"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_PARTY = "unknown_party"  # the addressed party is not here, or not visible to the asker
    AMBIGUOUS = "ambiguous"  # more than one object answers to this id
    CONFLICT = "conflict"  # the object exists and may not change like this
    NO_AGREEMENT = "no_agreement"  # no agreement in force covers it
    NOT_OFFERED = "not_offered"  # switched off, or no such method here
    UNKNOWN_NATURE = "unknown_nature"  # the other side does not know what is to be done with a charge
    REJECTED = "rejected"  # the other side will not, for a reason of its own
    HELD = "held"  # a CDR whose price has to be looked at first
    WRONG_STATE = "wrong_state"  # registered already, or not yet
    TOO_LARGE = "too_large"
    PARTNER_UNUSABLE = "partner_unusable"  # the partner's own interface failed while registering
    VERSION_UNSUPPORTED = "version_unsupported"
    ENDPOINTS_MISSING = "endpoints_missing"
    NOT_CONNECTED = "not_connected"  # nothing can have reached the partner
    TIMED_OUT = "timed_out"  # something may have reached the partner, no answer came
    BAD_ANSWER = "bad_answer"  # the partner answered something that is not its protocol
    OVERLOADED = "overloaded"  # too much waits for the writer; come back
    FAILED = "failed"  # our own failure


class Refused(Exception):  # noqa: N818  a refusal is an answer more than an error
    """Never again unchanged: ``reason`` says why, ``remedy`` what would make it pass."""

    def __init__(self, reason: Reason, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.remedy = remedy
        self.code = code
        """The partner's own code, when the refusal is a partner's."""

    @property
    def told(self) -> str:
        """What a person is to read of it: the message, and the remedy where there is one."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class Unavailable(Exception):  # noqa: N818  see above
    """Later: the same again may succeed. ``reached`` is false when nothing can have reached the other side."""

    def __init__(
        self, reason: Reason, message: str, *, reached: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.reached = reached
        self.retry_after = retry_after

    @property
    def is_busy(self) -> bool:
        """Whether the other side has too much to do just now, whatever it was sent."""
        return self.reason is Reason.OVERLOADED or self.retry_after is not None
