"""What a proxy in front says is believed from configured proxies only."""

from base64 import b64encode

import pytest

from interroam.net.addresses import Addresses, neighborhood, normal_address
from interroam.net.doors import Door
from interroam.net.http import Response
from interroam.net.proxies import forwarded_certificate, forwarded_client
from tests.net.raw import calling, serving

PROXIES = Addresses(["10.0.0.0/8", "127.0.0.1"])
DER = b"\x30\x03\x02\x01\x05"
FORWARDED = (
    b"GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.7\r\nClient-Cert: :"
    + b64encode(DER)
    + b":\r\n\r\n"
)


async def answered(**options):
    seen = []
    async with (
        serving(Door("/", lambda r: seen.append(r) or Response(200)), **options) as listener,
        calling(listener) as caller,
    ):
        await caller.say(FORWARDED)
        await caller.reply()
    return seen[0].client, seen[0].certificate


@pytest.mark.statement("OCPI-8", "OCPI-10")
async def test_a_configured_proxy_names_caller_and_certificate():
    assert await answered(proxies=["127.0.0.0/8"]) == ("192.0.2.7", DER)


@pytest.mark.statement("OCPI-8", "OCPI-10")
async def test_nobody_else_may_name_them():
    assert await answered() == ("127.0.0.1", None)
    assert await answered(proxies=["192.0.2.0/24"]) == ("127.0.0.1", None)


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", b"192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("127.0.0.1", b"10.9.9.9, 192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("127.0.0.1", b"10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("127.0.0.1", b"::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", b"nonsense", "127.0.0.1"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("192.0.2.1", b"192.0.2.7", "192.0.2.1"),
    ],
)
def test_the_caller_is_the_nearest_that_is_no_proxy_of_ours(peer, said, client):
    assert forwarded_client(peer, {b"x-forwarded-for": said}, PROXIES) == client


@pytest.mark.parametrize("said", [b"", b":", b"::", b"MAMCAQU=", b":not base64:", b":MAMCAQU=:, :MAMCAQU=:"])
def test_what_is_no_certificate_is_none(said):
    assert forwarded_certificate({b"client-cert": said}) is None


def test_addresses_are_compared_whatever_their_clothes():
    listed = Addresses(["192.0.2.0/24", "2001:db8::/32"])
    assert "192.0.2.7" in listed
    assert "::ffff:192.0.2.7" in listed
    assert "2001:db8::1" in listed
    assert "192.0.3.1" not in listed
    assert "nonsense" not in listed
    assert not Addresses()
    assert normal_address("2001:DB8:0::1") == "2001:db8::1"
    assert neighborhood("2001:db8::1") == neighborhood("2001:db8::ffff") == "2001:db8::/64"
    assert neighborhood("192.0.2.7") == "192.0.2.7"
    with pytest.raises(ValueError):
        Addresses(["192.0.2.0/33"])
