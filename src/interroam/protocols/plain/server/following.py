"""Facts out for those who fetch them: a long poll, and a stream that can be resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from interroam.core.hub import Hub
from interroam.model.ids import Kind
from interroam.model.parties import Partner, PartnerState
from interroam.net.http import Stream
from interroam.protocols.plain import wire
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.showing import encode, entitled, fact
from interroam.protocols.plain.wire.misread import Misread

MOST = 1_000
LONGEST_S = 60.0
BEAT_S = 15.0
"""A stream without facts says so often that it is there, so that nobody between hangs up."""
_SCAN = 500
_DIGITS = 15
"""No journal has more."""
_KINDS = frozenset(Kind) - {Kind.AUTHORIZATION}
_EVENTS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


async def facts(call: Call) -> wire.Facts:
    """Return the facts after a number; wait for the first when there are none."""
    asked: wire.Following = call.query
    if not 1 <= asked.limit <= MOST:
        raise Misread("limit", f"is not between 1 and {MOST}")
    if not 0 <= asked.wait <= LONGEST_S:
        raise Misread("wait", f"is not between 0 and {LONGEST_S:.0f} seconds")
    follower = _Follower(call.hub, call.secret, asked.after)
    try:
        found = await follower.next(asked.limit)
        async with asyncio.timeout(asked.wait):
            while not found:
                await follower.news()
                found = await follower.next(asked.limit)
    except TimeoutError:
        pass
    finally:
        follower.close()
    call.silent = not found
    return wire.Facts(facts=tuple(found), next=follower.reached, missed=follower.missed)


async def stream(call: Call) -> Stream:
    """Send facts as they come, from a number on; Last-Event-ID resumes where a connection broke."""
    after = call.query.after
    if call.last_event:
        if not call.last_event.isdecimal() or len(call.last_event) > _DIGITS:
            raise Misread("Last-Event-ID", "is no number of a fact")
        after = int(call.last_event)
    return Stream(200, list(_EVENTS), _events(_Follower(call.hub, call.secret, after)))


async def _events(follower: _Follower) -> AsyncIterator[bytes]:
    try:
        yield b": facts after %d\n\n" % follower.reached
        if follower.missed:
            yield b"event: missed\ndata: {}\n\n"
        while follower.partner is not None:
            before = follower.reached
            found = await follower.next(_SCAN)
            if found:
                yield b"".join(b"id: %d\ndata: %b\n\n" % (one.seq, encode(one)) for one in found)
            elif follower.reached > before:
                yield b"id: %d\n\n" % follower.reached  # moves the receiver's Last-Event-ID, is no event
            try:
                async with asyncio.timeout(BEAT_S):
                    await follower.news()
            except TimeoutError:
                yield b":\n\n"
    finally:
        follower.close()


class _Follower:
    """Reads the journal for one partner, from a number on."""

    def __init__(self, hub: Hub, secret: str, after: int) -> None:
        self.reached = after
        self.missed = after + 1 < hub.store.oldest()
        """Whether facts after that number were dropped."""
        self._hub = hub
        self._secret = secret
        self._rung = asyncio.Event()
        self._unsubscribe = hub.store.subscribe(lambda _: self._rung.set())

    @property
    def partner(self) -> Partner | None:
        """The partner as it stands now; None when its token is dead or it is suspended."""
        known = self._hub.book.recognize(self._secret)
        return known[0] if known is not None and known[0].state is not PartnerState.SUSPENDED else None

    async def next(self, limit: int) -> list[wire.Fact]:
        """Return the next facts for the partner; ``reached`` passes those for others too."""
        hub, found = self._hub, list[wire.Fact]()
        self._rung.clear()
        while len(found) < limit and (partner := self.partner) is not None:
            entries = await hub.store.entries(self.reached, _SCAN, kinds=_KINDS)
            if not entries:
                break
            for entry in entries:
                self.reached = entry.seq
                told = await entitled(hub, partner, entry)
                shown = await fact(hub, told, partner.parties) if told is not None else None
                if shown is not None:
                    found.append(shown)
                if len(found) == limit:
                    self._rung.set()
                    break
        return found

    async def news(self) -> None:
        """Wait until there may be more."""
        await self._rung.wait()

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
