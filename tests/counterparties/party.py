"""A CPO or an eMSP on the library extrawest-ocpi: its server answers, the application behind it is this file.

Runs as a process of its own, in the library's own environment: ``python party.py CPO|EMSP FD``. The library is used as
it comes, through its CRUD, authenticator and dependencies. What it does not do is done here, as any application on it
would have to:

- it has no client for registering, and its push joins URLs without a slash and sends no routing headers: calls to the
  other side are made here with httpx;
- its command results carry no routing headers, so a hub refuses them: the result is posted here as well;
- a CPO's version details do not list the commands module it serves: added by overriding its dependency;
- answers that are one object (authorize, commands) are wrapped in a list: ``Unwrapped`` takes them out;
- ids are written in lower case unless it is told otherwise (``CI_STRING_LOWERCASE_PREFERENCE``);
- ``CdrLocation`` has no ``evse_uid``, so it is lost in a CDR that was received.
"""

import asyncio
import base64
import json
import os
import socket
import sys
import uuid

import httpx
import uvicorn
from fastapi import Request
from py_ocpi import get_application
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.config import settings
from py_ocpi.core.crud import Crud
from py_ocpi.core.data_types import URL
from py_ocpi.core.dependencies import get_endpoints
from py_ocpi.core.endpoints import ENDPOINTS
from py_ocpi.core.enums import Action, ModuleID, RoleEnum
from py_ocpi.modules.versions.enums import VersionNumber
from py_ocpi.modules.versions.v_2_2_1.enums import InterfaceRole
from py_ocpi.modules.versions.v_2_2_1.schemas import Endpoint

ROLE = RoleEnum(sys.argv[1])
BASE = f"{settings.PROTOCOL}://{settings.OCPI_HOST}"
VERSION = VersionNumber.v_2_2_1
HUB = ("FR", "107")


MODULES = [
    ModuleID.credentials_and_registration,
    ModuleID.locations,
    ModuleID.tariffs,
    ModuleID.tokens,
    ModuleID.sessions,
    ModuleID.cdrs,
    ModuleID.commands,
]


class _Memory:
    """Everything the party knows."""

    def __init__(self):
        self.invitations = {os.environ["INVITATION"]} if "INVITATION" in os.environ else set()
        self.accepted = set()
        self.token_out = ""
        self.endpoints = []
        self.objects = {}
        self.heard = []
        self.tasks = []


memory = _Memory()


def own_credentials(token):
    """Who we are, for one who is to use this token."""
    role = {"role": ROLE.value, "country_code": settings.COUNTRY_CODE, "party_id": settings.PARTY_ID}
    role["business_details"] = {"name": f"A {ROLE.value} on extrawest-ocpi"}
    return {"token": token, "url": f"{BASE}/ocpi/versions", "roles": [role]}


def accept():
    """Make the token with which the other side may call from now on."""
    token = uuid.uuid4().hex
    memory.accepted = {token}
    return token


def objects(module):
    return memory.objects.setdefault(ModuleID(module).value, {})


def key_of(data):
    return (data.get("id") or data["uid"]).upper()


class Application(Crud):
    """What the library asks its application for."""

    @classmethod
    async def get(cls, module, role, id, *args, **kwargs):
        if module is ModuleID.credentials_and_registration:
            return own_credentials(kwargs["auth_token"])
        if module is ModuleID.commands:
            return {"result": "ACCEPTED"}  # the station took it
        return objects(module).get(str(id).upper())

    @classmethod
    async def list(cls, module, role, filters, *args, **kwargs):
        known, first = list(objects(module).values()), filters["offset"]
        last = first + filters["limit"]
        return known[first:last], len(known), last >= len(known)

    @classmethod
    async def create(cls, module, role, data, *args, **kwargs):
        if module is ModuleID.credentials_and_registration:
            memory.token_out = data["credentials"]["token"]
            memory.endpoints = data["endpoints"]["endpoints"]
            memory.invitations.clear()
            return own_credentials(accept())
        return cls.keep(module, data)

    @classmethod
    async def update(cls, module, role, data, id, *args, **kwargs):
        if module is ModuleID.commands:
            memory.heard.append({"outcome": data, "of": id})
            return data
        return cls.keep(module, data)

    @classmethod
    async def delete(cls, module, role, id, *args, **kwargs):
        memory.accepted.clear()

    @classmethod
    async def do(cls, module, role, action, *args, data=None, **kwargs):
        if action is Action.get_client_token:
            return memory.token_out
        if action is Action.send_command:
            memory.heard.append({"command": kwargs["command"].value, **args[0]})
            memory.tasks.append(asyncio.create_task(post_result(args[0]["response_url"])))
            return {"result": "ACCEPTED", "timeout": 30}
        if action is Action.authorize_token:
            memory.heard.append({"authorize": data})
            token = objects(ModuleID.tokens)[data["token_uid"].upper()]
            where = data["location_reference"]
            return {"allowed": "ALLOWED", "token": token, "location": where, "authorization_reference": "REF-1"}
        return None

    @classmethod
    def keep(cls, module, data):
        objects(module)[key_of(data)] = data
        memory.heard.append({"object": module.value, "id": key_of(data)})
        return data


class Tokens(Authenticator):
    """Who may call us."""

    @classmethod
    async def get_valid_token_c(cls):
        return list(memory.accepted)

    @classmethod
    async def get_valid_token_a(cls):
        return list(memory.invitations)


class Unwrapped:
    """ASGI around the library: an answer that is one object leaves as one object."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path.endswith("/authorize") or "/cpo/2.2.1/commands/" in path):
            await self.app(scope, receive, send)
            return
        start, body = {}, b""

        async def collect(message):
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                answer = json.loads(body)
                if isinstance(answer.get("data"), list) and len(answer["data"]) == 1:
                    answer["data"] = answer["data"][0]
                body = json.dumps(answer).encode()
                kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                start["headers"] = [*kept, (b"content-length", b"%d" % len(body))]
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, collect)


app = get_application(
    version_numbers=[VERSION],
    roles=[ROLE],
    crud=Application,
    modules=MODULES,
    authenticator=Tokens,
)
if ROLE is RoleEnum.cpo:
    served = [one for module, one in ENDPOINTS[VERSION][ROLE].items() if module in MODULES]
    commands = URL(f"{BASE}/ocpi/cpo/2.2.1/commands/")
    served.append(Endpoint(identifier=ModuleID.commands, role=InterfaceRole.receiver, url=commands))
    app.dependency_overrides[get_endpoints] = lambda: {VERSION: served}


# -- the application's own door, for the test --------------------------------------------------------------------------


def headers(token, to=None):
    shown = base64.b64encode(token.encode()).decode()
    made = {"Authorization": f"Token {shown}"}
    made |= {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
    if to is not None:
        made |= {"OCPI-from-country-code": settings.COUNTRY_CODE, "OCPI-from-party-id": settings.PARTY_ID}
        made |= {"OCPI-to-country-code": to[0], "OCPI-to-party-id": to[1]}
    return made


async def post_result(url):
    """Tell what became of a command, as the library does but with all headers."""
    async with httpx.AsyncClient() as client:
        await client.post(url, json={"result": "ACCEPTED"}, headers=headers(memory.token_out, HUB))


@app.post("/app/register")
async def register(request: Request):
    """Register with a platform, with the token it gave us."""
    given = await request.json()
    async with httpx.AsyncClient() as client:
        versions = (await client.get(given["url"], headers=headers(given["token"]))).json()["data"]
        chosen = next(one["url"] for one in versions if one["version"] == "2.2.1")
        memory.endpoints = (await client.get(chosen, headers=headers(given["token"]))).json()["data"]["endpoints"]
        url = next(one["url"] for one in memory.endpoints if one["identifier"] == "credentials")
        ours = own_credentials(accept())
        answer = await client.post(url, json=ours, headers=headers(given["token"]))
        memory.token_out = answer.json()["data"]["token"]
    return {"status": answer.status_code, "body": answer.json()}


@app.post("/app/call")
async def call(request: Request):
    """Call the other side: module and its role, what follows in the path, a body."""
    given = await request.json()
    url = next(
        one["url"]
        for one in memory.endpoints
        if one["identifier"] == given["module"] and one["role"] == given["interface"]
    )
    target = "/".join([url.rstrip("/"), *given["path"]])
    if given["keep"]:
        await Application.create(ModuleID(given["module"]), ROLE, given["body"])
    async with httpx.AsyncClient() as client:
        shown = headers(memory.token_out, given["to"] or HUB)
        answer = await client.request(given["method"], target, json=given["body"], headers=shown)
    return {"status": answer.status_code, "body": answer.json()}


@app.get("/app/memory")
async def show():
    """What we know and what we heard."""
    return {"objects": memory.objects, "heard": memory.heard}


if __name__ == "__main__":
    taken = socket.socket(fileno=int(sys.argv[2]))
    uvicorn.Server(uvicorn.Config(Unwrapped(app), lifespan="off", log_level="warning")).run(sockets=[taken])
