"""The parties that operators travel as: OCPI knows two letters and three characters, OICP operators need not fit.

An operator whose id is a party keeps it (``CHEVP`` is ``CH*EVP``); the others get ``CH*A01``, ``CH*A02`` … in the
order of their ids, passing over what an operator is called already. The same operators give the same table.
"""

from __future__ import annotations

from collections.abc import Iterable

from interroam.model.ids import PartyId

_FIRST = "A"


class Aliases:
    """Operators to parties and back."""

    def __init__(self, operators: Iterable[str]) -> None:
        self.party: dict[str, str] = {}
        rest = []
        for operator in sorted(set(operators)):
            own = _own(operator)
            if own is None or own in self.party.values():
                rest.append(operator)
            else:
                self.party[operator] = own
        taken, number = set(self.party.values()), 0
        for operator in rest:
            country = operator[:2].upper()
            while (alias := f"{country}*{_FIRST}{(number := number + 1):02}") in taken:
                pass
            self.party[operator] = alias
        self.operator = {party: operator for operator, party in self.party.items()}

    @property
    def renamed(self) -> dict[str, str]:
        """Those that could not keep their id."""
        return {operator: party for operator, party in self.party.items() if _own(operator) != party}


def _own(operator: str) -> str | None:
    try:
        return str(PartyId.parse(operator))
    except ValueError:
        return None
