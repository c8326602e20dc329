"""What an object may be that some receivers cannot be told of: lists for them leave it out, and do not count it."""

from __future__ import annotations

from enum import StrEnum

from interroam.model.charges import Cdr
from interroam.model.facts import Body
from interroam.model.places import Location


class Trait(StrEnum):
    """What an object may be."""

    UNPUBLISHED = "unpublished"  # a location, `publish` is false
    CREDIT = "credit"  # a CDR that takes another back
    HOME_CHARGING = "home charging"  # a CDR that compensates its driver


NONE: frozenset[Trait] = frozenset()
_UNPUBLISHED = frozenset({Trait.UNPUBLISHED})


def traits(body: Body | None) -> frozenset[Trait]:
    """Return the traits of an object."""
    if isinstance(body, Location):
        return NONE if body.publish else _UNPUBLISHED
    if isinstance(body, Cdr) and (body.credit or body.home_charging):
        said = {Trait.CREDIT: body.credit, Trait.HOME_CHARGING: body.home_charging}
        return frozenset(trait for trait, holds in said.items() if holds)
    return NONE
