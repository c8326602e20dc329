"""How a command reaches its node: by the socket file on this machine, else by its address and a log-in."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import http.client
import inspect
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import typer

from interroam.cli.tables import error, print_json
from interroam.core.keys import Keyring
from interroam.core.parties.book import Book
from interroam.core.ports import Store
from interroam.model.errors import Refused, Unavailable
from interroam.net.socketfile import short
from interroam.settings import Settings, SettingsError, load

BASE = "/api/v1/admin"
PATIENCE_S = 120.0
T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The node's settings (TOML).", dir_okay=False, envvar="INTERROAM_CONFIG"),
]
Data = Annotated[Path | None, typer.Option("--data", help="The node's data directory (default: ./interroam-data).")]
Url = Annotated[str, typer.Option("--url", help="A node elsewhere, such as https://hub.example; asks for a log-in.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class NobodyHome(Exception):  # noqa: N818  no error: the files can be read
    """No node runs on these files."""


def settings_of(config: Path | None, data: Path | None, **given: object) -> Settings:
    """Read the settings of the node meant; ends the command when they are wrong."""
    if data is not None:
        given["data"] = str(data)
    try:
        return load(config, None, given)
    except SettingsError as wrong:
        error(str(wrong))
        raise typer.Exit(2) from None


class Reach:
    """The node of one command, and the way its answer is shown."""

    def __init__(self, config: Path | None, data: Path | None, url: str, *, json: bool) -> None:
        self.json = json
        self.settings = settings_of(config, data)
        self._url = url.rstrip("/")
        if url and not url.startswith(("http://", "https://")):
            error(f"{url} is no address of a node", "write it as https://hub.example")
            raise typer.Exit(2)

    # -- a running node --------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call the administration; ends the command with the node's own words when it says no.

        A body of bytes goes out as it is.
        """
        try:
            return self.ask(method, path, body, **query)
        except NobodyHome:
            error(
                f"no node runs on {self.settings.data}",
                "start one with `interroam serve`, or name another with --data, -c or --url",
            )
            raise typer.Exit(3) from None

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call the administration; NobodyHome when no node answers."""
        asked = {name: _text(value) for name, value in query.items() if value not in (None, "")}
        target = BASE + path + (f"?{urlencode(asked)}" if asked else "")
        status, answer = self._send(method, target, body)
        if status == http.HTTPStatus.UNAUTHORIZED and self._url:
            self._log_in()
            status, answer = self._send(method, target, body)
        _accepted(status, answer)
        return answer

    def _send(self, method: str, target: str, body: object) -> tuple[int, Any]:
        connection = self._connection()
        headers = {"content-type": "application/json"}
        if self._url and (token := self._token()):
            headers["authorization"] = f"Bearer {token}"
        payload = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        try:
            connection.request(method, target, body=payload, headers=headers)
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as trouble:
            if not self._url and isinstance(trouble, FileNotFoundError | ConnectionRefusedError):
                raise NobodyHome from trouble
            at = self._url or self.settings.socket_file
            why = trouble.strerror or trouble if isinstance(trouble, OSError) else "it does not speak HTTP"
            error(f"the node at {at} cannot be reached: {why}")
            raise typer.Exit(3) from None
        finally:
            connection.close()
        try:
            return response.status, msgspec.json.decode(raw) if raw else None
        except msgspec.DecodeError:
            error(f"what answers at {self._url} is no node", "name its address as partners know it, without a path")
            raise typer.Exit(3) from None

    def _connection(self) -> http.client.HTTPConnection:
        if not self._url:
            return _SocketFile(self.settings.socket_file)
        parts = urlsplit(self._url)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return made(parts.netloc, timeout=PATIENCE_S)

    # -- a log-in elsewhere ----------------------------------------------------------------------------------------

    def _log_in(self) -> None:
        name = os.environ.get("INTERROAM_USER") or typer.prompt(f"User of {self._url}", err=True)
        password = os.environ.get("INTERROAM_PASSWORD") or ask_secret("Password")
        status, answer = self._send("POST", f"{BASE}/login", {"name": name, "password": password})
        _accepted(status, answer)
        self._keep(answer["token"])

    def log_out(self) -> bool:
        """End the log-in at a node elsewhere and forget its token; false when there was none any more."""
        if not self._url:
            error("only a node elsewhere knows log-ins", "name it with --url")
            raise typer.Exit(2)
        if not self._token():
            return False
        status, answer = self._send("POST", f"{BASE}/logout", None)
        over = status == http.HTTPStatus.UNAUTHORIZED
        if not over:
            _accepted(status, answer)
        self._ticket.unlink(missing_ok=True)
        return not over

    @property
    def _ticket(self) -> Path:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return state / "interroam" / f"{hashlib.sha256(self._url.encode()).hexdigest()[:16]}.ticket"

    def _token(self) -> str:
        return self._ticket.read_text() if self._ticket.exists() else ""

    def _keep(self, token: str) -> None:
        self._ticket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ticket.unlink(missing_ok=True)
        handle = os.open(self._ticket, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(token)

    # -- the files, without a node ---------------------------------------------------------------------------------

    def needs_files(self) -> None:
        """End the command where the node is elsewhere: its files are read here."""
        if self._url:
            error("this works with the node's files", "run it on the node's machine, with -c or --data")
            raise typer.Exit(2)

    def read(self, look: Callable[[Store, Book], Awaitable[T]]) -> T:
        """Look into the node's files, read-only; ends the command when there are none."""
        try:
            return asyncio.run(self._read(look))
        except (Refused, Unavailable) as no:
            error(no.message, no.remedy if isinstance(no, Refused) else "")
            raise typer.Exit(1) from None

    async def _read(self, look: Callable[[Store, Book], Awaitable[T]]) -> T:
        from interroam.app import open_store  # noqa: PLC0415  a whole house; most commands only knock at the door

        settings = self.settings
        store = open_store(settings, read_only=True)
        keyring = Keyring.load(settings.key_file) if settings.key_file.exists() else Keyring.fresh()
        book = Book(store, keyring)
        await store.open()
        try:
            await book.load()
            return await look(store, book)
        finally:
            await store.close()

    # -- answers ---------------------------------------------------------------------------------------------------

    def show(self, answer: Any, shown: Callable[[Any], None]) -> None:
        """Print an answer: for programs as it is, for people by ``shown``."""
        if self.json:
            print_json(answer)
        else:
            shown(answer)


class _SocketFile(http.client.HTTPConnection):
    """A connection to a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with short(self._path) as path:
            self.sock.connect(str(path))


def command(app: typer.Typer, name: str | None = None, **more: Any) -> Callable[[Callable[..., None]], None]:
    """Add a command whose first argument is the node; the options that find the node are added here, once."""

    def add(run: Callable[..., None]) -> None:
        hints = get_type_hints(run, include_extras=True)
        own = [one.replace(annotation=hints[one.name]) for one in inspect.signature(run).parameters.values()][1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        found = [
            inspect.Parameter("json", keyword, default=False, annotation=Json),
            inspect.Parameter("data", keyword, default=None, annotation=Data),
            inspect.Parameter("config", keyword, default=None, annotation=Config),
            inspect.Parameter("url", keyword, default="", annotation=Url),
        ]

        @functools.wraps(run)
        def whole(*, json: bool, data: Path | None, config: Path | None, url: str, **arguments: object) -> None:
            try:
                run(Reach(config, data, url, json=json), **arguments)
            except BrokenPipeError:  # somebody looked at the first lines only
                sys.stderr.close()

        parameters = [one.replace(kind=keyword) for one in own] + found
        whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        whole.__annotations__ = {one.name: one.annotation for one in parameters}
        app.command(name, **more)(whole)

    return add


def ask_secret(what: str) -> str:
    """Ask for a secret, unseen; where nobody types, it is a line of the input."""
    secret: str = typer.prompt(what, hide_input=sys.stdin.isatty(), err=True)
    return secret


def sure(question: str, *, yes: bool) -> None:
    """Ask whether it is to be done, unless that was said; ends the command when it is not."""
    if not yes:
        typer.confirm(question, abort=True, err=True)


def part(text: str) -> str:
    """Write an id as one segment of a path."""
    if not text:
        error("an id is empty")
        raise typer.Exit(2)
    return quote(text, safe="")


def _accepted(status: int, answer: Any) -> None:
    if status >= http.HTTPStatus.BAD_REQUEST:
        wrong = answer.get("error", {}) if isinstance(answer, dict) else {}
        error(wrong.get("message", f"the node answered {status}"), wrong.get("remedy", ""))
        raise typer.Exit(1)


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
