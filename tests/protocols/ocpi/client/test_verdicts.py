"""What becomes of a delivery that a partner did not take: the shelf, or another try."""

import pytest

from interroam.core.hub import Deadlines
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Party
from tests.protocols.ocpi.client.conftest import Roaming, join
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer, basic, says
from tests.protocols.ocpi.server import messages

EMSP = Party.parse("DE*EEE/EMSP")
CPO = Party.parse("CH*CCC/CPO")


async def deliver(roaming, to=EMSP, link="emsp"):
    """Deliver the newest entry by hand."""
    node = roaming.node
    (entry,) = await node.store.entries(node.store.head() - 1, 1)
    await node.links[link].deliver(entry, to)


@pytest.fixture
async def quiet(roaming):
    """Nobody delivers but the test."""
    await roaming.node.dispatch.stop()
    return roaming


NO_2XX = [(400, 2001), (404, None), (403, 2000), (500, 3000), (302, None)]


@pytest.mark.statement("OCPI-82", "OCPI-158")
@pytest.mark.parametrize("kind", ["location", "tariff"])
@pytest.mark.parametrize(("http", "status"), NO_2XX)
async def test_places_and_tariffs_are_sent_again_until_http_says_2xx(quiet, kind, http, status):
    await quiet.tell(kind, getattr(messages, kind)())
    await sent_again(quiet, "PUT", http, status)


@pytest.mark.statement("OCPI-125", "OCPI-135")
@pytest.mark.parametrize(("kind", "method"), [("session", "PUT"), ("cdr", "POST")])
@pytest.mark.parametrize(("http", "status"), NO_2XX)
async def test_charges_are_sent_again_until_http_says_2xx(quiet, kind, method, http, status):
    await quiet.tell(kind, getattr(messages, kind)())
    await sent_again(quiet, method, http, status)


@pytest.mark.statement("OCPI-82")
async def test_a_change_of_a_place_is_sent_again_after_a_fault_silence_or_no_connection(quiet, node):
    await quiet.tell("location", messages.location())
    await quiet.patch_evse(status="CHARGING", last_updated="2026-03-14T12:05:00Z")
    await sent_again(quiet, "PATCH", 404, None, ("PATCH", "GET", "PUT", "PATCH"))
    quiet.emsp.delay, node.hub.deadlines = 0.5, Deadlines(partner=0.1)
    with pytest.raises(Unavailable):
        await deliver(quiet)
    await quiet.emsp.runner.cleanup()
    with pytest.raises(Unavailable):
        await deliver(quiet)


async def sent_again(quiet, method, http, status, told=()):
    for each in told or (method,):
        quiet.emsp.answers.append(says(each, "/receiver", http, status))
    with pytest.raises(Unavailable):
        await deliver(quiet)

    quiet.emsp.answers.clear()
    await deliver(quiet)
    assert [one.method for one in quiet.emsp.told()] == list(told or (method, method))


@pytest.mark.parametrize(("kind", "method"), [("session", "PUT"), ("cdr", "POST")])
async def test_a_fault_of_content_is_never_sent_again(quiet, kind, method):
    await quiet.tell(kind, getattr(messages, kind)())
    quiet.emsp.answers.append(says(method, "/receiver", 200, 2002))

    with pytest.raises(Refused) as no:
        await deliver(quiet)

    assert (no.value.reason, no.value.code) == (Reason.INCOMPLETE, "200/2002")


@pytest.mark.parametrize(
    ("http", "status", "error"),
    [
        (200, 3000, Unavailable),
        (200, 4003, Unavailable),
        (200, None, Unavailable),
        (401, None, Unavailable),
        (403, 2000, Unavailable),
        (429, None, Unavailable),
        (503, 3000, Unavailable),
        (400, 2001, Refused),
        (404, 2000, Refused),
        (200, 2000, Refused),
    ],
)
async def test_elsewhere_a_no_is_a_no(quiet, http, status, error):
    await quiet.tell("token", messages.token())
    quiet.cpo.answers.append(says("PUT", "/receiver/tokens", http, status))

    with pytest.raises(error) as answered:
        await deliver(quiet, CPO, "cpo")
    if error is Unavailable:  # of the partner, not of what it was sent: nothing is poison for that
        assert answered.value.is_busy is (http in (429, 503))


async def test_a_partner_that_wants_to_be_left_alone_says_for_how_long(quiet):
    await quiet.tell("session", messages.session())
    quiet.emsp.answers.append(says("PUT", "/receiver", 503, 3000))
    quiet.emsp.headers["Retry-After"] = "7"

    with pytest.raises(Unavailable) as later:
        await deliver(quiet)

    assert (later.value.retry_after, later.value.reached) == (7.0, True)


async def test_a_silent_partner_may_have_heard_and_a_missing_one_has_not(quiet):
    await quiet.tell("session", messages.session())
    quiet.emsp.delay = 1.0
    quiet.node.hub.deadlines = Deadlines(partner=0.2)
    with pytest.raises(Unavailable) as silence:
        await deliver(quiet)
    await quiet.emsp.runner.cleanup()
    with pytest.raises(Unavailable) as absence:
        await deliver(quiet)

    assert (silence.value.reason, silence.value.reached) == (Reason.TIMED_OUT, True)
    assert (absence.value.reason, absence.value.reached) == (Reason.NOT_CONNECTED, False)


@pytest.mark.statement("OCPI-177")
async def test_an_emsp_that_lists_no_receiver_fetches_its_charges(roaming, node):
    async with Peer((("NL", "NNN", "EMSP"),), endpoints=[("tokens", "SENDER")]) as second:
        await join(node, "second", second, "NL*NNN/EMSP")
        await node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        token = messages.cdr_token(country_code="NL", party_id="NNN")
        await roaming.tell("session", messages.session(cdr_token=token))
        await roaming.tell("cdr", messages.cdr(cdr_token=token))
        await roaming.settled()

        assert (await node.store.shelf(), second.told()) == ([], [])
        headers = {"Authorization": basic(second.given["token"])}
        headers |= {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "NNN"}
        for path, name in (("sessions?date_from=2026-01-01T00:00:00Z", "kwh"), ("cdrs", "total_energy")):
            async with second.session.get(f"{node.url}/ocpi/2.2.1/sender/{path}", headers=headers) as answer:
                (charge,) = (await answer.json())["data"]
                assert name in charge


async def test_a_charge_for_a_hub_without_the_interface_goes_to_the_shelf(tmp_path):
    async with (
        Peer((("FR", "107", "HUB"),), endpoints=[("locations", "RECEIVER")]) as hub,
        Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node,
    ):
        there = await node.expect("hub", "FR*107/HUB")
        await node.room.register(there, hub.versions_url, "token-a")
        await node.agree("FR*107/HUB", "CH*CCC/CPO")
        world = Roaming(node, hub, hub)
        world.origin = lambda partner="": Origin("office")
        await world.tell("session", messages.session())
        await node.settled()
        (shelved,) = await node.store.shelf()
        assert (shelved.reason, shelved.poison) == (Reason.ENDPOINTS_MISSING.value, False)
