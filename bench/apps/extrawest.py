"""The peer extrawest-ocpi with an adapter that keeps nothing; runs in its own virtual environment."""

from __future__ import annotations

import logging
import sys

import uvicorn
from py_ocpi import get_application
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.crud import Crud
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.versions.enums import VersionNumber

from bench.messages import CPO, location

PLACES = [location(CPO, number) for number in range(1000)]
BY_ID = {place["id"].lower(): place for place in PLACES}


class Nothing(Crud):
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
    async def delete(cls, module, role, id, *args, **kwargs):
        return None

    @classmethod
    async def do(cls, module, role, action, *args, data=None, **kwargs):
        return None


class Everybody(Authenticator):
    """Knows the bench's token."""

    @classmethod
    async def get_valid_token_c(cls):
        return ["bench"]

    @classmethod
    async def get_valid_token_a(cls):
        return []


logging.getLogger("OCPI-Logger").setLevel(logging.ERROR)
app = get_application(
    version_numbers=[VersionNumber.v_2_2_1],
    roles=[RoleEnum.cpo, RoleEnum.emsp],
    crud=Nothing,
    modules=[ModuleID.locations, ModuleID.sessions, ModuleID.cdrs],
    authenticator=Everybody,
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="error")
