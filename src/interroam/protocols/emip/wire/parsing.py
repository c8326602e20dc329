"""Bytes to a tree, without anything that a message could do to us: no DTD, no entities, no network, no huge trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from .reading import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST: Final = 10 * 1024 * 1024
MOST_TAGS: Final = 250_000
"""The longest lists there may be come to a tenth of it; a tree takes thirty times the room of its text."""
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"

# UTF-8 everywhere, whatever a declaration says; libxml2 itself ends nesting at 256 and overlong text.
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    load_dtd=False,
    attribute_defaults=False,
    dtd_validation=False,
    no_network=True,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)


class Malformed(Exception):  # noqa: N818 - it says what it is
    """These bytes are not a message that can be read."""


def parse(data: bytes) -> _Element:
    """Parse XML; raises ``Malformed``."""
    if len(data) > LARGEST:
        raise Malformed("The message is too large.")
    # UTF-16 could hide a document type from the search; it has null bytes, which UTF-8 XML never has.
    if b"<!DOCTYPE" in data or b"\0" in data:
        raise Malformed("Document types, and encodings other than UTF-8, are not read.")
    if len(data) > MOST_TAGS and data.count(b"<") > MOST_TAGS:
        raise Malformed("The message has too many elements.")
    try:
        return etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise Malformed(f"The message is not well-formed XML: {wrong}") from None


def body_of(root: _Element) -> _Element | None:
    """Find the Body of an envelope of any version of SOAP."""
    if local_name(root) != "Envelope":
        return None
    return next((child for child in root if local_name(child) == "Body"), None)
