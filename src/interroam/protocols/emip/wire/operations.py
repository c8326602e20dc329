"""The table of eMIP's 35 operations: their names on the wire, their shapes, who asks and who answers."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Final

from msgspec import Struct

from interroam.model.ids import Role

from . import from_iop, to_iop
from .types import FromIop, Response, ToIop

_HOST = "https://api-iop.gireve.com"


class Need(StrEnum):
    """Whether a role must have an operation."""

    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    CONDITIONAL = "conditional"  # mandatory for who uses what it belongs to


class Family(Struct, frozen=True):
    """Operations that share a namespace and a path."""

    name: str

    @property
    def namespace(self) -> str:
        """The namespace of the elements in the body."""
        return f"{_HOST}/schemas/{self.name}V1/"

    @property
    def path(self) -> str:
        """Where the platform serves the family."""
        return _PATHS[self.name]


PLATFORM: Final = Family("Platform")
DYNAMIC: Final = Family("EVCIDynamic")
STATIC: Final = Family("EVCIStatic")
AUTHORISATION: Final = Family("Authorisation")
AUTHENTICATION: Final = Family("AuthenticationData")
DOWNLOAD: Final = Family("EVCIDataDownload")
FINDER: Final = Family("ChargeSpotFinder")

FAMILIES: Final = (PLATFORM, DYNAMIC, STATIC, AUTHORISATION, AUTHENTICATION, DOWNLOAD, FINDER)

_PATHS = {
    PLATFORM.name: "/services/platformV1",
    DYNAMIC.name: "/services/evciV1",
    STATIC.name: "/services/evciStaticV1",
    AUTHORISATION.name: "/services/authorisationV1",
    AUTHENTICATION.name: "/services/authenticationDataV1",
    DOWNLOAD.name: "/services/evciDataDownloadV1",
    FINDER.name: "/services/csfV1",
}


class Operation(Struct, frozen=True, kw_only=True, dict=True):
    """One row of the table."""

    name: str  # as on the wire: eMIP_ToIOP_HeartBeat
    family: Family
    request: type[ToIop]
    response: type[Response]
    cpo: Need | None = None  # whether a CPO must have it, None: it has nothing to do with it
    emsp: Need | None = None
    stored: bool = False  # kept and sent again until somebody answers (EMIP-45, EMIP-50)

    @cached_property
    def to_iop(self) -> bool:
        """Whether a partner asks the platform, or else the platform a partner."""
        return not issubclass(self.request, FromIop)

    @cached_property
    def partners(self) -> frozenset[Role]:
        """The roles beside the platform: they call what goes to it, and serve what comes from it."""
        return frozenset(role for role, need in ((Role.CPO, self.cpo), (Role.EMSP, self.emsp)) if need)

    @cached_property
    def called_by(self) -> frozenset[Role]:
        """The roles that may call it."""
        return self.partners if self.to_iop else _PLATFORM

    @cached_property
    def served_by(self) -> frozenset[Role]:
        """The roles that serve it."""
        return _PLATFORM if self.to_iop else self.partners

    @cached_property
    def of_places(self) -> bool:
        """Whether it speaks of places and their statuses alone."""
        return self.family in {STATIC, DYNAMIC, DOWNLOAD}

    @cached_property
    def action(self) -> str:
        """The SOAPAction, written but never asked for."""
        return f"{_HOST}/services/{self.name}V1/"

    @cached_property
    def request_element(self) -> str:
        """The local name of the request."""
        return f"{self.name}Request"

    @cached_property
    def response_element(self) -> str:
        """The local name of the answer."""
        return f"{self.name}Response"


_PLATFORM = frozenset({Role.HUB})
_M, _O, _C = Need.MANDATORY, Need.OPTIONAL, Need.CONDITIONAL


def _row(  # a row of the table reads best as one call
    family: Family, request: type[ToIop], *, cpo: Need | None = None, emsp: Need | None = None, stored: bool = False
) -> Operation:
    module, direction = (from_iop, "FromIOP") if issubclass(request, FromIop) else (to_iop, "ToIOP")
    return Operation(
        name=f"eMIP_{direction}_{request.__name__}",
        family=family,
        request=request,
        response=getattr(module, f"{request.__name__}Response"),
        cpo=cpo,
        emsp=emsp,
        stored=stored,
    )


OPERATIONS: Final = (
    _row(PLATFORM, to_iop.HeartBeat, cpo=_M, emsp=_M),
    _row(PLATFORM, from_iop.HeartBeat, cpo=_O, emsp=_O),
    _row(DYNAMIC, to_iop.SetEVSEAvailabilityStatus, cpo=_M, stored=True),
    _row(DYNAMIC, to_iop.SetEVSEBusyStatus, cpo=_M, stored=True),
    _row(DYNAMIC, to_iop.SetChargingPoolAvailabilityStatus, cpo=_O, stored=True),
    _row(DYNAMIC, to_iop.SetChargingStationAvailabilityStatus, cpo=_O, stored=True),
    _row(DYNAMIC, to_iop.SetChargingConnectorAvailabilityStatus, cpo=_O, stored=True),
    _row(DYNAMIC, to_iop.SetEVSESyntheticStatus, cpo=_O, stored=True),
    _row(STATIC, to_iop.SetChargingPoolStaticData, cpo=_O, stored=True),
    _row(STATIC, to_iop.SetChargingStationStaticData, cpo=_O, stored=True),
    _row(STATIC, to_iop.SetEVSEStaticData, cpo=_O, stored=True),
    _row(STATIC, to_iop.SetChargingConnectorStaticData, cpo=_O, stored=True),
    _row(AUTHORISATION, to_iop.GetServiceAuthorisation, cpo=_M),
    _row(AUTHORISATION, from_iop.GetServiceAuthorisation, emsp=_M),
    _row(AUTHORISATION, to_iop.SetServiceAuthorisation, emsp=_O),
    _row(AUTHORISATION, from_iop.SetServiceAuthorisation, cpo=_M),
    _row(AUTHENTICATION, to_iop.SetAuthenticationData, emsp=_M),
    _row(AUTHENTICATION, to_iop.GetAuthenticationData, cpo=_O),
    _row(AUTHORISATION, to_iop.SetChargeDetailRecord, cpo=_M, stored=True),
    _row(AUTHORISATION, from_iop.SetChargeDetailRecord, emsp=_M, stored=True),
    _row(AUTHORISATION, to_iop.GetChargeDetailRecord, emsp=_O),
    _row(AUTHORISATION, to_iop.GetChargeDetailRecordList, emsp=_O),
    _row(AUTHORISATION, to_iop.SetSessionEventReport, cpo=_O),
    _row(AUTHORISATION, from_iop.SetSessionEventReport, emsp=_M),
    _row(AUTHORISATION, to_iop.SetSessionActionRequest, emsp=_C),
    _row(AUTHORISATION, from_iop.SetSessionActionRequest, cpo=_M),
    _row(FINDER, to_iop.SearchEVSE, emsp=_O),
    _row(DOWNLOAD, to_iop.GetEVSEStaticDataChanges, emsp=_O),
    _row(DOWNLOAD, to_iop.GetEVSEDynamicDataChanges, emsp=_O),
    _row(DOWNLOAD, to_iop.ActivateEVSEStaticDataChangesFlow, emsp=_O),
    _row(DOWNLOAD, to_iop.DeActivateEVSEStaticDataChangesFlow, emsp=_O),
    _row(DOWNLOAD, to_iop.ActivateEVSEDynamicDataChangesFlow, emsp=_O),
    _row(DOWNLOAD, to_iop.DeActivateEVSEDynamicDataChangesFlow, emsp=_O),
    _row(DOWNLOAD, from_iop.SetEVSEStaticDataChanges, emsp=_C),
    _row(DOWNLOAD, from_iop.SetEVSEDynamicDataChanges, emsp=_C),
)

BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
_BY_REQUEST = {operation.request: operation for operation in OPERATIONS}


def operation_of(request: type[ToIop]) -> Operation:
    """Find the operation that a request belongs to."""
    return _BY_REQUEST[request]


# Names are read in any letter case (HeartBeat, Heartbeat; IOP, IoP). One peer leaves a word out of the action's names;
# one sample says it twice in the event's.
_ACTION, _EVENT = "SetSessionActionRequest", "SetSessionEventReport"
REQUESTS: Final = {operation.request_element.lower(): operation for operation in OPERATIONS} | {
    f"{operation.name}{'' if operation.name.endswith(_ACTION) else 'RequestRequest'}".lower(): operation
    for operation in OPERATIONS
    if operation.name.endswith((_ACTION, _EVENT))
}
RESPONSES: Final = {operation.response_element.lower(): operation for operation in OPERATIONS} | {
    f"{operation.name.removesuffix('Request')}Response".lower(): operation
    for operation in OPERATIONS
    if operation.name.endswith(_ACTION)
}
