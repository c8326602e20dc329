"""The labels that stand under EVSEs, and a partner told everything once more, at the command line."""

from __future__ import annotations

import asyncio

import pytest

from tests.protocols.emip.cpo_office import charging, evse


async def typed(cpo, *words, code=0):
    """Type a command beside a running node."""
    from tests.cli.conftest import Line

    return await asyncio.to_thread(Line(cpo.node.settings.data), *words, code=code)


@pytest.mark.statement("EMIP-121")
async def test_the_emi3_id_of_each_evse_is_printed_on_a_sheet(tmp_path):
    async with charging(tmp_path) as cpo:
        bare = {**evse("3"), "evse_id": None}
        await cpo.furnish({**evse("1"), "evse_id": "frc01e0042*1"}, evse("2"), bare, evse("4", "REMOVED"))
        said = await typed(cpo, "evse", "labels", "--party", "FR*C01")
        assert "FR*C01*E0042*1   Depot, Rue 1, Lyon" in said
        assert "FR*C01*E2" in said
        assert "FR*C01*E4" not in said
        sheet = tmp_path / "labels.html"
        await typed(cpo, "evse", "labels", "--party", "FR*C01", "--location", "L1", "--out", str(sheet))
        text = sheet.read_text()
        assert text.count("<b>") == 2
        assert "<b>FR*C01*E0042*1</b>" in text
        refused = await typed(cpo, "evse", "labels", "--party", "FR*C01", "--location", "L9", code=1)
        assert "no EVSE of location L9" in refused


@pytest.mark.statement("EMIP-55")
async def test_an_operator_has_all_statuses_sent_once_more(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        cpo.iop.asked.clear()
        assert "1 part is being sent once more" in await typed(cpo, "push", "iop", "locations")
        await cpo.iop.until("ToIOP_SetEVSEAvailabilityStatus", 2)
        await cpo.iop.until("ToIOP_SetEVSEBusyStatus", 2)
        assert "no partner nobody" in await typed(cpo, "push", "nobody", code=1)
