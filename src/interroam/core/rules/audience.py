"""Who may be shown a place that its owner does not publish: pure (OCPI-194)."""

from __future__ import annotations

from collections.abc import Iterable

from interroam.model.places import Audience, Location
from interroam.model.tokens import Token


def may_be_shown(location: Location, tokens: Iterable[Token] = ()) -> bool:
    """Whether a map may show this place: to everybody when published, else to the holders of tokens it names."""
    return location.publish or any(_agrees(one, token) for one in location.audience for token in tokens)


def _agrees(audience: Audience, token: Token) -> bool:
    """Whether a token agrees in all that is set; an entry that sets nothing names nobody."""
    pairs = (
        (audience.uid, token.uid),
        (audience.type, token.type),
        (audience.visual_number, token.visual_number),
        (audience.issuer, token.issuer),
        (audience.group_id, token.group_id),
    )
    wanted = [(asked.casefold(), (given or "").casefold()) for asked, given in pairs if asked is not None]
    return bool(wanted) and all(asked == given for asked, given in wanted)
