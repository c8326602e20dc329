"""The enumerations of OCPI 2.1.1 that are shorter than those of 2.2.1, and the words only it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from msgspec import Meta

TariffDimension = Literal["ENERGY", "FLAT", "PARKING_TIME", "TIME", "SESSION_TIME"]
CommandResponseType = Literal["NOT_SUPPORTED", "REJECTED", "ACCEPTED", "TIMEOUT", "UNKNOWN_SESSION"]

# Open words: for the reader of the code plain text, for the decoder a list.
if TYPE_CHECKING:
    Capability = str
    CdrDimensionType = str
    ConnectorType = str
    Facility = str
    LocationType = str
    PowerType = str
    RoundGranularity = str
    RoundRule = str
else:
    _OPEN = Meta(extra={"open": True})
    Capability = Annotated[
        Literal[
            "CHARGING_PROFILE_CAPABLE",
            "CREDIT_CARD_PAYABLE",
            "REMOTE_START_STOP_CAPABLE",
            "RESERVABLE",
            "RFID_READER",
            "UNLOCK_CAPABLE",
        ],
        _OPEN,
    ]
    CdrDimensionType = Annotated[Literal["ENERGY", "FLAT", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"], _OPEN]
    ConnectorType = Annotated[
        Literal[
            "CHADEMO",
            "DOMESTIC_A",
            "DOMESTIC_B",
            "DOMESTIC_C",
            "DOMESTIC_D",
            "DOMESTIC_E",
            "DOMESTIC_F",
            "DOMESTIC_G",
            "DOMESTIC_H",
            "DOMESTIC_I",
            "DOMESTIC_J",
            "DOMESTIC_K",
            "DOMESTIC_L",
            "IEC_60309_2_single_16",
            "IEC_60309_2_three_16",
            "IEC_60309_2_three_32",
            "IEC_60309_2_three_64",
            "IEC_62196_T1",
            "IEC_62196_T1_COMBO",
            "IEC_62196_T2",
            "IEC_62196_T2_COMBO",
            "IEC_62196_T3A",
            "IEC_62196_T3C",
            "TESLA_R",
            "TESLA_S",
        ],
        _OPEN,
    ]
    Facility = Annotated[
        Literal[
            "HOTEL",
            "RESTAURANT",
            "CAFE",
            "MALL",
            "SUPERMARKET",
            "SPORT",
            "RECREATION_AREA",
            "NATURE",
            "MUSEUM",
            "BUS_STOP",
            "TAXI_STAND",
            "TRAIN_STATION",
            "AIRPORT",
            "CARPOOL_PARKING",
            "FUEL_STATION",
            "WIFI",
        ],
        _OPEN,
    ]
    LocationType = Annotated[
        Literal["ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT", "OTHER", "UNKNOWN"], _OPEN
    ]
    PowerType = Annotated[Literal["AC_1_PHASE", "AC_3_PHASE", "DC"], _OPEN]
    # One value is published as HUNDRETH; that is how it is spelled (OCPI-160).
    RoundGranularity = Annotated[Literal["UNIT", "TENTH", "HUNDRETH", "THOUSANDTH"], _OPEN]
    RoundRule = Annotated[Literal["ROUND_UP", "ROUND_DOWN", "ROUND_NEAR"], _OPEN]


def words(kind: Any) -> frozenset[str]:
    """Return the words of an enumeration."""
    inner = get_args(kind)
    return frozenset(inner if all(isinstance(each, str) for each in inner) else get_args(inner[0]))
