"""``interroam agreement``: who roams with whom, since when, and would this card be accepted there."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import error, moment, pairs, say, table
from interroam.cli.times import TIME
from interroam.model.agreements import Mode, Policy
from interroam.model.ids import Module

_WORDS: dict[str, tuple[str, ...]] = {"policy": tuple(Policy), "mode": tuple(Mode)}

app = typer.Typer(help="Agreements: who roams with whom.", no_args_is_help=True)

Emsp = Annotated[str, typer.Argument(help="The eMSP, as NL-EEE/EMSP (or a hub, as FR-107/HUB).")]
Starts = Annotated[datetime | None, typer.Option("--from", help="When it starts (default: now); UTC.", **TIME)]
Ends = Annotated[datetime | None, typer.Option("--until", help="When it ends; UTC.", **TIME)]
When = Annotated[datetime | None, typer.Option(help="When (default: now); UTC.", **TIME)]
Without = Annotated[list[str], typer.Option("--without", help="A module to leave out, such as tariffs; repeat it.")]
Policies = Annotated[list[str], typer.Option("--policy", help="How a module is delivered, as cdrs=strict; repeat it.")]
Id = Annotated[str, typer.Argument(help="The agreement, or the beginning of its id.")]


Networks = Annotated[list[str], typer.Option("--network", help="A network of CPOs; repeat it.")]
Locations = Annotated[list[str], typer.Option("--location", help="Only EVSEs of this location; CH-CCC/ID for one CPO.")]
Groups = Annotated[list[str], typer.Option("--group", help="Only EVSEs with this tariff id; CH-CCC/ID for one CPO.")]
Evses = Annotated[list[str], typer.Option("--evse", help="Only this EVSE, by uid or EVSE id; CH-CCC/ID for one CPO.")]
Modes = Annotated[list[str], typer.Option("--mode", help="The roaming mode of a module, as commands=A; repeat it.")]
Tariffs = Annotated[list[Path], typer.Option("--tariff", help="A tariff in the agreement (JSON); repeat it.")]
Tolerance = Annotated[str, typer.Option(help="How far a CDR's price may be off.")]
Hold = Annotated[bool, typer.Option("--hold", help="Hold CDRs that are further off, instead of a remark.")]
Clearing = Annotated[bool, typer.Option("--clearing", help="Price charges whose CPO states no price.")]
Services = Annotated[
    list[str], typer.Option("--service", help="What drivers may do, by the number eMIP has for it; 1, to charge.")
]
Smart = Annotated[
    list[str], typer.Option("--smart", help="A smart charging provider, told of the sessions, as NL-SCP/SCSP.")
]
Service = Annotated[str, typer.Option(help="What the driver wants, as --service of an agreement.")]

_CARD, _PLACE = "A card's uid, a contract, or a party that looks, as NL-EEE/EMSP.", "An EVSE, as CH-CCC-E123."
Card = Annotated[str, typer.Argument(help=_CARD)]
Place = Annotated[str, typer.Argument(help=f"{_PLACE[:-1]}; or nothing, with --cpo.")]
CardNamed = Annotated[str, typer.Option("--card", help=f"The same by name: {_CARD[0].lower()}{_CARD[1:]}")]
PlaceNamed = Annotated[str, typer.Option("--evse", help=f"The same by name: {_PLACE[0].lower()}{_PLACE[1:]}")]
Anywhere = Annotated[str, typer.Option("--cpo", help="Anywhere at this CPO, as CH-CCC.")]


@command(app)
def add(  # noqa: PLR0913, PLR0917  each is an option
    node: Reach,
    emsp: Emsp,
    cpos: Annotated[list[str] | None, typer.Argument(help="The CPOs, as CH-CCC/CPO.")] = None,
    starts: Starts = None,
    ends: Ends = None,
    without: Without = [],  # noqa: B006  typer's way to say none
    policy: Policies = [],  # noqa: B006  see above
    mode: Modes = [],  # noqa: B006  see above
    network: Networks = [],  # noqa: B006  see above
    location: Locations = [],  # noqa: B006  see above
    group: Groups = [],  # noqa: B006  see above
    evse: Evses = [],  # noqa: B006  see above
    tariff: Tariffs = [],  # noqa: B006  see above
    tolerance: Tolerance = "0.01",
    hold: Hold = False,
    clearing: Clearing = False,
    service: Services = [],  # noqa: B006  see above
    smart: Smart = [],  # noqa: B006  see above
    offer: Annotated[bool, typer.Option("--offer", help="Only offer it: it holds when all have accepted.")] = False,
) -> None:
    """Let an eMSP and some CPOs roam, on behalf of all of them; or offer it."""
    wanted = {
        "emsp": emsp,
        "cpos": cpos or [],
        "networks": network,
        "starts": starts,
        "ends": ends,
        "terms": _terms(without, policy, mode),
        "selections": _selections(location, group, evse),
        "prices": _prices(tariff, tolerance, hold=hold, clearing=clearing),
        "services": service or ["1"],
        "smart_charging": smart,
    }
    node.show(node.call("POST", "/offers" if offer else "/agreements", wanted), _agreement)


@command(app)
def amend(  # noqa: PLR0913, PLR0917  each is an option
    node: Reach,
    agreement: Id,
    ends: Ends = None,
    without: Without = [],  # noqa: B006  see above
    policy: Policies = [],  # noqa: B006  see above
    mode: Modes = [],  # noqa: B006  see above
    location: Locations = [],  # noqa: B006  see above
    group: Groups = [],  # noqa: B006  see above
    evse: Evses = [],  # noqa: B006  see above
    everything: Annotated[bool, typer.Option("--everything", help="Show all EVSEs again.")] = False,
    tariff: Tariffs = [],  # noqa: B006  see above
    tolerance: Tolerance = "",
    hold: Annotated[
        bool | None, typer.Option("--hold/--no-hold", help="Hold CDRs that are further off, or not.")
    ] = None,
    clearing: Annotated[
        bool | None, typer.Option("--clearing/--no-clearing", help="Price charges without a price, or not.")
    ] = None,
    by_module: Annotated[bool, typer.Option("--by-module", help="Prices come by the tariffs module again.")] = False,
    service: Services = [],  # noqa: B006  see above
    smart: Smart = [],  # noqa: B006  see above
    no_smart: Annotated[bool, typer.Option("--no-smart", help="No smart charging provider any more.")] = False,
) -> None:
    """Offer the next version of an agreement; what is not named stays. It holds when all have accepted."""
    wanted: dict[str, object] = {"ends": ends, "terms": _terms(without, policy, mode)}
    if location or group or evse or everything:
        wanted["selections"] = _selections(location, group, evse)
    said = {
        "tariffs": list(map(_tariff, tariff)) if tariff or by_module else None,
        "tolerance": tolerance or None,
        "beyond": None if hold is None else _beyond(hold=hold),
        "clearing": clearing,
    }
    wanted["prices"] = {name: value for name, value in said.items() if value is not None}
    if service:
        wanted["services"] = service
    if smart or no_smart:
        wanted["smart_charging"] = smart
    node.show(node.call("POST", f"/agreements/{part(agreement)}/amend", wanted), _agreement)


@command(app)
def offers(node: Reach) -> None:
    """List what waits to be accepted."""
    node.show(node.call("GET", "/offers"), lambda answer: _agreements(answer, "no offers wait"))


@command(app)
def accept(
    node: Reach,
    offer: Id,
    party: Annotated[str, typer.Option("--for", help="For this party only, as CH-CCC/CPO (default: for all).")] = "",
) -> None:
    """Accept an offer on behalf of those it waits for."""
    node.show(node.call("POST", f"/offers/{part(offer)}/accept", {"party": party}), _agreement)


@command(app)
def reject(node: Reach, offer: Id) -> None:
    """Take an offer back."""
    node.call("DELETE", f"/offers/{part(offer)}")
    node.show({"taken_back": offer}, lambda _: say("taken back"))


@command(app)
def show(
    node: Reach, agreement: Id, versions: Annotated[bool, typer.Option("--versions", help="All it ever was.")] = False
) -> None:
    """Show an agreement."""
    path = f"/agreements/{part(agreement)}"
    if versions:
        node.show(node.call("GET", f"{path}/versions"), _agreements)
    else:
        node.show(node.call("GET", path), _agreement)


@command(app)
def network(
    node: Reach,
    name: Annotated[str, typer.Argument(help="The network.")] = "",
    cpos: Annotated[list[str] | None, typer.Argument(help="All its CPOs, as CH-CCC/CPO.")] = None,
    owner: Annotated[str, typer.Option(help="Who bundles them, as CH-CCC/CPO (default: the first CPO).")] = "",
) -> None:
    """List networks, or say which CPOs one has: no new agreement is needed."""
    if not cpos:
        node.show(node.call("GET", "/networks"), _networks)
        return
    wanted = {"owner": owner or cpos[0], "cpos": cpos}
    node.show(node.call("PUT", f"/networks/{part(name)}", wanted), pairs)


@command(app, "list")
def list_(node: Reach) -> None:
    """List agreements."""
    node.show(node.call("GET", "/agreements"), _agreements)


@command(app)
def terms(
    node: Reach,
    agreement: Id,
    include: Annotated[list[str], typer.Option("--with", help="A module to take in.")] = [],  # noqa: B006  see above
    without: Without = [],  # noqa: B006  see above
    policy: Policies = [],  # noqa: B006  see above
    mode: Modes = [],  # noqa: B006  see above
    signed: Annotated[
        bool | None, typer.Option("--signed/--no-signed", help="CDRs for OCPI 2.1.1 carry the meter's signed data.")
    ] = None,
) -> None:
    """Change what an agreement says of some modules; what is not named stays."""
    wanted = _terms(without, policy, mode)
    for module in include:
        wanted.setdefault(module, {})["on"] = True
    if signed is not None:
        wanted.setdefault("cdrs", {})["signed"] = signed
    node.show(node.call("POST", f"/agreements/{part(agreement)}/terms", {"terms": wanted}), _agreement)


@command(app)
def end(
    node: Reach,
    agreement: Id,
    at: When = None,
) -> None:
    """End an agreement; open charges are told to their end."""
    node.show(node.call("POST", f"/agreements/{part(agreement)}/end", {"at": at}), _agreement)


@command(app)
def explain(
    node: Reach,
    card: Card = "",
    evse: Place = "",
    card_named: CardNamed = "",
    evse_named: PlaceNamed = "",
    cpo: Anywhere = "",
    at: When = None,
    service: Service = "",
) -> None:
    """Say whether a card would be accepted, or a party is shown an EVSE, why, and what would make it pass."""
    asked = _asked(card, evse, card_named, evse_named)
    _explained(node, {**asked, "cpo": cpo, "at": at, "service": service})


@command(app)
def simulate(
    node: Reach,
    card: Card = "",
    evse: Place = "",
    card_named: CardNamed = "",
    evse_named: PlaceNamed = "",
    cpo: Anywhere = "",
    at: When = None,
    service: Service = "",
) -> None:
    """Say what explain would say if every offer were accepted; both are asked in the same words."""
    asked = _asked(card, evse, card_named, evse_named)
    _explained(node, {**asked, "cpo": cpo, "at": at, "service": service, "offers": "true"})


def _asked(card: str, evse: str, card_named: str, evse_named: str) -> dict[str, Any]:
    for what, placed, named in (("card", card, card_named), ("EVSE", evse, evse_named)):
        if placed and named:
            error(f"two are named as the {what}: {placed} and {named}", "write CARD EVSE, or --card CARD --evse EVSE")
            raise typer.Exit(2)
    who = card or card_named
    if not who:
        error("no card is named", "write CARD EVSE, or --card CARD --evse EVSE")
        raise typer.Exit(2)
    return {"viewer" if "/" in who else "card": who, "evse": evse or evse_named}


def _explained(node: Reach, asked: dict[str, Any]) -> None:
    answer = node.call("GET", "/explain", **asked)
    node.show(answer, _explanation)
    if not answer["accepted"]:
        raise typer.Exit(1)


def _terms(without: list[str], policies: list[str], modes: list[str]) -> dict[str, dict[str, object]]:
    terms: dict[str, dict[str, object]] = {module: {"on": False} for module in without}
    for name, said in (("policy", policies), ("mode", modes)):
        for text in said:
            module, equals, value = text.partition("=")
            if not equals or value not in _WORDS[name]:
                error(f"{text!r} is no {name}", f"write it as MODULE={'|'.join(_WORDS[name])}")
                raise typer.Exit(2)
            terms.setdefault(module, {})[name] = value
    for module in terms:
        if module not in tuple(Module):
            error(f"there is no module {module}", f"one of {', '.join(Module)}")
            raise typer.Exit(2)
    return terms


def _selections(locations: list[str], groups: list[str], evses: list[str]) -> list[dict[str, Any]]:
    """Sort what is selected by the CPO it is said of: filters are kept per operation."""
    found: dict[str, dict[str, Any]] = {}
    for field, said in (("locations", locations), ("tariff_groups", groups), ("evses", evses)):
        for text in said:
            cpo, _, name = text.rpartition("/")
            found.setdefault(cpo, {"cpo": cpo or None}).setdefault(field, []).append(name)
    return list(found.values())


def _prices(tariffs: list[Path], tolerance: str, *, hold: bool, clearing: bool) -> dict[str, object]:
    return {
        "tariffs": list(map(_tariff, tariffs)),
        "tolerance": tolerance,
        "beyond": _beyond(hold=hold),
        "clearing": clearing,
    }


def _tariff(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except ValueError as trouble:
        error(f"{file} is no JSON: {trouble}", "a tariff is written as in the API for back offices")
        raise typer.Exit(2) from None


def _beyond(*, hold: bool) -> str:
    return "hold" if hold else "pass with remark"


def _networks(answer: dict[str, Any]) -> None:
    rows = [(one["id"], one["owner"], one["cpos"]) for one in answer["networks"]]
    table(("network", "owner", "CPOs"), rows, "no networks yet")


def _agreements(answer: dict[str, Any], empty: str = "no agreements yet") -> None:
    rows = [
        (
            one["id"],
            one["emsp"],
            [*one["cpos"], *one.get("networks", [])],
            moment(one["starts"]),
            moment(one.get("ends")),
            one["in_force"],
            _changed(one.get("terms", {})),
            one.get("waiting", []),
        )
        for one in answer["agreements"]
    ]
    table(
        ("agreement", "eMSP", "CPOs", "starts (UTC)", "ends", "in force", "terms", "waits for"),
        rows,
        empty,
    )


def _agreement(one: dict[str, Any]) -> None:
    shown = {name: value for name, value in one.items() if name not in ("selections", "accepted", "prices")}
    shown |= {"starts": moment(one["starts"]), "ends": moment(one.get("ends")) or "never"}
    shown["EVSEs"] = [_selected(each) for each in one.get("selections", [])] or "all"
    shown["services"] = ", ".join(one.get("services", ["1"]))
    shown["smart_charging"] = ", ".join(one.get("smart_charging", [])) or "nobody"
    shown["beside"] = ", ".join(one.get("beside", [])) or "no other"
    shown["prices"] = "in the agreement" if one.get("prices", {}).get("tariffs") else "by module"
    pairs({**shown, "terms": _changed(one.get("terms", {})) or "everything"})


def _selected(one: dict[str, Any]) -> str:
    names = [f"location {name}" for name in one.get("locations", [])]
    names += [f"group {name}" for name in one.get("tariff_groups", [])]
    names += [f"EVSE {name}" for name in one.get("evses", [])]
    return " ".join(filter(None, (one.get("cpo"), ", ".join(names))))


def _changed(terms: dict[str, dict[str, Any]]) -> str:
    said = []
    for module, one in terms.items():
        if not one.get("on", True):
            said.append(f"without {module}")
        if one.get("policy"):
            said.append(f"{module} {one['policy']}")
        if one.get("mode"):
            said.append(f"{module} mode {one['mode']}")
    return ", ".join(said)


def _explanation(answer: dict[str, Any]) -> None:
    say("[bold green]yes[/], it would be accepted" if answer["accepted"] else "[bold red]no[/], it would be refused")
    rows = [
        ("yes" if step["passed"] else "no", step["rule"], step["message"], step.get("remedy", ""))
        for step in answer["steps"]
    ]
    table(("", "rule", "because", "what would help"), rows)
