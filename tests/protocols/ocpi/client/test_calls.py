"""What every call to a partner carries."""

from __future__ import annotations

import pytest

from interroam.app import WallClock
from interroam.core.uuid7 import Uuid7
from interroam.net.client import Client
from interroam.protocols.ocpi.calls import Address, Call, Calls
from interroam.store import SqliteStore


@pytest.mark.parametrize("correlation", ["1\r\nauthorization: Token x", "1\n", "1\r"])
async def test_an_id_with_a_line_break_in_it_is_never_sent(tmp_path, correlation):
    client, clock = Client(), WallClock()
    calls = Calls(client, SqliteStore(tmp_path / "interroam.db"), clock, Uuid7(clock))
    with pytest.raises(ValueError, match="line break"):
        await calls.call(
            Address.of("ccc", "token", "base64"),
            Call(method="GET", url="http://127.0.0.1:9/", operation="GET x", correlation=correlation),
        )
    await client.close()
