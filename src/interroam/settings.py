"""Every knob of a node, once, with its explanation: one frozen value from a TOML file and ``INTERROAM_*`` variables.

A variable is named after the knob's path: ``listen.port`` is ``INTERROAM_LISTEN_PORT``; it outranks the file. Only
``app`` and ``cli`` read settings. Partners, agreements and users are data, not settings.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

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
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
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
    copy_first: bool = True
    """Leave a copy before a new release changes the tables: beside the file, or of a database in the data directory."""


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
    parts: Annotated[frozenset[Part], msgspec.Meta(min_length=1)] = frozenset({Part.HUB})
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
    tree = _file(file) if file is not None else {}
    environment = os.environ if env is None else env
    _refuse_unknown_variables(environment)
    for knob in knobs():
        text = environment.get(knob.variable)
        if text is not None:
            _put(tree, knob.path, _split(text, knob.type))
    for path, value in (given or {}).items():
        _put(tree, tuple(path.split(".")), value)
    try:
        return _read(tree)
    except SettingsError as wrong:
        raise SettingsError(f"{file}: {wrong}" if file is not None else str(wrong)) from wrong.__cause__


def _file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except ValueError as error:  # no TOML, or no text at all
        raise SettingsError(f"{file} is no TOML: {error}") from error


def _read(tree: dict[str, Any]) -> Settings:
    _refuse_unknown(tree)
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise SettingsError(_told(error)) from error
    for wrong in _wrong(settings):
        raise SettingsError(wrong)
    return settings


def _wrong(settings: Settings) -> Iterator[str]:
    """Yield what no type can say."""
    try:
        PartyId.parse(settings.party)
    except ValueError as error:
        yield f"party: {error}"
    for name, networks in (("metrics_from", settings.metrics_from), ("listen.proxies", settings.listen.proxies)):
        yield from (f"{name}: {one!r} is no network, such as 192.0.2.0/24" for one in networks if not _is_network(one))
    if settings.listen.public_url and not re.fullmatch(r"https?://[^/?#\s]+[^?#\s]*", settings.listen.public_url):
        yield f"listen.public_url: {settings.listen.public_url!r} is no address, such as https://hub.example"
    if "://" in settings.store.url and not settings.store.url.startswith(("postgresql://", "postgres://")):
        yield f"store.url: {settings.store.url.partition(':')[0]} is not spoken: a file, or postgresql://…"
    if (settings.tls.certificate is None) is not (settings.tls.key is None):
        yield "tls.certificate and tls.key go together: set both or none"
    if settings.tls.callers_required and settings.tls.certificate is None:
        yield "tls.callers_required asks for a certificate: set tls.certificate and tls.key"


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _told(error: msgspec.ValidationError) -> str:
    """Name the setting that has a wrong value, and where it is one of some words, the words."""
    message, _, place = str(error).partition(" - at `$.")
    name = place.rstrip("`")
    kind = next((knob.type for knob in knobs() if ".".join(knob.path) == name.partition("[")[0]), None)
    words = words_of(kind)
    if words and message.startswith("Invalid enum value"):
        message = f"{message.removeprefix('Invalid enum value ')} is none of {', '.join(words)}"
    return f"{name}: {message[:1].lower()}{message[1:].replace('`', '')}" if name else message


def words_of(kind: object) -> tuple[str, ...]:
    """Return the words that a setting of this type chooses from, if any."""
    inner = [one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, StrEnum)]
    return tuple(member.value for member in inner[0]) if inner else ()


def _refuse_unknown(tree: dict[str, Any]) -> None:
    """Name the knob that does not exist: a typing error must not be a silent default."""
    known = {".".join(knob.path) for knob in knobs()}
    for path in _paths(tree):
        if path not in known:
            raise SettingsError(f"there is no setting {path}{_meant(path, known)}")


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """Do the same for variables of a group; what else begins with our name may be somebody else's."""
    known = {knob.variable for knob in knobs()}
    groups = tuple({"_".join((PREFIX, knob.path[0], "")).upper() for knob in knobs() if len(knob.path) > 1})
    for name in environment:
        if name.startswith(groups) and name not in known:
            raise SettingsError(f"there is no variable {name}{_meant(name, known)}")


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _paths(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{above}{name}.")
        else:
            yield above + name


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
