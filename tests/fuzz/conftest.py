"""Long campaigns report past what collects the output of tests."""

from __future__ import annotations

import pytest

from tests.fuzz import campaign


@pytest.fixture(autouse=True)
def _aside(pytestconfig, monkeypatch):
    manager = pytestconfig.pluginmanager.getplugin("capturemanager")
    monkeypatch.setattr(campaign, "aside", manager.global_and_fixture_disabled)
