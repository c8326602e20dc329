"""One platform, two CPO operations: what is agreed for one says nothing of the other."""

from __future__ import annotations

import pytest

from tests.protocols.ocpi.server.messages import cdr, evse, location, session, tariff, token

LATER = "2026-03-14T12:05:00Z"
UID = "0102030405060A"
OPERATIONS = ("CCC", "DDD")


@pytest.mark.statement("OCPI-216")
async def test_an_agreement_of_one_operation_shows_nothing_of_its_platforms_other(node):
    cpo = await node.partner("platform", "CH*CCC/CPO", "CH*DDD/CPO")
    emsp = await node.partner("eee", "DE*EEE/EMSP")
    await node.roam("DE*EEE", "CH*CCC")
    await emsp.put(f"receiver/tokens/DE/EEE/{UID}", token())
    for code in OPERATIONS:
        own, by = {"party_id": code}, {"OCPI-from-party-id": code}
        for path, body in (
            (f"receiver/tariffs/CH/{code}/T1", tariff(**own)),
            (f"receiver/locations/CH/{code}/L1", location(**own)),
            (f"receiver/sessions/CH/{code}/S1", session(**own)),
        ):
            assert (await cpo.put(path, body, by)).status == 1000
        assert (await cpo.post("receiver/cdrs", cdr(**own), by)).status == 1000

    for path in ("locations", "tariffs", "sessions?date_from=2026-01-01T00:00:00Z", "cdrs"):
        assert [one["party_id"] for one in (await emsp.get(f"sender/{path}")).data] == ["CCC"], path
    for code, shown in zip(OPERATIONS, (1, 0), strict=True):
        tokens = await cpo.get("sender/tokens", {"OCPI-from-party-id": code})
        assert len(tokens.data) == shown
        to = {"OCPI-to-country-code": "CH", "OCPI-to-party-id": code}
        assert (await emsp.get("sender/locations/L1", to)).http == (200 if shown else 404)


@pytest.mark.statement("OCPI-182")
@pytest.mark.parametrize(
    ("method", "path", "body", "http"),
    [
        ("PUT", "locations/CH/CCC/L1", location(), 200),
        ("PUT", "locations/CH/CCC/L1/E1", evse(), 200),
        ("PATCH", "locations/CH/CCC/L1/E1", {"status": "CHARGING", "last_updated": LATER}, 200),
        ("PUT", "sessions/CH/CCC/S1", session(), 200),
        ("PATCH", "sessions/CH/CCC/S1", {"kwh": 9, "last_updated": LATER}, 404),
        ("POST", "cdrs", cdr(), 200),
        ("PUT", "tariffs/CH/CCC/T1", tariff(), 200),
    ],
)
async def test_nobody_states_what_is_another_platforms_however_often_it_tries(node, cpo, method, path, body, http):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    head = node.store.head()
    for _ in range(3):  # the first time its way is looked for, then it is known
        answer = await other.call(method, f"receiver/{path}", body)
        assert (answer.http, answer.status) == (http, 2001 if http == 200 else 2000)
        assert "does not speak for CH*CCC" in answer.message
    assert node.store.head() == head
