"""A partner of eMIP that shares no code with the node: it records what it is asked, answers by a script, and calls.

    async with Partner("FR*P01", "FR*C01") as cpo:
        cpo.answers["eMIP_FromIOP_SetServiceAuthorisation"] = {"partnerServiceSessionId": "s-1", "requestStatus": 1}
        answer = await cpo.call(node.url, "eMIP_ToIOP_HeartBeat")
        assert answer.fields["requestStatus"] == "1"

A script may be fields (a dict, or a list of pairs where names repeat), ``Fault``, ``Http``, ``Silence``, a function of
the request that returns one of them, or a list of these, which is worked off until its last one stays.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from tests.waiting import eventually

SOAP = "http://www.w3.org/2003/05/soap-envelope"
PLATFORM = "https://api-iop.gireve.com/schemas/PlatformV1/"
AUTHORISATION = "https://api-iop.gireve.com/schemas/AuthorisationV1/"
DYNAMIC = "https://api-iop.gireve.com/schemas/EVCIDynamicV1/"
NAMESPACES = {
    "HeartBeat": PLATFORM,
    "SetEVSEAvailabilityStatus": DYNAMIC,
    "SetEVSEBusyStatus": DYNAMIC,
    "SetEVSESyntheticStatus": DYNAMIC,
    "SetChargingPoolAvailabilityStatus": DYNAMIC,
    "SetChargingStationAvailabilityStatus": DYNAMIC,
    "SetChargingConnectorAvailabilityStatus": DYNAMIC,
    "SetAuthenticationData": "https://api-iop.gireve.com/schemas/AuthenticationDataV1/",
    "GetAuthenticationData": "https://api-iop.gireve.com/schemas/AuthenticationDataV1/",
    "SearchEVSE": "https://api-iop.gireve.com/schemas/ChargeSpotFinderV1/",
    "SetChargingPoolStaticData": "https://api-iop.gireve.com/schemas/EVCIStaticV1/",
    "SetChargingStationStaticData": "https://api-iop.gireve.com/schemas/EVCIStaticV1/",
    "SetEVSEStaticData": "https://api-iop.gireve.com/schemas/EVCIStaticV1/",
    "SetChargingConnectorStaticData": "https://api-iop.gireve.com/schemas/EVCIStaticV1/",
}
DOWNLOAD = "https://api-iop.gireve.com/schemas/EVCIDataDownloadV1/"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"


@dataclass
class Fault:
    """A SOAP fault."""

    code: str = "INTERNAL_ERROR"
    cause: str = "UNEXPECTED_ERROR"
    http: int = 500
    soap: str = "Receiver"


@dataclass
class Http:
    """An HTTP answer that is none of eMIP."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Silence:
    """No answer for so long, then the connection ends."""

    seconds: float = 30.0


@dataclass
class Slow:
    """An answer that takes its time."""

    seconds: float
    then: Any


@dataclass
class Asked:
    """A request that came."""

    name: str
    """Local name of the body's child, without ``Request``."""
    fields: dict[str, Any]
    """Its children; those with children of their own as dicts, repeated ones as lists."""
    raw: bytes
    path: str
    headers: dict[str, str]
    certificate: dict[str, Any] | None = None


@dataclass
class Answer:
    """What the node answered."""

    http: int
    name: str
    fields: dict[str, Any]
    raw: bytes
    headers: dict[str, str]

    @property
    def status(self) -> int:
        return int(self.fields["requestStatus"])

    @property
    def fault(self) -> tuple[str, str] | None:
        """Fault code and exception code; None when it is no fault."""
        if self.name != "Fault":
            return None
        detail = self.fields["Detail"]["iopFault"]
        return detail["faultCode"], detail["exceptionCode"]


class Partner:
    """Starts a server; ``url`` is where it is."""

    def __init__(
        self,
        partner_id: str = "FR*P01",
        operator: str = "FR*C01",
        *,
        tls: ssl.SSLContext | None = None,
        shows: ssl.SSLContext | None = None,
        iop: bool = False,
    ) -> None:
        self.partner_id = partner_id
        self.operator = operator
        self.tls = tls
        self.shows = shows
        self.iop = iop
        self.asked: list[Asked] = []
        self.answers: dict[str, Any] = {}
        self.port = 0
        self._count = 0
        self._tasks: set[asyncio.Task] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/their/door"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the door, the second time at the same port."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door; nobody answers any more."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def of(self, name: str) -> list[Asked]:
        """The requests of one operation, such as ``FromIOP_SetChargeDetailRecord``."""
        return [one for one in self.asked if one.name.lower() == f"emip_{name}".lower()]

    async def until(self, name: str, count: int = 1, within: float = 5.0) -> list[Asked]:
        """Wait until so many requests of one operation have come."""
        await eventually(lambda: len(self.of(name)) >= count, within)
        return self.of(name)

    # -- server --------------------------------------------------------------------------------------------------

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader, writer) -> bool:
        line = await reader.readline()
        if not line.strip():
            return False
        headers = await _headers(reader)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        name, fields = read(body)
        asked = Asked(
            name.removesuffix("Request") if not name.endswith("ActionRequest") else name,
            fields,
            body,
            line.split()[1].decode(),
            headers,
            writer.get_extra_info("peercert"),
        )
        self.asked.append(asked)
        script = self._script(asked)
        if isinstance(script, Slow):
            await asyncio.sleep(script.seconds)
            script = script.then
        if isinstance(script, Silence):
            await asyncio.sleep(script.seconds)
            return False
        status, content, more = _rendered(asked, script)
        more = {"content-type": CONTENT_TYPE, "content-length": str(len(content)), **more}
        head = "".join(f"{key}: {value}\r\n" for key, value in more.items())
        writer.write(f"HTTP/1.1 {status} .\r\n{head}\r\n".encode() + content)
        await writer.drain()
        return True

    def _script(self, asked: Asked) -> Any:
        script = self.answers.get(asked.name, {"requestStatus": 1})
        if isinstance(script, list) and script and not isinstance(script[0], tuple):
            script = script.pop(0) if len(script) > 1 else script[0]
        return script(asked) if callable(script) else script

    # -- client --------------------------------------------------------------------------------------------------

    def header(self, transaction: str | None = "", target: str | None = None) -> dict[str, Any]:
        """The application header; a transactionId is made unless one is given, and left out for None."""
        self._count += 1
        made = f"{self.partner_id}-{self._count:06}" if transaction == "" else transaction
        fields = {} if made is None else {"transactionId": made}
        fields |= {"partnerIdType": "eMI3", "partnerId": self.partner_id}
        fields |= {"operatorIdType": "eMI3", "operatorId": self.operator}
        return fields if target is None else {**fields, "targetOperatorIdType": "eMI3", "targetOperatorId": target}

    async def call(
        self,
        url: str,
        operation: str,
        fields: dict[str, Any] | None = None,
        *,
        transaction: str | None = "",
        target: str | None = None,
        path: str = "/emip",
        headers: dict[str, str] | None = None,
        **header: Any,
    ) -> Answer:
        """Ask the node; ``header`` replaces parts of the application header (``partnerId="FR*XXX"``)."""
        body = write(operation + "Request", {**self.header(transaction, target), **header, **(fields or {})})
        return await self.post(url + path, body, headers)

    async def post(self, url: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> Answer:
        """Send bytes as they are."""
        parts = urlsplit(url)
        secure = self.shows or (ssl._create_unverified_context() if parts.scheme == "https" else None)
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port, ssl=secure if parts.scheme == "https" else None
        )
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        given = {"host": parts.netloc, "content-type": CONTENT_TYPE, "connection": "close", **(headers or {})}
        given["content-length"] = str(len(body))
        head = "".join(f"{key}: {value}\r\n" for key, value in given.items())
        try:
            writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            await writer.drain()
            status = int((await reader.readline()).split()[1])
            got = await _headers(reader)
            content = await reader.readexactly(int(got.get("content-length", "0")))
        finally:
            writer.close()
        try:
            name, fields = read(content)
        except etree.XMLSyntaxError:
            name, fields = "", {}
        return Answer(status, name, fields, content, got)


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers = {}
    while (line := (await reader.readline()).strip()) != b"":
        key, _, value = line.decode("latin-1").partition(":")
        headers[key.strip().lower()] = value.strip()
    return headers


def _rendered(asked: Asked, script: Any) -> tuple[int, bytes, dict[str, str]]:
    if isinstance(script, Http):
        return script.status, script.body, script.headers
    if isinstance(script, Fault):
        return script.http, fault(script), {}
    fields = script
    if isinstance(script, dict):
        fields = {"transactionId": asked.fields.get("transactionId", "made-here"), **script}
        if "HeartBeat" in asked.name:
            fields.setdefault("currentTime", "2026-03-02T07:58:10Z")
            if "ToIOP" in asked.name:
                fields.setdefault("heartBeatPeriod", 300)
    return 200, write(asked.name + "Response", fields), {}


# -- XML -----------------------------------------------------------------------------------------------------------


def namespace(name: str) -> str:
    """The namespace of a message."""
    short = name.rpartition("_")[2]
    for ending in ("RequestRequest", "RequestResponse", "Request", "Response"):
        if short.endswith(ending):
            short = short.removesuffix(ending)
            break
    if "DataChanges" in short:
        return DOWNLOAD
    return NAMESPACES.get(short, AUTHORISATION)


def write(name: str, fields: Any) -> bytes:
    """An envelope with one message."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:q="{namespace(name)}"><s:Header/>'
        f"<s:Body><q:{name}>{_children(fields)}</q:{name}></s:Body></s:Envelope>"
    ).encode()


def _children(fields: Any) -> str:
    pairs = fields.items() if isinstance(fields, dict) else fields
    out = []
    for name, value in pairs:
        for one in value if isinstance(value, list) and not (value and isinstance(value[0], tuple)) else [value]:
            inner = _children(one) if isinstance(one, dict | list) else escape(str(one))
            out.append(f"<{name}>{inner}</{name}>")
    return "".join(out)


def fault(script: Fault) -> bytes:
    """A fault of SOAP 1.2."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:p="{PLATFORM}"><s:Body><s:Fault><s:Code><s:Value>s:{script.soap}</s:Value>'
        f"<s:Subcode><s:Value>p:{script.code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>no</s:Text>"
        f"</s:Reason><s:Detail><p:iopFault><faultCode>{script.code}</faultCode><exceptionCode>{script.cause}"
        "</exceptionCode><message>no</message></p:iopFault></s:Detail></s:Fault></s:Body></s:Envelope>"
    ).encode()


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """The local name of the body's child, and its children."""
    if not body:
        return "", {}
    root = etree.fromstring(body)
    inner = root.find(f"{{{SOAP}}}Body") if root.tag == f"{{{SOAP}}}Envelope" else None
    if inner is None or not len(inner):
        return etree.QName(root).localname, {}
    return etree.QName(inner[0]).localname, _fields(inner[0])


def _fields(element: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for child in element:
        name = etree.QName(child).localname
        value = _fields(child) if len(child) else (child.text or "")
        if name in fields:
            before = fields[name]
            fields[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            fields[name] = value
    return fields
