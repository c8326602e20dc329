"""Prices: decimals, never binary floats."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Price(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An amount in the currency of its context, without and, where known, with VAT."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None
