"""The way to a back office: facts and questions as signed webhooks."""

from __future__ import annotations

from time import perf_counter

import msgspec

from interroam.core.hub import Hub
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Entry, Exchange
from interroam.model.ids import Kind, Party, token_key
from interroam.model.questions import (
    Acknowledged,
    Act,
    Answer,
    Authorize,
    Done,
    Live,
    Prefer,
    Preferred,
    Question,
    Report,
    Reserve,
    StartSession,
)
from interroam.model.tokens import Allowed, Authorization, Token
from interroam.net.client import Client
from interroam.net.line import Answer as Answered
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.rules import CORRELATION, REFUSALS, SIGNATURE, sign
from interroam.protocols.plain.showing import encode, fact

_UNKNOWN = "UNKNOWN"
_WHOSE = "0"
"""The service that asks no more than whose token it is."""
_NOT_DONE = {
    wire.Taken.NOT_SUPPORTED: Reason.UNKNOWN_NATURE,
    wire.Taken.UNKNOWN_SESSION: Reason.UNKNOWN_SESSION,
}
_OF_PLACES = frozenset({"fact location", "fact evse"})
"""Their bodies are kept for days only (design: Retention)."""


class PlainLink:
    """The webhook of one partner, as it is set at the moment."""

    def __init__(self, hub: Hub, client: Client, partner: str) -> None:
        self._hub = hub
        self._client = client
        self._partner = partner
        self._packed = b""
        self._known: wire.Wiring | None = None

    @property
    def _wiring(self) -> wire.Wiring | None:
        partner = self._hub.book.partners.get(self._partner)
        packed = partner.wiring if partner is not None else b""
        if packed != self._packed:
            self._packed, self._known = packed, translate.read_wiring(packed)
        return self._known

    @property
    def pushes(self) -> bool:
        """Whether facts are sent; else the partner fetches them."""
        return self._wiring is not None and self._wiring.facts

    @property
    def answers(self) -> bool:
        """Whether authorize is put to the partner; else the node answers from the tokens it stated."""
        return self._takes(wire.QuestionKind.AUTHORIZE)

    def _takes(self, kind: wire.QuestionKind) -> bool:
        return self._wiring is not None and kind in self._wiring.questions

    def takes(self, live: Live) -> bool:
        """Whether the partner follows charges live."""
        return self._takes(translate.kind_of(live))

    # -- facts -----------------------------------------------------------------------------------------------------

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Send one fact; an object that is gone by now needs no word, a later fact says so."""
        shown = await fact(self._hub, entry, (to,))
        if shown is None:
            return
        charge = entry.key.kind in (Kind.SESSION, Kind.CDR, Kind.COMMAND)
        ids = [entry.key.id, entry.hub_id, str(to)]
        if isinstance(entry.body, Session | Cdr):
            ids += [entry.body.authorization_reference or "", getattr(entry.body, "session_id", None) or ""]
        await self._post(
            f"fact {shown.kind}",
            encode(shown),
            entry.correlation,
            self._hub.deadlines.partner,
            ids=ids,
            seq=entry.seq,
            subject=entry.subject,
            whole=charge,
        )

    # -- questions -------------------------------------------------------------------------------------------------

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        """Ask the back office and wait for its answer; a command it takes none of is not supported."""
        if isinstance(question, Authorize):
            return await self._authorize(question, to, origin_party, correlation, within)
        if isinstance(question, Act | Report):
            return await self._live(question, to, origin_party, correlation, within)
        kind = translate.kind_of(question)
        if not self._takes(kind):
            message = f"{to} takes no {kind.value} from here"
            if isinstance(question, Prefer):
                raise Refused(Reason.NOT_OFFERED, message)
            return Acknowledged(result="NOT_SUPPORTED", message=message)
        asked = translate.write_command(question, to, origin_party, correlation, within)
        token = question.token if isinstance(question, StartSession | Reserve) else None
        subject = self._hub.subjects_of(token)[0] if token is not None else b""
        answer = await self._put(
            asked, subject, [asked.authorization_reference, asked.session_id, asked.reservation_id]
        )
        if isinstance(question, Prefer) and answer.possible is not None:
            return Preferred(answer.possible.value)
        if isinstance(question, Prefer) or answer.result is None:
            raise Unavailable(Reason.BAD_ANSWER, f"{to} answered {kind.value} without a result", reached=True)
        return Acknowledged(
            result=answer.result.value, within=answer.within, message=answer.message, session_id=answer.session_id
        )

    async def _live(self, live: Live, to: Party, asker: Party, correlation: str, within: float) -> Done:
        kind = translate.kind_of(live)
        if not self._takes(kind):
            raise Refused(Reason.NOT_OFFERED, f"{to} takes no {kind.value} from here")
        asked = translate.write_live(live, to, asker, correlation, within)
        answer = await self._put(asked, b"", [live.id, asked.session_id, asked.authorization_reference])
        if answer.result is wire.Taken.ACCEPTED:
            return Done(live.id)
        if answer.result is None:
            raise Unavailable(Reason.BAD_ANSWER, f"{to} answered {kind.value} without a result", reached=True)
        reason = _NOT_DONE.get(answer.result, Reason.REJECTED)
        raise Refused(reason, answer.message or f"{to} answered {answer.result.value}", code=answer.result.value)

    async def _authorize(
        self, question: Authorize, to: Party, asker: Party, correlation: str, within: float
    ) -> Authorization:
        if not self.answers:
            raise Refused(Reason.NOT_OFFERED, f"{to} answers no questions here", remedy="set a webhook with questions")
        asked = translate.write_authorize(question, to, asker, correlation, within)
        subject = self._hub.book.keyring.subject(question.type, question.uid)
        answer = await self._put(asked, subject, [])
        if answer.allowed is None or answer.allowed.upper() == _UNKNOWN:
            raise Refused(Reason.UNKNOWN_TOKEN, answer.info or f"{to} does not know this token", code=_UNKNOWN)
        try:
            allowed = Allowed(answer.allowed.upper())
        except ValueError:
            message = f"{to} answered {answer.allowed!r}, which is no answer to authorize"
            raise Unavailable(Reason.BAD_ANSWER, message, reached=True) from None
        return Authorization(
            allowed=allowed,
            emsp_reference=answer.reference,
            token=await self._token(question, to, answer, allowed),
            evse_uids=answer.evse_uids,
            info=answer.info,
            limits=translate.read_limits(answer.limits),
            interim=answer.interim,
            alias=answer.alias,
            parameter=answer.parameter,
        )

    async def _token(self, question: Authorize, to: Party, answer: wire.Answer, allowed: Allowed) -> Token | None:
        row = await self._hub.store.get(token_key(to.id, question.type, question.uid))
        if row is not None and isinstance(row.body, Token) and not row.withdrawn:
            return row.body
        contract = answer.contract_id or answer.alias
        if contract is None:
            if allowed is not Allowed.ALLOWED or question.service == _WHOSE:
                return None
            message = f"{to} allowed a token it never stated, without its contract_id or an alias"
            raise Unavailable(Reason.BAD_ANSWER, message, reached=True)
        return Token(
            owner=to.id,
            uid=question.uid,
            type=question.type,
            contract_id=contract,
            issuer=answer.issuer or str(to.id),
            valid=allowed is Allowed.ALLOWED,
            last_updated=self._hub.clock.now(),
        )

    async def _put(self, asked: wire.Question, subject: bytes, ids: list[str | None]) -> wire.Answer:
        answered = await self._post(
            f"question {asked.question.value}",
            encode(asked),
            asked.correlation,
            asked.within,
            ids=[asked.command, subject.hex(), *(one for one in ids if one)],
            subject=subject,
            whole=True,
        )
        try:
            return msgspec.json.decode(answered.body, type=wire.Answer, strict=False)
        except msgspec.DecodeError as error:
            message = f"the webhook of {self._partner} answered something unreadable: {error}"
            raise Unavailable(Reason.BAD_ANSWER, message, reached=True) from None

    # -- both ------------------------------------------------------------------------------------------------------

    async def _post(
        self,
        operation: str,
        body: bytes,
        correlation: str,
        within: float,
        *,
        ids: list[str],
        seq: int = 0,
        subject: bytes = b"",
        whole: bool = False,
    ) -> Answered:
        wiring = self._wiring
        if wiring is None:
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {self._partner} has no webhook")
        at = self._hub.clock.now()
        signature = sign(self._hub.book.keyring.open(wiring.secret), at, body)
        headers = [
            (b"content-type", b"application/json"),
            (SIGNATURE, signature.encode()),
            (CORRELATION, correlation.encode("ascii", "replace")),
        ]
        began = perf_counter()
        answered: Answered | None = None
        note = ""
        try:
            answered = await self._client.request("POST", wiring.url, headers=headers, body=body, timeout=within)
        except Unavailable as silence:
            note = silence.message
            raise
        finally:
            good = answered is not None and 200 <= answered.status < 300
            self._hub.store.note(
                Exchange(
                    at=at,
                    partner=self._partner,
                    inward=False,
                    operation=operation,
                    code=str(answered.status) if answered is not None else "none",
                    latency_us=int((perf_counter() - began) * 1e6),
                    correlation=correlation,
                    ids=tuple(dict.fromkeys(one for one in ids if one)),
                    seq=seq,
                    request=body if whole or not good else b"",
                    response=answered.body if answered is not None and (whole or not good) else b"",
                    note=note,
                    subject=subject,
                    brief=operation in _OF_PLACES,
                )
            )
        _see(answered, self._partner)
        return answered

    async def close(self) -> None:
        """Nothing of its own: connections belong to the client."""


def _see(answered: Answered, partner: str) -> None:
    """Take an answer for what it means: taken, never, or later."""
    status = answered.status
    if 200 <= status < 300:
        return
    reason, message = Reason.BAD_ANSWER, f"the webhook of {partner} answered {status}"
    if status not in REFUSALS:
        raise Unavailable(reason, message, reached=True, retry_after=_seconds(answered.headers.get(b"retry-after")))
    try:
        error = msgspec.json.decode(answered.body, type=wire.Failure).error
    except msgspec.DecodeError:
        raise Refused(reason, message, code=str(status)) from None
    known = Reason(error.reason) if error.reason in set(Reason) else reason
    raise Refused(known, error.message, remedy=error.remedy, code=str(status))


def _seconds(header: bytes | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
