"""The switches of a partner: each named, explained and bound to a profile's value; ``Partner.switches`` outranks it.

``spec`` does what the specification says, ``gireve`` what that hub's guide says instead.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner, switched
from interroam.protocols.ocpi.rules.headers import Encoding
from interroam.protocols.ocpi.rules.paging import MAXIMA

_MOST_AT_ONCE = 10_000


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ from partner to partner."""

    encoding: Encoding = "auto"
    """How credentials tokens travel: ``base64``, ``plain``, or ``auto``: read either, write base64 (C14, C15)."""
    from_as: Literal["party", "hub"] = "party"
    """Whose codes a charge's messages carry as From: the original party's, or the hub's (C2, sheet 3.6)."""
    to_as: Literal["party", "hub"] = "party"
    """Whom questions to a partner that is a hub are addressed to: the party meant, or the hub (OCPI-18)."""
    send_hub_reference: bool = False
    """Whether an eMSP gets the hub's authorization reference although it gave its own (C4)."""
    known_fields_only: bool = False
    """Whether fields that the specification does not know are left out of what the partner gets (OCPI-186)."""
    require_to: bool = False
    """Whether requests without To headers are refused (OCPI-16)."""
    routing_is_400: bool = False
    """Whether a request without the routing headers it needs is HTTP 400 as well as OCPI 2001 (OCPI-16, C2)."""
    registers: bool = True
    """Whether the partner may start a registration or end it (C24)."""
    updates: bool = True
    """Whether credentials are PUT, by the partner or by us; a partner of 2.1.1 always may (OCPI-166)."""
    patches_sessions: bool = True
    """Whether PATCH of sessions is taken (OCPI-126, C13)."""
    reserves: bool = True
    """Whether RESERVE_NOW and CANCEL_RESERVATION are relayed; else they are NOT_SUPPORTED (OCPI-112, OCPI-205)."""
    unlocks: bool = True
    """Whether UNLOCK_CONNECTOR is relayed; else it is NOT_SUPPORTED (OCPI-112, OCPI-205)."""
    charging_profiles: bool = True
    """Whether there is a module chargingprofiles; else it is not listed, and its URLs are HTTP 404 (OCPI-175)."""
    charging_preferences: bool = True
    """Whether charging preferences are relayed; else they are OCPI 2000 (OCPI-128)."""
    pushes_tokens: bool = True
    """Whether tokens are shown to the partner's CPOs (OCPI-96, OCPI-201)."""
    shows_clients: bool = True
    """Whether HubClientInfo is there at all (OCPI-172, C13)."""
    unknown_places: bool = False
    """Whether authorize of a CPO is passed on for a location that it never stated; else it is OCPI 2003 (C32)."""
    accepts_unknown: bool = True
    """Whether an eMSP is asked about tokens that nobody stated when the hub asks around (C20)."""
    strict_uid: bool = False
    """Whether an RFID uid must be one of 4 or 7 bytes (OCPI-92)."""
    not_json_is_200: bool = False
    """Whether a body that is no JSON is answered HTTP 200 on the calls a CPO queues (C33)."""
    quality: Literal["off", "automatic", "manual", "reject"] = "off"
    """Whether static data of places wait for approval: ``automatic``: only where a defect is severe, ``manual``: all,
    ``reject``: a severe defect is OCPI 2001 (OCPI-67, OCPI-68)."""
    mandatory: str = ""
    """The fields that a place must have, with blanks between them (OCPI-66, OCPI-196)."""
    newest: Literal["2.1.1", "2.2.1"] = "2.2.1"
    """The newest version that is offered to the partner, and spoken with it."""
    pushes_old_tariffs: bool = True
    """Whether tariffs are pushed to an eMSP of 2.1.1; else it fetches the list, and no PATCH or DELETE (OCPI-162)."""
    takes_old_places: bool = True
    """Whether all that a CPO of 2.1.1 pushes of places is taken; else status and tariff alone (OCPI-197, C31)."""
    fills_connector: bool = False
    """Whether a StartSession of 2.1.1 names the connector where its EVSE has one only (OCPI-116)."""
    takes_credits: bool = True
    """Whether a credit CDR is taken; else it is OCPI 2000 (OCPI-139, C13)."""
    credits: bool = False
    """Whether a partner of 2.1.1 takes a credit as a CDR with a negative amount (OCPI-140)."""
    home_charging: bool = False
    """Whether a partner of 2.1.1 takes CDRs of home chargers, marked in the remark."""
    tariff_extensions: bool = True
    """Whether tariffs for 2.1.1 carry the published extensions (OCPI-159, OCPI-160)."""
    text: Literal["escape", "transliterate"] = "escape"
    """How text beyond ASCII goes to a partner of 2.1.1: escaped, or spelled with the nearest letters."""
    require_ids: bool = False
    """Whether requests without X-Request-ID or X-Correlation-ID are refused; else ids are minted (OCPI-33)."""
    pages: str = ""
    """The largest pages that are not the usual ones, such as ``sessions=50 hubclientinfo=20`` (OCPI-46, C6)."""
    default_start: bool = False
    """Whether a tariff without start_date_time starts when it is first received (OCPI-147, C34)."""

    def offers(self, module: str) -> bool:
        """Whether there is such a module on this connection."""
        match module:
            case "chargingprofiles":
                return self.charging_profiles
            case "hubclientinfo":
                return self.shows_clients
            case _:
                return True

    def page(self, module: str) -> int | None:
        """Return how many objects of a module the partner gets at once, where that is not the usual number."""
        return _pages(self.pages).get(module) if self.pages else None


@lru_cache(maxsize=256)
def _pages(text: str) -> dict[str, int]:
    found = {}
    for each in text.split():
        module, _, most = each.partition("=")
        if module not in MAXIMA or not most.isdecimal() or not 0 < int(most) <= _MOST_AT_ONCE:
            message = f"pages: {each!r} is no module with a number of 1 to {_MOST_AT_ONCE}"
            raise Refused(Reason.MALFORMED, message, remedy="write them like sessions=50 hubclientinfo=20")
        found[module] = int(most)
    return found


PROFILES: dict[str, Switches] = {
    "spec": Switches(),
    "gireve": Switches(
        to_as="hub",
        known_fields_only=True,
        require_to=True,
        registers=False,
        updates=False,
        patches_sessions=False,
        reserves=False,
        unlocks=False,
        charging_profiles=False,
        charging_preferences=False,
        takes_credits=False,
        pushes_tokens=False,
        shows_clients=False,
        strict_uid=True,
        not_json_is_200=True,
        quality="automatic",
        require_ids=True,
        default_start=True,
        mandatory="owner.name operator.name evses.capabilities evses.connectors.tariff_ids",
        pushes_old_tariffs=False,
        takes_old_places=False,
    ),
}


def switches(partner: Partner) -> Switches:
    """Return what holds for this partner; Refused when its profile or one of its switches does not exist."""
    return _switches(partner.profile, tuple(sorted(partner.switches.items())))


@lru_cache(maxsize=1024)
def _switches(profile: str, own: tuple[tuple[str, str | bool | int], ...]) -> Switches:
    switches = switched("OCPI", PROFILES, profile, own)
    _pages(switches.pages)
    return switches
