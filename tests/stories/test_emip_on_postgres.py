"""A charge between eMIP and OCPI while the platform keeps what it knows in PostgreSQL, and restarts in between."""

from __future__ import annotations

from tests.protocols.emip import charging
from tests.protocols.emip.charging import CARD, CDR
from tests.protocols.emip.nodes import hub, partner_id
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import join_ocpi
from tests.protocols.ocpi.server import messages
from tests.stories.emip_and_ocpi import AtEmip, peer_of
from tests.stories.test_ocpi_drivers_at_emip import allowing


async def test_a_charge_at_a_cpo_of_emip_goes_on_over_a_restart_on_postgres(tmp_path, database):
    async with (
        hub(tmp_path, database=database) as node,
        Partner(partner_id("FR*C01"), "FR*C01") as cpo,
        peer_of("2.2.1", "DE", "EEE", "EMSP") as peer,
    ):
        await node.cpo("FR*C01", url=cpo.url)
        here = AtEmip(node, cpo, None, peer, await join_ocpi(node, "eee", peer))
        await charging.place(node, "fr-c01")
        await node.agree("DE*EEE", "FR*C01")
        await here.say("PUT", f"receiver/tokens/DE/EEE/{CARD}", messages.token(CARD))
        peer.answers.append(allowing(peer))

        session = (await here.ask()).fields["serviceSessionId"]
        started = await here.report(session, 3)
        await node.settled()
        await node.restart()
        moved = await here.bring(session, 2, meters=[charging.meter(1, "10", "min"), charging.meter(2, "1500", "Wh")])
        ended = await here.bring(session)
        await node.settled()
        await node.restart()
        again = await here.bring(session)
        await node.settled()

        assert [one.status for one in (started, moved, ended, again)] == [1, 1, 1, 1]
        shown = [one.body for one in here.told("PUT", "PATCH", part="sessions")]
        assert next(one["status"] for one in shown if "status" in one) == "PENDING"
        assert 1.5 in [float(one["kwh"]) for one in shown if "kwh" in one]
        (bill,) = (one.body for one in here.told("POST", part="cdrs"))
        assert (float(bill["total_energy"]), bill["authorization_reference"]) == (18.35, "emsp-1")
        traced = [one.operation for one in await node.traces(session) if one.inward]
        assert traced.count(CDR) == 3
    assert not (tmp_path / "hub" / "interroam.db").exists()
