"""Whole numbers as large as what we store holds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Whole = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
