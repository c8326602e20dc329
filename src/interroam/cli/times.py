"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer


def read_time(text: str) -> datetime:
    """Read a time, in UTC where it names no zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time: write it as 2026-03-01 or 2026-03-01T08:00:00Z"
        raise typer.BadParameter(message) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


TIME: dict[str, Any] = {"parser": read_time, "metavar": "TIME"}
"""What makes an option or an argument a time."""
