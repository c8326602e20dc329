"""Requests drawn from an OpenAPI document: as its schemas say, with names that mean something to the node."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.fuzz.damage import WORDS

TIMES = (
    "2026-03-14T12:00:00Z",
    "2020-01-01T00:00:00Z",
    "2030-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
)
PARTIES = ("CH*CCC", "CH*PPP", "DE*EEE", "DE*QQQ", "CH*HUB", "FR*XXX")
ROLES = tuple(f"{party}/{role}" for party in PARTIES for role in ("CPO", "EMSP", "HUB"))
MEANT: dict[str, tuple[Any, ...]] = {
    "party": (*PARTIES, *ROLES),
    "parties": ROLES,
    "cpos": ROLES,
    "emsp": (*PARTIES, *ROLES),
    "cpo": PARTIES,
    "owner": PARTIES,
    "id": ("L1", "T1", "S1", "C1", "1", "a0", "someone", "cards"),
    "name": ("someone", "Depot"),
    "location_id": ("L1", "L2"),
    "uid": ("E1", "1", "card1"),
    "evse_uid": ("E1", "1"),
    "connector_id": ("1",),
    "type": ("RFID", "APP_USER", "contract"),
    "verb": ("pause", "resume", "replay", "drain", "fly"),
    "lane": ("places", "tokens", "charges", "outcomes", "all"),
    "wait": (0, 0.01, -1, "nan", "inf", 1e308),
    "within": (0, 0.01, -1),
    "ids": (1, 2, 0, -1, 2**63, 2**64),
    "after": (0, 1, -1, 2**63, 2**64),
    "limit": (0, 1, 50, 1000, -1, 2**63),
    "country": ("CHE", "DEU"),
    "currency": ("CHF", "EUR", "XXX"),
    "time_zone": ("Europe/Zurich", "Mars/Olympus", "../etc/passwd", ""),
    "url": ("http://127.0.0.1:1/", "http://[::1", "https://127.0.0.1:1/x", "ftp://x", "", "http://"),
    "password": ("short", "long enough", None),
    "protocol": ("ocpi", "plain", "none"),
    "profile": ("spec", "gireve", "none"),
    "addresses": ("127.0.0.1", "10.0.0.0/8", "nowhere"),
    "partners": ("cpo", "cards", "nobody"),
    "card": ("card1", "RFID:card1", "DE-QQQ-C1"),
    "evse": ("E1", "CH*PPP*E1"),
}
_NAMED = {name: st.sampled_from(values) for name, values in MEANT.items()}
_WHEN = ("last_updated", "starts", "ends", "at", "from", "to", "since", "until", "starts_at")


class Drawer:
    """Makes strategies of the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]
        self._made: dict[str, st.SearchStrategy[Any]] = {}

    def value(self, schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:  # noqa: PLR0911  a table
        """Return what a schema allows; ``name`` is that of the field."""
        if name in _NAMED and schema.get("type") not in ("array", "object"):
            return _NAMED[name]
        if name in _WHEN:
            return st.sampled_from(TIMES)
        if "$ref" in schema:
            return self._component(schema["$ref"].rpartition("/")[2])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return st.one_of([self.value(one, name) for one in schema[word]])
        kind = schema.get("type", "")
        if isinstance(kind, list):
            return st.sampled_from([0, 1, 0.25, "12.3456789", "1e5", -1, "1e400", 1e300])
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return st.lists(self.value(schema.get("items") or {}, name), max_size=3)
        return {
            "integer": st.sampled_from([0, 1, 2, -1, 50, 2**31, 2**63, 2**64]),
            "number": st.sampled_from([0, 0.5, 1, -1, 1e300]),
            "boolean": st.booleans(),
            "null": st.none(),
        }.get(kind, st.one_of(st.sampled_from(["a", "x y", *WORDS]), st.text(max_size=8)))

    def _component(self, name: str) -> st.SearchStrategy[Any]:
        if name not in self._made:
            self._made[name] = st.deferred(lambda: self.value(self._schemas[name]))
        return self._made[name]

    def _object(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        fields = schema.get("properties", {})
        needed = set(schema.get("required", ()))
        if fields:
            made = {name: self.value(one, name) for name, one in fields.items()}
            return st.fixed_dictionaries(
                {name: one for name, one in made.items() if name in needed},
                optional={name: one for name, one in made.items() if name not in needed},
            )
        more = schema.get("additionalProperties") or {}
        return st.dictionaries(st.sampled_from(["locations", "encoding", "x", ""]), self.value(more), max_size=2)

    def path(self, path: str, parameters: list[dict[str, Any]]) -> st.SearchStrategy[bytes]:
        """Return paths with something in the place of each name."""
        names = [one["name"] for one in parameters if one["in"] == "path"]
        given = {name: _NAMED.get(name, st.sampled_from(["x", "1", "card1"])) for name in names}
        return st.fixed_dictionaries(given).map(
            lambda one: path.format(**{name: quote(str(value), safe="") for name, value in one.items()}).encode()
        )

    def query(self, parameters: list[dict[str, Any]]) -> st.SearchStrategy[bytes]:
        """Return queries with some of the parameters."""
        made = {one["name"]: self.value(one["schema"], one["name"]) for one in parameters if one["in"] == "query"}
        needed = {one["name"] for one in parameters if one.get("required")}
        return st.fixed_dictionaries(
            {name: one for name, one in made.items() if name in needed},
            optional={name: one for name, one in made.items() if name not in needed},
        ).map(lambda one: urlencode({name: _text(value) for name, value in one.items()}).encode())


def _text(value: object) -> bytes:
    return ("" if value is None else str(value)).encode("utf-8", "surrogatepass")
