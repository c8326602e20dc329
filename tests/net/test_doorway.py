"""Which door answers which path."""

import pytest

from interroam.net.doors import Door, Doorway
from interroam.net.http import Response


def test_the_longest_fitting_door_wins():
    def door(prefix):
        return Door(prefix, lambda request: Response(200))

    doorway = Doorway([door("/ocpi"), door("/ocpi/2.1.1/"), door("/api")])
    assert doorway.at("/ocpi").prefix == "/ocpi"
    assert doorway.at("/ocpi/2.2.1/x").prefix == "/ocpi"
    assert doorway.at("/ocpi/2.1.1").prefix == "/ocpi/2.1.1/"
    assert doorway.at("/ocpi/2.1.1/x").prefix == "/ocpi/2.1.1/"
    assert doorway.at("/ocpis").handler(None).status == 404
    assert doorway.at("/").handler(None).status == 404
    doorway.add(door("/"))
    assert doorway.at("/ocpis").prefix == "/"
    with pytest.raises(ValueError):
        doorway.add(door("/api/"))
    with pytest.raises(ValueError):
        doorway.add(door("api"))
