"""Who plays: a hub, an operator in three countries, two providers, an operator and a provider more, and drivers."""

from __future__ import annotations

from typing import NamedTuple

HUB = "CH*HUB"
HUB_NAME = "Rütli Roaming"
CPO_NAME = "Volta Charge"
CPO_PARTIES = {"FR": "FR*VLT", "CH": "CH*VLT", "DE": "DE*VLT"}


class Provider(NamedTuple):
    """An eMSP, what its app is called, and how it looks in the story."""

    party: str
    name: str
    color: str
    countries: tuple[str, ...]
    """Where its drivers may charge: what its agreement covers."""

    @property
    def cpos(self) -> list[str]:
        """The CPO's parties it has an agreement with."""
        return [CPO_PARTIES[country] for country in self.countries]


class Card(NamedTuple):
    """What a driver presents."""

    driver: str
    uid: str
    contract: str
    kind: str = "RFID"
    visual: str = ""


ALPES = Provider("FR*ALP", "Alpes Mobilité", "magenta", ("FR", "CH", "DE"))
NORD = Provider("DE*NRD", "Nordstrom", "yellow", ("FR", "DE"))

RHONE = "FR*RHE"
RHONE_NAME = "Rhône Énergie"
LUMEN = Provider("FR*LUM", "Lumen", "blue", ("FR",))
"""An operator and a provider who speak eMIP."""

CLAIRE = Card("Claire", "04A2B3C4D5E680", "FR-ALP-C00012345-K", visual="ALP 0012 345")
JONAS = Card("Jonas", "DE-NRD-JONAS-7", "DE-NRD-C00098765-3", kind="APP_USER", visual="NRD app")
JONAS_CARD = Card("Jonas", "08F1E2D3", "DE-NRD-C00098765-3", visual="NRD 0098 765")
MARC = Card("Marc", "05C3D4E5", "FR-LUM-C00007777-4", visual="LUM 7777")
