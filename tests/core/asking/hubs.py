"""A hub with a CPO that has a place, and eMSPs in agreement with it."""

from __future__ import annotations

from interroam.model.facts import Fact, Origin
from interroam.model.ids import PartyId
from interroam.model.questions import Authorize
from tests.core.objects import (
    CPO,
    HUB_PARTY,
    agreement,
    evse,
    location,
    partner,
)
from tests.core.roundabout import Inbox, Roundabout

ASKS = Authorize(cpo=CPO, uid="1A2B3C4D", location_id="L1")
OTHER = PartyId.of("NL", "MP2")


async def hub_with(path, *emsps: str) -> tuple[Roundabout, dict[str, Inbox]]:
    core = Roundabout(path, HUB_PARTY)
    await core.store.open()
    inboxes = {"cpo": await core.admit(partner("cpo", "FR*CPO/CPO"))}
    for name in emsps or ("DE*MSP",):
        inboxes[name] = await core.admit(partner(name, f"{name}/EMSP"))
        await core.agree(agreement(emsp=f"{name}/EMSP"))
    await core.tell("cpo", Fact(location(), parts=(Fact(evse("1", capabilities=())), Fact(evse("2")))))
    await core.dispatch.start()
    return core, inboxes


def origin(name: str = "cpo") -> Origin:
    return Origin(name, correlation="corr-1")
