"""The week that is replayed: its words, its parties, its places and its order."""

from __future__ import annotations

from itertools import pairwise

import pytest

from interroam.model.ids import PartyId, evse_key, location_key
from trial.aliases import Aliases
from trial.office import differences
from trial.places import evse, place_of
from trial.week import FOLDER, Point, Week, generated, real
from trial.words import OCPI, to_ocpi, to_oicp

needs_week = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the published week is not at {FOLDER}")


@pytest.fixture(scope="module", params=["generated", pytest.param("real", marks=needs_week)])
def week(request: pytest.FixtureRequest) -> Week:
    return generated() if request.param == "generated" else real(FOLDER)


@pytest.mark.parametrize("said", [*OCPI, "REMOVED"])
def test_every_word_comes_out_as_it_went_in(said):
    assert to_oicp(*to_ocpi(said)) == said


def test_the_word_without_a_word_in_ocpi_is_kept_in_the_evse():
    row = generated().base[0]._replace(said="EvseNotFound")
    assert (evse(row)["status"], evse(row)["physical_reference"]) == ("UNKNOWN", "EvseNotFound")


def test_every_operator_travels_as_a_party_of_its_own(week):
    aliases = Aliases(week.operators)
    assert sorted(aliases.party) == week.operators
    assert len({PartyId.parse(party) for party in aliases.party.values()}) == len(week.operators)


def test_the_aliases_do_not_depend_on_the_order_of_operators():
    operators = ["CH*FASTNED", "CHEVP", "CH*A01", "CH*MOBILECHARGE", "CH*EVP", "LI*WATTOMAT"]
    aliases = Aliases(operators)
    assert aliases.party == Aliases(reversed(operators)).party
    assert aliases.party["CH*A01"] == "CH*A01"
    assert aliases.renamed == {
        "CH*FASTNED": "CH*A02",
        "CH*MOBILECHARGE": "CH*A03",
        "CHEVP": "CH*A04",
        "LI*WATTOMAT": "LI*A05",
    }


def test_ids_that_differ_in_case_or_stars_alone_travel_apart():
    points = [Point("CH*CCC", name) for name in ("CH*CCC*E1*2", "ch*ccc*e1*2", "CHCCCE12", "CH*CCC*E12")]
    places = [place_of(point) for point in points]
    party = PartyId.parse("CH*CCC")
    assert len({location_key(party, place.location_id) for place in places}) == len(points)
    assert len({evse_key(party, "L", place.uid) for place in places}) == len(points)


def test_no_id_is_longer_than_ocpi_allows_and_none_is_shared(week):
    places = {row.point: place_of(row.point) for row in (*week.base, *week.changes)}
    assert max(max(len(place.uid), len(place.location_id)) for place in places.values()) <= 36
    assert len({place.uid.casefold() for place in places.values()}) == len(places)


def test_times_strictly_grow(week):
    times = [row.at for row in (*week.base, *week.changes)]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_the_changes_lead_from_the_base_to_the_end(week):
    state = {row.point: row.said for row in (*week.base, *week.changes)}
    assert {point: said for point, said in state.items() if said != "REMOVED"} == week.end


def test_a_difference_is_found_in_either_direction():
    one, two, three = (Point("CH*CCC", f"CH*CCC*E{number}") for number in range(3))
    found = {one: "Available", two: "Occupied"}
    assert differences(found, dict(found)) == []
    assert len(differences(found, {two: "Available", three: "Unknown"})) == 3
