"""Who is who: partners added, addressed and switched off by an operator."""

from __future__ import annotations

import pytest

from interroam.core.audit import LOCAL
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party
from interroam.model.parties import Partner as Known
from interroam.model.parties import PartnerState, Purpose
from interroam.protocols.emip.profiles import certificate_of, partner_id_of
from interroam.protocols.emip.wiring import wiring_of
from tests.protocols.emip.nodes import cpo_node, hub
from tests.protocols.emip.partner import Fault, Partner


def new(id, *parties, **switches) -> Known:
    return Known(id=id, protocol="emip", parties=tuple(map(Party.parse, parties)), switches=switches)


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        yield one


@pytest.mark.statement("EMIP-131")
async def test_a_platform_makes_the_ids_of_its_partners(node):
    admin = node.app.office.admin
    for name in ("one", "two"):
        issued = await admin.add_partner(LOCAL, new(name, "FR*C01/CPO"))
        assert (issued.purpose, issued.token) == (Purpose.NOTHING, "")
        assert issued.url == f"{node.url}/emip"
    await admin.add_partner(LOCAL, new("three", "FR*E01/EMSP", partner_id="G_Apps"))
    ids = [partner_id_of(node.book.partners[name]) for name in ("one", "two", "three")]
    assert ids == ["FR*P01", "FR*P02", "G_Apps"]
    assert certificate_of(node.book.partners["one"]) == "FR*P01"
    with pytest.raises(Refused) as taken:
        await admin.add_partner(LOCAL, new("four", "FR*E02/EMSP", partner_id="g_apps"))
    assert taken.value.reason is Reason.CONFLICT


@pytest.mark.parametrize(
    "switches",
    [
        {"services": "ToIOP_Nonsense"},
        {"services": "FR:ToIOP_SearchEVSE"},
        {"nonsense": 1},
        {"asking": "never"},
        {"asking": "FR:sync_only"},
    ],
)
async def test_switches_that_mean_nothing_are_refused(node, switches):
    with pytest.raises(Refused) as no:
        await node.app.office.admin.add_partner(LOCAL, new("one", "FR*C01/CPO", **switches))
    assert no.value.reason is Reason.MALFORMED


@pytest.mark.statement("EMIP-8")
async def test_an_address_is_wired_after_a_heartbeat(tmp_path):
    async with cpo_node(tmp_path) as node, Partner("FR*107", "FR*107") as platform:
        admin = node.app.office.admin
        await admin.add_partner(LOCAL, new("iop", "FR*107/HUB", partner_id="FR*107", our_partner_id="FR*P01"))
        platform.answers["eMIP_ToIOP_HeartBeat"] = Fault("AUTHENTICATION_ERROR", "PARTNER_UNKNOWN", 403, "Sender")
        with pytest.raises(Refused) as no:
            await admin.register(LOCAL, "iop", platform.url, "")
        assert no.value.reason is Reason.PARTNER_UNUSABLE
        assert node.book.partners["iop"].state is PartnerState.PLANNED
        platform.answers.clear()
        partner = await admin.register(LOCAL, "iop", platform.url, "")
        assert (partner.state, wiring_of(partner).url) == (PartnerState.CONNECTED, platform.url)
        assert platform.asked[-1].fields["partnerId"] == "FR*P01"
        gone = await admin.unregister(LOCAL, "iop")
        assert (gone.state, wiring_of(gone).url) == (PartnerState.PLANNED, "")
        with pytest.raises(Refused):
            await admin.rotate(LOCAL, "iop")


@pytest.mark.statement("EMIP-15")
async def test_a_party_is_switched_off_and_on_by_an_operator(node):
    admin = node.app.office.admin
    await node.cpo("FR*C01")
    party = Party.parse("FR*C01/CPO")
    async with Partner("FR*P-C01", "FR*C01") as cpo:
        await admin.suspend_party(LOCAL, party)
        assert admin.suspended(LOCAL) == [party]
        assert (await cpo.call(node.url, "eMIP_ToIOP_HeartBeat")).fault[1] == "OPERATOR_INACTIVE"
        with pytest.raises(Refused):
            await admin.suspend_party(LOCAL, party)
        await admin.resume_party(LOCAL, party)
        assert (await cpo.call(node.url, "eMIP_ToIOP_HeartBeat")).status == 1
    with pytest.raises(Refused):
        await admin.suspend_party(LOCAL, Party.parse("FR*C09/CPO"))
    actions = [line.action for line in await node.app.office.audited(LOCAL)]
    assert {"party suspend", "party resume"} <= set(actions)
