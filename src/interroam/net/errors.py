"""Why a call brought no answer, and whether the other side may have acted on it."""

from __future__ import annotations

from interroam.model.errors import Reason, Unavailable


class Unreachable(Unavailable):
    """Nothing can have reached the other side: no name, no connection, no TLS, no free place in time."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.NOT_CONNECTED, message, reached=False)


class NoAnswer(Unavailable):
    """The request was written, or some of it, and no answer came: the other side may have acted on it."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.TIMED_OUT, message, reached=True)


class BadAnswer(Unavailable):
    """Something came that is no HTTP answer, or more of it than we take."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.BAD_ANSWER, message, reached=True)
