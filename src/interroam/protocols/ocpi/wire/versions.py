"""OCPI 2.2.1 versions: what a platform speaks and where."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from . import words
from .types import Text10, Url, Wire


class Version(Wire, frozen=True, kw_only=True):
    """One version offered. Unknown numbers are skipped by who chooses, not refused here."""

    version: Text10
    url: Url


class Endpoint(Wire, frozen=True, kw_only=True):
    """One interface of one module. Custom module ids are legal."""

    identifier: str
    role: words.InterfaceRole
    url: Url


class VersionDetails(Wire, frozen=True, kw_only=True):
    """All interfaces of one version."""

    version: Text10
    endpoints: Annotated[tuple[Endpoint, ...], Meta(min_length=1)]
