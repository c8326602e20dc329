"""Whether a charge belongs to what it names: a permission, a session, the CDR it takes back (OCPI-124)."""

from __future__ import annotations

from interroam.model.charges import Cdr, Session
from interroam.model.facts import Stored
from interroam.model.tokens import Authorization


def is_for(permission: Authorization, charge: Session | Cdr) -> bool:
    """Whether a permission is of a charge's CPO and of its token's owner; by mistake it may name another's."""
    owner, known = charge.token.owner, permission.token
    return permission.cpo == charge.owner and (
        permission.emsp in (None, owner) or (known is not None and known.owner == owner)
    )


def goes_with(known: Stored, charge: Cdr) -> bool:
    """Whether somebody is told of what a CDR refers to, and it is of the same provider."""
    before = known.body
    return known.receiver is not None and isinstance(before, Session | Cdr) and before.token.owner == charge.token.owner
