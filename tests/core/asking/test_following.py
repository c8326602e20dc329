"""Whose a charge is: its permission says so, or the CDR it takes back, its session, the owner of its token."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.model.facts import Fact, Verdict
from interroam.model.ids import Kind
from interroam.model.money import Price
from interroam.model.tokens import Allowed, Authorization
from tests.core.asking.hubs import ASKS, OTHER, hub_with, origin
from tests.core.objects import (
    agreement,
    cdr,
    session,
    token,
)


@pytest.mark.statement("OCPI-124")
async def test_a_charge_follows_its_authorization_to_exactly_one_provider(tmp_path):
    core, inboxes = await hub_with(tmp_path, "DE*MSP", "NL*MP2")
    await core.tell("DE*MSP", Fact(token()))
    inboxes["DE*MSP"].answer = Authorization(allowed=Allowed.ALLOWED)
    answer = await core.hub.authorize(origin(), ASKS)
    await core.tell("cpo", Fact(session(authorization_reference=answer.reference)))
    await core.tell("cpo", Fact(cdr(authorization_reference=answer.reference)))
    await core.tell("cpo", Fact(session("S2")))  # by card, white-listed: its token says whose it is
    await core.tell("cpo", Fact(cdr("c2", session_id=None)))
    await core.drained()
    kinds = [entry.key.kind for entry in inboxes["DE*MSP"].taken if entry.key.kind is not Kind.LOCATION]
    assert sorted(kinds) == [Kind.CDR, Kind.CDR, Kind.SESSION, Kind.SESSION]
    assert all(entry.key.kind is Kind.LOCATION for entry in inboxes["NL*MP2"].taken)
    await core.dispatch.stop()
    await core.store.close()


@pytest.mark.statement("OCPI-124")
async def test_a_charge_goes_to_the_owner_of_its_token_whatever_permission_it_names_by_mistake(tmp_path):
    core, inboxes = await hub_with(tmp_path, "DE*MSP", "NL*MP2")
    await core.tell("DE*MSP", Fact(token()))
    inboxes["DE*MSP"].answer = Authorization(allowed=Allowed.ALLOWED)
    answer = await core.hub.authorize(origin(), ASKS)
    mistaken = replace(session().token, owner=OTHER)
    await core.tell("cpo", Fact(session(token=mistaken, authorization_reference=answer.reference)))
    await core.tell("cpo", Fact(cdr(token=mistaken, authorization_reference=answer.reference)))
    await core.drained()
    assert all(entry.key.kind is Kind.LOCATION for entry in inboxes["DE*MSP"].taken)
    assert sorted(one.key.kind for one in inboxes["NL*MP2"].taken if one.key.kind is not Kind.LOCATION) == [
        Kind.CDR,
        Kind.SESSION,
    ]
    await core.dispatch.stop()
    await core.store.close()


@pytest.mark.statement("OCPI-124")
async def test_a_charge_follows_its_permission_although_the_agreement_has_ended_since(tmp_path):
    core, inboxes = await hub_with(tmp_path)
    await core.tell("DE*MSP", Fact(token()))
    inboxes["DE*MSP"].answer = Authorization(allowed=Allowed.ALLOWED)
    answer = await core.hub.authorize(origin(), ASKS)
    await core.agree(agreement(ends=core.clock.now()))
    await core.tell("cpo", Fact(session(authorization_reference=answer.reference)))
    await core.tell("cpo", Fact(session("S2")))
    await core.drained()
    sessions = [entry.key.id for entry in inboxes["DE*MSP"].taken if entry.key.kind is Kind.SESSION]
    assert sessions == ["s1"]
    await core.dispatch.stop()
    await core.store.close()


@pytest.mark.statement("OCPI-124")
async def test_a_cdr_goes_to_the_owner_of_its_token_whatever_session_it_names_by_mistake(tmp_path):
    core, inboxes = await hub_with(tmp_path, "DE*MSP", "NL*MP2")
    await core.tell("cpo", Fact(session()))
    await core.tell("cpo", Fact(cdr(token=replace(session().token, owner=OTHER))))
    await core.drained()
    told = {
        name: [one.key.kind for one in inbox.taken if one.key.kind is not Kind.LOCATION]
        for name, inbox in inboxes.items()
    }
    assert told == {"cpo": [], "DE*MSP": [Kind.SESSION], "NL*MP2": [Kind.CDR]}
    await core.dispatch.stop()
    await core.store.close()


@pytest.mark.statement("OCPI-139")
async def test_a_credit_goes_where_its_cdr_went_and_what_is_odd_about_it_is_said(hub):
    core, inboxes = hub
    await core.tell("DE*MSP", Fact(token()))
    await core.tell("cpo", Fact(cdr(session_id=None)))
    credit = cdr("c1-a", session_id=None, credit=True, credit_of="C9", total_cost=Price(Decimal("-4.20")))
    assert "C9, which is not known" in (await core.tell("cpo", Fact(credit))).finding
    await core.agree(agreement(ends=core.clock.now()))
    for number, (fields, said) in enumerate(
        (
            ({}, ""),
            ({"total_energy_kwh": Decimal(1)}, "the credit differs from CDR C1 in total_energy_kwh"),
            ({"total_cost": Price(Decimal("-4.10"))}, "total_cost, which is not the negative"),
        )
    ):
        receipt = await core.tell("cpo", Fact(replace(credit, id=f"c1-{number}", credit_of="c1", **fields)))
        assert receipt.verdict is Verdict.RECORDED
        assert said in receipt.finding if said else "credit" not in receipt.finding
    await core.drained()
    assert [one.key.id for one in inboxes["DE*MSP"].taken if one.key.kind is Kind.CDR] == [
        "c1",
        "c1-a",
        "c1-0",
        "c1-1",
        "c1-2",
    ]


async def test_a_charge_nobody_may_receive_is_recorded_with_a_finding(hub):
    core, _ = hub
    stranger = session("S9", token=replace(session().token, owner=OTHER))
    receipt = await core.tell("cpo", Fact(stranger))
    assert receipt.verdict is Verdict.RECORDED
    assert "NL*MP2" in receipt.finding
