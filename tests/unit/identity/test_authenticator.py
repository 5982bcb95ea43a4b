from uuid import UUID

import attrs
import pytest

from divan_core.errors import (
    Banned,
    CampusMismatch,
    DivanError,
    HandleTaken,
    InvalidCredentials,
    UnknownUser,
    ValidationFailed,
)
from divan_core.identity.messages import MAX_TOKEN, Claims, Identity
from divan_core.identity.service import MAX_AGE_MS, Authenticator, Trust
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.testing.clock import START_MS, ManualClock

pytestmark = pytest.mark.anyio

ANA, NEW = UserId(UUID(int=1)), UserId(UUID(int=2))
HERE, THERE = CampusId(UUID(int=10)), CampusId(UUID(int=11))
TEXT = f"uid:{ANA};campus:{HERE}"
CLAIMS = Claims(ANA, HERE, valid_until=Millis(START_MS + 60_000))


class People:
    """Ana, a moderator, and whoever was admitted; refuses what the test wants refused."""

    def __init__(self, *refusals: DivanError) -> None:
        self.known = {ANA: Actor(ANA, HERE, frozenset({"staff.moderator"}))}
        self.banned: set[UserId] = set()
        self.admitted: list[tuple[str, str]] = []
        self.refusals = list(refusals)

    def kept(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor | None:
        if user_id in self.banned and not banned_too:
            raise Banned
        actor = self.known.get(user_id)
        if actor is not None and campus_id not in {None, actor.campus_id}:
            raise CampusMismatch
        return actor

    async def actor(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor:
        actor = self.kept(user_id, campus_id, banned_too=banned_too)
        if actor is None:
            raise UnknownUser
        return actor

    async def admit(
        self, user_id: UserId, campus_id: CampusId, handle: str, display_name: str
    ) -> None:
        self.admitted.append((handle, display_name))
        if self.refusals:
            raise self.refusals.pop(0)
        self.known[user_id] = Actor(user_id, campus_id)


class Tokens:
    """Believes every token, and counts."""

    def __init__(self, claims: Claims = CLAIMS) -> None:
        self.claims = claims
        self.verified = 0

    async def verify(self, token: str) -> Claims:
        self.verified += 1
        if token == "bad":
            raise InvalidCredentials
        return self.claims


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        (TEXT, {"staff.moderator"}),
        (f"{TEXT};roles:", {"staff.moderator"}),
        (f"{TEXT};roles:a, b,,staff.admin", {"staff.moderator", "a", "b", "staff.admin"}),
        (f"campus:{HERE};roles:a;uid:{ANA}", None),
        (f"uid:{ANA};roles:a;campus:{HERE}", {"staff.moderator", "a"}),
    ],
)
async def test_texts_of_development_add_roles(
    clock: ManualClock, token: str, roles: set[str] | None
) -> None:
    authenticator = Authenticator(People(), clock, Trust(dev=True))
    if roles is None:
        with pytest.raises(InvalidCredentials):
            await authenticator.bearer(token)
    else:
        found = await authenticator.bearer(token)
        assert found == Identity(Actor(ANA, HERE, frozenset(roles)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "uid:",
        f"uid:{ANA}",
        f"{TEXT};",
        f"{TEXT};roles:a;roles:b",
        f"{TEXT};other:x",
        f"uid:x;campus:{HERE}",
        f"uid:{ANA};campus:x",
        f"uid:{ANA};uid:{NEW};campus:{HERE}",
    ],
)
async def test_texts_that_are_malformed(clock: ManualClock, token: str) -> None:
    with pytest.raises(InvalidCredentials):
        await Authenticator(People(), clock, Trust(dev=True)).bearer(token)


async def test_the_banned_are_known_where_that_is_wanted(clock: ManualClock) -> None:
    people = People()
    authenticator = Authenticator(people, clock, Trust(dev=True, tokens=Tokens()))
    names = (str(ANA), str(HERE))
    people.banned.add(ANA)
    for call in (
        authenticator.bearer(TEXT),
        authenticator.bearer("token"),
        authenticator.named(*names),
    ):
        with pytest.raises(Banned):
            await call
    assert (await authenticator.bearer(TEXT, banned_too=True)).actor.user_id == ANA
    assert (await authenticator.bearer("token", banned_too=True)).actor.user_id == ANA
    assert (await authenticator.named(*names, banned_too=True)).actor.user_id == ANA


async def test_outside_development_its_credentials_are_nothing(clock: ManualClock) -> None:
    tokens = Tokens()
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens))
    with pytest.raises(InvalidCredentials):
        await authenticator.named(str(ANA), str(HERE))
    await authenticator.bearer(TEXT)
    assert tokens.verified == 1


async def test_names_of_development(clock: ManualClock) -> None:
    authenticator = Authenticator(People(), clock, Trust(dev=True))
    found = await authenticator.named(str(ANA), str(HERE), "a")
    assert found.actor == Actor(ANA, HERE, frozenset({"staff.moderator", "a"}))
    with pytest.raises(UnknownUser):
        await authenticator.named(str(NEW), str(HERE))
    with pytest.raises(CampusMismatch):
        await authenticator.named(str(ANA), str(THERE))
    with pytest.raises(InvalidCredentials):
        await authenticator.named("ana", str(HERE))


async def test_without_a_key_no_token_is_believed(clock: ManualClock) -> None:
    with pytest.raises(InvalidCredentials):
        await Authenticator(People(), clock, Trust(dev=True)).bearer("a.b.c")


async def test_a_token_is_verified_once_until_it_ends(clock: ManualClock) -> None:
    tokens = Tokens()
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens))
    for _ in range(3):
        assert (await authenticator.bearer("good")).valid_until == CLAIMS.valid_until
    assert tokens.verified == 1
    clock.advance(59.999)
    await authenticator.bearer("good")
    assert tokens.verified == 1
    clock.advance(0.001)
    await authenticator.bearer("good")
    assert tokens.verified == 2


async def test_a_long_lived_token_is_verified_again_after_a_while(clock: ManualClock) -> None:
    tokens = Tokens(attrs.evolve(CLAIMS, valid_until=Millis(START_MS * 2)))
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens))
    for seconds, verified in ((0, 1), (MAX_AGE_MS / 1000 - 0.001, 1), (0.001, 2)):
        clock.advance(seconds)
        await authenticator.bearer("good")
        assert tokens.verified == verified


async def test_what_is_remembered_is_bounded_and_the_oldest_goes(clock: ManualClock) -> None:
    tokens = Tokens()
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens), capacity=2)
    for token in ("a", "b", "c", "b", "c"):
        await authenticator.bearer(token)
    assert tokens.verified == 3
    await authenticator.bearer("a")
    assert tokens.verified == 4


async def test_credentials_are_recalled_as_what_they_were_to_be_known_as(
    clock: ManualClock,
) -> None:
    people, tokens = People(), Tokens()
    authenticator = Authenticator(people, clock, Trust(dev=True, tokens=tokens))
    assert authenticator.recalled("good") is None
    await authenticator.bearer("good")
    await authenticator.bearer("good", known_as=b"Bearer good")
    await authenticator.named(str(ANA), str(HERE), "a", known_as=(b"ana", b"here"))
    for credentials in ("good", b"Bearer good", (b"ana", b"here")):
        found = authenticator.recalled(credentials)
        assert found is not None
        assert found.user_id == ANA
    assert authenticator.recalled((str(ANA), str(HERE), "a")) is None
    people.banned.add(ANA)
    with pytest.raises(Banned):
        authenticator.recalled("good")
    assert authenticator.recalled("good", banned_too=True) is not None
    clock.advance(60)
    assert authenticator.recalled("good", banned_too=True) is None
    del people.known[ANA]  # a record that has to be read
    assert authenticator.recalled((b"ana", b"here"), banned_too=True) is None


async def test_refusals_are_not_remembered(clock: ManualClock) -> None:
    tokens = Tokens()
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens))
    for _ in range(2):
        with pytest.raises(InvalidCredentials):
            await authenticator.bearer("bad")
    assert tokens.verified == 2


async def test_the_person_is_looked_up_every_time(clock: ManualClock) -> None:
    people = People()
    authenticator = Authenticator(people, clock, Trust(tokens=Tokens()))
    await authenticator.bearer("good")
    people.known[ANA] = Actor(ANA, HERE)
    assert (await authenticator.bearer("good")).actor.roles == frozenset()
    del people.known[ANA]
    with pytest.raises(UnknownUser):
        await authenticator.bearer("good")


async def test_an_endless_token_is_not_looked_at(clock: ManualClock) -> None:
    tokens = Tokens()
    authenticator = Authenticator(People(), clock, Trust(tokens=tokens))
    await authenticator.bearer("x" * MAX_TOKEN)
    with pytest.raises(InvalidCredentials):
        await authenticator.bearer("x" * (MAX_TOKEN + 1))
    assert tokens.verified == 1


class TestProvisioning:
    """Whom a verified token names and nobody knows."""

    newcomer = attrs.evolve(CLAIMS, user_id=NEW, handle="newbie", name="New Person")
    spare = f"u{NEW.hex[3:]}"

    async def test_is_refused_unless_it_is_wanted(self, clock: ManualClock) -> None:
        people = People()
        authenticator = Authenticator(people, clock, Trust(tokens=Tokens(self.newcomer)))
        with pytest.raises(UnknownUser):
            await authenticator.bearer("good")
        assert people.admitted == []

    async def test_is_created_once(self, clock: ManualClock) -> None:
        people = People()
        trust = Trust(tokens=Tokens(self.newcomer), provision=True)
        authenticator = Authenticator(people, clock, trust)
        for _ in range(2):
            assert (await authenticator.bearer("good")).actor == Actor(NEW, HERE)
        assert people.admitted == [("newbie", "New Person")]

    async def test_is_never_created_by_credentials_of_development(self, clock: ManualClock) -> None:
        people = People()
        authenticator = Authenticator(people, clock, Trust(dev=True, provision=True))
        with pytest.raises(UnknownUser):
            await authenticator.named(str(NEW), str(HERE))
        with pytest.raises(UnknownUser):
            await authenticator.bearer(f"uid:{NEW};campus:{HERE}")
        assert people.admitted == []

    @pytest.mark.parametrize(
        ("refusals", "named"),
        [
            ((HandleTaken(),), [("newbie", "New Person"), (spare, "New Person")]),
            ((ValidationFailed(),), [("newbie", "New Person"), (spare, spare)]),
        ],
    )
    async def test_gets_a_handle_all_the_same(
        self,
        clock: ManualClock,
        refusals: tuple[DivanError, ...],
        named: list[tuple[str, str]],
    ) -> None:
        people = People(*refusals)
        trust = Trust(tokens=Tokens(self.newcomer), provision=True)
        await Authenticator(people, clock, trust).bearer("good")
        assert people.admitted == named

    async def test_without_a_name_is_called_by_the_handle(self, clock: ManualClock) -> None:
        people = People()
        claims = attrs.evolve(self.newcomer, handle=None, name=None)
        trust = Trust(tokens=Tokens(claims), provision=True)
        await Authenticator(people, clock, trust).bearer("good")
        assert people.admitted == [(self.spare, self.spare)]

    async def test_of_no_campus_is_refused(self, clock: ManualClock) -> None:
        people = People(CampusMismatch())
        trust = Trust(tokens=Tokens(self.newcomer), provision=True)
        with pytest.raises(CampusMismatch):
            await Authenticator(people, clock, trust).bearer("good")
