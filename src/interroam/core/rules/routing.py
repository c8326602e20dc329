"""Who may state what, who is told, who is asked, and why: pure decisions over a snapshot of partners and agreements.

Every refusal names the rule, the object and what would make it pass. A party of role HUB in an agreement stands for
every party behind that hub; a partner that is a hub may state for every party nobody else speaks for here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from interroam.core.ports import CourierKey
from interroam.core.rules.visibility import Scope, Spot, first, not_selected, scope, to_select
from interroam.model.agreements import Agreement, Mode, Policy
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Act, Entry
from interroam.model.ids import LANE_OF, MODULE_OF, OWNER_ROLE, Key, Kind, Lane, Module, Party, PartyId, Role
from interroam.model.parties import Partner, PartnerState, Route

_HUB, _STRICT, _LOCATIONS, _FIFO, _TOKEN = Role.HUB, Policy.STRICT, Module.LOCATIONS, Policy.FIFO, Kind.TOKEN
_AUTHORIZATION, _COMMAND, _SESSION = Kind.AUTHORIZATION, Kind.COMMAND, Kind.SESSION
_FOREVER = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)
_PLACES = frozenset({Kind.LOCATION, Kind.EVSE, Kind.TARIFF})
_SITES = frozenset({Kind.LOCATION, Kind.EVSE})
_SAID_OF_COMMANDS = frozenset({"result", "canceled", "profile"})
"""What a change of a command may bring that its asker is told."""
EVERY_OWNER = "*"


def default_policy(receiver: Party, module: Module) -> Policy:
    """Return how a module travels to a receiver when its agreement does not say (design: Delivery)."""
    if receiver.role is _HUB:
        return _STRICT
    return Policy.LATEST if module is _LOCATIONS else _FIFO


class Routing:
    """A frozen view: build a new one whenever partners or agreements change."""

    def __init__(
        self,
        partners: Iterable[Partner] = (),
        agreements: Iterable[Agreement] = (),
        routes: Iterable[Route] = (),
        suspended: Iterable[Party] = (),
    ) -> None:
        self.suspended = frozenset(suspended)
        """The parties that an operator switched off, whoever speaks for them."""
        self.partners = {partner.id: partner for partner in partners}
        self.agreements = tuple(sorted(agreements, key=lambda one: (one.starts, one.id)))
        self._smart = {one.id: one.smart_charging for one in self.agreements if one.smart_charging}
        routes = tuple(routes)
        self._routes = {one.party: one.partners for one in routes if one.module is None}
        self._by_module = {(one.party, one.module): one.partners for one in routes if one.module is not None}
        self._speakers: dict[Party, list[Partner]] = {}
        for partner in self.partners.values():
            for party in partner.parties:
                self._speakers.setdefault(party, []).append(partner)
        self._carriers: dict[Party, list[Partner]] = {}
        self._may: dict[tuple[str, str, Kind], bool] = {}
        self._asking: dict[tuple[str, PartyId], bool] = {}
        self.selective = any(one.selections for one in self.agreements)
        """Whether any agreement shows less than everything: if not, nobody need look at single EVSEs."""
        # What was decided for the span at hand, in which no agreement starts or ends.
        self._since = self._until = _NEVER
        self._told: dict[tuple[str, Module, str], tuple[tuple[CourierKey, Policy], ...]] = {}
        self._scopes: dict[Party, Scope] = {}
        self._askable: dict[tuple[PartyId, str], list[Agreement]] = {}
        self._covering: dict[tuple[PartyId, PartyId, Module, str], Agreement | None] = {}

    # -- who may state ---------------------------------------------------------------------------------------------

    def may_state(self, partner_id: str, key: Key) -> None:
        """Pass when this partner may state this object; else Refused(FOREIGN) or Refused(FORBIDDEN)."""
        asked = (partner_id, key.owner, key.kind)
        allowed = self._may.get(asked)
        if allowed is None:
            allowed = self._may[asked] = self._states(partner_id, key)
        if not allowed:
            owner, role = key.party, OWNER_ROLE[key.kind]
            self.check_active(Party(owner, role))
            raise Refused(
                Reason.FOREIGN,
                f"partner {partner_id} does not speak for {owner} as {role.value}, so it may not state its {key.kind}",
                remedy=f"add {owner}/{role.value} to the parties of partner {partner_id}",
            )

    def check_active(self, party: Party) -> None:
        """Pass unless an operator switched this party off; else Refused(FORBIDDEN)."""
        if party in self.suspended:
            raise Refused(Reason.FORBIDDEN, f"{party} is suspended", remedy="ask the operator")

    def may_ask(self, partner_id: str, cpo: PartyId) -> bool:
        """Whether a partner may put questions of this CPO: it speaks for it, or is the hub before it."""
        asked = (partner_id, cpo)
        allowed = self._asking.get(asked)
        if allowed is None:
            self.check_active(Party(cpo, Role.CPO))
            allowed = self._asking[asked] = self.speaks(partner_id, cpo, Role.CPO)
        return allowed

    def _states(self, partner_id: str, key: Key) -> bool:
        """Whether a partner speaks for the owner of an object; a NAP may own locations as well (sheet 2.11)."""
        owner, role = key.party, OWNER_ROLE[key.kind]
        if key.kind not in _SITES or not self._speakers.get(Party(owner, Role.NAP)):
            return self.speaks(partner_id, owner, role)
        as_cpo = bool(self._speakers.get(Party(owner, role))) and self.speaks(partner_id, owner, role)
        return as_cpo or self.speaks(partner_id, owner, Role.NAP)

    def speaks(self, partner_id: str, owner: PartyId, role: Role) -> bool:
        """Whether a partner speaks for a party; a hub for all that do not speak here themselves, or roam both ways."""
        partner = self.partners.get(partner_id)
        if partner is None or partner.state is PartnerState.SUSPENDED or Party(owner, role) in self.suspended:
            return False
        if partner.speaks_for(owner, role):
            return True
        if not partner.is_hub:
            return False
        return not self._speakers.get(Party(owner, role)) or self._is_mixed(partner, owner, role)

    def _is_mixed(self, hub: Partner, owner: PartyId, role: Role) -> bool:
        """Whether this party roams with us through the hub as well as directly (IEC 63119-1, clause 5, type C)."""
        for agreement in self.agreements:
            if not any(terms.mode is Mode.MIXED for terms in agreement.terms.values()):
                continue
            behind = (agreement.emsp,) if role is Role.EMSP else agreement.cpos
            if any(party in hub.parties and party.id != owner for party in behind):
                return True
        return False

    # -- who speaks for whom ---------------------------------------------------------------------------------------

    def partner_for(self, party: Party, module: Module | None = None) -> Partner:
        """Return the partner that carries messages to this party: the first connected one of its route."""
        return self.carriers(party, module)[0]

    def carriers(self, party: Party, module: Module | None = None) -> list[Partner]:
        """Return the connected partners that carry messages to this party, in order; else the one most likely to."""
        if self._by_module and module is not None and (named := self._by_module.get((party, module))):
            return _connected(party, self._named(named))
        known = self._carriers.get(party)
        if known is None:
            known = self._carriers[party] = _connected(party, self._candidates(party))
        return known

    def has(self, party: Party) -> bool:
        """Whether some partner speaks for this party."""
        return party in self._carriers or bool(self._candidates(party))

    def roles_of(self, party: PartyId) -> frozenset[Role]:
        """Return the roles in which this party is known here."""
        return frozenset(known.role for known in self._speakers if known.id == party)

    def _candidates(self, party: Party) -> list[Partner]:
        named = self._routes.get(party)
        if named:
            return self._named(named)
        return self._speakers.get(party, [])

    def _named(self, names: Iterable[str]) -> list[Partner]:
        return [self.partners[name] for name in names if name in self.partners]

    # -- agreements ------------------------------------------------------------------------------------------------

    def covering(
        self,
        cpo: PartyId,
        emsp: PartyId,
        module: Module,
        at: datetime,
        spots: Collection[Spot] = (),
        service: str = "",
    ) -> Agreement | None:
        """Return the first agreement in force that covers this pair in this module.

        Where EVSEs or a service are named, it holds for one of these EVSEs, and for the service.
        """
        if spots:
            found = self._pairing(cpo, emsp, module, at)
            return next((one for one in found if _holds(one, spots, service)), None)
        if not self._since <= at < self._until:
            self._turn_to(at)
        asked = (cpo, emsp, module, service)
        try:
            return self._covering[asked]
        except KeyError:
            found = self._pairing(cpo, emsp, module, at)
            known = self._covering[asked] = next((one for one in found if _holds(one, (), service)), None)
            return known

    def services(self, cpo: PartyId, emsp: PartyId, at: datetime) -> frozenset[str]:
        """Return what the drivers of an eMSP may do at a CPO, by all agreements of the two that are in force."""
        return frozenset().union(*(one.services for one in self._pairing(cpo, emsp, Module.TOKENS, at)))

    def _pairing(self, cpo: PartyId, emsp: PartyId, module: Module, at: datetime) -> Iterator[Agreement]:
        return (
            one
            for one in self.agreements
            if one.in_force(at) and one.covers_cpo(cpo) and one.covers_emsp(emsp) and one.of(module).on
        )

    def way_to(self, provider: Party, cpo: PartyId, at: datetime, agreement: Agreement | None) -> Party:
        """Return by whom a provider is asked about a token, which an agreement of its own or of its hub covers.

        It is asked itself where it can be, but not where only the hub's agreement has tokens (IEC 63119-1, type C).
        """
        if agreement is None or agreement.emsp == provider:
            return provider
        found = self._pairing(cpo, provider.id, Module.TOKENS, at) if self.has(provider) else ()
        return provider if any(one.emsp == provider for one in found) else agreement.emsp

    def _turn_to(self, at: datetime) -> None:
        """Forget what was decided for another time."""
        self._since, self._until = self._last_boundary(at), self.next_boundary(at)
        self._told, self._scopes, self._covering, self._askable = {}, {}, {}, {}

    def why_not(
        self,
        cpo: PartyId,
        emsp: PartyId,
        module: Module,
        at: datetime,
        spots: Collection[Spot] = (),
        service: str = "",
    ) -> Refused:
        """Return the refusal for a pair that no agreement covers: the rule, the pair, and what would make it pass."""
        pair = [one for one in self.agreements if one.covers_cpo(cpo) and one.covers_emsp(emsp)]
        if not pair:
            message = f"no agreement between CPO {cpo} and eMSP {emsp}"
            return Refused(Reason.NO_AGREEMENT, message, remedy=f"add an agreement between {cpo} and {emsp}")
        held = [one for one in pair if one.in_force(at) and one.of(module).on]
        if held and service and not any(service in one.services for one in held):
            message = f"agreement {held[-1].id} between {cpo} and {emsp} has no service {service}"
            return Refused(Reason.NO_AGREEMENT, message, remedy=f"amend agreement {held[-1].id} to include the service")
        if held and spots:
            last, spot = held[-1], next(iter(spots))
            message = not_selected(last.id, f"EVSE {spot.uid} of {spot.owner}", spot)
            return Refused(Reason.NO_AGREEMENT, message, remedy=to_select(last.id, spot))
        last = pair[-1]
        if not last.in_force(at):
            when = f"starts {last.starts:%Y-%m-%d}" if at < last.starts else f"ended {last.ends:%Y-%m-%d}"
            message = f"agreement {last.id} between {cpo} and {emsp} {when}"
            return Refused(Reason.NO_AGREEMENT, message, remedy=f"agree on dates that include {at:%Y-%m-%d}")
        message = f"agreement {last.id} between {cpo} and {emsp} leaves out {module.value}"
        return Refused(Reason.NO_AGREEMENT, message, remedy=f"amend agreement {last.id} to include {module.value}")

    def askable(self, cpo: PartyId, at: datetime, spots: Collection[Spot] = (), service: str = "") -> list[Agreement]:
        """Return the agreements of a CPO under which an eMSP may be asked about a token, as for ``covering``."""
        if not self._since <= at < self._until:
            self._turn_to(at)
        known = self._askable.get((cpo, service))
        if known is None:
            known = self._askable[cpo, service] = [
                one
                for one in self.agreements
                if one.in_force(at) and one.covers_cpo(cpo) and one.of(Module.TOKENS).on and _holds(one, (), service)
            ]
        return [one for one in known if _holds(one, spots, "")] if spots else known

    def scope(self, viewer: Party, at: datetime) -> Scope:
        """Return the EVSEs a viewer may see."""
        if not self._since <= at < self._until:
            self._turn_to(at)
        found = self._scopes.get(viewer)
        if found is None:
            held = (one for one in self.agreements if one.in_force(at) and one.of(_LOCATIONS).on)
            found = self._scopes[viewer] = scope(viewer, held)
        return found

    def visible(self, viewer: Party, module: Module, at: datetime) -> frozenset[PartyId] | None:
        """Return the owners whose objects this viewer may see in this module; None means every owner."""
        owners: set[PartyId] = set()
        for agreement in self.agreements:
            if not agreement.in_force(at) or not agreement.of(module).on:
                continue
            if module is Module.TOKENS:
                shown: Iterable[Party] = (agreement.emsp,) if viewer in agreement.cpos else ()
            else:
                shown = agreement.cpos if agreement.emsp == viewer else ()
            for party in shown:
                if party.role is _HUB:
                    return None
                owners.add(party.id)
        return frozenset(owners)

    # -- who is told -----------------------------------------------------------------------------------------------

    def receivers(self, entry: Entry, now: datetime) -> tuple[tuple[CourierKey, Policy], ...]:
        """Return the couriers that owe this entry to somebody, each with its policy."""
        kind = entry.key.kind
        if kind in _PLACES or kind is _TOKEN:
            return self.told(entry.key.owner, MODULE_OF[kind], now, entry.origin)
        if entry.receiver is None or kind is _AUTHORIZATION:
            return ()
        if kind is _COMMAND:
            if entry.act is not Act.CHANGE or not entry.fields & _SAID_OF_COMMANDS:
                return ()
            return ((CourierKey(entry.receiver, Lane.OUTCOMES), _FIFO),)
        policy = self._policy_of(entry, MODULE_OF[kind])
        own = () if policy is Policy.NONE else (self._courier(entry.receiver, kind, policy),)
        if kind is not _SESSION or entry.agreement not in self._smart:
            return own
        return (*own, *(self._courier(one, kind, _FIFO) for one in self._smart[entry.agreement]))

    def smart_charging(self, agreement: str) -> tuple[Party, ...]:
        """Return who is told of the sessions of an agreement beside its eMSP, and may ask for profiles for them."""
        return self._smart.get(agreement, ())

    def told(
        self, owner: str, module: Module, now: datetime, origin: str = ""
    ) -> tuple[tuple[CourierKey, Policy], ...]:
        """Return who is told of this owner's objects in this module at this time, but for whom they come from."""
        if not self._since <= now < self._until:
            self._turn_to(now)
        asked = (owner, module, origin)
        told = self._told.get(asked)
        if told is None:
            told = self._told[asked] = self._without_echo(tuple(self._told_now(owner, module, now)), origin)
        return told

    def unheard(self, key: Key, now: datetime) -> str:
        """Say so when nobody is told of this object, a place, a tariff or a token (design: What 1000 means)."""
        if self.told(key.owner, MODULE_OF[key.kind], now):
            return ""
        return f"recorded, but no agreement in force says who is told of this {key.kind.value}"

    def next_boundary(self, now: datetime) -> datetime:
        """Return when the next agreement starts or ends after this instant."""
        times = [when for one in self.agreements for when in (one.starts, one.ends) if when is not None and when > now]
        return min(times, default=_FOREVER)

    def _last_boundary(self, now: datetime) -> datetime:
        times = [when for one in self.agreements for when in (one.starts, one.ends) if when is not None and when <= now]
        return max(times, default=_NEVER)

    def _told_now(self, owner: str, module: Module, now: datetime) -> Iterable[tuple[CourierKey, Policy]]:
        party = Key(Kind.LOCATION, owner, "").party
        kind = Kind.TOKEN if module is Module.TOKENS else Kind.TARIFF if module is Module.TARIFFS else Kind.LOCATION
        found: dict[Party, Policy] = {}
        for agreement in self.agreements:
            terms = agreement.of(module)
            if not agreement.in_force(now) or not terms.on:
                continue
            if module is Module.TOKENS:
                parties = agreement.cpos if agreement.covers_emsp(party) else ()
            else:
                parties = (agreement.emsp,) if agreement.covers_cpo(party) else ()
            for receiver in parties:
                found.setdefault(receiver, terms.policy or default_policy(receiver, module))
        for receiver, policy in found.items():
            if policy is not Policy.NONE and receiver.id != party:
                yield self._courier(receiver, kind, policy)

    def _without_echo(
        self, told: tuple[tuple[CourierKey, Policy], ...], origin: str
    ) -> tuple[tuple[CourierKey, Policy], ...]:
        """Leave out a hub that told us itself; of other platforms two parties may roam with each other (sheet 3.1)."""
        partner = self.partners.get(origin)
        if partner is None or not partner.is_hub or not any(key.party in partner.parties for key, _ in told):
            return told
        return tuple(one for one in told if one[0].party not in partner.parties)

    def _policy_of(self, entry: Entry, module: Module) -> Policy:
        receiver = entry.receiver
        for agreement in self.agreements:
            if agreement.id == entry.agreement:
                policy = agreement.of(module).policy
                if policy is not None:
                    return policy
        return default_policy(receiver, module) if receiver is not None else _FIFO

    @staticmethod
    def _courier(receiver: Party, kind: Kind, policy: Policy) -> tuple[CourierKey, Policy]:
        lane = Lane.ALL if policy is _STRICT else LANE_OF[kind]
        return CourierKey(receiver, lane), policy


def _connected(party: Party, found: list[Partner]) -> list[Partner]:
    """Return those of a party's partners that are connected, else the first of them."""
    if not found:
        raise Refused(
            Reason.UNKNOWN_PARTY, f"no partner speaks for {party}", remedy=f"add {party} to the parties of a partner"
        )
    return [one for one in found if one.state is PartnerState.CONNECTED] or found[:1]


def _holds(agreement: Agreement, spots: Collection[Spot], service: str) -> bool:
    """Whether an agreement is for a service, if any is named, at one of these EVSEs, if any are."""
    return (not service or service in agreement.services) and (not spots or first(spots, agreement) is not None)
