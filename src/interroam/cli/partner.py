"""``interroam partner``: who is connected, and as whom."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from interroam.cli.reach import Reach, Yes, ask_secret, command, part, sure
from interroam.cli.tables import error, moment, pairs, say, table

app = typer.Typer(help="Partners: who is connected, and as whom.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The partner's id, such as charge-co.")]
Parties = Annotated[list[str], typer.Option("--party", help="A party it speaks for, as CH-CCC/CPO; repeat it.")]
Protocol = Annotated[str, typer.Option(help="ocpi, emip, or plain for a back office.")]
Title = Annotated[str, typer.Option("--name", help="A name for people.")]
Profile = Annotated[str, typer.Option(help="How the partner speaks: spec, gireve, or wwcp in eMIP.")]
Switches = Annotated[list[str], typer.Option("--switch", help="A switch that outranks the profile, as name=value.")]
Addresses = Annotated[list[str], typer.Option("--address", help="A network it may call from; repeat it.")]
Rate = Annotated[float, typer.Option(help="Requests a second it may send, over ten seconds; 0: no limit.", min=0)]
Size = Annotated[
    int, typer.Option("--body-bytes", help="Bytes it may send at once; 0: no limit but the door's.", min=0)
]
PartnerUrl = Annotated[str, typer.Option("--partner-url", help="The (versions) address the partner gave you.")]
AtOnce = Annotated[str, typer.Option("--partner-url", help="Register with it at once, at the address it gave you.")]
PartnerToken = Annotated[
    str | None,
    typer.Option("--partner-token", help="The registration token it gave you; asked for where one is needed."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="Write the token to this file, for your eyes only, and do not show it."),
]


@command(app)
def add(  # noqa: PLR0913, PLR0917  an argument per option
    node: Reach,
    name: Name,
    party: Parties,
    protocol: Protocol = "ocpi",
    title: Title = "",
    profile: Profile = "spec",
    switch: Switches = [],  # noqa: B006  typer's way to say none
    address: Addresses = [],  # noqa: B006  see above
    rate: Rate = 0,
    body_bytes: Size = 0,
    token_file: TokenFile = None,
    partner_url: AtOnce = "",
    partner_token: PartnerToken = None,
) -> None:
    """Add a partner and print the secret to give it; or register with the one it gave you."""
    wanted = {
        "id": name,
        "protocol": protocol,
        "name": title,
        "parties": party,
        "profile": profile,
        "switches": dict(map(_switch, switch)),
        "addresses": address,
        "rate": rate,
        "body_bytes": body_bytes,
    }
    if not partner_url:
        _issue(node, "/partners", wanted, token_file)
        return
    node.call("POST", "/partners", wanted)
    try:
        _register(node, name, partner_url, partner_token)
    except BaseException:
        node.call("DELETE", f"/partners/{part(name)}")
        raise


@command(app, "list")
def list_(node: Reach) -> None:
    """List partners."""
    node.show(node.call("GET", "/partners"), _partners)


@command(app)
def show(node: Reach, name: Name) -> None:
    """Show one partner."""
    node.show(node.call("GET", f"/partners/{part(name)}"), _partner)


@command(app)
def amend(  # noqa: PLR0913, PLR0917  an argument per option
    node: Reach,
    name: Name,
    party: Parties = [],  # noqa: B006  see above
    title: Title = "",
    profile: Profile = "",
    switch: Switches = [],  # noqa: B006  see above
    address: Addresses = [],  # noqa: B006  see above
    rate: Rate | None = None,
    body_bytes: Size | None = None,
) -> None:
    """Change a partner; what is not named stays."""
    old = node.call("GET", f"/partners/{part(name)}")
    wanted = {
        "parties": party or old.get("parties", []),
        "name": title or old.get("name", ""),
        "profile": profile or old.get("profile", "spec"),
        "switches": {**old.get("switches", {}), **dict(map(_switch, switch))},
        "addresses": address or old.get("addresses", []),
        "rate": old.get("rate", 0) if rate is None else rate,
        "body_bytes": old.get("body_bytes", 0) if body_bytes is None else body_bytes,
    }
    node.show(node.call("PUT", f"/partners/{part(name)}", wanted), _partner)


@command(app)
def register(node: Reach, name: Name, partner_url: PartnerUrl, partner_token: PartnerToken = None) -> None:
    """Register with a partner that gave you its address and, but for eMIP, a token."""
    _register(node, name, partner_url, partner_token)


@command(app)
def unregister(node: Reach, name: Name, yes: Yes = False) -> None:
    """End a registration on both sides; the partner stays known."""
    sure(f"End the registration with {name}?", yes=yes)
    node.show(node.call("POST", f"/partners/{part(name)}/unregister"), _partner)


@command(app)
def rotate(node: Reach, name: Name, token_file: TokenFile = None) -> None:
    """Exchange new secrets with a partner; a back office gets a new token to be handed over."""
    known = node.call("GET", f"/partners/{part(name)}")
    if known["protocol"] == "plain":
        _issue(node, f"/partners/{part(name)}/token", None, token_file)
    elif token_file is not None:
        error(f"{name} gets its secret by {known['protocol']} itself", "leave --token-file out")
        raise typer.Exit(2)
    else:
        node.show(node.call("POST", f"/partners/{part(name)}/rotate"), _partner)


@command(app)
def token(node: Reach, name: Name, token_file: TokenFile = None) -> None:
    """Issue a new registration token (or API token), voiding the one before."""
    _issue(node, f"/partners/{part(name)}/token", None, token_file)


@command(app)
def suspend(node: Reach, name: Name) -> None:
    """Switch a partner off; what it is owed waits."""
    node.show(node.call("POST", f"/partners/{part(name)}/suspend"), _partner)


@command(app)
def resume(node: Reach, name: Name) -> None:
    """Switch a suspended partner on again."""
    node.show(node.call("POST", f"/partners/{part(name)}/resume"), _partner)


@command(app)
def remove(node: Reach, name: Name, yes: Yes = False) -> None:
    """Forget a partner and its secrets; what it stated stays in the journal."""
    sure(f"Forget {name}?", yes=yes)
    node.call("DELETE", f"/partners/{part(name)}")
    node.show({"forgotten": name}, lambda _: say(f"{escape(name)} is forgotten"))


@command(app)
def route(
    node: Reach,
    party: Annotated[str, typer.Argument(help="As NL*EEE/EMSP.")],
    partner: Annotated[
        list[str] | None,
        typer.Argument(help="Partners in order: the first one connected is used; none: whoever speaks for it."),
    ] = None,
    module: Annotated[str, typer.Option(help="Only what belongs to this module, such as cdrs.")] = "",
) -> None:
    """Say which partners carry a party's messages, where more than one could."""
    wanted = {"party": party, "partners": partner or [], "module": module or None}
    node.show(node.call("PUT", "/routes", wanted), pairs)


@command(app)
def routes(node: Reach) -> None:
    """List which partners carry whose messages, where that was said."""
    node.show(node.call("GET", "/routes"), _routes)


def _register(node: Reach, name: str, url: str, token: str | None) -> None:
    if token is None and node.call("GET", f"/partners/{part(name)}")["protocol"] != "emip":
        token = ask_secret("Partner token")
    answer = node.call("POST", f"/partners/{part(name)}/register", {"url": url, "token": token or ""})
    node.show(answer, _partner)


def _switch(text: str) -> tuple[str, str | bool | int]:
    name, equals, value = text.partition("=")
    if not equals:
        error(f"{text!r} is no switch", "write it as name=value")
        raise typer.Exit(2)
    if value.lower() in ("true", "false", "on", "off", "yes", "no"):
        return name, value.lower() in ("true", "on", "yes")
    return name, int(value) if value.isdecimal() else value


def _issue(node: Reach, path: str, body: object, file: Path | None) -> None:
    """Have a secret issued and show it, or put it into a file that is known to be writable before."""
    if file is None:
        node.show(node.call("POST", path, body), _issued)
        return
    there = file.exists()
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    try:
        answer = node.call("POST", path, body)
    except BaseException:
        if not there:
            file.unlink()
        raise
    file.write_text(answer["token"])
    node.show({**answer, "token": f"in {file}"}, _issued)


def _issued(answer: dict[str, Any]) -> None:
    pairs({"partner": answer["partner"], "address": answer["url"], "token": answer["token"] or "none"})
    if answer["purpose"] == "registration":
        say("[dim]Give both to the partner: it registers with them. The token is shown this once.[/]")
    elif answer["purpose"] == "nothing":
        name = answer["partner"]
        say(f"[dim]Give it the address and a certificate: interroam partner certificate issue {name}[/]")
        say(f"[dim]It calls platforms from its own addresses only: interroam partner amend {name} --address NETWORK[/]")
    else:
        say("[dim]Give both to the back office: Authorization: Bearer TOKEN. The token is shown this once.[/]")


def _partners(answer: dict[str, Any]) -> None:
    rows = [
        (one["id"], one["protocol"], one["state"], one.get("parties"), one.get("name"), moment(one.get("since")))
        for one in answer["partners"]
    ]
    table(("partner", "protocol", "state", "parties", "name", "since (UTC)"), rows, "no partners yet")


def _routes(answer: dict[str, Any]) -> None:
    rows = [(one["party"], one.get("module", "every"), one["partners"]) for one in answer["routes"]]
    table(("party", "module", "partners"), rows, "no routes: whoever speaks for a party carries its messages")


def _partner(one: dict[str, Any]) -> None:
    shown = {name: moment(value) if name == "since" else value for name, value in one.items()}
    if not shown.get("rate"):
        shown.pop("rate", None)
    pairs(shown)
