"""Binding partners to certificates at the command line."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.net.authority import Authority

CERTIFICATE = ("partner", "certificate")


@pytest.fixture
def signer(tmp_path):
    """Certificate and key of an authority that is not the node's."""
    authority = Authority(tmp_path, "authority")
    file = tmp_path / "signer.pem"
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(authority.file.read_bytes() + key)
    return file


def test_a_partner_is_bound_to_a_certificate_shown_one_and_let_go(node, tmp_path, signer):
    node("partner", "add", "wary", "--party", "CH*WRY/CPO")
    assert node.json(*CERTIFICATE, "show", "wary") == {"partner": "wary", "accepted": [], "shown": False}
    made = tmp_path / "wary.pem"
    issued = node.json(*CERTIFICATE, "issue", "wary", "--to", str(made), "--authority", str(signer))
    assert issued == {"partner": "wary", "name": "wary", "file": str(made)}
    assert made.stat().st_mode & 0o777 == 0o600
    bound = node.json(*CERTIFICATE, "accept", "wary", "--pem", str(made))
    assert len(bound["accepted"][0]) == 64
    assert node.json(*CERTIFICATE, "present", "wary", "--pem", str(made))["shown"]
    assert node.json("partner", "amend", "wary", "--name", "Wary")["name"] == "Wary"
    assert node.json(*CERTIFICATE, "show", "wary") == {**bound, "shown": True}
    assert node.json(*CERTIFICATE, "accept", "wary", "--any")["accepted"] == []
    assert not node.json(*CERTIFICATE, "present", "wary", "--none")["shown"]


def test_a_certificate_has_to_be_named_and_readable(node, tmp_path, signer):
    node("partner", "add", "vague", "--party", "CH*VAG/CPO")
    assert "--pem FILE or --any" in node(*CERTIFICATE, "accept", "vague", code=2)
    assert "--pem FILE or --none" in node(*CERTIFICATE, "present", "vague", "--none", "--pem", str(signer), code=2)
    nowhere = str(tmp_path / "none")
    assert "No such file" in node(*CERTIFICATE, "accept", "vague", "--pem", nowhere, code=1)
    made = tmp_path / "vague.pem"
    assert "No such file" in node(*CERTIFICATE, "issue", "vague", "--to", str(made), "--authority", nowhere, code=1)
    assert not made.exists()
    assert "no partner" in node(*CERTIFICATE, "issue", "nobody", "--to", str(made), code=1)
    assert not made.exists()


def test_a_certificate_is_revoked_and_stands_in_the_list_that_proxies_are_given(node, tmp_path):
    node("partner", "add", "leaky", "--party", "CH*LKY/CPO")
    serial = node.json(*CERTIFICATE, "issue", "leaky", "--to", str(tmp_path / "leaky.pem"))["serial"]
    assert "Revoke it?" in node(*CERTIFICATE, "revoke", serial, code=1, input="n\n")
    said = node.json(*CERTIFICATE, "revoke", serial, "--reason", "key-compromise", "--yes")
    assert (said["partner"], said["state"], said["cause"]) == ("leaky", "revoked", "key-compromise")
    assert "revoked" in node(*CERTIFICATE, "list")
    assert "is revoked since" in node(*CERTIFICATE, "revoke", serial, "--yes", code=1)
    assert "no certificate" in node(*CERTIFICATE, "revoke", "77", "--yes", code=1)
    file = tmp_path / "revoked.pem"
    node(*CERTIFICATE, "revoked", "--to", str(file))
    assert int(serial, 16) in [one.serial_number for one in x509.load_pem_x509_crl(file.read_bytes())]
    assert node(*CERTIFICATE, "revoked").startswith("-----BEGIN X509 CRL-----")
    assert any(one["action"] == "partner certificate revoke" for one in node.json("audit")["audit"])
