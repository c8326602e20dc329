"""Tariffs and tokens. Pure."""

from __future__ import annotations

from datetime import datetime

from interroam.model import tariffs, tokens
from interroam.model.facts import Fact, Withdrawal
from interroam.model.ids import PartyId, tariff_key
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.fields import Findings, carried, party_of, same_id, same_party, settled
from interroam.protocols.plain.wire.misread import Misread


def read_tariff(owner: PartyId, tariff_id: str, body: wire.Tariff, now: datetime) -> tuple[Fact, Findings]:
    """Read a tariff."""
    findings: Findings = []
    body = settled(body, findings)
    same_party(body.party, owner)
    same_id("id", body.id, tariff_id)
    target = party_of(body.target, "target") if body.target else None
    at = body.last_updated or now
    return Fact(carried(tariffs.Tariff, body, owner=owner, id=tariff_id, target=target, last_updated=at)), findings


def withdrawn_tariff(owner: PartyId, tariff_id: str, target: str | None, now: datetime) -> Withdrawal:
    """Read the end of a tariff."""
    return Withdrawal(tariff_key(owner, tariff_id, party_of(target, "target") if target else None), now)


def write_tariff(tariff: tariffs.Tariff) -> wire.Tariff:
    """Write a tariff."""
    target = str(tariff.target) if tariff.target else None
    return carried(wire.Tariff, tariff, party=str(tariff.owner), target=target)


def read_token(owner: PartyId, kind: str, uid: str, body: wire.Token, now: datetime) -> tuple[Fact, Findings]:
    """Read a token."""
    findings: Findings = []
    body = settled(body, findings)
    same_party(body.party, owner)
    same_id("uid", body.uid, uid)
    same_id("type", body.type, kind)
    token = carried(
        tokens.Token,
        body,
        owner=owner,
        uid=uid,
        type=token_type(kind).value,
        issuer=body.issuer or str(owner),
        whitelist=body.whitelist or tokens.Whitelist.NEVER,
        last_updated=body.last_updated or now,
    )
    return Fact(token), findings


def token_type(text: str) -> wire.TokenType:
    """Read the type of a token."""
    try:
        return wire.TokenType(text)
    except ValueError:
        known = ", ".join(wire.TokenType)
        raise Misread("type", f"{text!r} is no type of token", remedy=f"use one of {known}") from None


def write_token(token: tokens.Token) -> wire.Token:
    """Write a token."""
    return carried(wire.Token, token, party=str(token.owner))
