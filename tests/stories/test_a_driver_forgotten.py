"""A driver who charged across protocols is erased: nothing that the node keeps says the card or the contract any more.

What is searched are the files themselves: database, write-ahead log and traces, or every row that PostgreSQL has.
"""

from __future__ import annotations

import pytest
from msgspec.msgpack import encode

from interroam.core.audit import LOCAL
from interroam.core.ports import Query
from interroam.core.rounds.absences import Absence
from interroam.core.telling.findings import Defect
from interroam.model.ids import Key, Kind, Module
from interroam.protocols.ocpi.translate import token_said
from interroam.protocols.ocpi.views import gallery
from tests.postgres import EVERYWHERE
from tests.protocols.emip import charging
from tests.protocols.emip.charging import CARD
from tests.protocols.emip.nodes import hub, partner_id
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import join_ocpi
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages
from tests.remains import in_files, in_schema
from tests.stories.emip_and_ocpi import AtEmip, peer_of
from tests.stories.test_ocpi_drivers_at_emip import allowing

CONTRACT, WAITING, VISUAL = "DE-EEE-C00000001-1", "DE-EEE-C77777777-1", "DF000-2001-8999-1"
WORDS = (CARD, CONTRACT, WAITING, VISUAL)
OTHER = "0A0B0C0D0E0F01"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path):
    """Where the node keeps what it knows."""
    if request.param == "sqlite" and EVERYWHERE:
        pytest.skip("every node keeps its store in PostgreSQL now")
    return request.getfixturevalue("database") if request.param == "postgres" else ""


async def left(folder, database: str) -> list[str]:
    found = in_files(folder, *WORDS)
    return found + (await in_schema(database, *WORDS) if database else [])


async def lived(here: AtEmip, old) -> None:
    """Let a driver do whatever leaves something behind."""
    node = here.node
    card = messages.token(CARD, visual_number=VISUAL)
    await here.say("PUT", f"receiver/tokens/DE/EEE/{CARD}", card)
    await here.say("PUT", f"receiver/tokens/DE/EEE/{OTHER}", messages.token(OTHER, contract_id="DE-EEE-C00000002-2"))
    listed = await old("GET", "tokens")
    assert CARD in repr(listed)
    here.peer.answers.append(allowing(here.peer))
    here.peer.answers.append(
        says("POST", "cdrs", 200, 2001, {"said": f"card {CARD.lower()} of {CONTRACT} is not ours"})
    )
    session = (await here.ask()).fields["serviceSessionId"]
    await here.report(session, 3)
    await here.bring(session)
    await old("PUT", "locations/CH/CCC/L1", older.old_location())
    await old("POST", f"tokens/{CARD}/authorize", {"location_id": "L1", "evse_uids": ["E1"]})
    await old("PUT", "sessions/CH/CCC/S1", older.old_session())
    await old("POST", "cdrs", older.old_cdr(remark=f"paid with {CARD}"))
    await old("PUT", "sessions/CH/CCC/S2", older.old_session("S2", auth_id=WAITING))
    await old("POST", "cdrs", older.old_cdr("C2", auth_id=WAITING))
    await node.settled()
    key = Key(Kind.TOKEN, "de*eee", CARD.casefold(), "rfid")
    absence = Absence("eee", Module.TOKENS, node.clock.now(), node.store.head(), (key,), 2)
    await node.store.save("absence", "eee/tokens", encode(absence))
    await node.hub.gate.findings.note("eee", key, [Defect("uid", f"{CARD} is odd")])
    node.hub.oddities.note("eee", "PUT tokens", [("uid", f"{CARD.lower()} is odd")], f"tokens/DE/EEE/{CARD}")
    await node.store.traces(limit=1)  # what is buffered is written


async def test_nothing_that_the_node_keeps_says_who_an_erased_driver_was(tmp_path, kept):
    async with (
        hub(tmp_path, database=kept) as node,
        Partner(partner_id("FR*C01"), "FR*C01") as cpo,
        peer_of("2.2.1", "DE", "EEE", "EMSP") as peer,
        peer_of("2.1.1", "CH", "CCC", "CPO") as elder,
    ):
        await node.cpo("FR*C01", url=cpo.url)
        here = AtEmip(node, cpo, None, peer, await join_ocpi(node, "eee", peer))
        old = await join_ocpi(node, "ccc", elder)
        await charging.place(node, "fr-c01")
        await node.agree("DE*EEE", "FR*C01")
        await node.agree("DE*EEE", "CH*CCC")
        await lived(here, old)
        waits = await node.app.office.upkeep.waiting(LOCAL)
        assert {one.contract for one in waits} == {WAITING}
        assert await left(tmp_path, kept)

        office = node.app.office
        assert await office.upkeep.erase_driver(LOCAL, "RFID", CARD) > 0
        assert await office.upkeep.erase_driver(LOCAL, "contract", WAITING.replace("-", "")) > 0

        assert await left(tmp_path, kept) == []
        assert (gallery._token.cache_info().currsize, node.book.keyring._subjects) == (0, {})
        assert token_said.cache_info().currsize == 0
        waits = await office.upkeep.waiting(LOCAL)
        assert [one.object for one in waits] == ["session S2", "cdr C2"]
        assert all(one.contract.startswith("ERASED") for one in waits)
        cdrs = await node.store.page(Query(kind=Kind.CDR))
        assert {row.body.total_energy_kwh > 0 for row in cdrs.items} == {True}
        assert len({row.body.token.uid for row in cdrs.items}) == 1
        (odd,) = [one for one in node.hub.oddities.of("eee") if one.message == "PUT tokens"]
        assert (odd.what.endswith(" is odd"), CARD in odd.example) == (True, False)
        (found,) = await node.hub.gate.findings.of("eee")
        assert "is odd" in found.defects[0].message
        assert CARD not in repr(found)
        assert OTHER in repr(await old("GET", "tokens"))
        assert CARD not in repr(await old("GET", "tokens"))
        await node.settled()
        await node.restart()
        assert await left(tmp_path, kept) == []
    assert await left(tmp_path, kept) == []


async def test_a_card_that_was_erased_and_stated_again_is_erased_again(tmp_path, kept):
    async with hub(tmp_path, database=kept) as node, peer_of("2.2.1", "DE", "EEE", "EMSP") as peer:
        say = await join_ocpi(node, "eee", peer)
        for _ in range(3):
            answer = await say("PUT", f"receiver/tokens/DE/EEE/{CARD}", messages.token(CARD, visual_number=VISUAL))
            assert answer["status_code"] == 1000
            assert await node.app.office.upkeep.erase_driver(LOCAL, "RFID", CARD) > 0
            assert await left(tmp_path, kept) == []
        page = await node.store.page(Query(kind=Kind.TOKEN))
        assert [row.body.valid for row in page.items] == [False]
