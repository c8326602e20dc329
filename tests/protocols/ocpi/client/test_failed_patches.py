"""What follows a PATCH that a receiver did not take: a look, and the whole object where it is missing."""

import pytest

from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

LATER = "2026-03-14T12:05:00Z"
PATH = "/receiver/locations/CH/CCC/L1"


@pytest.mark.statement("OCPI-198")
@pytest.mark.parametrize(
    ("http", "status", "there"),
    [(200, 2003, (404, 2003)), (200, 2001, (200, 2003)), (404, 2000, (200, 1000)), (405, 2000, None)],
)
async def test_a_receiver_that_does_not_know_the_place_is_given_all_of_it(roaming, http, status, there):
    await roaming.tell("location", messages.location())
    await roaming.settled()
    roaming.emsp.seen.clear()
    roaming.emsp.answers.append(says("PATCH", PATH, http, status))
    if there is not None:
        roaming.emsp.answers.append(says("GET", f"{PATH}/E1", *there))

    await roaming.patch_evse(status="CHARGING", last_updated=LATER)
    await roaming.settled()

    patch, *looks, whole = roaming.emsp.told()
    assert [(one.method, one.path) for one in looks] == ([("GET", f"{PATH}/E1")] if there else [])
    assert (whole.method, whole.path) == ("PUT", PATH)
    assert (whole.body["evses"][0]["status"], whole.body["last_updated"]) == ("CHARGING", LATER)
    assert whole.headers["x-correlation-id"] == patch.headers["x-correlation-id"]


@pytest.mark.statement("OCPI-198")
@pytest.mark.parametrize(("kind", "path"), [("session", "/sessions/"), ("token", "/tokens/"), ("location", PATH)])
async def test_what_the_receiver_has_is_not_put_again_after_a_patch_it_refused(roaming, node, kind, path):
    await roaming.tell(kind, getattr(messages, kind)())
    await roaming.settled()
    for peer in (roaming.emsp, roaming.cpo):
        peer.seen.clear()
        peer.answers += [says("PATCH", path, 200, 2001), says("GET", path, 200, 1000, {"id": "it is here"})]
    change = {"session": {"kwh": 1.5}, "token": {"valid": False}, "location": {"name": "Neu"}}[kind]
    await getattr(roaming, f"patch_{kind}")(**change, last_updated=LATER)
    await roaming.settled()
    told = (roaming.cpo if kind == "token" else roaming.emsp).told()
    evses = [one.path for one in told[2:]]
    assert evses == ([f"{PATH}/E1"] if kind == "location" else [])  # which are told all the same (OCPI-87)
    assert [one.method for one in told[:2]] == ["PATCH", "GET"]
    assert len({one.path for one in told[:2]}) == 1
    assert len(await node.store.shelf()) == 1


@pytest.mark.statement("OCPI-198")
@pytest.mark.parametrize(("kind", "path"), [("session", "/sessions/"), ("token", "/tokens/"), ("location", PATH)])
async def test_every_module_with_patch_is_put_where_it_is_missing(roaming, kind, path):
    await roaming.tell(kind, getattr(messages, kind)())
    await roaming.settled()
    for peer in (roaming.emsp, roaming.cpo):
        peer.seen.clear()
        peer.answers += [says("PATCH", path, 200, 2001), says("GET", path, 404, 2000)]
    change = {"session": {"kwh": 1.5}, "token": {"valid": False}, "location": {"name": "Neu"}}[kind]
    await getattr(roaming, f"patch_{kind}")(**change, last_updated=LATER)
    await roaming.settled()
    told = (roaming.cpo if kind == "token" else roaming.emsp).told()
    assert [one.method for one in told] == ["PATCH", "GET", "PUT"]
    ((field, value),) = change.items()
    assert told[-1].body[field] == value
