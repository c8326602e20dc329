"""The peer py-ocpi with an adapter that keeps nothing; runs in its own virtual environment."""

from __future__ import annotations

import sys

import uvicorn
from py_ocpi import get_application
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.cdrs.v_2_2_1.schemas import Cdr
from py_ocpi.modules.locations.v_2_2_1.schemas import Location
from py_ocpi.modules.sessions.v_2_2_1.schemas import Session
from py_ocpi.modules.versions.enums import VersionNumber

from bench.messages import CPO, location

PLACES = [location(CPO, number) for number in range(1000)]
BY_ID = {place["id"].lower(): place for place in PLACES}


class Nothing:
    """Knows the locations of the bench, and takes everything else without keeping it."""

    @classmethod
    async def get(cls, module, role, id, *args, **kwargs):
        return BY_ID.get(id.lower()) if module is ModuleID.locations else None

    @classmethod
    async def list(cls, module, role, filters, *args, **kwargs):
        offset, limit = filters["offset"], filters["limit"]
        return PLACES[offset : offset + limit], len(PLACES), offset + limit >= len(PLACES)

    @classmethod
    async def create(cls, module, role, data, *args, **kwargs):
        return data

    @classmethod
    async def update(cls, module, role, data, id, *args, **kwargs):
        return data

    @classmethod
    async def do(cls, module, role, action, *args, **kwargs):
        return None


class Shapes:
    """Makes the library's own shapes of dicts."""

    @classmethod
    def location_adapter(cls, data, version=None):
        return Location(**data)

    @classmethod
    def session_adapter(cls, data, version=None):
        return Session(**data)

    @classmethod
    def cdr_adapter(cls, data, version=None):
        return Cdr(**data)


app = get_application([VersionNumber.v_2_2_1], [RoleEnum.cpo, RoleEnum.emsp], Nothing, Shapes)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="error")
