"""``interroam serve``: run a node until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from interroam import log
from interroam.cli.reach import Config, Data, settings_of
from interroam.cli.tables import error, say
from interroam.model.errors import Refused, Unavailable
from interroam.settings import Part, Tls

if TYPE_CHECKING:
    from interroam.app import Node

_COLLECT_AFTER = 100_000
"""Decoded messages hold no cycles: looking for them seldom makes large ones several times faster."""

_TITLES = {Part.HUB: "a hub", Part.CPO: "a CPO", Part.EMSP: "an eMSP"}

Port = Annotated[int | None, typer.Option("--port", "-p", help="Listen at this port instead.", min=0, max=65_535)]
NewKeys = Annotated[
    bool, typer.Option("--new-keys", help="Go on with new keys where the old are lost: partners need new tokens.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Do not say how to go on.")]


def serve(
    config: Config = None, data: Data = None, port: Port = None, quiet: Quiet = False, new_keys: NewKeys = False
) -> None:
    """Run a node until Ctrl-C; without settings an empty hub on a free local port."""
    settings = settings_of(config, data, **({"listen.port": port} if port is not None else {}))
    log.set_up(settings.log.level, settings.log.format)
    from interroam.app import Node  # noqa: PLC0415  a whole house, and every command would wait for it

    try:
        _check_readable(settings.tls)
        node = Node(settings, new_keys=new_keys)
        _loop()(_serve(node, config, quiet=quiet))
    except Refused as no:
        error(no.message, no.remedy)
        raise typer.Exit(1) from None
    except Unavailable as later:
        error(later.message)
        raise typer.Exit(1) from None
    except ssl.SSLError as trouble:
        error(
            f"the certificates of [tls] cannot be used: {trouble.reason or trouble}",
            "PEM files, and the key of that certificate",
        )
        raise typer.Exit(1) from None
    except OSError as trouble:
        if trouble.filename is not None:
            raise
        where = f"{settings.listen.host}:{settings.listen.port}"
        error(f"cannot listen at {where}: {trouble.strerror}", "choose another with --port or listen.port")
        raise typer.Exit(1) from None


async def _serve(node: Node, config: Path | None, *, quiet: bool) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, told.set)
    await node.start()
    try:
        if not quiet:
            _say_how_to_go_on(node, config)
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, 50, 50)
        loop.add_signal_handler(signal.SIGHUP, node.renew_certificates_soon)
        await told.wait()
    finally:
        await node.stop()


def _check_readable(tls: Tls) -> None:
    """Open every file of the certificates once: what OpenSSL says of one does not name it."""
    for file in (tls.certificate, tls.key, tls.callers, tls.authorities):
        if file is not None:
            file.open("rb").close()


def _say_how_to_go_on(node: Node, config: Path | None) -> None:
    settings = node.settings
    where = f" -c {config}" if config else "" if str(settings.data) == "interroam-data" else f" --data {settings.data}"
    parts = " and ".join(_TITLES[part] for part in sorted(settings.parts))
    say(f"[bold]{escape(settings.name)}[/] is {parts} ({settings.party}) at [bold cyan]{node.url}[/]")
    say(f"data in {settings.data.absolute()}; Ctrl-C stops it\n")
    if node.book.partners:
        return
    say("It knows nobody yet. In another terminal:")
    for line in _first_steps(node):
        say(f"  interroam {line}{where}")
    say("  interroam demo   [dim]# or watch it all happen[/]\n")


def _first_steps(node: Node) -> list[str]:
    settings = node.settings
    if Part.HUB in settings.parts:
        return [
            "partner add charge-co --party CH-CCC/CPO",
            "partner add drive-co --party NL-EEE/EMSP",
            "agreement add NL-EEE/EMSP CH-CCC/CPO",
        ]
    own, hub = settings.party.replace("*", "-"), "FR-107/HUB"  # some shells look for files where they see a star
    steps = []
    if Part.CPO in settings.parts:
        steps.append(f"partner add back-office --protocol plain --party {own}/CPO")
        steps.append(f"agreement add {hub} {own}/CPO")
    if Part.EMSP in settings.parts:
        steps.append(f"partner add drivers --protocol plain --party {own}/EMSP")
        steps.append(f"agreement add {own}/EMSP {hub}")
    return [*steps, f"partner add the-hub --party {hub} --partner-url URL --partner-token TOKEN"]


def _loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    try:
        import uvloop  # noqa: PLC0415  not on every system
    except ImportError:
        return asyncio.run
    return uvloop.run
