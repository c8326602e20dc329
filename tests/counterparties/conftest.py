"""Independent counterparties: processes on other people's libraries, in environments of their own."""

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.counterparties.environment import CannotInstall, python_of

HERE = Path(__file__).parent


class Counterparty:
    """One of them: what its application is told to do, and what it says it knows."""

    def __init__(self, role, country, code, url, client):
        self.role, self.country, self.code, self.url = role, country, code, url
        self.versions_url = f"{url}/ocpi/versions"
        self._client = client

    @property
    def party(self):
        return f"{self.country}*{self.code}/{self.role}"

    async def register(self, url, token):
        return await self._tell("register", {"url": url, "token": token})

    async def call(self, method, module, interface, *path, body=None, to=None, keep=False):
        given = {"method": method, "module": module, "interface": interface, "path": path, "to": to}
        return await self._tell("call", {**given, "body": body, "keep": keep})

    async def objects(self, module):
        return (await self._memory())["objects"].get(module, {})

    async def heard(self, what):
        return [one for one in (await self._memory())["heard"] if what in one]

    async def until(self, ask):
        """Wait until what this finds is something."""
        for _ in range(500):
            if found := await ask():
                return found
            await asyncio.sleep(0.02)
        pytest.fail("it did not come in ten seconds")

    async def _tell(self, what, given):
        async with self._client.post(f"{self.url}/app/{what}", json=given) as answer:
            return await answer.json()

    async def _memory(self):
        async with self._client.get(f"{self.url}/app/memory") as answer:
            return await answer.json()


@pytest.fixture(scope="session")
def python():
    """The interpreter with the library; made at its first use."""
    try:
        return python_of("extrawest-ocpi")
    except CannotInstall as why:
        pytest.skip(f"the library cannot be installed here: {why}")


@pytest.fixture
async def counterparty(python, tmp_path):
    """Starts counterparties: ``await counterparty("CPO", "DE", "ABC")``."""
    async with aiohttp.ClientSession() as client:
        started = []

        async def start(role, country, code, invitation=None):
            taken = socket.create_server(("127.0.0.1", 0))
            host = f"127.0.0.1:{taken.getsockname()[1]}"
            env = {**os.environ, "OCPI_HOST": host, "PROTOCOL": "http", "CI_STRING_LOWERCASE_PREFERENCE": "false"}
            env |= {"COUNTRY_CODE": country, "PARTY_ID": code} | ({"INVITATION": invitation} if invitation else {})
            with (tmp_path / f"{code}.log").open("wb") as log:
                command = [str(python), str(HERE / "party.py"), role, str(taken.fileno())]
                process = subprocess.Popen(  # noqa: ASYNC220  it is over at once
                    command, env=env, stdout=log, stderr=log, pass_fds=[taken.fileno()], cwd=tmp_path
                )
            taken.close()
            started.append(process)
            one = Counterparty(role, country, code, f"http://{host}", client)
            await one.objects("locations")  # it waits in the socket's queue until the process is up
            return one

        yield start
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
