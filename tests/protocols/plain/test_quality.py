"""The approval queue over HTTP."""

from __future__ import annotations

import json

from interroam.core.audit import LOCAL
from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.model.parties import Partner, PartnerState
from interroam.protocols.ocpi.translate import location_fact
from interroam.protocols.ocpi.wire import locations, read
from tests.protocols.ocpi.server.messages import location
from tests.protocols.plain.test_admin import people as people  # noqa: PLC0414  the fixture

AT = "location/ch*ccc/l1"


async def waiting(people) -> None:
    """Let a place without an owner be stated by a partner whose data are looked at."""
    cpo = Partner(
        id="ccc", protocol="ocpi", parties=(Party.parse("CH*CCC/CPO"),), profile="gireve", state=PartnerState.CONNECTED
    )
    await people.node.book.put_partner(cpo)
    raw = json.dumps(location(owner=None)).encode()
    await people.node.hub.tell(Origin("ccc"), location_fact(read(locations.Location, raw)[0], raw))


async def test_an_operator_looks_at_the_queue_completes_and_approves(people):
    await waiting(people)
    await people.log_in("operator")
    _, queue = await people("GET", "/quality?partner=ccc")
    assert [one["object"] for one in queue["waiting"]] == [AT, "evse/ch*ccc/l1/e1"]
    _, page = await people("GET", "/partners/ccc/findings")
    assert page["findings"][0]["defects"] == [{"field": "owner.name", "message": "is missing", "severe": True}]
    fields = {"object": AT, "fields": {"owner": {"name": "City"}}}
    assert (await people("POST", "/quality/complete", fields))[0] == 204
    assert (await people("GET", "/quality"))[1] == {"waiting": []}
    assert (await people("POST", "/quality/approve", {"object": AT}))[0] == 404
    assert (await people("POST", "/partners/ccc/recheck"))[1] == {"count": 0}


async def test_a_viewer_looks_and_an_operator_rejects_which_is_written_down(people):
    await waiting(people)
    await people.log_in("viewer")
    assert (await people("GET", "/quality"))[0] == 200
    assert (await people("POST", "/quality/approve", {"object": AT}))[0] == 403
    await people.log_in("operator")
    assert (await people("POST", "/quality/approve", {"object": "evse/ch*ccc/l1/e1"}))[0] == 409
    assert (await people("POST", "/quality/reject", {"object": AT, "reason": "why not"}))[1] == {"count": 2}
    lines = await people.node.office.audited(LOCAL)
    assert [one.action for one in lines if one.action.startswith("quality")] == ["quality reject"]
