"""Set-up of the log, and what never stands in it: credentials, and more of a card than its last four characters."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from interroam.core.keys import masked

if TYPE_CHECKING:
    from structlog.typing import Processor

SECRETS = frozenset({"token", "secret", "password", "authorization", "credential", "api_key", "key"})
"""Fields that are left out altogether."""
CARDS = frozenset({"uid", "contract", "contract_id", "visual_number", "auth_id", "group_id"})
"""Fields that name a driver's card."""
_CREDENTIAL = re.compile(r"\b(Token|Bearer|Basic)\s+[^\s,;\"']+", re.IGNORECASE)
_IN_PATH = re.compile(r"(/tokens/(?:[^/\s]+/[^/\s]+/)?)([^/?\s]{5,})")


def set_up(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Make every line of the program look as wanted: ``console``, ``json`` or ``auto`` (is it a terminal?)."""
    out = stream or sys.stderr
    plain = form == "console" or (form == "auto" and out.isatty())
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if plain
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Hide what must not be read by those who read logs."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), held) for inner, held in value.items()}
    if not isinstance(value, str | bytes):
        return value
    if name.lower() in SECRETS:
        return "…"
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    if name.lower() in CARDS:
        return masked(text)
    text = _CREDENTIAL.sub(lambda match: f"{match[1]} …", text)
    return _IN_PATH.sub(lambda match: match[1] + masked(match[2]), text)
