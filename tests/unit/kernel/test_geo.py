"""The local frame against geographiclib, everywhere on earth."""

import math

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.geo import LocalFrame, Point, distance_m, is_position

CENTRES = [Point(45.5, -73.57), Point(89.999, 10), Point(-90, 0), Point(0, 180), Point(-33.9, -180)]
bearings = st.floats(0, 360)


def ahead(start: Point, bearing: float, metres: float) -> Point:
    end = Geodesic.WGS84.Direct(start.lat, start.lon, bearing, metres)  # type: ignore[no-untyped-call]  # the package has no types
    return Point(end["lat2"], end["lon2"])


@pytest.mark.parametrize("centre", CENTRES, ids=str)
@given(away=st.floats(0, 20_000), bearing=bearings, apart=st.floats(1, 5000), turn=bearings)
def test_distances_are_those_of_the_ellipsoid(
    centre: Point, away: float, bearing: float, apart: float, turn: float
) -> None:
    one = ahead(centre, bearing, away)
    other = ahead(one, turn, apart)
    frame = LocalFrame(centre)
    measured = distance_m(frame.locate(one.lat, one.lon), frame.locate(other.lat, other.lon))
    assert measured == pytest.approx(apart, rel=1e-5)


@pytest.mark.parametrize("centre", CENTRES, ids=str)
@given(east=st.floats(-50_000, 50_000), north=st.floats(-50_000, 50_000))
def test_a_place_of_the_plane_is_found_again(centre: Point, east: float, north: float) -> None:
    frame = LocalFrame(centre)
    position = frame.position(east, north)
    assert is_position(position.lat, position.lon)
    again = frame.locate(position.lat, position.lon)
    assert math.dist((again.east, again.north), (east, north)) < 0.02


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf), (90.01, 0), (0, -180.01)],
)
def test_no_position(lat: float, lon: float) -> None:
    assert not is_position(lat, lon)
