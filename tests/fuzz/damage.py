"""What partners send by mistake or on purpose: good messages with something wrong in them."""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

Headers = tuple[tuple[bytes, bytes], ...]


class Call(NamedTuple):
    """A request as it goes over the wire, head and body apart."""

    name: str
    method: str
    path: bytes
    query: bytes
    headers: Headers
    body: bytes
    whole: bool = True
    """Whether method and path still are those of a route."""


DEPTH = 3_000
_HUGE = "9" * 400
WORDS = (
    "", " ", "\x00", "\ud800", "é", "😀", "a" * 300, "../..", "%00", "null", "-1", "0", "1e999", "NaN", "Infinity",
    "2026-03-14T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z",
    "2026-03-14T12:00:00", "2026-03-14", "http://127.0.0.1:1/", "http://[::1", "http://127.0.0.1:99999/", "ftp://x",
    "CH", "CCC", "CH*CCC", "DE*EEE/EMSP", "DEU", "$$", "İ", "ß", "E1", "L1", "T1", "S1", "RFID", "REMOVED",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1.5,
            -0.0,
            1e308,
            5e-324,
            2**31,
            2**53 + 1,
            2**63,
            2**64,
            10**40,
            [],
            {},
            [[]],
            {"": ""},
        ]
    ),
    st.text(max_size=12),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
_RAW = {
    "<deep list>": "[" * DEPTH + "]" * DEPTH,
    "<deep object>": '{"a":' * DEPTH + "1" + "}" * DEPTH,
    "<huge number>": _HUGE,
    "<huge fraction>": "0." + _HUGE,
    "<huge exponent>": "1e999999999",
    "<tiny exponent>": "1e-999999999",
    "<not a number>": "NaN",
    "<lone surrogate>": '"\\ud800"',
    "<null character>": '"a\\u0000b"',
}
"""What `json.dumps` cannot write, by the text that is put in its place."""
BYTES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"{}{}",
    b'"',
    b"\x00",
    b"\xef\xbb\xbf{}",
    b'{"a":"\xff"}',
    b" " * 70_000,
)


def written(value: Any) -> bytes:
    """Write JSON, with texts that stand for what only a broken writer writes."""
    text = json.dumps(value)
    for name, raw in _RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text.encode("utf-8", "surrogatepass")


def _places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [above]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += _places(inner, (*above, key))
    return found


@st.composite
def json_of(draw: st.DrawFn, good: Any) -> Any:
    """A value with one place changed: dropped, replaced, renamed, repeated or doubled."""
    value = copy.deepcopy(good)
    place = draw(st.sampled_from(_places(value)))
    if not place:
        return draw(st.one_of(VALUES, st.sampled_from(sorted(_RAW)), st.just([value]), st.just({"a": value})))
    *above, last = place
    inside = value
    for key in above:
        inside = inside[key]
    how = draw(st.sampled_from(["replace", "replace", "drop", "rename", "raw", "wrap", "repeat"]))
    if how == "replace":
        inside[last] = draw(VALUES)
    elif how == "drop":
        del inside[last]
    elif how == "rename" and isinstance(inside, dict):
        inside[draw(st.sampled_from(["x", "", last.upper(), "😀", "last_updated", "evses", "id"]))] = inside.pop(last)
    elif how == "raw":
        inside[last] = draw(st.sampled_from(sorted(_RAW)))
    elif how == "wrap":
        inside[last] = draw(st.sampled_from([[inside[last]], {"value": inside[last]}]))
    else:
        inside[last] = [inside[last]] * draw(st.sampled_from([2, 40]))
    return value


@st.composite
def bytes_of(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes cut off, with foreign ones among them, or quite others."""
    how = draw(st.sampled_from(["cut", "insert", "other"]))
    at = draw(st.integers(0, len(good)))
    if how == "cut":
        return good[:at]
    if how == "insert":
        return (
            good[:at] + draw(st.sampled_from([b"\x00", b"\xff", b"\xc0\x80", b"{", b",", b"\xed\xa0\x80"])) + good[at:]
        )
    return draw(st.one_of(st.sampled_from(BYTES), st.binary(max_size=40)))


SEGMENTS = (
    b"", b"%", b"%2", b"%zz", b"%00", b"%2F", b"%2f..", b"%FF", b"%C0%80", b"%ED%A0%80", b"..", b".", b"%2e%2e",
    b"a" * 300, b"%F0%9F%98%80", b"a%20b", b"+", b";x=1", b"CH", b"ch", b"FF", b"CCC", b"EEE", b"L1", b"l1", b"E1",
    b"S1", b"%C4%B0",
    b"\xc3\xa9", b"\xff", b"*", b"0", b"-1", b"x%0d%0ay",
)  # fmt: skip


@st.composite
def path_of(draw: st.DrawFn, good: bytes) -> bytes:
    """A path with one segment changed, dropped, added or encoded."""
    parts = good.split(b"/")[1:]
    at = draw(st.integers(0, len(parts) - 1))
    how = draw(st.sampled_from(["replace", "replace", "drop", "add", "encode", "slash"]))
    if how == "replace":
        parts[at] = draw(st.sampled_from(SEGMENTS))
    elif how == "drop":
        del parts[at]
    elif how == "add":
        parts.insert(at, draw(st.sampled_from(SEGMENTS)))
    elif how == "encode":
        parts[at] = b"".join(b"%%%02X" % one for one in parts[at])
    else:
        parts.append(b"")
    return b"/" + b"/".join(parts)


ODD = (
    b"",
    b" ",
    b"\xff\xfe",
    b"a" * 5_000,
    b"a" * 20_000,
    b"*",
    b"CH",
    b"ccc",
    b"FFF",
    b"$$",
    b"\x80",
    b"\t",
    b"0",
    b'"',
)


@st.composite
def headers_of(draw: st.DrawFn, good: Headers, foreign: tuple[bytes, ...]) -> Headers:
    """Headers with one dropped, changed, repeated or added."""
    fields = list(good) or [(b"accept", b"*/*")]
    at = draw(st.integers(0, len(fields) - 1))
    how = draw(st.sampled_from(["drop", "change", "repeat", "foreign", "add"]))
    name, value = fields[at]
    if how == "drop":
        del fields[at]
    elif how == "change":
        fields[at] = (name, draw(st.sampled_from(ODD)))
    elif how == "repeat":
        fields.append((name, draw(st.sampled_from((value, b"CH", b"EEE", b"")))))
    elif how == "foreign":
        fields = [(key, old) for key, old in fields if key != b"authorization"]
        fields.append((b"authorization", draw(st.sampled_from(foreign))))
    else:
        more = draw(
            st.sampled_from([b"content-type", b"accept", b"x-odd", b"ocpi-to-country-code", b"expect", b"range"])
        )
        fields.append((more, draw(st.sampled_from(ODD))))
    return tuple(fields)


@st.composite
def query_of(draw: st.DrawFn, good: bytes) -> bytes:
    """A query with parameters that mean something somewhere, and values that mostly do not."""
    names = (
        b"offset",
        b"limit",
        b"duration",
        b"response_url",
        b"role",
        b"date_from",
        b"date_to",
        b"type",
        b"after",
        b"from",
        b"to",
        b"wait",
        b"cursor",
        b"x",
    )
    values = (
        b"", b"0", b"1", b"-1", b"99999999999999999999", b"1e3", b"nan", b"%00", b"%ff", b"%zz", b"RFID", b"a" * 300,
        b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:00+01:00", b"0001-01-01T00:00:00%2B14:00",
        b"9999-12-31T23:59:59-12:00", b"http%3A%2F%2F127.0.0.1%3A1%2F", b"CPO",
    )  # fmt: skip
    pair = st.tuples(st.sampled_from(names), st.sampled_from(values))
    added = [b"=".join(one) for one in draw(st.lists(pair, max_size=3))]
    return b"&".join([good, *added] if good else added)


METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND")


@st.composite
def damaged(draw: st.DrawFn, good: Call, value: Any, foreign: tuple[bytes, ...]) -> Call:
    """A good call with nothing, one or several things wrong."""
    call = good
    for how in draw(
        st.lists(st.sampled_from(["json", "json", "json", "bytes", "path", "headers", "query", "method"]), max_size=3)
    ):
        if how == "json" and value is not None:
            value = draw(json_of(value)) if isinstance(value, dict | list) else value
            call = call._replace(body=written(value))
        elif how == "bytes":
            call = call._replace(body=draw(bytes_of(call.body)))
        elif how == "path":
            call = call._replace(path=draw(path_of(call.path)), whole=False)
        elif how == "headers":
            call = call._replace(headers=draw(headers_of(call.headers, foreign)))
        elif how == "query":
            call = call._replace(query=draw(query_of(call.query)))
        elif how == "method":
            call = call._replace(method=draw(st.sampled_from(METHODS)), whole=False)
    return call
