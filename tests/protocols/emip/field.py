"""Partners as they are met in the field: they write with prefixes of their own, and read in one way only.

What is read here must be there: children under one name in one namespace, filled, and ids of one form.
"""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from tests.protocols.emip.partner import AUTHORISATION, DYNAMIC, PLATFORM, SOAP, Answer, Partner

OPERATOR = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\Z")
SELLER = re.compile(r"[A-Z]{2}-?[A-Z0-9]{3}\Z")
PLUG = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Za-z0-9*]{1,30}\Z")
NUMBER = re.compile(r"-?\d+\Z")
FLAG = re.compile(r"[01]|true|false\Z")
WORD = re.compile(r"\S")

HEADER = {"transactionId": WORD, "partnerId": OPERATOR, "operatorId": OPERATOR}
TARGETED = {**HEADER, "targetOperatorId": OPERATOR}
ANSWERED = {"transactionId": WORD, "requestStatus": NUMBER}
HAS_SESSION = {**ANSWERED, "serviceSessionId": WORD}


def envelope(root: str, namespace: str, fields: list[tuple[str, Any]], *, qualified: bool = False) -> bytes:
    """A message with all namespaces declared at once, its children in none of them or in that of the family."""
    prefix = {PLATFORM: "eMIP", DYNAMIC: "dyn", AUTHORISATION: "auth"}[namespace]
    inner = _children(fields, f"{prefix}:" if qualified else "")
    return (
        f'<SOAP:Envelope xmlns:SOAP="{SOAP}" xmlns:eMIP="{PLATFORM}" xmlns:dyn="{DYNAMIC}" '
        f'xmlns:auth="{AUTHORISATION}">'
        f"<SOAP:Header /><SOAP:Body><{prefix}:{root}>{inner}</{prefix}:{root}></SOAP:Body></SOAP:Envelope>"
    ).encode()


def _children(fields: list[tuple[str, Any]], prefix: str) -> str:
    out = []
    for name, value in fields:
        inner = _children(value, prefix) if isinstance(value, list) else escape(str(value))
        out.append(f"<{prefix}{name}>{inner}</{prefix}{name}>")
    return "".join(out)


def strictly(raw: bytes, wanted: dict[str, re.Pattern], *, root: str = "", namespace: str = "") -> etree._Element:
    """Read what there must be, and nothing else will do; returns the root of the message."""
    message = etree.fromstring(raw).find(f"{{{SOAP}}}Body")[0]
    if root:
        assert message.tag == root
    for name, form in wanted.items():
        child = message.find(f"{{{namespace}}}{name}" if namespace else name)
        assert child is not None, (name, raw)
        assert form.match(child.text or ""), (name, child.text)
    return message


class Foreigner(Partner):
    """Its partnerId has the form of an operator's id."""

    def head(self, form: str = "eMI3") -> list[tuple[str, Any]]:
        self._count += 1
        ids = [("partnerIdType", form), ("partnerId", self.partner_id), ("operatorIdType", form)]
        return [("transactionId", f"T{self._count}"), *ids, ("operatorId", self.operator)]

    async def send(
        self, url: str, root: str, namespace: str, fields: list[tuple[str, Any]], *, qualified: bool = False
    ) -> Answer:
        head = self.head("eMI3_STAR" if qualified else "eMI3")
        action = f"https://api-iop.gireve.com/services/{root.removesuffix('Request')}V1/"
        headers = {"content-type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return await self.post(f"{url}/emip", envelope(root, namespace, head + fields, qualified=qualified), headers)
