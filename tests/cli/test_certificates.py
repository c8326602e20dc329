"""Binding partners to certificates at the command line."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.net.authority import Authority


def test_a_partner_is_issued_a_certificate_bound_to_it_shown_one_and_let_go(node, tmp_path):
    node("partner", "add", "wary", "--party", "CH*WRY/CPO")
    assert node.json("partner", "certificate", "wary") == {"partner": "wary", "accepted": [], "shown": False}
    authority = Authority(tmp_path, "authority")
    signer = tmp_path / "signer.pem"
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer.write_bytes(authority.file.read_bytes() + key)
    made = tmp_path / "wary.pem"
    issued = node.json("partner", "certificate", "wary", "--issue", str(made), "--authority", str(signer))
    assert made.stat().st_mode & 0o777 == 0o600
    bound = node.json("partner", "certificate", "wary", "--pem", str(made))
    assert bound == issued
    assert len(bound["accepted"][0]) == 64
    assert node.json("partner", "certificate", "wary", "--ours", str(made))["shown"]
    assert node.json("partner", "amend", "wary", "--name", "Wary")["name"] == "Wary"
    assert node.json("partner", "certificate", "wary", "--none") == {"partner": "wary", "accepted": [], "shown": True}
    assert "cannot be read" in node("partner", "certificate", "wary", "--pem", str(tmp_path / "none"), code=1)
    assert "nobody signs it" in node("partner", "certificate", "wary", "--issue", str(made), code=2)
