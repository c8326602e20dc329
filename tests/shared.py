"""Where the published examples of the specifications lie, beside the project; they are read, never copied."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the published examples are not at {SHARED}")
