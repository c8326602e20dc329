import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.protocols.ocpi.rules.urls import absolute, is_secure, is_usable, join, segments

IDS = st.text(min_size=1, max_size=8)


@pytest.mark.statement("OCPI-189")
@pytest.mark.parametrize("endpoint", ["https://x.com/ocpi/locations", "https://x.com/ocpi/locations/"])
def test_an_endpoint_and_its_tail_are_joined_by_exactly_one_slash(endpoint):
    assert join(endpoint, "NL", "TNM", "1012") == "https://x.com/ocpi/locations/NL/TNM/1012"


@pytest.mark.statement("OCPI-189")
@given(st.lists(IDS, min_size=1, max_size=3))
def test_ids_are_encoded_once_and_decoded_once(ids):
    url = join("https://x.com/ocpi/", *ids)
    path = url.removeprefix("https://x.com").encode("ascii")
    assert segments(path) == ("ocpi", *ids)


@pytest.mark.statement("OCPI-189")
def test_query_values_are_encoded():
    url = join(
        "https://x.com/p",
        "a/b",
        query={"response_url": "https://e.com/?a=b&c", "date_from": "2025-01-01T12:00:00+01:00"},
    )
    assert url == (
        "https://x.com/p/a%2Fb?response_url=https%3A%2F%2Fe.com%2F%3Fa%3Db%26c&date_from=2025-01-01T12%3A00%3A00%2B01%3A00"
    )


def test_an_endpoint_alone_stays_as_published():
    assert join("https://x.com/cdrs/") == "https://x.com/cdrs/"


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (b"/", ()),
        (b"/a//b/", ("a", "b")),
        (b"/a%2Fb/c%252F?x=/y", ("a/b", "c%2F")),
        (b"/FR*ABC*E1%2a", ("FR*ABC*E1*",)),
        (b"/a+b", ("a+b",)),
    ],
)
def test_a_path_is_split_before_it_is_decoded(path, parts):
    assert segments(path) == parts


def test_a_path_that_is_no_text_is_refused():
    with pytest.raises(ValueError):
        segments(b"/%ff")


def test_a_location_header_may_be_relative():
    assert absolute("/ocpi/cdrs/1", "https://x.com/ocpi/cdrs") == "https://x.com/ocpi/cdrs/1"
    assert absolute("https://y.com/1", "https://x.com/ocpi/cdrs") == "https://y.com/1"


@pytest.mark.parametrize(
    ("url", "secure", "usable"),
    [
        ("https://x.com/a", True, True),
        ("http://x.com/a", False, True),
        ("x.com/a", False, False),
        ("https:///a", False, False),
        ("ftp://x.com", False, False),
    ],
)
def test_a_published_url_is_judged(url, secure, usable):
    assert is_secure(url) is secure
    assert is_usable(url) is usable
    assert not is_usable("https://x.com:port/")
