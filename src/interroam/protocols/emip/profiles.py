"""The switches of a partner: each named, explained and bound to a profile's value; ``Partner.switches`` outranks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import msgspec

from interroam.core.manners import Asking
from interroam.model.errors import Reason, Refused
from interroam.model.ids import PartyId
from interroam.model.parties import Partner, switched
from interroam.protocols.emip.rules.ids import operator
from interroam.protocols.emip.wire.operations import BY_NAME, Operation

_SERVICE = re.compile(r"^(-?)(?:([A-Za-z]{2}\*?[A-Za-z0-9]{3}):)?(\w+)$", re.ASCII)
_ALIVE = "eMIP_ToIOP_HeartBeat"


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ from partner to partner."""

    partner_id: str = ""
    """What the partner calls itself (partnerId); empty: its id here (EMIP-10)."""
    our_partner_id: str = ""
    """What we call ourselves towards it; empty: the party of this node."""
    certificate: str = ""
    """The common name of the certificate it shows; empty: its partnerId (EMIP-13)."""
    mutual_tls: bool = True
    """Whether it must show a certificate when it calls; a platform insists, but in a test (EMIP-3, EMIP-5)."""
    any_address: bool = False
    """Whether a partner for which no addresses are registered may call a platform from anywhere; else it may not call
    before some are, but in a test (EMIP-12)."""
    paths: Literal["one", "families"] = "one"
    """Whether it is called at its address itself, or at one path below it for each family of operations."""
    services: str = ""
    """The operations that are on, with blanks between them; with a minus those that are off. ``FR*C01:`` before a name
    speaks of one operator alone (EMIP-122)."""
    period: int = 0
    """Seconds between two heartbeats; 0: as long as any partner may be silent (EMIP-37)."""
    heartbeats: bool = False
    """Whether a platform asks the partner for heartbeats (EMIP-39)."""
    asking: str = "sync_first"
    """When its eMSPs are asked about their users, and when their white lists decide: ``sync_only``, ``sync_first``,
    ``async_only`` or ``async_first``; after a blank ``FR*E01:async_only`` speaks of one eMSP alone (EMIP-66)."""
    decide_locally: Literal["never", "fallback", "always"] = "never"
    """Whether a CPO goes by the list it downloaded: where the platform is silent, or instead of asking (EMIP-124)."""
    whitelist_hours: float = 12.0
    """Hours between two uploads or downloads of a white list (EMIP-76, EMIP-81)."""
    whitelist_at_once: bool = True
    """Whether changes of an eMSP's users are uploaded as soon as they happen as well (EMIP-76)."""
    expiry_days: int = 0
    """Days after which an uploaded entry ends by itself; 0: it stays until it is deleted (EMIP-80)."""
    intermediate_minutes: float = 15.0
    """Minutes between two intermediate CDRs of a charge, where they are wanted (EMIP-99)."""
    reports_sessions: bool = False
    """Whether our CPO reports the course of a charge as events, as its sessions tell it (EMIP-116)."""
    tells_cost: bool = False
    """Whether our CPO's records say what a charge costs (meter 3)."""
    wants_intermediate: bool = False
    """Whether our eMSP asks for intermediate CDRs when it authorizes (EMIP-126)."""
    alias_days: int = 30
    """Days for which a contract is called the same outside (EMIP-118)."""
    polls_cdrs_minutes: float = 0.0
    """Minutes between two looks for CDRs at a platform that does not push them; 0: it does (EMIP-128)."""
    sends_places: bool = False
    """Whether descriptions of places are uploaded (EMIP-129)."""
    follows_places: bool = False
    """Whether our eMSP has changes of EVSEs pushed to it (EMIP-63)."""
    search_around: str = ""
    """Where our eMSP searches for EVSEs instead of fetching changes: latitude, longitude, kilometers."""
    full_downloads_per_day: int = 24
    """How often a CPO may download a white list in full (EMIP-81)."""
    sends_transactions: bool = True
    """Whether our calls carry a transactionId of our own; else the platform's is taken from its answer (EMIP-23)."""
    hyphenates_emsps: bool = False
    """Whether a record names its eMSP with a hyphen, ``FR-EMP``: a partner may read no other."""
    wraps_events: bool = False
    """Whether an event is told inside an element ``sessionAction``: where a partner may look for it."""

    def serves(self, operation: Operation, operator: PartyId | None = None) -> bool:
        """Whether an operation is on, for this operator or for all."""
        return _is_on(self.services, operation.name, operator)

    def asks(self, emsp: PartyId) -> Asking:
        """Return when an eMSP is asked about its users."""
        said = _inclinations(self.asking)
        return said.get(emsp, said[None])


PROFILES: dict[str, Switches] = {
    "spec": Switches(),
    "gireve": Switches(paths="families"),
    "wwcp": Switches(hyphenates_emsps=True, wraps_events=True),
}


def switches(partner: Partner) -> Switches:
    """Return what holds for this partner; Refused when its profile or one of its switches does not exist."""
    return _switches(partner.profile, tuple(sorted(partner.switches.items())))


def partner_id_of(partner: Partner) -> str:
    """Return what a partner calls itself."""
    return switches(partner).partner_id or partner.id


def certificate_of(partner: Partner) -> str:
    """Return the common name of the certificate that a partner is to show."""
    return switches(partner).certificate or partner_id_of(partner)


@lru_cache(maxsize=1024)
def _switches(profile: str, own: tuple[tuple[str, str | bool | int], ...]) -> Switches:
    found = switched("eMIP", PROFILES, profile, own, strict=False)
    for word in found.services.split():
        _read(word)
    _inclinations(found.asking)
    return found


@lru_cache(maxsize=1024)
def _inclinations(asking: str) -> Mapping[PartyId | None, Asking]:
    """Read when eMSPs are asked: all of them (None), and single ones; Refused for words that mean nothing."""
    found: dict[PartyId | None, Asking] = {None: Asking.SYNC_FIRST}
    for word in asking.split():
        whose, mark, mode = word.rpartition(":")
        try:
            found[operator(whose) if mark else None] = Asking(mode)
        except ValueError:
            remedy = f"one of {', '.join(Asking)}, or such as FR*E01:async_only for one eMSP"
            raise Refused(Reason.MALFORMED, f"{word!r} does not say when eMSPs are asked", remedy=remedy) from None
    return found


@lru_cache(maxsize=4096)
def _read(word: str) -> tuple[bool, PartyId | None, str]:
    match = _SERVICE.match(word)
    name = match[3] if match is not None else ""
    full = name if name.startswith("eMIP_") else f"eMIP_{name}"
    if match is None or full not in BY_NAME:
        remedy = "such as ToIOP_SearchEVSE, -ToIOP_SearchEVSE or -FR*C01:ToIOP_SearchEVSE"
        raise Refused(Reason.MALFORMED, f"{word!r} is no operation of eMIP", remedy=remedy)
    return not match[1], PartyId.parse(match[2]) if match[2] else None, full


@lru_cache(maxsize=65_536)
def _is_on(services: str, operation: str, operator: PartyId | None) -> bool:
    words = [_read(word) for word in services.split()]
    said = [(on, name) for on, whose, name in words if whose is None or whose == operator]
    if (False, operation) in said:
        return False
    named = [name for on, name in said if on]
    return not named or operation in named or operation == _ALIVE
