"""The attributes by which eMIP describes pools, stations, EVSEs and connectors, as they are stated and kept: pure.

An attribute is a number and a text; several of one number are several values. What we do not know, and values of lists
that nobody has published, are kept and shown as they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import msgspec

from interroam.model.facts import Wire
from interroam.model.places import Coordinates
from interroam.protocols.emip.rules.ids import PROTOCOL

from .tokens import VERSION

# Sheet 3.14. Pools have numbers of 1xxx, stations 2xxx, EVSEs 3xxx, connectors 4xxx.
POOL_ID_TYPE, POOL_ID, BRAND, POOL_NAME = 1002, 1003, 1005, 1006
COUNTRY, POST_CODE, CITY, STREET_NUMBER, STREET_NAME, PROVINCE = 1041, 1042, 1043, 1044, 1045, 1046
ENTRANCE_LATITUDE, ENTRANCE_LONGITUDE, PHONE, ALWAYS_OPEN, OPENING = 1062, 1063, 1065, 1101, 1103
OWNER_NAME = 1273
STATION_ID_TYPE, STATION_ID, STATION_LATITUDE, STATION_LONGITUDE = 2002, 2003, 2041, 2042
ACCESSIBILITY, AUTHORISATION_INFORMATION, AUTHORISATION_MODE = 2061, 2062, 2063
PAYMENT_MODE, PAYMENT_INFORMATION, BOOKABLE = 2064, 2065, 2066
EVSE_ID_TYPE, EVSE_ID, BUSY, BUSY_UNTIL, POWER = 3002, 3003, 3041, 3042, 3044
AVAILABILITY, AVAILABILITY_UNTIL, CURRENT, USABILITY, USABILITY_UNTIL, SPEED = 3046, 3047, 3063, 3101, 3102, 3111
CONNECTOR_TYPE = 4021
LIVE = frozenset({BUSY, BUSY_UNTIL, AVAILABILITY, AVAILABILITY_UNTIL})
"""Statuses among the attributes: they are stated as statuses and never kept as texts."""
IDENTITY = frozenset({POOL_ID_TYPE, POOL_ID, STATION_ID_TYPE, STATION_ID, EVSE_ID_TYPE, EVSE_ID})
"""Ids among the attributes: the message around them says which element is meant."""

Attributes = tuple[tuple[int, str], ...]
"""Numbers and texts, in the order in which they were stated."""
Values = Mapping[int, tuple[str, ...]]
"""The same by number."""
_YES, _NO = frozenset({"1", "true"}), frozenset({"0", "false"})
_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,30})?|\.\d{1,30})\Z", re.ASCII).match
"""No exponents, and no more digits than anything here has."""
_LONGEST = 40


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a CPO stated of a pool, or of an EVSE with its station and its connectors."""

    own: Attributes = ()
    station: Attributes = ()
    connectors: tuple[tuple[str, Attributes], ...] = ()
    guessed: bool = False
    """Whether the EVSE has a connector that nobody stated."""


_NOTHING = Kept()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def kept_in(wire: Wire | None) -> Kept:
    """Return what was stated in eMIP of a row; nothing of a row of another room."""
    return _decode(wire.data) if is_ours(wire) and wire is not None else _NOTHING


def is_ours(wire: Wire | None) -> bool:
    """Whether a row was stated in eMIP."""
    return wire is not None and wire.room == PROTOCOL and wire.version == VERSION


def wired(kept: Kept) -> Wire:
    """Return the row of what was stated."""
    return Wire(PROTOCOL, VERSION, _encode(kept))


def merged(known: Attributes, sent: Attributes) -> Attributes:
    """Replace the attributes that were sent, all values of a number at once; an empty text clears it."""
    numbers = {number for number, _ in sent}
    return (*(one for one in known if one[0] not in numbers), *(one for one in sent if one[1]))


def stated(sent: Iterable[tuple[int, str]]) -> Attributes:
    """Return attributes as they are kept: without statuses and ids."""
    return tuple((number, text) for number, text in sent if number not in LIVE and number not in IDENTITY)


def by_number(*some: Attributes) -> dict[int, tuple[str, ...]]:
    """Return attributes by number, all values of each."""
    found: dict[int, tuple[str, ...]] = {}
    for attributes in some:
        for number, text in attributes:
            found[number] = (*found.get(number, ()), text)
    return found


def first(values: Values, number: int) -> str | None:
    """Return the first value of an attribute."""
    return next(iter(values.get(number, ())), None)


# -- values ------------------------------------------------------------------------------------------------------------


def read_decimal(values: Values, number: int) -> Decimal | None:
    """Read a number; ValueError when it is none."""
    text = first(values, number)
    if text is None:
        return None
    if _NUMBER(text.strip()) is None:
        raise ValueError(f"attribute {number} is no number: {text[:_LONGEST]!r}")
    return Decimal(text.strip())


def read_flag(values: Values, number: int) -> bool | None:
    """Read a yes or no; ValueError when it is neither."""
    text = first(values, number)
    if text is None:
        return None
    plain = text.strip().casefold()
    if plain not in _YES | _NO:
        raise ValueError(f"attribute {number} is neither 0 nor 1: {text!r}")
    return plain in _YES


def read_point(values: Values, latitude: int, longitude: int) -> Coordinates | None:
    """Read a point; none where half of it is missing, ValueError where either half is nowhere on Earth."""
    north, east = read_decimal(values, latitude), read_decimal(values, longitude)
    # A half that comes alone may get its other one later: then it is too late to refuse it.
    for number, value, most in ((latitude, north, 90), (longitude, east, 180)):
        if value is not None and abs(value) > most:
            raise ValueError(f"attribute {number}, {value}, is nowhere on Earth")
    return Coordinates(north, east) if north is not None and east is not None else None


def read_time(text: str) -> datetime:
    """Read a time, in UTC where no zone is said; ValueError when it is none."""
    at = datetime.fromisoformat(text.strip())
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies before or after all years") from None


_ALPHA_3 = (
    "ADAND AEARE ALALB AMARM ARARG ATAUT AUAUS AZAZE BABIH BEBEL BGBGR BHBHR BRBRA BYBLR CACAN CHCHE CLCHL CNCHN COCOL "
    "CYCYP CZCZE DEDEU DKDNK DZDZA EEEST EGEGY ESESP FIFIN FOFRO FRFRA GBGBR GEGEO GFGUF GGGGY GIGIB GLGRL GPGLP GRGRC "
    "HKHKG HRHRV HUHUN IDIDN IEIRL ILISR IMIMN ININD ISISL ITITA JEJEY JOJOR JPJPN KRKOR KWKWT KZKAZ LILIE LTLTU LULUX "
    "LVLVA MAMAR MCMCO MDMDA MEMNE MKMKD MQMTQ MTMLT MUMUS MXMEX MYMYS NCNCL NLNLD NONOR NZNZL OMOMN PEPER PFPYF PHPHL "
    "PLPOL PMSPM PTPRT QAQAT REREU ROROU RSSRB RURUS SASAU SESWE SGSGP SISVN SKSVK SMSMR THTHA TNTUN TRTUR TWTWN UAUKR "
    "USUSA UYURY VAVAT VNVNM WFWLF XKXKX YTMYT ZAZAF"
)
_COUNTRIES = MappingProxyType({pair[:2]: pair[2:] for pair in _ALPHA_3.split()})
NOWHERE_NAMED = "ZZZ"
"""What stands for a country that nobody named: reserved by ISO 3166 for such uses."""


def country(text: str | None, operator: str) -> str:
    """Return a country by its three letters: as stated, in three letters or two, else that of the operator."""
    plain = (text or "").strip().upper()
    if len(plain) == 3 and plain.isalpha() and plain.isascii():
        return plain
    return _COUNTRIES.get(plain) or _COUNTRIES.get(operator, NOWHERE_NAMED)
