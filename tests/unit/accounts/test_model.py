"""What campuses and people may be."""

from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.model import Campus, Person, Privacy, Profile
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing

CAMPUS = CampusId(UUID(int=1))


def campus(**fields: Any) -> Campus:
    given: dict[str, Any] = {"id": CAMPUS, "name": "McGill", "centre": Point(45.5, -73.6)}
    return Campus(**(given | fields))


def person(**fields: Any) -> Person:
    given: dict[str, Any] = {
        "id": UserId(UUID(int=2)),
        "campus_id": CAMPUS,
        "handle": "ana",
        "display_name": "Ana",
        "created_at": Millis(0),
    }
    return Person(**(given | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "x" * 121},
        {"centre": Point(91, 0)},
        {"centre": Point(0, float("nan"))},
        {"timezone": "Mars/Olympus"},
        {"radius_m": 49},
        {"radius_m": 50_001},
    ],
    ids=str,
)
def test_no_campus(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|'radius_m'"):
        campus(**fields)


@pytest.mark.parametrize("handle", ["ana", "a.b_c9", "x" * 30])
def test_a_handle(handle: str) -> None:
    assert person(handle=handle).handle == handle


def test_a_handle_is_normalised_first() -> None:
    found = person(handle=" \N{FULLWIDTH LATIN CAPITAL LETTER A}NA.1 ")
    assert (found.handle, found.handle_key) == ("ana.1", "anal")


def test_only_the_deleted_have_their_mark() -> None:
    deleted = person(handle="~" + "0" * 29, standing=Standing.DELETED)
    assert deleted.handle_key is None
    with pytest.raises(ValueError, match="beginning with a letter"):
        attrs.evolve(deleted, standing=Standing.ACTIVE)


@pytest.mark.parametrize(
    "fields",
    [
        {"handle": "an"},
        {"handle": "x" * 31},
        {"handle": "A na"},
        {"handle": "9ana"},
        {"handle": "~" + "0" * 29},
        {"handle": "änä"},
        {"display_name": ""},
        {"display_name": "x" * 81},
        {"avatar_url": "http://example.org/a.png"},
        {"avatar_url": "https://"},
        {"avatar_url": "https://example.org/\0"},
        {"email": "nobody"},
        {"email": "a@b\0"},
        {"email": "a@" + "b" * 253},
        {"roles": frozenset({"Staff"})},
        {"roles": frozenset({"x" * 65})},
        {"avatar_url": "https://example.org/" + "a" * 500},
    ],
    ids=str,
)
def test_nobody(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        person(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"major": ""},
        {"major": "x" * 81},
        {"graduation_year": 1899},
        {"graduation_year": 2101},
        {"passions": ("x",) * 11},
        {"passions": ("x" * 41,)},
        {"passions": ("",)},
    ],
    ids=str,
)
def test_no_profile(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|'graduation_year'"):
        Profile(**fields)


def test_profiles_may_be_full_or_empty() -> None:
    assert Profile() == Profile(None, None, None)
    assert Profile("x" * 80, 2100, ("x" * 40,) * 10).graduation_year == 2100


@pytest.mark.parametrize("fields", [{"blur_distance_m": 30}, {"chat_from": "nobody"}], ids=str)
def test_no_privacy(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        Privacy(**fields)


def test_an_avatar_is_an_https_address() -> None:
    assert person(avatar_url="https://example.org").avatar_url == "https://example.org"


def test_an_address_and_roles() -> None:
    ana = person(email="ana@example.org", roles=frozenset({"staff.moderator"}))
    assert (ana.email, ana.roles) == ("ana@example.org", frozenset({"staff.moderator"}))
