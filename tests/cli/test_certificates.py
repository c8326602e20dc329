"""Binding partners to certificates at the command line."""

from __future__ import annotations

import pytest
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
    assert "cannot be read" in node(*CERTIFICATE, "accept", "vague", "--pem", nowhere, code=1)
    made = tmp_path / "vague.pem"
    assert "cannot be read" in node(*CERTIFICATE, "issue", "vague", "--to", str(made), "--authority", nowhere, code=1)
    assert not made.exists()
    assert "no partner" in node(*CERTIFICATE, "issue", "nobody", "--to", str(made), code=1)
    assert not made.exists()
