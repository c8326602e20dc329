"""A CPO's node, a hub and an eMSP's node that agreed on OCPI 2.1.1: each of them speaks it on its own side."""

import pytest

from interroam.model.ids import Kind, PartyId, evse_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization
from interroam.protocols.ocpi.wiring import wiring_of
from tests.protocols.ocpi.row import in_a_row
from tests.protocols.ocpi.server import messages

CPO = PartyId.parse("CH*CCC")


@pytest.fixture
async def row(tmp_path):
    async with in_a_row(tmp_path, switches={"newest": "2.1.1"}) as nodes:
        yield nodes


async def of(node, kind):
    entries = await node.store.entries(0, kinds=[kind])
    return [await node.store.get(key) for key in dict.fromkeys(each.key for each in entries)]


async def test_a_charge_from_place_to_cdr(row):
    assert {wiring_of(one).version for node in (row.cpo, row.emsp) for one in node.book.partners.values()} == {
        "",
        "2.1.1",
    }
    await row.owner.tell("tariff", messages.tariff())
    await row.owner.tell("location", messages.location())
    await row.provider.tell("token", messages.token())
    await row.settled()
    (place,) = await of(row.emsp, Kind.LOCATION)
    at_hub = await row.hub.store.get(evse_key(CPO, "L1", "E1"))
    ((evse,),) = await row.emsp.store.evses([place.key])
    assert (place.body.owner, evse.body.uid) == (CPO, at_hub.hub_id)

    row.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, emsp_reference="emsp-1")
    question = Authorize(cpo=CPO, uid="0102030405060A", type="RFID", location_id="L1", evse_uids=("E1",))
    answer = await row.cpo.hub.authorize(row.owner.origin(), question)
    assert (answer.allowed, row.emsp.office.asked[0].evse_uids) == (Allowed.ALLOWED, (at_hub.hub_id,))

    known = {"authorization_reference": answer.reference, "auth_method": "AUTH_REQUEST"}
    await row.owner.tell("session", messages.session(**known))
    await row.owner.tell("cdr", messages.cdr(**known))
    await row.settled()

    (session,), (cdr,) = await of(row.emsp, Kind.SESSION), await of(row.emsp, Kind.CDR)
    assert session.body.owner == cdr.body.owner == CPO
    assert session.body.token.uid == cdr.body.token.uid == "0102030405060A"
    assert session.body.evse_uid == cdr.body.evse_uid == at_hub.hub_id
