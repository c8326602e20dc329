"""A process that records until it is killed, and says what was acknowledged: run by the tests beside it."""

import asyncio
import itertools
import os
import sys

from interroam.store import SqliteStore
from interroam.store.postgres import PostgresStore
from tests.core.objects import token
from tests.store.told import fact, tell

IN_FLIGHT = 48


async def main(place: str, most: int) -> None:
    store = PostgresStore(place) if place.startswith("postgresql:") else SqliteStore(place)
    await store.open()
    numbers = itertools.count()

    async def record() -> None:
        while (number := next(numbers)) < most:
            await store.record(tell(fact(token(f"{number}"), f"token {number}")))
            os.write(1, f"{number}\n".encode())

    await asyncio.gather(*(record() for _ in range(IN_FLIGHT)))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
