"""The enumerations of OCPI 2.2.1.

A *closed* word decides what happens next: an unknown one is refused. An *open* word only describes: an unknown one is
kept and reported, since partners are ahead of us (or behind) in what a plug or a facility may be called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

# Closed words.
EvseStatus = Literal[
    "AVAILABLE",
    "BLOCKED",
    "CHARGING",
    "INOPERATIVE",
    "OUTOFORDER",
    "PLANNED",
    "REMOVED",
    "RESERVED",
    "UNKNOWN",
]
TokenType = Literal["AD_HOC_USER", "APP_USER", "OTHER", "RFID"]
Whitelist = Literal["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]
Allowed = Literal["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]
AuthMethod = Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
SessionStatus = Literal["ACTIVE", "COMPLETED", "INVALID", "PENDING", "RESERVATION"]
TariffType = Literal["AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"]
TariffDimension = Literal["ENERGY", "FLAT", "PARKING_TIME", "TIME"]
Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
ReservationRestriction = Literal["RESERVATION", "RESERVATION_EXPIRES"]
CommandType = Literal["CANCEL_RESERVATION", "RESERVE_NOW", "START_SESSION", "STOP_SESSION", "UNLOCK_CONNECTOR"]
CommandResponseType = Literal["NOT_SUPPORTED", "REJECTED", "ACCEPTED", "UNKNOWN_SESSION"]
CommandResultType = Literal[
    "ACCEPTED",
    "CANCELED_RESERVATION",
    "EVSE_OCCUPIED",
    "EVSE_INOPERATIVE",
    "FAILED",
    "NOT_SUPPORTED",
    "REJECTED",
    "TIMEOUT",
    "UNKNOWN_RESERVATION",
]
ChargingRateUnit = Literal["W", "A"]
ChargingProfileResponseType = Literal["ACCEPTED", "NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"]
ChargingProfileResultType = Literal["ACCEPTED", "REJECTED", "UNKNOWN"]
ProfileType = Literal["CHEAP", "FAST", "GREEN", "REGULAR"]
ChargingPreferencesResponse = Literal[
    "ACCEPTED", "DEPARTURE_REQUIRED", "ENERGY_NEED_REQUIRED", "NOT_POSSIBLE", "PROFILE_TYPE_NOT_SUPPORTED"
]
InterfaceRole = Literal["SENDER", "RECEIVER"]

# Open words: for the reader of the code plain text, for the decoder a list.
if TYPE_CHECKING:
    Capability = str
    CdrDimensionType = str
    ConnectorFormat = str
    ConnectorType = str
    EnergySourceCategory = str
    EnvironmentalImpactCategory = str
    Facility = str
    ImageCategory = str
    ParkingRestriction = str
    ParkingType = str
    PowerType = str
    Role = str
else:
    _OPEN = Meta(extra={"open": True})
    Capability = Annotated[
        Literal[
            "CHARGING_PROFILE_CAPABLE",
            "CHARGING_PREFERENCES_CAPABLE",
            "CHIP_CARD_SUPPORT",
            "CONTACTLESS_CARD_SUPPORT",
            "CREDIT_CARD_PAYABLE",
            "DEBIT_CARD_PAYABLE",
            "PED_TERMINAL",
            "REMOTE_START_STOP_CAPABLE",
            "RESERVABLE",
            "RFID_READER",
            "START_SESSION_CONNECTOR_REQUIRED",
            "TOKEN_GROUP_CAPABLE",
            "UNLOCK_CAPABLE",
        ],
        _OPEN,
    ]
    CdrDimensionType = Annotated[
        Literal[
            "ENERGY",
            "MAX_CURRENT",
            "MIN_CURRENT",
            "MAX_POWER",
            "MIN_POWER",
            "PARKING_TIME",
            "RESERVATION_TIME",
            "TIME",
            "CURRENT",
            "ENERGY_EXPORT",
            "ENERGY_IMPORT",
            "POWER",
            "STATE_OF_CHARGE",
        ],
        _OPEN,
    ]
    ConnectorFormat = Annotated[Literal["SOCKET", "CABLE"], _OPEN]
    ConnectorType = Annotated[
        Literal[
            "CHADEMO",
            "CHAOJI",
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
            "DOMESTIC_M",
            "DOMESTIC_N",
            "DOMESTIC_O",
            "GBT_AC",
            "GBT_DC",
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
            "NEMA_5_20",
            "NEMA_6_30",
            "NEMA_6_50",
            "NEMA_10_30",
            "NEMA_10_50",
            "NEMA_14_30",
            "NEMA_14_50",
            "PANTOGRAPH_BOTTOM_UP",
            "PANTOGRAPH_TOP_DOWN",
            "TESLA_R",
            "TESLA_S",
        ],
        _OPEN,
    ]
    EnergySourceCategory = Annotated[
        Literal["NUCLEAR", "GENERAL_FOSSIL", "COAL", "GAS", "GENERAL_GREEN", "SOLAR", "WIND", "WATER"], _OPEN
    ]
    EnvironmentalImpactCategory = Annotated[Literal["NUCLEAR_WASTE", "CARBON_DIOXIDE"], _OPEN]
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
            "BIKE_SHARING",
            "BUS_STOP",
            "TAXI_STAND",
            "TRAM_STOP",
            "METRO_STATION",
            "TRAIN_STATION",
            "AIRPORT",
            "PARKING_LOT",
            "CARPOOL_PARKING",
            "FUEL_STATION",
            "WIFI",
        ],
        _OPEN,
    ]
    ImageCategory = Annotated[
        Literal["CHARGER", "ENTRANCE", "LOCATION", "NETWORK", "OPERATOR", "OTHER", "OWNER"], _OPEN
    ]
    ParkingRestriction = Annotated[Literal["EV_ONLY", "PLUGGED", "DISABLED", "CUSTOMERS", "MOTORCYCLES"], _OPEN]
    ParkingType = Annotated[
        Literal["ALONG_MOTORWAY", "PARKING_GARAGE", "PARKING_LOT", "ON_DRIVEWAY", "ON_STREET", "UNDERGROUND_GARAGE"],
        _OPEN,
    ]
    PowerType = Annotated[Literal["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"], _OPEN]
    # Roles that a partner declares are stored for information only (OCPI-25).
    Role = Annotated[Literal["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"], _OPEN]
