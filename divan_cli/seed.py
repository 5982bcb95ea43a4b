"""A demonstration campus full of people: made up, varied, and the same for the same seed.

Every person depends on the seed and on their own number alone, so a larger campus is a smaller one
and more people.
"""

from __future__ import annotations

import math
import random
import unicodedata
from collections.abc import Iterator
from typing import Final
from uuid import UUID, uuid5

import attrs

from divan_cli.words import FAMILY_NAMES, GIVEN_NAMES, MAJORS, PASSIONS
from divan_core.accounts.messages import ChangePrivacy
from divan_core.bulk.lines import (
    BlockLine,
    CampusLine,
    FriendshipLine,
    Line,
    PersonLine,
    ProfileMembers,
    encode,
)
from divan_core.kernel.ids import CampusId, UserId

CAMPUS_ID: Final = CampusId(UUID("c4f7d1ec-7b01-4f7b-a1cb-4ef0a1d57ae2"))
ME: Final = UserId(UUID("bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"))
FRIEND: Final = UserId(UUID("cccccccc-cccc-cccc-cccc-cccccccccccc"))
CAMPUS: Final = CampusLine(
    id=CAMPUS_ID, name="McGill University", lat=45.5048, lon=-73.5772, timezone="America/Toronto"
)

PEOPLE: Final = 300
SEED: Final = 1

_GIVEN: Final = GIVEN_NAMES.split()
_FAMILY: Final = FAMILY_NAMES.split()
_NAMESPACE: Final = UUID("8d0c3f5e-52cb-4a6e-9d0a-3d2b6a5e7c11")
_BLURS: Final = (0, 10, 20, 50, 200)


@attrs.frozen
class DemoCampus:
    """A campus, its people, and how they stand to each other.

    The first of ``people`` is ``demo_me``, the second ``demo_friend``, who is their friend.
    """

    campus: CampusLine
    people: tuple[PersonLine, ...]
    friendships: tuple[FriendshipLine, ...]
    blocks: tuple[BlockLine, ...]

    def lines(self) -> Iterator[Line]:
        """Everything, as lines of an import file."""
        yield self.campus
        yield from self.people
        yield from self.friendships
        yield from self.blocks

    def json_lines(self) -> bytes:
        """An import file."""
        return b"".join(encode(line) + b"\n" for line in self.lines())


def demo_campus(people: int = PEOPLE, seed: int = SEED, campus: CampusLine = CAMPUS) -> DemoCampus:
    """A campus of ``demo_me``, ``demo_friend`` and ``people`` more."""
    crowd = [_person(number, seed, campus.id) for number in range(people)]
    ids = [person.id for person in crowd]
    ties = [tie for number in range(people) for tie in _ties(number, seed, ids)]
    return DemoCampus(
        campus=campus,
        people=(*_leads(campus.id), *crowd),
        friendships=(
            FriendshipLine(ME, FRIEND),
            *(tie for tie in ties if isinstance(tie, FriendshipLine)),
        ),
        blocks=tuple(tie for tie in ties if isinstance(tie, BlockLine)),
    )


def _leads(campus_id: CampusId) -> tuple[PersonLine, PersonLine]:
    """The two people whom the documentation names."""
    return (
        PersonLine(ME, campus_id, "demo_me", "Demo Me"),
        PersonLine(FRIEND, campus_id, "demo_friend", "Demo Friend"),
    )


def _person(number: int, seed: int, campus_id: CampusId) -> PersonLine:
    chance = random.Random(f"person {seed} {number}")  # noqa: S311 - repeatable on purpose
    given, family, again = _name(number, seed)
    return PersonLine(
        id=_id(number, seed),
        campus_id=campus_id,
        handle=_handle(given, family, again, seed),
        display_name=f"{given} {family}",
        privacy=_privacy(chance),
        profile=_profile(chance),
    )


def _id(number: int, seed: int) -> UserId:
    return UserId(uuid5(_NAMESPACE, f"{seed} {number}"))


def _name(number: int, seed: int) -> tuple[str, str, int]:
    """A pair of names nobody before has, and how often all pairs have been used up."""
    pairs = len(_GIVEN) * len(_FAMILY)
    again, index = divmod(number, pairs)
    golden = round(pairs * 0.618)  # steps of this size spread evenly, however few are taken
    step = next(one for one in range(golden, pairs) if math.gcd(one, pairs) == 1)
    index = (index * step + seed * 7919) % pairs
    given, family = divmod(index, len(_FAMILY))
    return _GIVEN[given], _FAMILY[family].replace("_", " "), again


def _handle(given: str, family: str, again: int, seed: int) -> str:
    """The name in plain letters; the seeds but the usual one stand in it, so that none clash."""
    extra = "".join(f"_{part}" for part in (again, seed if seed != SEED else 0) if part)
    return f"{_plain(given)}.{_plain(family)}"[: 30 - len(extra)] + extra


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in letters if letter.isalnum())


def _privacy(chance: random.Random) -> ChangePrivacy:
    return ChangePrivacy(
        visibility=chance.choices(("everyone", "friends", "none"), (82, 15, 3))[0],
        blur_distance_m=chance.choices(_BLURS, (40, 10, 15, 25, 10))[0],
        ghost_mode=chance.random() < 0.04,
    )


def _profile(chance: random.Random) -> ProfileMembers:
    if chance.random() < 0.1:
        return ProfileMembers()
    passions = chance.sample(PASSIONS, chance.randint(0, 5))
    return ProfileMembers(
        major=chance.choice(MAJORS),
        graduation_year=chance.randint(2026, 2031),
        passions=tuple(passions),
    )


def _ties(number: int, seed: int, ids: list[UserId]) -> Iterator[FriendshipLine | BlockLine]:
    """The relations of one person with the two leads and with those who came before."""
    chance = random.Random(f"ties {seed} {number}")  # noqa: S311 - repeatable on purpose
    person, earlier = ids[number], chance.sample(range(number), min(number, chance.randint(0, 5)))
    for lead in (ME, FRIEND):
        if chance.random() < 0.06:
            yield FriendshipLine(lead, person)
    for index, other in enumerate(earlier):
        if index == 4 and chance.random() < 0.35:
            yield BlockLine(person, ids[other])
        else:
            yield FriendshipLine(person, ids[other])
