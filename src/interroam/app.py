"""A node: the only file that introduces rooms to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from ssl import SSLContext
from typing import Protocol, Self, runtime_checkable

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.chores import Chores
from interroam.core.delivering.dispatch import Dispatch
from interroam.core.hub import Hub
from interroam.core.keys import Keyring
from interroam.core.office.admin import Way
from interroam.core.office.authority import Authority
from interroam.core.office.office import Office
from interroam.core.parties.book import Book
from interroam.core.ports import Clock, Link, Room, Store
from interroam.core.uuid7 import Uuid7
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, Role
from interroam.model.parties import Partner, PartnerState, Purpose
from interroam.net.addresses import Addresses
from interroam.net.client import Client
from interroam.net.doorkeeper import Doorkeeper
from interroam.net.doors import Door, Doorway
from interroam.net.http import JSON, Handler, Request, Response, plain_refusal
from interroam.net.listener import Listener
from interroam.net.metrics import Metrics
from interroam.net.premises import Premises
from interroam.net.socketfile import SocketFile
from interroam.net.tls import TlsIdentity, client_context, server_context
from interroam.protocols.emip.room import EmipRoom
from interroam.protocols.ocpi.room import OcpiRoom
from interroam.protocols.plain.admin import TABLE, Administration
from interroam.protocols.plain.room import PlainRoom
from interroam.settings import Part, Settings
from interroam.store import SqliteStore

log = structlog.get_logger()

_OK = "ok"
_SECOND = 1.0
_COUNTED_S = 5.0
_KEPT_S = 30.0


class Doored(Room, Protocol):
    """A room with a door to the street."""

    prefix: str
    entrance: str
    """The path whose address a new partner is given."""
    first: Purpose
    """What the first secret of a new partner is for."""
    body_bytes: int | None

    @property
    def handler(self) -> Handler:
        """Answers whatever comes to the door."""
        ...

    def refusal(self, status: int, message: str) -> Response:
        """Refuse in the room's own form what never came as far as it."""
        ...


@runtime_checkable
class Lively(Protocol):
    """A room that has things to do by the hour."""

    async def tick(self) -> None:
        """Do what is due; called about once a second."""
        ...

    async def stop(self) -> None:
        """End what runs."""
        ...


class WallClock:
    """The hour of this machine."""

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = partial(datetime.now, UTC)
        """Return the time, aware, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Node:
    """One running node: ``await start()``, then ``url`` says where it is; ``await stop()`` ends it gracefully."""

    def __init__(self, settings: Settings, clock: Clock | None = None, *, new_keys: bool = False) -> None:
        self.settings = settings
        self._new_keys = new_keys
        self.clock: Clock = clock or WallClock()
        self.ids = Uuid7(self.clock)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = open_store(settings)
        own = Party(settings.own_party, Role.HUB) if Part.HUB in settings.parts else None
        self.book = Book(self.store, Keyring.load(settings.key_file), own)
        self.links: dict[str, Link] = {}
        self.hub = Hub(self.store, self.book, self.links, self.clock, self.ids, settings.deadlines)
        self.dispatch = Dispatch(self.hub)
        self.rooms: dict[str, Room] = {}
        self.ways: dict[str, Way] = {}
        self.office = Office(
            self.hub,
            self.dispatch,
            self.ways,
            key_file=settings.key_file,
            name=settings.name,
            party=str(own or settings.own_party),
            pulls=settings.pulls,
            overlap=timedelta(days=settings.tls.overlap_days),
        )
        self.client = Client(settings.calls, client_context(settings.tls.authorities))
        self.metrics = Metrics(self._room_of, self._figures)
        self._doorway = Doorway([Door("/", self._elsewhere)])
        self._listener = _listener(settings, self._doorway)
        self._socket: SocketFile | None = None
        self._wired: dict[str, Partner] = {}
        self._waiting: dict[str, int] = {}
        self._chores = Chores()
        self._endings: list[Callable[[], Awaitable[None]]] = []
        """What rooms want done before the store closes."""
        self._phase = "starting"

    @property
    def port(self) -> int:
        """The port the node listens at."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The address partners are told, without a slash at its end."""
        return (self.settings.listen.public_url or self._listener.url).rstrip("/")

    # -- start and stop --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take the store, open the doors, go on where the couriers were."""
        await self.store.open()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    def renew_certificates_soon(self) -> None:
        """Have the certificate files read again, from a signal."""
        self._chores.begin(self.renew_certificates())

    async def renew_certificates(self) -> None:
        """Read the certificate files again; nobody is cut off meanwhile, and a bad file changes nothing."""
        try:
            fresh = _certificates(self.settings)
        except OSError as error:
            log.warning("certificates_unreadable", message=str(error))
            return
        if fresh is not None:
            await self._listener.reload(fresh)
            log.info("certificates_renewed")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start(self) -> None:
        self.metrics.then = self.store.note  # what is noted is counted first
        self.store.note = self.metrics.saw  # type: ignore[method-assign]
        if not await self.book.keys_fit(anew=self._new_keys):
            remedy = "put it back from its backup; if it is lost for good: interroam serve --new-keys"
            raise Refused(Reason.WRONG_STATE, f"{self.settings.key_file} is not the key of this store", remedy=remedy)
        await self.book.load()
        await self.office.people.load()
        await self.hub.oddities.load()
        await self.office.issuing.load()
        keeper = Doorkeeper(self.store, self.clock, self.office.issuing.barred)
        self._doorway.barred, self._doorway.turned_away = keeper.barred, keeper.turned_away
        self.office.issuing.on_made = self.renew_certificates
        await self._listener.start()
        self._introduce()
        self.book.on_change(self._relink)
        self._relink()
        await self.dispatch.start()
        await self.office.rounds.start()
        if self._socket is not None:
            await self._socket.start()
        chores = (self._sweep, _SECOND), (self.office.rounds.tick, _SECOND), (self._count, _COUNTED_S)
        rarely = self.office.people.keep, self.hub.oddities.keep, self.office.renewing.advise
        for chore, seconds in (*chores, *((one, _KEPT_S) for one in rarely)):
            self._chores.begin(self._every(chore, seconds))
        self._phase = _OK
        log.info("node_started", url=self.url, parts=sorted(self.settings.parts), head=self.store.head())

    async def stop(self) -> None:
        """Accept nobody any more, finish what is in flight, then let go of everything."""
        was_ready, self._phase = self._phase == _OK, "stopping"
        await self._listener.close(self.settings.listen.grace_seconds)
        if self._socket is not None:
            await self._socket.close()
        await self._chores.stop()
        await asyncio.gather(*(ending() for ending in self._endings), return_exceptions=True)
        await self.office.rounds.stop()
        await self.dispatch.stop()
        await asyncio.gather(*(link.close() for link in self.links.values()), return_exceptions=True)
        await self.client.close()
        if was_ready:
            await self.office.people.keep()
            await self.hub.oddities.keep()
        await self.store.close()
        log.info("node_stopped")

    # -- introductions ---------------------------------------------------------------------------------------------

    def _introduce(self) -> None:
        """Make the rooms and open their doors; removing a protocol is removing its line here."""
        hub, premises, administration = self.hub, self._premises(), Administration(self.office)
        self.office.url = self.url
        self._mount(OcpiRoom(hub, premises))
        self._mount(EmipRoom(hub, premises))
        self._mount(PlainRoom(hub, premises, (TABLE,)))
        self._doorway.add(Door("/health", self._health))
        self._doorway.add(Door("/metrics", self._metrics))
        self._doorway.add(Door(TABLE.base, administration.handler, administration.refusal))
        here = Door(TABLE.base, administration.local, administration.refusal)
        self._socket = SocketFile([here], self.settings.socket_file)

    def _premises(self) -> Premises:
        settings = self.settings
        return Premises(
            url=self.url,
            own=settings.own_party,
            client=self.client,
            name=settings.name,
            insecure_http=settings.insecure_http,
            authorities=settings.tls.authorities,
        )

    def _mount(self, room: Doored) -> None:
        """Open the door of a room and let it do what is due by the hour."""
        self.rooms[room.name] = room
        self.ways[room.name] = Way(room, f"{self.url}{room.entrance}", room.first)
        self._doorway.add(Door(room.prefix, room.handler, room.refusal, room.body_bytes))
        if isinstance(room, Lively):
            self._chores.begin(self._every(room.tick, _SECOND))
            self._endings.append(room.stop)

    def _relink(self) -> None:
        """Make a new link for every partner whose wiring changed, and none for one switched off."""
        wanted = {
            partner.id: replace(partner, state=PartnerState.CONNECTED, since=None)
            for partner in self.book.partners.values()
            if partner.state is not PartnerState.SUSPENDED and partner.protocol in self.rooms
        }
        for gone in [known for known, wired in self._wired.items() if wanted.get(known) != wired]:
            del self._wired[gone]
            self._chores.begin(self.links.pop(gone).close())
        for name, wired in wanted.items():
            if name in self._wired:
                continue
            try:
                self.links[name] = self.rooms[wired.protocol].link(self.book.partners[name])
            except Refused as no:
                log.warning("partner_not_wired", partner=name, message=no.message)
            else:
                self._wired[name] = wired

    # -- the node's own doors --------------------------------------------------------------------------------------

    def _elsewhere(self, _request: Request) -> Response:
        if self._phase == _OK:
            return plain_refusal(404, "nothing answers at this path")
        refusal = plain_refusal(503, f"the node is {self._phase}")
        refusal.headers.append((b"retry-after", b"1"))
        return refusal

    def _health(self, _request: Request) -> Response:
        body = {
            "status": self._phase,
            "name": self.settings.name,
            "version": version("interroam"),
            "parts": sorted(self.settings.parts),
            "party": self.settings.party,
            "head": self.store.head(),
        }
        return Response(200 if self._phase == _OK else 503, [JSON], msgspec.json.encode(body))

    def _metrics(self, request: Request) -> Response:
        if not self.settings.metrics or request.client not in Addresses(self.settings.metrics_from):
            return plain_refusal(404, "nothing answers at this path")
        return self.metrics.page()

    # -- figures ---------------------------------------------------------------------------------------------------

    def _room_of(self, partner: str) -> str:
        known = self.book.partners.get(partner)
        return known.protocol if known is not None else "none"

    def _figures(self) -> Iterable[tuple[str, tuple[str, ...], float]]:
        head = self.store.head()
        yield "interroam_journal_head", (), head
        yield "interroam_tellings_waiting", (), self._waiting.get("waiting", 0)
        yield "interroam_traces_waiting", (), self._waiting.get("traces_waiting", 0)
        yield "interroam_shelf_size", (), self._waiting.get("shelf", 0)
        for courier in self.dispatch.couriers:
            cursor = courier.cursor
            labels = (str(courier.key.party), courier.key.lane.value)
            yield "interroam_courier_lag", labels, max(0, head - cursor.through)
            yield "interroam_courier_waiting", labels, courier.waiting
            yield "interroam_courier_failures", labels, cursor.failures
            yield "interroam_courier_paused", labels, float(cursor.paused)
        for state in PartnerState:
            known = sum(partner.state is state for partner in self.book.partners.values())
            yield "interroam_partners", (state.value,), known

    # -- chores ----------------------------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        await self.hub.sweep()

    async def _count(self) -> None:
        self._waiting = await self.store.waiting()

    async def _every(self, chore: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            await self.clock.sleep(seconds)
            try:
                await chore()
            except Exception:
                log.exception("chore_failed", chore=getattr(chore, "__name__", ""))


def open_store(settings: Settings, *, read_only: bool = False) -> Store:
    """Return the store that the settings name, not opened yet; read-only beside a running node or without one."""
    if settings.database.startswith(("postgresql:", "postgres:")):
        from interroam.store.postgres import PostgresStore  # noqa: PLC0415  its driver takes a while to load

        copies = settings.data if settings.store.copy_first else None
        return PostgresStore(settings.database, read_only=read_only, retention=settings.retention, copies=copies)
    copy_first = settings.store.copy_first
    return SqliteStore(settings.database, read_only=read_only, retention=settings.retention, copy_first=copy_first)


def _listener(settings: Settings, doorway: Doorway) -> Listener:
    listen, tls = settings.listen, _certificates(settings)
    return Listener(doorway, listen.host, listen.port, limits=settings.limits, tls=tls, proxies=listen.proxies)


def _certificates(settings: Settings) -> SSLContext | None:
    tls = settings.tls
    if tls.certificate is None or tls.key is None:
        return None
    own = Authority(settings.key_file.parent)
    callers = [file for file in (tls.callers, own.file if own.exists() else None) if file is not None]
    return server_context(TlsIdentity(tls.certificate, tls.key), *callers, required=tls.callers_required)
