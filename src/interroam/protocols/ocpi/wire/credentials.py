"""OCPI 2.2.1 credentials: who a platform is and how to reach it."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from . import words
from .types import BusinessDetails, CountryCode, PartyId, Url, Wire

# At most 64 characters, printable ASCII without blanks (OCPI-13).
_TOKEN = r"^[\x21-\x7E]{1,64}\Z"
NO_TOKEN = "is not 1 to 64 printable characters without blanks"
CredentialsToken = Annotated[str, Meta(pattern=_TOKEN)]


def is_token(text: str) -> bool:
    """Whether a text can be a credentials token: any other would not survive the header it has to travel in."""
    return re.match(_TOKEN, text) is not None


class CredentialsRole(Wire, frozen=True, kw_only=True):
    """One party of a platform."""

    role: words.Role
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode


class Credentials(Wire, frozen=True, kw_only=True):
    """The key and the address of a platform."""

    token: CredentialsToken
    url: Url
    roles: Annotated[tuple[CredentialsRole, ...], Meta(min_length=1)]
