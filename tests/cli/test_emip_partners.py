"""Partners of eMIP at the command line: added, given a certificate, switched off."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID


@pytest.mark.statement("EMIP-131")
def test_a_partner_is_added_and_issued_a_certificate_that_is_renewed(node, tmp_path):
    said = node("partner", "add", "emip-cpo", "--protocol", "emip", "--party", "FR*C77/CPO")
    assert "partner certificate issue" in said
    name = node.json("partner", "show", "emip-cpo")["switches"]["partner_id"]
    assert name.startswith("FR*P")
    first, second = tmp_path / "first.pem", tmp_path / "second.pem"
    made = node.json("partner", "certificate", "issue", "emip-cpo", "--to", str(first))
    assert (made["partner"], made["name"], made["file"]) == ("emip-cpo", name, str(first))
    assert first.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" in first.read_bytes()
    assert "renew" in node("partner", "certificate", "issue", "emip-cpo", "--to", str(second), code=1)
    assert not second.exists()
    node("partner", "certificate", "renew", "emip-cpo", "--to", str(second))
    signer = tmp_path / "authority.pem"
    node("partner", "certificate", "authority", "--to", str(signer))
    authority = x509.load_pem_x509_certificate(signer.read_bytes())
    for file in (first, second):
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        certificate.verify_directly_issued_by(authority)
        assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == name
    assert "BEGIN CERTIFICATE" in node("partner", "certificate", "authority")
    assert "File exists" in node("partner", "certificate", "renew", "emip-cpo", "--to", str(first), code=1)
    known = node.json("partner", "certificate", "list")["certificates"]
    former, listed = (one for one in known if one["partner"] == "emip-cpo")
    assert former["serial"] == f"{x509.load_pem_x509_certificate(first.read_bytes()).serial_number:x}"
    newest = x509.load_pem_x509_certificate(second.read_bytes())
    assert (listed["partner"], listed["name"], listed["state"]) == ("emip-cpo", name, "valid")
    assert listed["serial"] == f"{newest.serial_number:x}"
    assert f"{newest.not_valid_after_utc:%Y-%m-%d}" in node("partner", "certificate", "list")


def test_an_address_is_wired_without_a_token(node):
    node("partner", "add", "emip-other", "--protocol", "emip", "--party", "FR*C78/CPO")
    url = "http://127.0.0.1:9/emip"
    assert node.json("partner", "register", "emip-other", "--partner-url", url)["state"] == "connected"
    assert node.json("partner", "unregister", "emip-other", "--yes")["state"] == "planned"


def test_a_party_is_switched_off_and_on(node):
    node("partner", "add", "emip-third", "--protocol", "emip", "--party", "FR*C79/CPO")
    assert "FR*C79/CPO" in node("party", "suspend", "FR*C79/CPO")
    assert node.json("party", "list")["suspended"] == ["FR*C79/CPO"]
    assert "already" in node("party", "suspend", "FR*C79/CPO", code=1)
    assert "no party is suspended" in node("party", "resume", "FR*C79/CPO")
    assert "no partner speaks" in node("party", "suspend", "FR*C99/CPO", code=1)
