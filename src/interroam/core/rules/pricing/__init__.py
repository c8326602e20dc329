"""What a charge costs under a tariff, line by line: pure, exact, and explained (OCPI 2.2.1 mod_tariffs, mod_cdrs).

``cost`` says what a charge costs, ``covering`` and ``resolve`` which tariff it falls under, ``recompute`` whether a CDR
says the same. Read ``course`` (what happened), ``slicing`` (where it is cut), ``items`` (what each part costs),
``rounding`` (steps) and ``billing`` (the sum), in this order.
"""

from interroam.core.rules.pricing.billing import Cost, Line, Totals, cost
from interroam.core.rules.pricing.checking import CENT, Difference, Finding, Outcome, charged, recompute
from interroam.core.rules.pricing.choosing import covering, covers, resolve
from interroam.core.rules.pricing.course import Charge
from interroam.core.rules.pricing.items import Kind
from interroam.core.rules.pricing.rounding import Rounding, Steps

__all__ = [
    "CENT",
    "Charge",
    "Cost",
    "Difference",
    "Finding",
    "Kind",
    "Line",
    "Outcome",
    "Rounding",
    "Steps",
    "Totals",
    "charged",
    "cost",
    "covering",
    "covers",
    "recompute",
    "resolve",
]
