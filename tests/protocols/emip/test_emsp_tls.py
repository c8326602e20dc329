"""An eMSP's node and its platform over real TLS, in both directions."""

from __future__ import annotations

import pytest

from interroam.core.audit import LOCAL
from interroam.settings import Tls
from tests.net.authority import Authority
from tests.protocols.emip.emsp_office import CARD, EVSE, OPERATOR
from tests.protocols.emip.nodes import PLATFORM, emsp_node
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.test_tls import pem_of, serving, showing
from tests.protocols.emip.test_tls import world as world  # noqa: PLC0414  a fixture

QUESTION = {
    "EVSEIdType": "eMI3",
    "EVSEId": EVSE,
    "userIdType": "RFID-UID",
    "userId": CARD,
    "requestedServiceId": "0",
}
UPLOAD = "ToIOP_SetAuthenticationData"


def authority(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    return Authority(folder, name)


@pytest.mark.statement("EMIP-4")
@pytest.mark.parametrize("trusted", [True, False])
async def test_users_are_uploaded_to_the_platform_that_was_verified_under_our_own_certificate(tmp_path, world, trusted):
    theirs = authority(tmp_path, "their")
    signer = world if trusted else authority(tmp_path, "false")
    async with (
        emsp_node(tmp_path, insecure=False, tls=Tls(authorities=world.file)) as node,
        Partner(PLATFORM, PLATFORM, tls=serving(signer, "localhost", theirs)) as platform,
    ):
        await node.platform(platform.url)
        shown = pem_of(theirs.issue("cert-e01"))
        await node.app.office.certificates.show(LOCAL, "iop", shown)
        await node.agree(OPERATOR, f"{PLATFORM}/HUB")
        node.clock.forward(seconds=2)  # nobody is there: an empty list
        if trusted:
            (asked,) = await platform.until(UPLOAD)
            assert dict(part[0] for part in asked.certificate["subject"])["commonName"] == "cert-e01"
        else:
            with pytest.raises(TimeoutError):
                await platform.until(UPLOAD, within=0.5)
            assert platform.asked == []


@pytest.mark.statement("EMIP-5")
@pytest.mark.parametrize("mutual", [True, False])
async def test_the_door_of_an_emsp_asks_its_platform_for_a_certificate_or_not(tmp_path, world, mutual):
    server = world.issue("emsp")
    platforms = authority(tmp_path, "platforms")
    tls = Tls(certificate=server.certificate, key=server.key, callers=platforms.file)
    async with emsp_node(tmp_path, insecure=False, tls=tls) as node:
        await node.platform("", mutual_tls=mutual, certificate="iop-1")
        node.back.answers = False
        answers = []
        for context in (showing(tmp_path, pem_of(platforms.issue("iop-1")), "right"), showing(tmp_path)):
            async with Partner(PLATFORM, "FR*C01", shows=context) as platform:
                name = "eMIP_FromIOP_GetServiceAuthorisation"
                answer = await platform.call(node.url, name, QUESTION, target=OPERATOR)
                answers.append(answer.fault[1] if answer.fault else answer.fields["authorisationValue"])
        assert answers == (["2", "CERTIFICATE_MISMATCH"] if mutual else ["2", "2"])
