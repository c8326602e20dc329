"""``interroam partner certificate``: what partners and we show each other in TLS, and who issues it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from interroam.cli.front import told
from interroam.cli.reach import Reach, Yes, command, part, sure
from interroam.cli.tables import error, moment, pairs, say, table
from interroam.core.office.authority import Cause
from interroam.model.errors import Refused

app = typer.Typer(help="Certificates: what partners and we show each other in TLS.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The partner's id, such as charge-co.")]
To = Annotated[
    Path | None,
    typer.Option("--to", help="Write certificate and key to this new file, for your eyes only.", show_default="ID.pem"),
]
File = Annotated[Path | None, typer.Option("--to", help="Write it to this file.")]
Signer = Annotated[
    Path | None,
    typer.Option("--authority", help="Have another authority sign it: certificate and key, PEM in one file."),
]
_MARKS = {"valid": "", "soon": "ends soon", "over": "is over", "revoked": "revoked"}


@command(app)
def issue(node: Reach, name: Name, to: To = None, authority: Signer = None) -> None:
    """Issue a partner the certificate that it is to show, and its key."""
    with _new(to or Path(f"{name}.pem")) as file:
        if authority is None:
            made = node.call("POST", f"/partners/{part(name)}/certificate/issue")
        else:
            made = _signed(name, _text(authority))
        _hand_over(node, made, file)


@command(app)
def renew(node: Reach, name: Name, to: To = None) -> None:
    """Issue a partner its next certificate; the former one holds until its own end, or as `tls.overlap_days` says."""
    with _new(to or Path(f"{name}.pem")) as file:
        _hand_over(node, node.call("POST", f"/partners/{part(name)}/certificate/renew"), file)


@command(app)
def revoke(
    node: Reach,
    serial: Annotated[str, typer.Argument(help="Its serial number, as `list` shows it.")],
    reason: Annotated[Cause, typer.Option(help="Why, as the signed list says it.")] = Cause.UNSPECIFIED,
    yes: Yes = False,
) -> None:
    """Let a certificate issued here open nothing any more, from this moment on."""
    sure("A revoked certificate never opens anything again. Revoke it?", yes=yes)
    answer = node.call("POST", f"/certificates/{part(serial)}/revoke", {"cause": reason.value})
    node.show(answer, lambda one: say(f"certificate {one['serial']} of {one['partner']} is revoked"))


@command(app)
def revoked(node: Reach, to: File = None) -> None:
    """Show the signed list of revoked certificates (CRL, PEM), for a proxy before the node."""
    _show_pem(node, "/certificates/revoked", "crl", to)


@command(app)
def authority(node: Reach, to: File = None) -> None:
    """Show the certificate of the node's own authority, which signs what is issued here."""
    _show_pem(node, "/authority", "certificate", to)


@command(app)
def accept(
    node: Reach,
    name: Name,
    pem: Annotated[Path | None, typer.Option("--pem", help="The certificates it may show, PEM.")] = None,
    any_: Annotated[bool, typer.Option("--any", help="Let it call with any certificate, or without, again.")] = False,
) -> None:
    """Bind a partner to the certificates that it shows when it calls us."""
    wanted = {"pem": _chosen(pem, any_, "--any")}
    node.show(node.call("PUT", f"/partners/{part(name)}/certificate", wanted), pairs)


@command(app)
def present(
    node: Reach,
    name: Name,
    pem: Annotated[Path | None, typer.Option("--pem", help="Certificate and key, PEM in one file.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Show it none again.")] = False,
) -> None:
    """Choose what we show a partner when we call it."""
    wanted = {"pem": _chosen(pem, none, "--none")}
    node.show(node.call("PUT", f"/partners/{part(name)}/certificate/ours", wanted), pairs)


@command(app)
def show(node: Reach, name: Name) -> None:
    """Say what a partner is bound to, and whether we show it a certificate."""
    node.show(node.call("GET", f"/partners/{part(name)}/certificate"), pairs)


@command(app, "list")
def list_(node: Reach) -> None:
    """List the certificates issued here, the first to end first."""
    node.show(node.call("GET", "/certificates"), _issued)


def _show_pem(node: Reach, path: str, field: str, to: Path | None) -> None:
    answer = node.call("GET", path)
    if to is not None:
        to.write_text(answer[field])
        answer = {field: f"in {to}"}
    node.show(answer, lambda shown: say(shown[field]))


def _chosen(pem: Path | None, none: bool, word: str) -> str:
    """Return what the file holds, or nothing where nothing was asked for; one of the two has to be."""
    if (pem is None) is not none:
        error("which certificate?", f"either --pem FILE or {word}")
        raise typer.Exit(2)
    return "" if pem is None else _text(pem)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except UnicodeDecodeError:
        error(f"{file} is no PEM file", "it begins with -----BEGIN")
        raise typer.Exit(1) from None


@contextmanager
def _new(path: Path) -> Iterator[TextIO]:
    """Open a new file before anything is issued; it goes again where nothing comes of it."""
    try:
        file = open(path, "x", encoding="ascii", opener=_for_our_eyes)  # noqa: SIM115  closed below
    except OSError as trouble:
        error(told(trouble), "name another file: --to FILE")
        raise typer.Exit(1) from None
    with file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


def _for_our_eyes(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _hand_over(node: Reach, made: dict[str, Any], file: TextIO) -> None:
    """Write a certificate with its key, which is shown this once."""
    file.write(made.pop("certificate") + made.pop("key"))
    node.show({**made, "file": file.name}, lambda one: pairs({**one, "until": moment(one.get("until"))}))


def _signed(name: str, signer: str) -> dict[str, Any]:
    """Make a certificate and its key here, signed by an authority whose key the node does not know."""
    from interroam.core.office.certificates import Pair, issue  # noqa: PLC0415  needed here alone

    try:
        pair = issue(name, Pair(signer, signer), datetime.now(UTC))
    except Refused as no:
        error(no.message, no.remedy)
        raise typer.Exit(1) from None
    return {"partner": name, "name": name, "certificate": pair.certificate, "key": pair.key}


def _issued(answer: dict[str, Any]) -> None:
    rows = [
        (one["partner"], one["name"], moment(one["since"]), moment(one["until"]), _mark(one), one["serial"])
        for one in answer["certificates"]
    ]
    table(("partner", "common name", "since (UTC)", "until (UTC)", "", "serial"), rows, "none was issued yet")


def _mark(one: dict[str, Any]) -> str:
    """Return what is to be known of a certificate besides its times."""
    mark, revoked = _MARKS[one["state"]], one.get("revoked")
    if revoked is None:
        return mark
    ends = f"{moment(revoked)}, {one.get('cause', 'unspecified')}"
    return f"revoked {ends}" if one["state"] == "revoked" else f"is revoked {ends}"
