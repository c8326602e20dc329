"""Facts out: fetched, streamed, and sent as signed webhooks."""

import asyncio
import json
from datetime import timedelta

from interroam.protocols.plain.rules import WINDOW, sign, verify
from tests.protocols.plain.node import CDR, LOCATION, SESSION, START, TARIFF, receiving, running


async def test_facts_are_fetched_in_order_and_only_by_whom_they_are_for(furnished):
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCD/T1", TARIFF)
    await furnished.call("cpo", "POST", "/cdrs", CDR)
    _, emsp = await furnished.call("emsp", "GET", "/facts")
    assert [fact["kind"] for fact in emsp["facts"]] == ["location", "tariff", "cdr"]
    assert emsp["facts"][0]["object"]["evses"][0]["uid"] == "1"
    assert emsp["facts"][2]["key"] == {"party": "CH*CCC", "id": "c1"}
    _, cpo = await furnished.call("cpo", "GET", "/facts")
    assert [fact["object"]["uid"] for fact in cpo["facts"]] == ["card1"]
    _, other = await furnished.call("other", "GET", "/facts")
    assert (other["facts"], other["next"]) == ([], furnished.hub.store.head())


async def test_fetching_goes_on_where_it_stopped(furnished):
    for number in range(5):
        await furnished.call("cpo", "PUT", f"/tariffs/CH*CCC/T{number}", TARIFF)
    seen, after = [], 0
    while True:
        _, page = await furnished.call("emsp", "GET", f"/facts?after={after}&limit=2")
        if not page["facts"]:
            break
        seen += [fact["seq"] for fact in page["facts"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen)


async def test_a_long_poll_waits_for_the_first_fact(furnished):
    head = furnished.hub.store.head()
    poll = asyncio.create_task(furnished.call("emsp", "GET", f"/facts?after={head}&wait=5"))
    await asyncio.sleep(0.05)
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCD/T1", TARIFF)
    await asyncio.sleep(0.05)
    assert not poll.done()
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    _, answer = await poll
    assert [fact["kind"] for fact in answer["facts"]] == ["tariff"]


async def test_a_long_poll_ends_empty_in_time(node):
    status, answer = await node.call("emsp", "GET", "/facts?wait=0.05")
    assert (status, answer) == (200, {"facts": [], "next": 0})
    assert (await node.call("emsp", "GET", "/facts?wait=1000"))[0] == 422


async def test_a_change_comes_with_the_whole_object_and_the_names_of_what_changed(furnished):
    head = furnished.hub.store.head()
    furnished.clock.forward(seconds=1)
    status = {"party": "CH*CCC", "location_id": "L1", "uid": "1", "status": "CHARGING"}
    await furnished.call("cpo", "POST", "/statuses", [status])
    _, answer = await furnished.call("emsp", "GET", f"/facts?after={head}")
    (fact,) = answer["facts"]
    assert (fact["kind"], fact["act"], fact["fields"]) == ("evse", "change", ["status"])
    assert (fact["object"]["status"], fact["object"]["evse_id"]) == ("CHARGING", "CH*CCC*E1")


async def test_a_location_stated_again_comes_whole_and_names_nothing(furnished):
    head = furnished.hub.store.head()
    furnished.clock.forward(seconds=1)
    again = LOCATION | {"name": "Elsewhere", "evses": [one | {"status": "BLOCKED"} for one in LOCATION["evses"]]}
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1", again)
    _, answer = await furnished.call("emsp", "GET", f"/facts?after={head}")
    (fact,) = answer["facts"]
    assert (fact["act"], "fields" in fact, fact["object"]["name"]) == ("fact", False, "Elsewhere")


async def test_a_withdrawal_comes_without_an_object(furnished):
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    head = furnished.hub.store.head()
    await furnished.call("cpo", "DELETE", "/tariffs/CH*CCC/T1")
    _, answer = await furnished.call("emsp", "GET", f"/facts?after={head}")
    (fact,) = answer["facts"]
    assert (fact["act"], fact["key"], "object" in fact) == ("withdrawal", {"party": "CH*CCC", "id": "t1"}, False)


async def events(node, count, **headers):
    """Read so many events of the stream."""
    found = []
    headers = {"Authorization": "Bearer emsp"} | headers
    async with node.http.get(f"{node.url}/api/v1/facts/stream", headers=headers) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        async for line in answer.content:
            if line.startswith(b"data:"):
                found.append(json.loads(line[5:]))
            if len(found) == count:
                return found
    return found


async def test_a_stream_is_resumed_by_the_last_event_id(furnished):
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    first, second = await events(furnished, 2)
    assert [first["kind"], second["kind"]] == ["location", "tariff"]
    resumed = asyncio.create_task(events(furnished, 2, **{"Last-Event-ID": str(first["seq"])}))
    await asyncio.sleep(0.05)
    await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
    again, session = await asyncio.wait_for(resumed, 5)
    assert (again, session["kind"]) == (second, "session")
    assert (await furnished.call("emsp", "GET", "/facts/stream", headers={"Last-Event-ID": "x"}))[0] == 422
    assert (await furnished.call("emsp", "GET", "/facts/stream", headers={"Last-Event-ID": "9" * 19}))[0] == 422
    for path in ("/facts", "/facts/stream", "/locations", "/cdrs"):
        assert (await furnished.call("emsp", "GET", f"{path}?after={2**63}"))[0] == 422


async def test_who_comes_back_after_facts_were_dropped_is_told_to_read_the_lists(furnished):
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1/evses/1", {"uid": "1", "status": "BLOCKED"})
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    await furnished.hub.store.retain(furnished.clock.now() + timedelta(days=40))
    oldest = furnished.hub.store.oldest()
    assert oldest > 1
    _, late = await furnished.call("emsp", "GET", "/facts?after=1")
    _, in_time = await furnished.call("emsp", "GET", f"/facts?after={oldest - 1}")
    assert late["missed"] is True
    assert "missed" not in in_time
    assert late["facts"] == in_time["facts"]
    headers = {"Authorization": "Bearer emsp", "Last-Event-ID": "1"}
    async with furnished.http.get(f"{furnished.url}/api/v1/facts/stream", headers=headers) as stream:
        lines = [await stream.content.readline() for _ in range(3)]
    assert lines[2] == b"event: missed\n"


async def test_a_stream_gives_nothing_more_once_its_token_is_dead(furnished):
    reading = asyncio.create_task(events(furnished, 2))
    await asyncio.sleep(0.1)
    for credential in furnished.hub.book.credentials_of("emsp"):
        await furnished.hub.book.dismiss(credential)
    await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T1", TARIFF)
    assert [one["kind"] for one in await asyncio.wait_for(reading, 5)] == ["location"]


async def test_facts_are_sent_to_a_webhook_signed(furnished):
    async with receiving(furnished, "emsp") as emsp:
        await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
        fact = await emsp.fact("session")
        assert (fact["object"]["id"], fact["object"]["energy_kwh"]) == ("S1", 1.25)
        assert emsp.forged == 0
        location = await emsp.fact("location")
        assert location["object"]["name"] == "Depot"


async def shelved_by(node, seq):
    """Wait until this entry lies on the shelf."""
    for _ in range(200):
        for one in await node.hub.store.shelf():
            if one.seq == seq:
                return one
        await asyncio.sleep(0.02)
    raise AssertionError(seq)


async def test_a_webhook_that_refuses_for_good_puts_the_fact_on_the_shelf(furnished):
    async with receiving(furnished, "emsp") as emsp:
        await furnished.call("cpo", "PUT", "/tariffs/CH*CCC/T0", TARIFF)
        await emsp.fact("tariff")
        emsp.status = 422
        _, told = await furnished.call("cpo", "POST", "/cdrs", CDR)
        shelf = await shelved_by(furnished, told["seq"])
        _, place = await furnished.call("cpo", "PUT", "/locations/CH*CCC/L2", LOCATION)
        await shelved_by(furnished, place["seq"])
    assert (shelf.reason, shelf.message) == ("conflict", "no")
    refused = [one for one in await furnished.hub.store.traces(partner="emsp") if one.code == "422"]
    # Bodies of places are kept for days only.
    kept = {(one.operation, bool(one.request), one.brief) for one in refused}
    assert kept >= {("fact cdr", True, False), ("fact location", True, True)}


async def test_a_webhook_that_is_out_of_order_gets_the_fact_later(furnished):
    async with receiving(furnished, "emsp") as emsp:
        emsp.status = 500
        await furnished.call("cpo", "POST", "/cdrs", CDR)
        await asyncio.sleep(0.1)
        emsp.status = 200
        furnished.clock.forward(minutes=1)
        assert (await emsp.fact("cdr"))["object"]["id"] == "C1"
    assert await furnished.hub.store.shelf() == []


async def test_the_secret_is_shown_once_and_renewed_by_each_put(furnished):
    async with receiving(furnished, "emsp") as emsp:
        _, shown = await furnished.call("emsp", "GET", "/webhook")
        assert shown == {"url": emsp.url, "facts": True, "questions": []}
        old = emsp.secret
        _, answer = await furnished.call("emsp", "PUT", "/webhook", {"url": emsp.url})
        assert answer["secret"] != old
        assert emsp.secret.encode() not in furnished.hub.book.partners["emsp"].wiring
    assert (await furnished.call("emsp", "DELETE", "/webhook")) == (204, None)
    assert (await furnished.call("emsp", "GET", "/webhook"))[0] == 404
    for url in ("ftp://x/", "nowhere", "http://me:secret@x/", "http://[::1", "http://x:99999/"):
        assert (await furnished.call("emsp", "PUT", "/webhook", {"url": url}))[0] == 422


async def test_a_webhook_is_https_but_for_tests(tmp_path):
    async with running(tmp_path, insecure=False) as node:
        assert (await node.call("emsp", "PUT", "/webhook", {"url": "http://example.com/"}))[0] == 422
        assert (await node.call("emsp", "PUT", "/webhook", {"url": "https://example.com/"}))[0] == 200


def test_a_signature_holds_for_its_body_its_secret_and_five_minutes():
    signature = sign("secret", START, b"body")
    assert verify("secret", signature, b"body", START + WINDOW)
    assert not verify("secret", signature, b"body", START + WINDOW + timedelta(seconds=1))
    assert not verify("secret", signature, b"other", START)
    assert not verify("other", signature, b"body", START)
    assert not verify("secret", "t=now", b"body", START)


async def test_after_many_changes_the_webhook_holds_the_newest_state(furnished):
    async with receiving(furnished, "emsp") as emsp:
        for number in range(5):
            furnished.clock.forward(seconds=1)
            await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1", {**LOCATION, "city": f"City {number}"})
        async with asyncio.timeout(5):
            while not emsp.facts or emsp.facts[-1]["object"]["city"] != "City 4":
                emsp.came.clear()
                await emsp.came.wait()
