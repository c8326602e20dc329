"""A credit takes a CDR back: it goes where that went, and equals it but for the total, its negative (OCPI-139)."""

from __future__ import annotations

from msgspec.structs import asdict

from interroam.core.ports import Store
from interroam.model.charges import Cdr
from interroam.model.facts import Stored
from interroam.model.ids import cdr_key

_OWN = frozenset({"id", "credit", "credit_of", "total_cost", "remark", "cleared", "site", "last_updated"})
"""What a credit has of its own."""


async def credited(store: Store, cdr: Cdr) -> Stored | None:
    """Return the CDR that a credit takes back, as far as it is known here."""
    return await store.get(cdr_key(cdr.owner, cdr.credit_of)) if cdr.credit and cdr.credit_of else None


async def odd(store: Store, cdr: Cdr) -> str:
    """Say what is odd about a credit; nothing where all is as it should be, or the CDR is none."""
    if not cdr.credit:
        return ""
    row = await credited(store, cdr)
    original = row.body if row is not None else None
    if not isinstance(original, Cdr):
        return f"the credit takes back CDR {cdr.credit_of}, which is not known here"
    mine, theirs = asdict(cdr), asdict(original)
    found = [name for name, value in theirs.items() if name not in _OWN and mine[name] != value]
    if cdr.total_cost.excl_vat != -original.total_cost.excl_vat:
        found.append("total_cost, which is not the negative")
    return f"the credit differs from CDR {original.id} in {', '.join(found)}" if found else ""
