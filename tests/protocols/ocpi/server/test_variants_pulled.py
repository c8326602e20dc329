"""A CPO's own node, pulled by its hub."""

from __future__ import annotations

import base64
import json

import aiohttp
import pytest

from interroam.core.keys import new_secret
from interroam.model.facts import Origin
from interroam.model.parties import Credential, PartnerState, Purpose
from interroam.protocols.ocpi.translate import tariff_fact
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.tariffs import Tariff
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.server.messages import tariff

TARGETS = ({}, {"target_operator_country_code": "DE", "target_operator_party_id": "MP1"})


@pytest.mark.statement("OCPI-154")
async def test_a_cpo_lists_every_variant_to_its_hub_under_the_same_id(tmp_path):
    async with Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
        await node.expect("hub", "FR*107/HUB", state=PartnerState.CONNECTED)
        await node.agree("FR*107/HUB", "CH*CCC/CPO")
        secret = new_secret()
        mark = node.book.keyring.fingerprint(secret)
        await node.book.admit(Credential(mark, "hub", Purpose.REGULAR, node.clock.now()))
        for price, target in zip((0.8, 0.5), TARGETS, strict=True):
            raw = json.dumps(tariff(price=price, **target)).encode()
            await node.hub.tell(Origin("office"), tariff_fact(read(Tariff, raw)[0], raw))
        headers = {
            "Authorization": "Token " + base64.b64encode(secret.encode()).decode(),
            "OCPI-from-country-code": "FR",
            "OCPI-from-party-id": "107",
            "OCPI-to-country-code": "CH",
            "OCPI-to-party-id": "CCC",
        }
        url = f"{node.url}/ocpi/2.2.1/sender/tariffs"
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            listed = (await answer.json())["data"]
    assert listed == [tariff(price=price, **target) for price, target in zip((0.8, 0.5), TARGETS, strict=True)]
