from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.protocols.ocpi.rules.paging import (
    BadParameter,
    Cursor,
    Page,
    open_cursor,
    page_headers,
    read_page,
    seal_cursor,
)

URL = "https://hub.example/ocpi/2.2.1/locations"
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
COUNTS = st.integers(0, 2**63 - 1)


def link(headers: dict[str, str]) -> str | None:
    written = headers.get("Link")
    if written is None:
        return None
    assert written.startswith("<https://")
    assert written.endswith('>; rel="next"')
    return written[1 : written.index(">")]


@pytest.mark.statement("OCPI-44", "OCPI-46")
@pytest.mark.parametrize(
    ("module", "most"), [("locations", 100), ("tokens", 1000), ("cdrs", 20), ("tariffs", 100), ("sessions", 100)]
)
def test_a_list_without_parameters_is_a_page_of_the_modules_maximum(module, most):
    assert read_page(b"", module) == Page(limit=most)


@pytest.mark.statement("OCPI-47")
@pytest.mark.parametrize(("limit", "applied"), [(1, 1), (99, 99), (100, 100), (101, 100), (2**63 - 1, 100)])
def test_a_limit_above_the_maximum_becomes_the_maximum(limit, applied):
    assert read_page(b"limit=%d" % limit, "locations").limit == applied
    assert read_page(b"limit=%d" % limit, "locations", maximum=20).limit == min(applied, 20)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"limit=0", "limit"),
        (b"limit=-1", "limit"),
        (b"limit=ten", "limit"),
        (b"limit=1.5", "limit"),
        ("limit=²".encode(), "query"),
        (b"offset=-1", "offset"),
        (b"offset=99999999999999999999", "offset"),
        (b"offset=" + b"9" * 5000, "offset"),
        (b"date_from=yesterday", "date_from"),
        (b"date_to=2025-13-01T00:00:00Z", "date_to"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(query, name):
    with pytest.raises(BadParameter) as refused:
        read_page(query, "locations")
    assert refused.value.name == name


@pytest.mark.parametrize(
    "written",
    [
        b"2025-01-01T12:00:00Z",
        b"2025-01-01T12%3A00%3A00Z",
        b"2025-01-01T12:00:00",
        b"2025-01-01T12:00:00.000Z",
        b"2025-01-01T14:00:00%2B02:00",
        b"2025-01-01T14:00:00+02:00",
    ],
)
def test_dates_are_read_as_utc(written):
    assert read_page(b"date_from=" + written + b"&date_to=", "cdrs").date_from == NOON


def test_a_list_of_sessions_needs_date_from():
    with pytest.raises(BadParameter, match="date_from"):
        read_page(b"limit=5", "sessions", need_date_from=True)
    assert read_page(b"date_from=2025-01-01T12:00:00Z", "sessions", need_date_from=True).date_from == NOON


@pytest.mark.statement("OCPI-49")
def test_the_link_repeats_all_filters_and_the_applied_limit_and_grows_the_offset():
    page = read_page(
        b"date_from=2025-01-01T12:00:00Z&date_to=2025-02-01T00:00:00.5Z&limit=500&offset=40&x=%26", "locations"
    )
    url = link(page_headers(page, total=400, given=100, url=URL, after=77))
    assert url is not None
    assert url.startswith(URL + "?")
    query = dict(parse_qsl(urlsplit(url).query))
    assert query.pop("cursor") == seal_cursor(Cursor(77, 400), 140)
    assert query == {
        "date_from": "2025-01-01T12:00:00Z",
        "date_to": "2025-02-01T00:00:00.500Z",
        "limit": "100",
        "offset": "140",
        "x": "&",
    }


@pytest.mark.statement("OCPI-48", "OCPI-49")
def test_a_crawl_ends_on_the_page_without_a_link_and_every_page_names_its_limit():
    query, seen = b"limit=10", []
    while True:
        page = read_page(query, "locations")
        given = min(page.limit, 25 - page.offset)
        headers = page_headers(page, total=25, given=given, url=URL, after=page.offset + given)
        assert (headers["X-Limit"], headers["X-Total-Count"]) == ("10", "25")
        assert page.cursor is None if not seen else page.cursor == Cursor(page.offset, 25)
        seen.append(page.offset)
        url = link(headers)
        if url is None:
            break
        query = urlsplit(url).query.encode()
    assert seen == [0, 10, 20]


def test_a_last_full_page_has_no_link():
    assert "Link" not in page_headers(Page(limit=10, offset=10), total=20, given=10, url=URL)
    assert "Link" not in page_headers(Page(limit=10, offset=50), total=20, given=0, url=URL)


@given(COUNTS, COUNTS, COUNTS)
def test_a_cursor_reads_back(after, total, offset):
    assert open_cursor(seal_cursor(Cursor(after, total), offset), offset) == Cursor(after, total)


@given(st.text(max_size=40) | st.binary(max_size=30).map(lambda raw: raw.hex()))
def test_what_is_no_cursor_of_ours_leaves_the_plain_offset(text):
    assert open_cursor(text, 10) is None


@given(st.integers(0, 19), st.integers(1, 255), st.integers(1, 1000))
def test_an_altered_or_moved_cursor_leaves_the_plain_offset(place, flip, shift):
    import base64

    sealed = seal_cursor(Cursor(12, 345), 100)
    body = bytearray(base64.urlsafe_b64decode(sealed + "=="))
    body[place] ^= flip
    altered = base64.urlsafe_b64encode(bytes(body)).decode().rstrip("=")
    assert read_page(f"offset=100&cursor={altered}".encode(), "cdrs") == Page(limit=20, offset=100)
    assert open_cursor(sealed, 100 + shift) is None
