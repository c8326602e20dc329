"""Envelopes of eMIP as trees, and how partners damage them: the XML, its bytes, what is around it."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from tests.fuzz.damage import METHODS, ODD, Call, bytes_of, path_of

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"


class Raw(str):
    """Text that is written as it is, fit or not."""

    __slots__ = ()


@dataclass
class Tree:
    """An element; its attributes are written as they are."""

    name: str
    children: list[Tree | str] = field(default_factory=list)
    attributes: str = ""
    prolog: str = ""
    """What stands before the element."""

    def __str__(self) -> str:
        inner = "".join(
            str(one) if isinstance(one, Tree) else one if isinstance(one, Raw) else escape(one) for one in self.children
        )
        return f"{self.prolog}<{self.name}{self.attributes}>{inner}</{self.name.partition(' ')[0]}>"

    def below(self) -> Iterator[Tree]:
        """All elements in it, itself first."""
        yield self
        for one in self.children:
            if isinstance(one, Tree):
                yield from one.below()


def fields(pairs: Any) -> list[Tree | str]:
    """Elements of fields: a dict, whose lists are elements that repeat."""
    found: list[Tree | str] = []
    for name, value in pairs.items():
        some = value if isinstance(value, list) else [value]
        found += [Tree(name, fields(one) if isinstance(one, dict) else [str(one)]) for one in some]
    return found


def envelope(element: str, namespace: str, pairs: Any) -> Tree:
    """A message as our own side would write it."""
    message = Tree(f"q:{element}", fields(pairs))
    spaces = f' xmlns:s="{SOAP}" xmlns:q="{namespace}"'
    return Tree("s:Envelope", [Tree("s:Header"), Tree("s:Body", [message])], spaces)


# -- damage to the tree ------------------------------------------------------------------------------------------------

DIGITS = "9" * 400
WORDS = (
    "", " ", "\t\n", "é", "😀", "\ufeff", "\u202e", "İ", "ß", "a" * 300, "a" * 70_000, "../..", "%00", "'", '"', "]]>",
    "null", "0", "1", "2", "3", "99", "-1", "-0", "1.5", "1e5", "1e999", "1e999999999",
    "1e-999999999", "9" * 5_000, "91", "180.5", "NaN", "INF", "1,5", "+1", "１", " 1 : Ok! ",
    "true", "OK", "Start", "intermediate", "2147483648", "9223372036854775808", DIGITS, f"0.{DIGITS}", f"-{DIGITS}",
    "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z",
    "2026-02-30T00:00:00Z", "2026-03-14T24:00:00Z", "2026-03-14T12:00:60Z", "2026-03-14T12:00:00", "2026-03-14",
    "2026-03-14T12:00:00.1234567891Z", "2026-03-14T12:00:00+99:99", "1970-01-01T00:00:00Z", "2026-03-14T12:00:00z",
    "eMI3", "EMI3_star", "Gireve", "RFID-UID", "EMP-SPEC", "eMA", "EVCO", "nothing", "FR*C01", "fr-c01", "FRE01",
    "FR*P-C01", "FR*P-E01", "FR*C02", "FR*C01*E0042*1", "frc01e0042*1", "FR*C02*E0001", "FR*C01*EXXXX", "FR*C01*E",
    "FR*C01*P0042", "FR*C01*S0042", "FR*C01*X0042*1", "04A1B2C3D4E5F6", "4a1", "00000000000000000", "open-charge",
    "this-call", "EUR", "min", "Wh", "1002", "1062", "3041", "3044", "3046", "4021", "=", "<=", "!=", "LIKE",
)  # fmt: skip
IDS = tuple(word for word in WORDS if word[:2] in ("FR", "fr", "04", "4a", "op", "th", "1") or word == "0")
DATES = tuple(word for word in WORDS if word[4:5] == "-")
NUMBERS = tuple(word for word in WORDS if word.strip("-+. ")[:1].isdigit() and word not in DATES)
NAMES = (
    "transactionId", "partnerId", "operatorId", "targetOperatorId", "EVSEId", "evseid", "chargingPoolId", "x", "Fault",
    "serviceSessionId", "meterReport", "s:Body", "s:Header", "s:Envelope", "nobody:x", "requestStatus", "é",
)  # fmt: skip
SPACES = (
    f' xmlns="{SOAP_11}"', f' xmlns="{SOAP}"', ' xmlns="urn:x"', ' xmlns=""', ' xmlns:s="urn:x"', ' xmlns:q="urn:x"',
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"', ' xml:lang="fr"', ' a="1" a="2"', " a=1",
    ' s:mustUnderstand="1"', ' a="<"', ' a="&amp;&#9;"', ' xml:space="preserve"', ' id="1"', ' xmlns:xml="urn:x"',
)  # fmt: skip
PIECES = (
    "<!-- a comment -->", "<!-- -- -->", "<![CDATA[1]]>", "<![CDATA[<a>]]>", "<![CDATA[", "<?php echo 1 ?>", "<?xml?>",
    '<?xml version="1.0"?>', "&amp;", "&lt;b&gt;", "&nbsp;", "&a;", "&#0;", "&#1;", "&#x10FFFF;", "&#xD800;",
    "&#xFFFE;", "&#13;&#10;", "&", "<", ">", "]]>", "</", "<a/>", "<a></b>", "<q:a/>", "\x01", "\x7f", "\x85", "\ufffe",
    "<a>" * 200 + "</a>" * 200, "<a>" * 3_000 + "</a>" * 3_000, "<a/>" * 5_000,
)  # fmt: skip
DOCTYPES = (
    "<!DOCTYPE s>", "<!doctype s>", "<!DOCTYPE s [<!ENTITY a 'a'>]>", "<!DOCTYPE s SYSTEM 'http://127.0.0.1:1/x.dtd'>",
    "<!DOCTYPE s [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "<!DOCTYPE s [<!ENTITY % a SYSTEM 'file:///x'>%a;]>",
    "<!DOCTYPE s [<!ENTITY b 'bbbbbbbbbb'><!ENTITY a '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
    '<?xml version="1.1"?>', '<?xml version="1.0" encoding="UTF-16"?>', '<?xml version="1.0" encoding="ISO-8859-1"?>',
    '<?xml version="1.0" encoding="UTF-7"?>', '<?xml version="1.0" standalone="no"?>', '<?xml version="9"?>', "\n", "x",
    '<?xml-stylesheet href="file:///etc/passwd"?>', "<!-- first -->", "\ufeff",
    '<?xml version="1.0" encoding="cp037"?>',
)  # fmt: skip
_HOW = (
    *["text"] * 16, *["drop"] * 4, "rename", "repeat", "repeat", "reorder", "attribute", "piece", "wrap", "swap",
    "swap", "copy", "prolog", "unprefix", "empty",
)  # fmt: skip


@st.composite
def tree_of(draw: st.DrawFn, good: Tree) -> Tree:
    """A tree with one place changed."""
    tree = copy.deepcopy(good)
    places = list(tree.below())
    at = draw(st.integers(0, len(places) - 1))
    one, how = places[at], draw(st.sampled_from(_HOW))
    above = next((each for each in places if any(child is one for child in each.children)), None)
    if how == "prolog":
        tree.prolog = draw(st.sampled_from(DOCTYPES))
    elif how in ("text", "reorder", "copy", "piece", "empty"):
        _inside(draw, one, places, how)
    elif how in ("rename", "unprefix", "attribute"):
        _named(draw, one, how)
    elif above is not None:
        _moved(draw, one, above, how)
    return tree


def _inside(draw: st.DrawFn, one: Tree, places: list[Tree], how: str) -> None:
    """Change what is in an element."""
    if how == "text":
        leaves = [each for each in places if not any(isinstance(child, Tree) for child in each.children)]
        for leaf in draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=4, unique_by=id)):
            some = st.sampled_from(WORDS) | st.text(_XML, max_size=12) | st.sampled_from(_alike(leaf.name))
            leaf.children = [draw(some)]
    elif how == "reorder":
        draw(st.sampled_from([each for each in places if each.children] or places)).children.reverse()
    elif how == "copy":
        one.children.append(copy.deepcopy(draw(st.sampled_from(places))))
    elif how == "piece":
        one.children.insert(draw(st.integers(0, len(one.children))), Raw(draw(st.sampled_from(PIECES))))
    else:
        one.children = []


def _alike(name: str) -> tuple[str, ...]:
    """Values that may stand in an element of this name, or nearly."""
    if name.endswith("Id"):
        return IDS
    return DATES if name.endswith(("Date", "Time", "Until")) else NUMBERS


def _named(draw: st.DrawFn, one: Tree, how: str) -> None:
    """Change what an element is called, and what stands beside its name."""
    if how == "rename":
        one.name = draw(st.sampled_from(NAMES))
    elif how == "unprefix":
        one.name = draw(st.sampled_from(["", "s:", "q:", "nobody:"])) + one.name.rpartition(":")[2]
    else:
        one.attributes += draw(st.sampled_from(SPACES))


_XML = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


def _moved(draw: st.DrawFn, one: Tree, above: Tree, how: str) -> None:
    """Change an element's place among those beside it."""
    here = next(place for place, child in enumerate(above.children) if child is one)
    if how == "drop":
        del above.children[here]
    elif how == "repeat":
        above.children[here:here] = [one] * draw(st.sampled_from([1, 2, 40, 600]))
    elif how == "wrap":
        above.children[here] = Tree(draw(st.sampled_from(["x", one.name])), [one])
    else:
        other = draw(st.integers(0, len(above.children) - 1))
        above.children[here], above.children[other] = above.children[other], above.children[here]


# -- damage to the rest ------------------------------------------------------------------------------------------------

_CODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "utf-7", "cp037", "gzip")
_HEADERS = (
    (b"content-encoding", b"gzip"), (b"content-encoding", b"text/xml;charset=utf-8"), (b"content-type", b"text/xml"),
    (b"content-type", b"application/json"), (b"content-type", b"application/soap+xml; charset=utf-16"),
    (b"soapaction", b'"urn:nothing"'), (b"expect", b"100-continue"), (b"accept", b"text/html"),
    (b"x-client-dn", b"CN=x"), (b"x-forwarded-for", b"10.1.2.3, nobody"), (b"authorization", b"Token cpo"),
    (b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked"),
    (b"connection", b"close"), *((b"x-odd", one) for one in ODD),
)  # fmt: skip


def coded(body: bytes, coding: str) -> bytes:
    """The same text in other bytes."""
    if coding == "gzip":
        return gzip.compress(body)
    return body.decode("utf-8", "replace").encode(coding, "replace")


def chunked(body: bytes, size: int = 1_000) -> bytes:
    """The same bytes in pieces."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


_WAYS = (*["tree"] * 24, "bytes", "coding", "path", "header", "method")


@st.composite
def damaged(draw: st.DrawFn, good: Call, tree: Tree) -> Call:
    """A good call with nothing, one or several things wrong."""
    ways = draw(st.lists(st.sampled_from(_WAYS), max_size=3))
    for _ in range(ways.count("tree")):
        tree = draw(tree_of(tree))
    call = good._replace(body=str(tree).encode("utf-8", "surrogatepass"))
    for how in ways:
        if how == "bytes":
            call = call._replace(body=draw(bytes_of(call.body)))
        elif how == "coding":
            call = call._replace(body=coded(call.body, draw(st.sampled_from(_CODINGS))))
        elif how == "path":
            call = call._replace(path=draw(path_of(call.path) | st.sampled_from(PATHS)), whole=False)
        elif how == "header":
            call = call._replace(headers=(*call.headers, draw(st.sampled_from(_HEADERS))), whole=False)
        elif how == "method":
            call = call._replace(method=draw(st.sampled_from(METHODS)), whole=False)
    return call


PATHS = (
    b"/emip", b"/emip/", b"/emip/services/evciV1", b"/emip/services/nothingV9/x", b"/emip?wsdl", b"/emip/iop?wsdl=1",
    b"/EMIP", b"/emipx", b"/emip/%00", b"/emip/%2e%2e/ocpi",
)  # fmt: skip
