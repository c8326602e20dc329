"""OCPI 2.2.1 mod_hub_client_info: how the parties behind a hub stand."""

from __future__ import annotations

from typing import Literal

from .types import CountryCode, DateTime, PartyId, Wire

ConnectionStatus = Literal["CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"]
PartyRole = Literal["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"]


class ClientInfo(Wire, frozen=True, kw_only=True):
    """One party in one role."""

    party_id: PartyId
    country_code: CountryCode
    role: PartyRole
    status: ConnectionStatus
    last_updated: DateTime
