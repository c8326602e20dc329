"""Settings: every knob once, from a file, from the environment, with its explanation."""

from __future__ import annotations

from pathlib import Path

import pytest

from interroam.settings import Part, SettingsError, explained, knobs, load

FILE = """
name = "file"
parts = ["cpo"]
[listen]
port = 1
host = "::1"
[tls]
key = "k"
certificate = "c"
"""


def test_without_anything_a_node_is_an_empty_hub_on_a_free_local_port():
    settings = load(env={})
    assert (settings.listen.host, settings.listen.port, settings.parts) == ("127.0.0.1", 0, {Part.HUB})
    assert settings.database == "interroam-data/interroam.db"


def test_a_file_is_outranked_by_variables_and_these_by_what_is_given(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text(FILE)
    env = {"INTERROAM_NAME": "env", "INTERROAM_LISTEN_PORT": "2", "INTERROAM_PARTS": "hub, emsp"}
    settings = load(file, env, {"listen.port": 3})
    assert (settings.name, settings.listen.port, settings.listen.host) == ("env", 3, "::1")
    assert settings.parts == {Part.HUB, Part.EMSP}
    assert settings.tls.key == Path("k")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "there is no setting colour"),
        ("[listen]\nprot = 1", "there is no setting listen.prot; did you mean listen.port?"),
        ("party = 'nobody'", "party: 'nobody' is no party"),
        ("parts = []", "parts: expected array of length >= 1"),
        ("parts = ['hob']", "parts[0]: 'hob' is none of hub, cpo, emsp"),
        ("log.level = 'loud'", "log.level: 'loud' is none of debug, info, warning, error"),
        ("listen.port = 'many'", "listen.port: expected int, got str"),
        ("listen.port = 70000", "listen.port: expected int <= 65535"),
        ("listen.proxies = ['proxy']", "listen.proxies: 'proxy' is no network"),
        ("listen.public_url = 'hub.example'", "listen.public_url: 'hub.example' is no address"),
        ("store.url = 'mysql://db'", "store.url: mysql is not spoken"),
        ("tls.key = 'k'", "tls.certificate and tls.key go together"),
        ("tls.callers_required = true", "tls.callers_required asks for a certificate"),
        ("= =", " is no TOML"),
    ],
)
def test_a_wrong_knob_is_named_with_its_file_instead_of_ignored(tmp_path, text, said):
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as wrong:
        load(file, {})
    assert str(wrong.value).startswith(str(file))
    assert said in str(wrong.value)


def test_a_file_that_is_no_text_or_not_there_is_said_in_a_line(tmp_path):
    file = tmp_path / "node.toml"
    with pytest.raises(SettingsError, match=r"node\.toml: No such file or directory$"):
        load(file, {})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is no TOML"):
        load(file, {})


def test_a_variable_of_a_group_that_does_not_exist_is_named():
    with pytest.raises(SettingsError, match=r"INTERROAM_LISTEN_PROT; did you mean INTERROAM_LISTEN_PORT\?"):
        load(env={"INTERROAM_LISTEN_PROT": "1"})
    assert load(env={"INTERROAM_USER": "anna"}).name == "Interroam"


def test_every_knob_has_its_variable_and_its_explanation():
    all_knobs = list(knobs())
    assert len({knob.variable for knob in all_knobs}) == len(all_knobs)
    missing = [".".join(knob.path) for knob in all_knobs if not explained(knob)]
    assert missing == []
