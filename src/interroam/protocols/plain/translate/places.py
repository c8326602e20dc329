"""Locations, EVSEs and statuses. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from interroam.core.rules.statuses import WORDS, from_word, one_word
from interroam.model import places
from interroam.model.facts import Body, Change, Fact, Finding, Wire
from interroam.model.ids import PartyId, evse_key
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.fields import Findings, carried, party_of, same_id, same_party, settled
from interroam.protocols.plain.wire.misread import Misread


def read_location(owner: PartyId, location_id: str, body: wire.Location, now: datetime) -> tuple[Fact, Findings]:
    """Read a location with its EVSEs; without a list of these, they stay as they are."""
    findings: Findings = []
    body = settled(body, findings)
    same_party(body.party, owner)
    same_id("id", body.id, location_id)
    at = body.last_updated or now
    location = carried(
        places.Location,
        body,
        owner=owner,
        id=location_id,
        publish=body.publish is not False,
        last_updated=at,
    )
    if body.evses is None:
        return Fact(location), findings
    parts = []
    for place, evse in enumerate(body.evses):
        if not evse.uid:
            raise Misread(f"evses[{place}].uid", "is missing")
        read = _evse(owner, location_id, evse.uid, evse, at)
        parts.append(Fact(read))
        findings += _word_findings(read.status.word, f"evses[{place}].status")
    if len({part.key for part in parts}) < len(parts):
        raise Misread("evses", "two EVSEs have one uid", remedy="give each its own")
    return Fact(location, parts=tuple(parts)), findings


def read_evse(owner: PartyId, location_id: str, uid: str, body: wire.Evse, now: datetime) -> tuple[Fact, Findings]:
    """Read one EVSE."""
    findings: Findings = []
    body = settled(body, findings)
    same_party(body.party, owner)
    same_id("location_id", body.location_id, location_id)
    same_id("uid", body.uid, uid)
    evse = _evse(owner, location_id, uid, body, now)
    return Fact(evse), findings + _word_findings(evse.status.word, "status")


def _evse(owner: PartyId, location_id: str, uid: str, body: wire.Evse, now: datetime) -> places.Evse:
    at = body.last_updated or now
    status = from_word(body.status or "UNKNOWN", body.status_at or at)
    return carried(
        places.Evse, body, owner=owner, location_id=location_id, uid=uid, status=status, last_updated=at, rest_at=None
    )


def read_status(body: wire.Status, now: datetime) -> tuple[Change, Findings]:
    """Read the new status of an EVSE."""
    findings: Findings = []
    body = settled(body, findings)
    at = body.at or now
    status = from_word(body.status, at)

    def merge(old: Body, _wire: Wire | None) -> tuple[Body, Wire | None]:
        return (replace(old, status=status), None) if isinstance(old, places.Evse) else (old, _wire)

    key = evse_key(party_of(body.party), body.location_id, body.uid or "")
    return Change(key, frozenset({"status"}), at, merge), findings + _word_findings(status.word, "status")


def _word_findings(word: str, path: str) -> Findings:
    return [] if word in WORDS else [Finding(path, f"{word!r} is no status of OCPI 2.2.1, passed on as UNKNOWN")]


def write_location(location: places.Location, evses: Iterable[places.Evse]) -> wire.Location:
    """Write a location with its EVSEs."""
    inside = tuple(replace(write_evse(evse), party=None, location_id=None) for evse in evses)
    return carried(wire.Location, location, party=str(location.owner), evses=inside)


def write_evse(evse: places.Evse) -> wire.Evse:
    """Write an EVSE that stands alone."""
    return carried(wire.Evse, evse, party=str(evse.owner), status=one_word(evse.status), status_at=evse.status.at)
