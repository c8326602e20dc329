"""OCPI 2.2.1 credentials: who a platform is and how to reach it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from . import words
from .types import BusinessDetails, CountryCode, PartyId, Url, Wire

# At most 64 characters, printable ASCII without blanks (OCPI-13).
CredentialsToken = Annotated[str, Meta(pattern=r"^[\x21-\x7E]{1,64}\Z")]


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
