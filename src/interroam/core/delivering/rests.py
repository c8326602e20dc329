"""How long a courier rests after failures. Pure, but for a spread."""

from __future__ import annotations

import random

FIRST_S = 0.25
LONGEST_S = 300.0


def rest_s(failures: int) -> float:
    """Seconds to rest after so many failures in a row, with a spread so that couriers do not march in step."""
    spread = 0.8 + 0.4 * random.random()  # noqa: S311  no secret hangs on it
    return min(FIRST_S * 2.0 ** min(failures - 1, 20), LONGEST_S) * spread
