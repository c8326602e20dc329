"""The names under which objects are found besides their keys: pure."""

from __future__ import annotations

from interroam.model.charges import SET_PROFILE, Cdr, Command, Session
from interroam.model.facts import Body
from interroam.model.ids import Key, normal_evse_id, session_key
from interroam.model.places import Evse, Location
from interroam.model.tokens import Authorization, Token


def location_ref(location_id: str) -> str:
    """Return the name of locations with this id, whoever owns them."""
    return f"location:{location_id.casefold()}"


def evse_ref(evse_id: str) -> str:
    """Return the name of EVSEs with this eMI3 id."""
    return f"evse:{normal_evse_id(evse_id)}"


def token_ref(token_type: str, uid: str) -> str:
    """Return the name of tokens with this type and uid, whoever issued them."""
    return f"token:{token_type}:{uid}".casefold()


def contract_ref(contract_id: str) -> str:
    """Return the name of tokens of this contract."""
    return f"contract:{contract_id.replace('-', '').casefold()}"


def session_ref(session_id: str) -> str:
    """Return the name of what belongs to sessions with this id, whoever owns them."""
    return f"session:{session_id.casefold()}"


def authorization_ref(reference: str) -> str:
    """Return the name of what rests on this authorization."""
    return f"auth:{reference.casefold()}"


def reservation_ref(reservation: str) -> str:
    """Return the name of the commands about one reservation, by the id its CPO knows it by."""
    return f"reservation:{reservation.casefold()}"


def profile_ref(session: Key) -> str:
    """Return the name of the profiles that were set for one session."""
    return f"profile:{session.owner}:{session.id}"


def commanded_ref(token_type: str, uid: str) -> str:
    """Return the name of the permissions that came with a command for this token."""
    return f"commanded:{token_type}:{uid}".casefold()


def refs_of(body: Body) -> tuple[str, ...]:
    """Return all names of an object but its key."""
    match body:  # what comes most often comes first
        case Session():
            name = f"session:{body.id.casefold()}"
            return _present(name, body.authorization_reference) if body.authorization_reference else (name,)
        case Authorization():
            return _of_authorization(body)
        case Cdr():
            own = (session_ref(body.session_id),) if body.session_id else ()
            return own + _present(f"cdr:{body.id.casefold()}", body.authorization_reference)
        case Evse():
            return (evse_ref(body.evse_id),) if body.evse_id else ()
        case Location():
            return (location_ref(body.id),)
        case Token():
            return (token_ref(body.type, body.uid), contract_ref(body.contract_id))
        case Command():
            return _of_command(body) + _present(f"command:{body.id}", body.authorization)
        case _:
            return ()


def _of_authorization(body: Authorization) -> tuple[str, ...]:
    found = _present(authorization_ref(body.reference), body.emsp_reference)
    if body.cpo_session:
        found = (session_ref(body.cpo_session), *found)
    if body.command and body.token is not None:
        found = (commanded_ref(body.token.type, body.token.uid), *found)
    return found


def _of_command(command: Command) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    if command.session_id:
        found += (session_ref(command.session_id),)
        if command.name == SET_PROFILE:
            found += (profile_ref(session_key(command.target.id, command.session_id)),)
    if command.reservation:
        found += (reservation_ref(command.reservation),)
    return found


def _present(first: str, reference: str | None) -> tuple[str, ...]:
    return (first, authorization_ref(reference)) if reference else (first,)
