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
    "text",
    ["colour = 1", "[listen]\nprot = 1", "party = 'nobody'", "[listen]\nport = 'many'", "[tls]\nkey = 'k'", "= ="],
)
def test_a_wrong_knob_is_named_instead_of_ignored(tmp_path, text):
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as wrong:
        load(file, {})
    assert str(file) in str(wrong.value) or "party" in str(wrong.value) or "tls" in str(wrong.value)


def test_every_knob_has_its_variable_and_its_explanation():
    all_knobs = list(knobs())
    assert len({knob.variable for knob in all_knobs}) == len(all_knobs)
    missing = [".".join(knob.path) for knob in all_knobs if not explained(knob)]
    assert missing == []
