"""What one connection may take from us: bytes, seconds and places."""

from __future__ import annotations

import msgspec

KIB = 1024
MIB = 1024 * KIB


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener grants to those who call it; times in seconds."""

    head_bytes: int = 16 * KIB
    """Request line and headers together."""
    body_bytes: int = 16 * MIB
    """A request's body, where its door says nothing else."""
    head_seconds: float = 10.0
    """From the first byte, or from connecting, to the end of the headers."""
    body_seconds: float = 30.0
    """For any body, however small ..."""
    body_bytes_per_second: int = 64 * KIB
    """... and the pace a longer one must keep."""
    idle_seconds: float = 75.0
    """Between two requests on one connection."""
    write_seconds: float = 30.0
    """How long a caller may leave our answer unread."""
    linger_seconds: float = 2.0
    """After an answer that ends the connection: time for the caller to read it."""
    connections_per_address: int = 256
    """At one time, from one address (or one IPv6 network of 64 bits)."""
    connections: int = 16_384
    """At one time, from everybody."""
    backlog: int = 2048
    """Connections that may wait to be accepted."""

    @property
    def precision(self) -> float:
        """How often time limits are looked at: a fifth of the shortest, at most twice a second."""
        shortest = min(self.head_seconds, self.body_seconds, self.idle_seconds, self.write_seconds, self.linger_seconds)
        return min(0.5, shortest / 5)


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the outgoing client allows itself and those it calls; times in seconds."""

    connections_per_origin: int = 32
    """At one time, to one address."""
    idle_seconds: float = 30.0
    """A connection unused for longer is closed and not used again."""
    head_bytes: int = 64 * KIB
    """Status line and headers of an answer together."""
    body_bytes: int = 32 * MIB
    """The body of an answer."""
