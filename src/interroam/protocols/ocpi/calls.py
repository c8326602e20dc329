"""One call to a partner: its headers, its answer and the trace of both."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from ssl import SSLContext

import msgspec

from interroam.core.keys import Keyring
from interroam.core.ports import Clock, Ids, Store
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Exchange
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.net.client import Client
from interroam.net.http import JSON, lines
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.headers import Encoding, authorization, write_routing
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.envelope import SUCCESS, Reply, read_reply
from interroam.protocols.ocpi.wiring import wiring_of

WITHIN = 5.0
_FINE = f"200/{SUCCESS}"
_JSON = lines([JSON])
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class _Plain(msgspec.Struct):
    status_code: int
    status_message: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(_Plain).decode


class Address(msgspec.Struct, frozen=True):
    """Whom we call: the partner, and the header that shows who we are."""

    partner: str
    authorization: bytes
    """As it is written, with its name."""
    raw: bytes
    """The same header for a partner of 2.1.1, which knows no base64 (OCPI-4)."""

    @property
    def older(self) -> Address:
        """The address for calls of 2.1.1."""
        return Address(self.partner, self.raw, self.raw)

    @classmethod
    def wired(cls, partner: Partner, keyring: Keyring) -> Address:
        """Return the address of a registered partner; Refused when its secret is another node's."""
        try:
            token = keyring.open(wiring_of(partner).token_out)
        except ValueError as error:
            message = f"the token of partner {partner.id} cannot be read: {error}"
            raise Refused(Reason.PARTNER_UNUSABLE, message, remedy="restore the key file, or register again") from error
        address = cls.of(partner.id, token, switches(partner).encoding)
        return address.older if wiring_of(partner).older else address

    @classmethod
    def of(cls, partner: str, token: str, encoding: Encoding) -> Address:
        """Return the address of a partner that knows us by this token (OCPI-3)."""
        raw = _shown(token, "plain")
        return cls(partner, raw if encoding == "plain" else _shown(token, "base64"), raw)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``kept`` is what the trace keeps of the body when all goes well: what the journal does not hold."""

    method: str
    url: str
    operation: str
    body: bytes = b""
    routing: bytes = b""
    """The routing headers, as they are written."""
    correlation: str = ""
    ids: tuple[str, ...] = ()
    seq: int = 0
    kept: bool = True
    secret: bool = False
    """Whether both bodies hold credentials: then no trace keeps them."""
    again: bool = True
    subject: bytes = b""
    note: str = ""
    """What the trace says of it."""


class Called(msgspec.Struct, frozen=True):
    """What came back; ``reply`` is None when it is no envelope of OCPI."""

    http: int
    reply: Reply | None
    headers: dict[bytes, bytes]

    @property
    def code(self) -> str:
        """Both codes, as traces hold them: ``200/1000``."""
        if self.reply is None:
            return str(self.http)
        status = self.reply.status_code
        return _FINE if status == SUCCESS and self.http == 200 else f"{self.http}/{status}"

    @property
    def taken(self) -> bool:
        """Whether both levels say success."""
        return 200 <= self.http < 300 and self.reply is not None and self.reply.succeeded

    @property
    def retry_after(self) -> float | None:
        """How many seconds the partner wants to be left alone."""
        said = self.headers.get(b"retry-after", b"").strip()
        return float(said) if said.isdigit() else None


def _shows_nothing(_partner: str) -> SSLContext | None:
    return None


def _nobody_listens(_partner: str, _now: datetime) -> None:
    pass


class Calls:
    """Makes calls and leaves a trace of each."""

    def __init__(
        self,
        client: Client,
        store: Store,
        clock: Clock,
        ids: Ids,
        answered: Callable[[str, datetime], None] = _nobody_listens,
        shown: Callable[[str], SSLContext | None] = _shows_nothing,
    ) -> None:
        self._shown = shown
        self._client = client
        self._answered = answered
        self._store = store
        self._clock = clock
        self._ids = ids
        # A UUID of this process whose end counts: unique, and cheaper than a new one for each of a thousand pushes.
        self._stem = str(uuid.uuid4())[:24]
        self._count = itertools.count()

    async def call(self, address: Address, call: Call, within: float = WITHIN) -> Called:
        """Call; every silence is an ``Unavailable`` that knows whether the partner was reached."""
        # Bytes are written several times faster than a number is formatted.
        request_id = self._stem + (next(self._count) & 0xFFFF_FFFF_FFFF).to_bytes(6, "big").hex()
        correlation = call.correlation or self._ids.new()
        alike = address.authorization + call.routing + (_JSON if call.method in _WITH_BODY else b"")
        began = time.perf_counter()
        try:
            answer = await self._client.request(
                call.method,
                call.url,
                lines=alike + _traced(request_id, correlation),
                body=call.body,
                timeout=within,
                again=call.again,
                tls=self._shown(address.partner),
            )
        except Unavailable as silence:
            ids = (request_id, correlation)
            self._note(address, call, ids, began, silence.reason.value, silence.message.encode(), self._clock.now())
            raise
        called, now = Called(answer.status, _read(answer.body), answer.headers), self._clock.now()
        if called.reply is not None and 200 <= called.http < 300:
            self._answered(address.partner, now)
        whole = call.kept or not called.taken
        self._note(address, call, (request_id, correlation), began, called.code, answer.body, now, whole=whole)
        return called

    def _note(
        self,
        address: Address,
        call: Call,
        ids: tuple[str, str],
        began: float,
        code: str,
        response: bytes,
        now: datetime,
        *,
        whole: bool = True,
    ) -> None:
        shown = whole and not call.secret
        self._store.note(
            Exchange(
                at=now,
                partner=address.partner,
                inward=False,
                operation=call.operation,
                code=code,
                latency_us=int((time.perf_counter() - began) * 1e6),
                correlation=ids[1],
                ids=(ids[0], *call.ids),
                seq=call.seq,
                request=call.body if shown else b"",
                response=response if shown else b"",
                subject=call.subject,
                note=call.note,
                brief=call.operation.endswith(" locations"),
            )
        )


def routing(sender: PartyId | None, receiver: PartyId | None) -> bytes:
    """Write the routing headers of a message (sheet 3.2)."""
    written = write_routing(sender, receiver)
    return lines((name.lower().encode(), value.encode()) for name, value in written.items())


def _traced(request_id: str, correlation: str) -> bytes:
    """Write the ids of a message; the one that others may have made holds no line break."""
    if correlation.find("\n") >= 0 or correlation.find("\r") >= 0:
        raise ValueError("a header of a request holds a line break")  # somebody's data would become headers
    return f"x-request-id: {request_id}\r\nx-correlation-id: {correlation}\r\n".encode("latin-1", "replace")


def _shown(token: str, encoding: Encoding) -> bytes:
    return lines([(b"authorization", authorization(token, encoding).encode())])


def unusable(called: Called) -> Unavailable:
    """Return what an answer that is no OCPI means: later, perhaps."""
    message = f"HTTP {called.http} without an OCPI answer"
    return Unavailable(Reason.BAD_ANSWER, message, reached=True, retry_after=called.retry_after)


def _read(body: bytes) -> Reply | None:
    """Read an envelope; most are as they should be, which is told quickly."""
    try:
        plain = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    else:
        data = bytes(plain.data)
        return Reply(plain.status_code, None if data == b"null" else data, plain.status_message)
    try:
        return read_reply(body)
    except (Malformed, NotJson):
        return None
