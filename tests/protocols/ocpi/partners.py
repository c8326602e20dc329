"""A small OCPI platform of somebody else, on aiohttp: it registers, remembers what it is told and answers as told."""

import asyncio
import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Self

from aiohttp import ClientSession, web

BOTH = [
    ("locations", "SENDER"),
    ("locations", "RECEIVER"),
    ("tariffs", "SENDER"),
    ("tariffs", "RECEIVER"),
    ("tokens", "SENDER"),
    ("tokens", "RECEIVER"),
    ("sessions", "SENDER"),
    ("sessions", "RECEIVER"),
    ("cdrs", "SENDER"),
    ("cdrs", "RECEIVER"),
    ("commands", "SENDER"),
    ("commands", "RECEIVER"),
    ("chargingprofiles", "SENDER"),
    ("chargingprofiles", "RECEIVER"),
]


def basic(token: str) -> str:
    return "Token " + base64.b64encode(token.encode()).decode()


@dataclass
class Seen:
    """One request that came in."""

    method: str
    path: str
    query: dict
    headers: dict
    raw: bytes

    @property
    def body(self):
        return json.loads(self.raw) if self.raw else None

    @property
    def sender(self) -> str:
        return f"{self.headers.get('ocpi-from-country-code')}*{self.headers.get('ocpi-from-party-id')}"

    @property
    def receiver(self) -> str:
        return f"{self.headers.get('ocpi-to-country-code')}*{self.headers.get('ocpi-to-party-id')}"


@dataclass
class Peer:
    """Start it with ``async with``. ``answers`` holds what comes instead of 1000: (HTTP, status, data) by method."""

    roles: tuple[tuple[str, str, str], ...]
    endpoints: list = field(default_factory=lambda: list(BOTH))
    versions: tuple[str, ...] = ("2.1.1", "2.2.1", "9.9")
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    seen: list[Seen] = field(default_factory=list)
    answers: list = field(default_factory=list)
    """Functions of a request that return None or (HTTP, body); the first that says something is heard."""
    given: dict | None = None
    """The credentials that we gave it."""
    headers: dict = field(default_factory=dict)
    """Headers of those answers."""
    delay: float = 0.0
    """How long every answer takes."""
    calls_its_side: str = "RECEIVER"
    """The role that it lists its credentials under."""
    looks: bool = True
    """Whether it looks at our versions while our POST is open, as it must."""

    async def __aenter__(self) -> Self:
        self.news = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.answer)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        self.session = ClientSession()
        return self

    async def __aexit__(self, *_) -> None:
        await self.session.close()
        await self.runner.cleanup()

    @property
    def versions_url(self) -> str:
        return f"{self.url}/versions"

    # -- as a server -----------------------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.rel_url.raw_path, dict(request.query), headers, await request.read())
        self.seen.append(seen)
        await asyncio.sleep(self.delay)
        answer = await self.answer_to(seen, request)
        async with self.news:
            self.news.notify_all()
        return answer

    async def answer_to(self, seen: Seen, request: web.Request) -> web.Response:
        for said in self.answers:
            found = said(seen)
            if found is not None:
                status, body = found
                return web.Response(status=status, body=body, content_type="application/json", headers=self.headers)
        if request.path == "/versions":
            return self.ok([{"version": one, "url": f"{self.url}/v/{one}"} for one in self.versions])
        if request.path.startswith("/v/"):
            listed = [{"identifier": "credentials", "role": self.calls_its_side, "url": f"{self.url}/credentials"}]
            listed += [
                {"identifier": name, "role": role, "url": f"{self.url}/{role.lower()}/{name}"}
                for name, role in self.endpoints
            ]
            return self.ok({"version": request.path.rpartition("/")[2], "endpoints": listed})
        if request.path == "/credentials":
            return await self.exchange(seen)
        return self.ok(None)

    async def exchange(self, seen: Seen) -> web.Response:
        if seen.method == "DELETE":
            self.given = None
            return self.ok(None)
        given = seen.body
        if self.looks:
            versions = await self.get(given["url"], given["token"])
            details = await self.get(versions["data"][-1]["url"], given["token"])
            self.details = details["data"]
        self.given = given
        self.token = uuid.uuid4().hex
        return self.ok(self.credentials())

    def credentials(self) -> dict:
        roles = [
            {"role": role, "party_id": code, "country_code": country, "business_details": {"name": "Peer"}}
            for country, code, role in self.roles
        ]
        return {"token": self.token, "url": self.versions_url, "roles": roles}

    @staticmethod
    def ok(data) -> web.Response:
        body = {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"}
        return web.json_response(body if data is None else {**body, "data": data})

    def told(self, *methods: str) -> list[Seen]:
        """What came besides registering."""
        return [
            one
            for one in self.seen
            if (not methods or one.method in methods) and one.path.startswith(("/receiver", "/sender", "/callback"))
        ]

    async def until(self, met) -> None:
        """Wait for what came to be enough."""
        async with asyncio.timeout(8), self.news:
            await self.news.wait_for(met)

    # -- as a client -----------------------------------------------------------------------------------------------

    async def get(self, url: str, token: str):
        async with self.session.get(url, headers={"Authorization": basic(token)}) as answer:
            return await answer.json()

    async def call(self, method: str, url: str, token: str, body=None, **headers):
        """Call; returns HTTP status and envelope."""
        shown = {"Authorization": basic(token), **headers}
        async with self.session.request(method, url, headers=shown, json=body) as answer:
            return answer.status, await answer.json()

    async def post_credentials(self, node_url: str, token: str, method: str = "POST"):
        """Register with a node, or change the registration."""
        self.token = uuid.uuid4().hex
        url = f"{node_url}/ocpi/2.2.1/credentials"
        status, answer = await self.call(method, url, token, self.credentials())
        if answer.get("status_code") == 1000:
            self.given = answer["data"]
        return status, answer


def says(method: str, part: str, http: int, status: int | None, data=None):
    """Return an answer to requests of this method whose path holds ``part``; without status no OCPI."""

    def answer(seen: Seen):
        if seen.method != method or part not in seen.path:
            return None
        if status is None:
            return http, b"<html>no</html>"
        body = {"status_code": status, "status_message": "as told", "timestamp": "2026-01-01T00:00:00Z"}
        return http, json.dumps(body if data is None else {**body, "data": data}).encode()

    return answer
