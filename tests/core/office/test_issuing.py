"""What is known of the certificates issued here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import msgpack

from interroam.core.audit import LOCAL
from interroam.core.office.authority import Cause, Issued
from interroam.core.office.issuing import ISSUED, Issuing, Validity
from interroam.model.errors import Reason, Refused
from tests.clocks import StillClock
from tests.core.desk import open_office
from tests.core.objects import NOW, partner


async def test_certificates_are_listed_by_their_ends_and_those_that_end_soon_are_marked(tmp_path):
    async with open_office(tmp_path) as (office, core):
        core.hub.clock = clock = StillClock(NOW)
        for name, party in (("first", "FR*CPO/CPO"), ("second", "NL*EEE/EMSP")):
            await office.admin.add_partner(LOCAL, partner(name, party))
            await office.issuing.issue(LOCAL, name)
            clock.at += timedelta(days=20)
        ends = [made.until for made, _ in office.issuing.all(LOCAL)]
        assert ends == sorted(ends)

        async def seen(at):
            clock.at = at
            return [(made.partner, state) for made, state in office.issuing.all(LOCAL)]

        valid, soon, over = Validity.VALID, Validity.SOON, Validity.OVER
        assert await seen(ends[0] - timedelta(days=31)) == [("first", valid), ("second", valid)]
        assert await seen(ends[0] - timedelta(days=30)) == [("first", soon), ("second", valid)]
        assert await seen(ends[0]) == [("first", over), ("second", soon)]


@pytest.fixture
async def desk(tmp_path):
    async with open_office(tmp_path) as (office, core):
        core.hub.clock = StillClock(NOW)
        await office.admin.add_partner(LOCAL, partner("first", "FR*CPO/CPO"))
        yield office, core


def der(pair):
    return x509.load_pem_x509_certificate(pair.certificate.encode()).public_bytes(Encoding.DER)


async def test_a_revoked_certificate_stands_in_a_signed_list_until_it_would_have_ended(desk):
    office, core = desk
    pair, made = await office.issuing.issue(LOCAL, "first")
    authority = x509.load_pem_x509_certificate((await office.issuing.certificate(LOCAL)).encode())

    async def listed():
        crl = x509.load_pem_x509_crl((await office.issuing.revocations(LOCAL)).encode())
        assert crl.is_signature_valid(authority.public_key())
        assert crl.issuer == authority.subject
        assert crl.last_update_utc == core.hub.clock.now().replace(microsecond=0)
        return crl

    assert len(await listed()) == 0
    assert office.issuing.barred(der(pair)) is None
    spelled = ":".join(f"0{made.serial.upper()}"[-len(made.serial) // 2 * 2 :][i : i + 2] for i in range(0, 40, 2))
    await office.issuing.revoke(LOCAL, spelled, Cause.KEY_COMPROMISE)
    assert office.issuing.barred(der(pair)).serial == made.serial
    (line,) = await listed()
    assert f"{line.serial_number:x}" == made.serial
    assert line.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    with pytest.raises(Refused) as twice:
        await office.issuing.revoke(LOCAL, made.serial)
    assert twice.value.reason is Reason.WRONG_STATE
    with pytest.raises(Refused) as unknown:
        await office.issuing.revoke(LOCAL, "abc")
    assert unknown.value.reason is Reason.UNKNOWN_OBJECT
    ((_, state),) = office.issuing.all(LOCAL)
    assert state is Validity.REVOKED
    core.hub.clock.at = made.until
    assert len(await listed()) == 0
    line = (await office.audited(LOCAL))[-1]
    assert (line.action, line.object, line.detail["cause"]) == ("partner certificate revoke", "first", "key-compromise")


async def test_after_its_only_certificate_was_revoked_a_partner_is_issued_another(desk):
    office, _ = desk
    _, made = await office.issuing.issue(LOCAL, "first")
    await office.issuing.revoke(LOCAL, made.serial)
    with pytest.raises(Refused):
        await office.issuing.issue(LOCAL, "first", renew=True)
    pair, again = await office.issuing.issue(LOCAL, "first")
    assert again.serial != made.serial
    assert office.issuing.barred(der(pair)) is None


@pytest.mark.parametrize("days", [0, 30])
async def test_a_former_certificate_is_revoked_when_the_overlap_that_is_set_is_over(desk, days):
    office, core = desk
    issuing = Issuing(core.hub, office.audit, office.issuing._ways, office.issuing._authority, timedelta(days=days))
    former, old = await issuing.issue(LOCAL, "first")
    newest, new = await issuing.issue(LOCAL, "first", renew=True)
    core.hub.clock.at += timedelta(days=30, seconds=-1)
    assert issuing.barred(der(former)) is None
    core.hub.clock.at += timedelta(seconds=1)
    states = {made.serial: state for made, state in issuing.all(LOCAL)}
    assert (issuing.barred(der(former)) is None) is (days == 0)
    assert states == {old.serial: Validity.REVOKED if days else Validity.VALID, new.serial: Validity.VALID}
    assert issuing.barred(der(newest)) is None
    again = Issuing(core.hub, office.audit, office.issuing._ways, office.issuing._authority)
    await again.load()  # the setting of then holds
    assert (again.barred(der(former)) is None) is (days == 0)


async def test_what_a_former_release_remembered_by_partner_can_be_revoked_as_well(desk):
    office, core = desk
    pair, made = await office.issuing.issue(LOCAL, "first")
    known = await core.store.load(ISSUED, made.serial)
    await core.store.remove(ISSUED, made.serial)
    await core.store.save(ISSUED, "first", known)
    again = Issuing(core.hub, office.audit, office.issuing._ways, office.issuing._authority)
    await again.load()
    await again.revoke(LOCAL, made.serial)
    assert again.barred(der(pair)) == msgpack.decode(await core.store.load(ISSUED, made.serial), type=Issued)
    assert [name for name, _ in await core.store.all(ISSUED)] == [made.serial]
