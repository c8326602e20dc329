"""A hub with one eMSP that allows every card."""

from __future__ import annotations

import pytest

from interroam.model.facts import Fact
from interroam.model.tokens import Allowed, Authorization
from tests.core.asking.hubs import hub_with
from tests.core.objects import token


@pytest.fixture
async def hub(tmp_path):
    core, inboxes = await hub_with(tmp_path)
    await core.tell("DE*MSP", Fact(token()))
    inboxes["DE*MSP"].answer = Authorization(allowed=Allowed.ALLOWED, emsp_reference="theirs")
    yield core, inboxes
    await core.dispatch.stop()
    await core.store.close()
