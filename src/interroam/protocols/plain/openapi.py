"""The routes of this API as tables, and the OpenAPI document written from them.

The server dispatches by the very table that the document lists, so the two cannot diverge.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec

from interroam.model.errors import Reason, Refused
from interroam.protocols.plain.rules import ID_LENGTH, STATUS
from interroam.protocols.plain.wire import Failure
from interroam.protocols.plain.wire.misread import Misread

MEDIA = "application/json"
_PARAMETER = re.compile(r"^\{(\w+)\}$")
_OPENAPI = "3.1.0"
_SCHEMA = "#/components/schemas/{name}"
_ALWAYS = (Reason.OVERLOADED, Reason.FAILED)
_KNOWN_ONLY = (Reason.UNAUTHENTICATED, Reason.FORBIDDEN)
_Pattern: TypeAlias = tuple[tuple[str, str], ...]
"""For each segment the name it is given under, or none and what must stand there."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One way into the API: what comes in, what goes out, what may be wrong, and who answers."""

    method: str
    path: str
    """Below the base of its table; ``{name}`` stands for one segment."""
    run: Callable[[Any], Awaitable[Any]]
    """Answers a call: with a struct to be written as JSON, or with an answer of ``net.http`` as it is."""
    summary: str
    name: str
    """The operationId: unique over all tables."""
    tag: str = ""
    query: type[msgspec.Struct] | None = None
    body: Any = None
    """The type of the request's body; None: there is none."""
    body_media: str = MEDIA
    answer: Any = None
    """The type of the answer's body; None: there is none."""
    answer_media: str = MEDIA
    status: int = 200
    errors: tuple[Reason, ...] = ()
    """Besides those that every route has."""
    open: bool = False
    """Answers anybody."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, cut at its slashes."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the path leaves open."""
        return tuple(match[1] for part in self.segments if (match := _PARAMETER.match(part)))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Everything that may be wrong with a call."""
        found = [*_ALWAYS, *self.errors]
        if not self.open:
            found += _KNOWN_ONLY
        if self.body is not None:
            found += (Reason.NOT_JSON, Reason.TOO_LARGE, Reason.MALFORMED)
        if self.query is not None or self.parameters:
            found.append(Reason.MALFORMED)
        return tuple(dict.fromkeys(found))


class Table:
    """The routes below one base path, and which of them a request means."""

    def __init__(self, base: str, routes: Iterable[Route]) -> None:
        self.base = base
        self.routes = tuple(routes)
        self._depth = base.count("/")
        self._by_shape: dict[tuple[int, str], list[tuple[Route, _Pattern]]] = {}
        for route in self.routes:
            parts = route.segments
            pattern = tuple((match[1] if (match := _PARAMETER.match(part)) else "", part) for part in parts)
            self._by_shape.setdefault((len(parts), parts[0]), []).append((route, pattern))

    def match(self, method: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """Return the route meant and what its path leaves open; Refused when there is none."""
        segments = [_decoded(part) for part in raw_path.rstrip(b"/").split(b"/")[1 + self._depth :]]
        allowed: list[str] = []
        for route, pattern in self._by_shape.get((len(segments), segments[0]), ()) if segments else ():
            given = _given(pattern, segments)
            if given is None:
                continue
            if route.method == method:
                return route, given
            allowed.append(route.method)
        if allowed:
            methods = ", ".join(sorted(set(allowed)))
            raise Refused(Reason.NOT_OFFERED, f"{method} is not offered here", remedy=f"use {methods}", code=methods)
        raise Refused(Reason.UNKNOWN_OBJECT, "nothing answers at this path", remedy="see openapi.json")


def document(
    tables: Sequence[Table],
    *,
    title: str,
    version: str,
    description: str,
    webhooks: dict[str, Any],
    more: Sequence[Any] = (),
) -> bytes:
    """Write the OpenAPI document of these tables; ``webhooks`` maps names to (summary, body type, answer type)."""
    routes = [(table.base, route) for table in tables for route in table.routes]
    types: list[Any] = [Failure, *more]
    for _, route in routes:
        types += [one for one in (route.query, route.body, route.answer) if one is not None]
    for _, body, answer in webhooks.values():
        types += [one for one in (body, answer) if one is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_SCHEMA)
    of = _Schemas(dict(zip(map(id, types), schemas, strict=True)), components)
    paths: dict[str, Any] = {}
    for base, route in routes:
        paths.setdefault(base + route.path, {})[route.method.lower()] = _operation(route, of)
    queries = {route.query.__name__ for _, route in routes if route.query is not None}
    written = {
        "openapi": _OPENAPI,
        "info": {"title": title, "version": version, "description": description},
        "security": [{"token": []}],
        "paths": paths,
        "webhooks": {name: {"post": _webhook(name, one, of)} for name, one in webhooks.items()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: one for name, one in components.items() if name not in queries},
        },
    }
    return msgspec.json.format(msgspec.json.encode(_numbers(written)), indent=1)


class _Schemas:
    """The schema of each type used, and the components they refer to."""

    def __init__(self, schemas: dict[int, Any], components: dict[str, Any]) -> None:
        self._schemas = schemas
        self.components = components

    def of(self, kind: Any) -> Any:
        return self._schemas[id(kind)]

    def content(self, kind: Any, media: str = MEDIA) -> Any:
        return {media: {"schema": self.of(kind)}}

    def fields(self, kind: type[msgspec.Struct]) -> tuple[dict[str, Any], list[str]]:
        component = self.components[self.of(kind)["$ref"].rpartition("/")[2]]
        return component["properties"], component.get("required", [])


def _operation(route: Route, of: _Schemas) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.parameters
    ]
    if route.query is not None:
        properties, required = of.fields(route.query)
        for name, schema in properties.items():
            parameters.append({"name": name, "in": "query", "required": name in required, "schema": schema})
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if route.tag:
        operation["tags"] = [route.tag]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": of.content(route.body, route.body_media)}
    if route.open:
        operation["security"] = []
    operation["responses"] = _responses(route, of)
    return operation


def _responses(route: Route, of: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "done"}
    if route.answer is not None:
        good["content"] = of.content(route.answer, route.answer_media)
    by_status: dict[int, list[str]] = {}
    for reason in route.reasons:
        by_status.setdefault(STATUS[reason], []).append(reason.value)
    responses = {str(route.status): good}
    for status in sorted(by_status):
        responses[str(status)] = {"description": ", ".join(by_status[status]), "content": of.content(Failure)}
    return responses


def _webhook(name: str, described: Any, of: _Schemas) -> dict[str, Any]:
    summary, body, answer = described
    good: dict[str, Any] = {"description": "taken"}
    if answer is not None:
        good["content"] = of.content(answer)
    signature = {"name": "Interroam-Signature", "in": "header", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [signature],
        "requestBody": {"required": True, "content": of.content(body)},
        "responses": {"200": good},
    }


def _numbers(schema: Any) -> Any:
    """Say of decimals what we do with them: written as numbers, read as numbers or text, exactly."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {**schema, "type": ["number", "string"]}
        return {name: _numbers(one) for name, one in schema.items()}
    return [_numbers(one) for one in schema] if isinstance(schema, list | tuple) else schema


def _given(pattern: _Pattern, segments: list[str]) -> dict[str, str] | None:
    given: dict[str, str] = {}
    for (name, wanted), segment in zip(pattern, segments, strict=True):
        if name:
            given[name] = segment
        elif wanted != segment:
            return None
    return given if all(given.values()) else None


def _decoded(segment: bytes) -> str:
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise Misread("path", "the path is not UTF-8") from None
    if len(text) > ID_LENGTH or not text.isprintable():
        raise Misread("path", f"an id has at most {ID_LENGTH} printable characters")
    return text
