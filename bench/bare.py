"""What ``fanout10`` is held against: a bare aiohttp client that sends the same statuses to the same eMSPs.

Run as ``python -m bench.bare STATUSES PORT …``; prints the seconds it took.
"""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp
import uvloop

from bench.messages import CPO, encoded, evse_uid, location_id, when

WINDOW = 16
"""Requests in flight to each, as our couriers have."""
HEADERS = {
    "authorization": "Token YmVuY2g=",
    "content-type": "application/json",
    "ocpi-from-country-code": CPO[0],
    "ocpi-from-party-id": CPO[1],
    "ocpi-to-country-code": "NL",
    "ocpi-to-party-id": "BE0",
    "x-request-id": "6b6c4a1e-5b8e-4f33-9d53-0e6f0d1a7c11",
    "x-correlation-id": "2f4a9d7e-0c1b-4a58-8a9e-3d6b5c7f9e22",
}


async def _send(client: aiohttp.ClientSession, base: str, numbers: list[int]) -> None:
    for number in numbers:
        url = f"{base}/{location_id(number // 2)}/{evse_uid(number // 2, number % 2)}"
        body = encoded({"status": "CHARGING", "last_updated": when(number)})
        async with client.patch(url, data=body, headers=HEADERS) as answer:
            if (await answer.json())["status_code"] != 1000:
                raise RuntimeError(f"{url}: {answer.status}")


async def main(statuses: int, ports: list[int]) -> None:
    """Send every status to every eMSP."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        bases = [f"http://127.0.0.1:{port}/receiver/locations/{CPO[0]}/{CPO[1]}" for port in ports]
        began = time.perf_counter()
        await asyncio.gather(
            *(_send(client, base, list(range(worker, statuses, WINDOW))) for base in bases for worker in range(WINDOW))
        )
        print(time.perf_counter() - began)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
