"""Every knob of a node, once, with its explanation: one frozen value from a TOML file and ``INTERROAM_*`` variables.

A variable is named after the knob's path: ``listen.port`` is ``INTERROAM_LISTEN_PORT``; it outranks the file. Only
``app`` and ``cli`` read settings. Partners, agreements and users are data, not settings.
"""

from __future__ import annotations

import ast
import inspect
import os
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from interroam.core.hub import Deadlines
from interroam.core.rounds.pulling import PullTerms
from interroam.model.ids import PartyId
from interroam.net.limits import ClientLimits, Limits
from interroam.store.retention import Retention

PREFIX = "INTERROAM"


class SettingsError(Exception):
    """A knob that does not exist, or a value it cannot take."""


class Part(StrEnum):
    """What a node may play; one node may play several."""

    HUB = "hub"
    CPO = "cpo"
    EMSP = "emsp"


class LogLevel(StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How lines of the log look."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where partners reach the node."""

    host: str = "127.0.0.1"
    """The address to listen at; ``0.0.0.0`` or ``::`` for every one."""
    port: int = 0
    """The port to listen at; 0 takes a free one."""
    public_url: str = ""
    """The address partners are told, such as ``https://hub.example``; empty: host and port as they are."""
    proxies: tuple[str, ...] = ()
    """Networks of reverse proxies whose ``X-Forwarded-For`` and ``Client-Cert`` are believed."""
    grace_seconds: float = 5.0
    """How long a stop waits for requests in flight."""


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the journal lives."""

    url: str = ""
    """A file, or ``postgresql://…``; empty: ``interroam.db`` in the data directory."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Certificates, all PEM files; without them the node speaks plain HTTP, as behind a proxy."""

    certificate: Path | None = None
    """The node's certificate chain."""
    key: Path | None = None
    """The private key of that certificate."""
    callers: Path | None = None
    """Authorities whose certificates callers may show (mutual TLS)."""
    callers_required: bool = False
    """Whether callers without such a certificate are turned away."""
    authorities: Path | None = None
    """Authorities trusted when the node calls partners; empty: those of the system."""
    overlap_days: int = 0
    """After so many days a renewed certificate of a partner revokes the former one; 0: that holds until its own end."""


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the node says about its machinery; the story of charges is in the journal."""

    level: LogLevel = LogLevel.INFO
    """The least important lines shown."""
    format: LogFormat = LogFormat.AUTO
    """``console`` for people, ``json`` for programs; ``auto`` looks whether a terminal listens."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One node."""

    name: str = "Interroam"
    """The business name partners see."""
    parts: frozenset[Part] = frozenset({Part.HUB})
    """What the node plays: ``hub``, ``cpo``, ``emsp``, or several."""
    party: str = "ZZ*HUB"
    """The party this node is itself: as a hub its own, such as ``FR*107``."""
    data: Path = Path("interroam-data")
    """The directory of the node's files: journal, keys, socket."""
    insecure_http: bool = False
    """A test switch: partners may publish ``http`` addresses. Never in production (OCPI-2)."""
    metrics: bool = True
    """Whether ``/metrics`` answers."""
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Networks that may read ``/metrics``: it names partners."""
    listen: Listen = Listen()
    """Where partners reach the node."""
    store: StoreSettings = StoreSettings()
    """Where the journal lives."""
    tls: Tls = Tls()
    """Certificates."""
    log: LogSettings = LogSettings()
    """What the node says about its machinery."""
    deadlines: Deadlines = Deadlines()
    """How long things may take, in seconds."""
    pulls: PullTerms = PullTerms()
    """What is fetched from partners, and when."""
    retention: Retention = Retention()
    """How many days entries and traces are kept, by kind; the current picture never expires."""
    limits: Limits = Limits()
    """What the node grants to those who call it."""
    calls: ClientLimits = ClientLimits()
    """What the node allows itself and those it calls."""

    @property
    def own_party(self) -> PartyId:
        """The party this node is itself."""
        return PartyId.parse(self.party)

    @property
    def database(self) -> str:
        """The store's address: a path or a ``postgresql://`` URL."""
        return self.store.url or str(self.data / "interroam.db")

    @property
    def key_file(self) -> Path:
        """The node's keys."""
        return self.data / "interroam.key"

    @property
    def socket_file(self) -> Path:
        """Where local administrators reach the node."""
        return self.data / "interroam.sock"


class Knob(NamedTuple):
    """One setting: its path in the file, its type and its default."""

    path: tuple[str, ...]
    type: Any
    default: object
    owner: type[msgspec.Struct]

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "_".join((PREFIX, *self.path)).upper()


def knobs(of: type[msgspec.Struct] = Settings, path: tuple[str, ...] = ()) -> Iterator[Knob]:
    """Yield every knob in the order of the file."""
    hints = get_type_hints(of)
    for field in msgspec.structs.fields(of):
        kind, here = hints[field.name], (*path, field.name)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from knobs(kind, here)
        else:
            yield Knob(here, kind, field.default, of)


def explained(knob: Knob) -> str:
    """Return the sentence below a knob in the code, else the one of its group."""
    return _notes(knob.owner).get(knob.path[-1], (knob.owner.__doc__ or "").partition("\n")[0])


@cache
def _notes(owner: type[msgspec.Struct]) -> dict[str, str]:
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    lines = made.body if isinstance(made, ast.ClassDef) else []
    notes = {}
    for field, note in pairwise(lines):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            notes[field.target.id] = " ".join(str(ast.literal_eval(note.value)).split())
    return notes


def load(
    file: Path | None = None, env: Mapping[str, str] | None = None, given: Mapping[str, object] | None = None
) -> Settings:
    """Read settings; what is ``given`` (by path, ``listen.port``) outranks variables, and these outrank the file."""
    tree: dict[str, Any] = {}
    if file is not None:
        try:
            tree = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{file}: {error}") from error
    environment = os.environ if env is None else env
    for knob in knobs():
        text = environment.get(knob.variable)
        if text is not None:
            _put(tree, knob.path, _split(text, knob.type))
    for path, value in (given or {}).items():
        _put(tree, tuple(path.split(".")), value)
    return _read(tree, file)


def _read(tree: dict[str, Any], file: Path | None) -> Settings:
    _refuse_unknown(tree, file)
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file or 'settings'}: {error}") from error
    try:
        PartyId.parse(settings.party)
    except ValueError as error:
        raise SettingsError(f"party: {error}") from error
    if (settings.tls.certificate is None) is not (settings.tls.key is None):
        raise SettingsError("tls.certificate and tls.key go together: set both or none")
    return settings


def _refuse_unknown(tree: dict[str, Any], file: Path | None) -> None:
    """Name the knob that does not exist: a typing error must not be a silent default."""
    known = {knob.path for knob in knobs()}
    for path in _paths(tree):
        if path not in known:
            raise SettingsError(f"{file or 'settings'}: there is no setting {'.'.join(path)}")


def _paths(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _paths(value, (*above, name))
        else:
            yield (*above, name)


def _put(tree: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _split(text: str, kind: object) -> object:
    """Read a list from a variable: its parts stand between commas."""
    if get_origin(kind) in (tuple, frozenset):
        return [part.strip() for part in text.split(",") if part.strip()]
    if type(None) in get_args(kind) and not text:
        return None
    return text


def _hook(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value)).expanduser()
    raise NotImplementedError(kind)
