"""OCPI 2.2.1 mod_hub_client_info ⇄ Standing."""

from __future__ import annotations

from interroam.model.ids import Party, PartyId, Role
from interroam.model.parties import PartnerState, Standing
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.hubclientinfo import ClientInfo

_STATES = {state.value.upper(): state for state in PartnerState}


def read_party(shape: ClientInfo) -> Party:
    """Read whom it is about."""
    return Party(PartyId.of(shape.country_code, shape.party_id), Role(shape.role))


def read_state(shape: ClientInfo) -> PartnerState:
    """Read how the party stands."""
    return _STATES[shape.status]


def write_standing(standing: Standing) -> bytes:
    """Write how a party stands."""
    return write(
        ClientInfo(
            party_id=standing.party.id.code,
            country_code=standing.party.id.country,
            role=standing.party.role.value,
            status=standing.state.value.upper(),  # type: ignore[arg-type]  # the words are those of OCPI
            last_updated=standing.at,
        )
    )
