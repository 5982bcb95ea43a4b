"""Building, changing, showing and recognising people."""

from uuid import UUID

import attrs
import pytest

from divan_core.accounts import policy
from divan_core.accounts.messages import ChangePrivacy, ChangeProfile, CreateCampus, CreatePerson
from divan_core.accounts.model import Privacy, Profile
from divan_core.errors import Banned, CampusMismatch, UnknownUser, ValidationFailed
from divan_core.kernel.actor import MODERATOR, Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Standing, Visibility

CAMPUS, ANA = CampusId(UUID(int=1)), UserId(UUID(int=2))
NEW = CreatePerson(CAMPUS, "ana", "Ana", email="ana@example.org", roles=frozenset({MODERATOR}))
CARD = PersonCard(ANA, CAMPUS, "ana", "Ana", roles=frozenset({MODERATOR}))


def test_a_campus_is_shown_as_it_was_founded() -> None:
    campus = policy.new_campus(CreateCampus("McGill", 45.5, -73.6, "America/Toronto"), CAMPUS)
    view = policy.campus_view(campus)
    assert (view.id, view.lat, view.lon, view.radius_m) == (CAMPUS, 45.5, -73.6, 25_000)


def test_a_campus_that_cannot_be_says_why() -> None:
    with pytest.raises(ValidationFailed, match="IANA"):
        policy.new_campus(CreateCampus("McGill", 45.5, -73.6, "Nowhere"), CAMPUS)


def test_a_new_person_sees_everything_about_themselves() -> None:
    command = attrs.evolve(
        NEW,
        privacy=ChangePrivacy(visibility="friends", blur_distance_m=50),
        profile=ChangeProfile(major="Physics", passions=("chess",)),
    )
    account = policy.own_account(policy.new_person(command, ANA, Millis(5)), email_verified=True)
    assert account.privacy.visibility == "friends"
    assert account.privacy.blur_distance_m == 50
    assert (account.major, account.passions, account.email) == (
        "Physics",
        ("chess",),
        "ana@example.org",
    )
    assert account.roles == (MODERATOR,)


def test_only_named_fields_change_and_null_empties() -> None:
    person = policy.new_person(NEW, ANA, Millis(5))
    person = policy.with_profile(person, ChangeProfile(major="Law", avatar_url="https://x.org/a"))
    person = policy.with_profile(person, ChangeProfile(major=None, display_name="Ana B"))
    assert (person.display_name, person.avatar_url) == ("Ana B", "https://x.org/a")
    assert person.profile == Profile()
    person = policy.with_privacy(person, ChangePrivacy(ghost_mode=True))
    assert person.privacy == Privacy(Visibility.EVERYONE, ghost_mode=True)


def test_a_change_that_cannot_be_changes_nothing() -> None:
    person = policy.new_person(NEW, ANA, Millis(5))
    with pytest.raises(ValidationFailed):
        policy.with_profile(person, ChangeProfile(display_name=""))
    with pytest.raises(ValidationFailed):
        policy.with_privacy(person, ChangePrivacy(blur_distance_m=33))  # type: ignore[arg-type]  # that is the point


def test_recognised() -> None:
    actor = Actor(ANA, CAMPUS, frozenset({MODERATOR}))
    assert policy.recognised(CARD, None) == actor
    assert policy.recognised(CARD, CAMPUS) == actor


@pytest.mark.parametrize(
    ("card", "campus", "refusal"),
    [
        (None, None, UnknownUser),
        (attrs.evolve(CARD, standing=Standing.DELETED), None, UnknownUser),
        (attrs.evolve(CARD, standing=Standing.BANNED), None, Banned),
        (CARD, CampusId(UUID(int=3)), CampusMismatch),
    ],
)
def test_not_recognised(
    card: PersonCard | None, campus: CampusId | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        policy.recognised(card, campus)


def test_the_shadowed_do_not_notice() -> None:
    card = attrs.evolve(CARD, standing=Standing.SHADOWED)
    assert policy.recognised(card, CAMPUS).user_id == ANA
