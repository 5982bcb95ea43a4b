"""Games between friends, on every set of stores."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.activities.games.rps import REVEAL_MS, Choice, Commit, Reveal
from divan_core.activities.games.story import ContinueStory
from divan_core.activities.games.typing import SubmitText
from divan_core.activities.messages import (
    ACTIVITIES,
    ACTIVITY_COMPLETED,
    ActivitiesQuery,
    ActivityId,
    ActivityQuery,
    ActivityView,
    CreateActivity,
    MakeMove,
    SeedActivity,
    prompt_of,
)
from divan_core.activities.model import IDLE_MS
from divan_core.auth.messages import CreateAccount
from divan_core.errors import (
    ActivityOpen,
    ActivityOver,
    ActivityStarted,
    AlreadyMoved,
    CommitmentMismatch,
    CooldownActive,
    InvalidCursor,
    InvalidInput,
    NotFound,
    NotFriends,
    NotStarted,
    RateLimited,
    RoundOver,
    ValidationFailed,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.gate import Act, Decision, Verdict
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done
from divan_core.kernel.visibility import Standing
from divan_core.safety.gate import Gate as SafetyGate
from divan_core.settings import LimitSettings, Settings
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.workers.periodic import MOST
from divan_core.workers.subscription import Subscription
from tests.library.conftest import CAMPUS, World, stores_of
from tests.sanctions import sentence

pytestmark = pytest.mark.anyio

KINDS = ("memory", "sqlite", "postgres+valkey")
NOBODY = UserId(UUID(int=404))
NONCE = "0123456789abcdef" * 2


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Any:
    return stores_of(request.param, request, clock)


@pytest.fixture
def settings() -> Settings:
    """Deadlines and events wait for the test to ask for them."""
    return Settings(env="test", workers_enabled=False)


@attrs.frozen
class Friends:
    """Ana and Ben of a campus, who are friends, and Cleo, who is nobody's."""

    world: World
    ana: Actor
    ben: Actor
    cleo: Actor

    async def ask(
        self, by: Actor | None = None, key: str | None = None, **options: Any
    ) -> Done[ActivityView]:
        """Ask for rock-paper-scissors; Ana does, if nobody else."""
        by = by or self.ana
        to = self.ben if by == self.ana else self.ana
        command = CreateActivity(to.user_id, "rps", options)
        return await self.world.divan.activities.create(by, command, idempotency_key=key)

    async def begun(self, **options: Any) -> ActivityView:
        """A game that has begun."""
        view = (await self.ask(**options)).view
        return await self.world.divan.activities.start(self.ben, ActivityQuery(view.id))

    async def get(self, viewer: Actor, activity_id: ActivityId) -> ActivityView:
        """An activity as somebody sees it."""
        return await self.world.divan.activities.get(viewer, ActivityQuery(activity_id))

    async def mine(self, viewer: Actor, **query: Any) -> list[ActivityId]:
        """Somebody's list."""
        page = await self.world.divan.activities.mine(viewer, ActivitiesQuery(**query))
        return [one.id for one in page.items]

    async def commit(
        self, player: Actor, match: ActivityId, choice: Choice, round_: int = 1, **more: Any
    ) -> Done[ActivityView]:
        """Commit to a choice."""
        text = f"{match}:{round_}:{player.user_id}:{choice}:{NONCE}"
        move = Commit(match, round_, hashlib.sha256(text.encode()).hexdigest())
        return await self.world.divan.activities.play(player, move, **more)

    async def reveal(
        self, player: Actor, match: ActivityId, choice: Choice, round_: int = 1
    ) -> Done[ActivityView]:
        """Show it."""
        move = Reveal(match, round_, choice, NONCE)
        return await self.world.divan.activities.play(player, move)

    async def round(self, match: ActivityId, ana: Choice, ben: Choice, round_: int = 1) -> None:
        """Play a round as it is meant to be."""
        await self.commit(self.ana, match, ana, round_)
        await self.commit(self.ben, match, ben, round_)
        await self.reveal(self.ana, match, ana, round_)
        await self.reveal(self.ben, match, ben, round_)


@pytest.fixture
async def friends(world: World) -> Friends:
    ana, ben, cleo = [await world.join(name) for name in ("ana", "ben", "cleo")]
    await world.divan.social.befriend(ana, ben.user_id)
    return Friends(world, ana, ben, cleo)


async def events(world: World) -> list[Event]:
    """Everything that was recorded of activities."""
    found: list[Event] = []

    async def note(unit: StoreUnit, event: Event) -> None:
        del unit
        found.append(event)

    probe = Subscription(Group("probe", ACTIVITIES), note)
    async with type(world.divan).open(
        world.divan.settings,
        stores=attrs.evolve(world.divan.stores, lifecycle=()),
        clock=world.clock,
        subscriptions=[probe],
    ) as second:
        await second.drain()
    return found


async def test_a_game_is_played_to_its_end(friends: Friends) -> None:
    view = (await friends.ask(best_of=3)).view
    assert (view.kind, view.state, view.options) == ("rps", "lobby", {"best_of": 3})
    assert view.players == (friends.ana.user_id, friends.ben.user_id)
    assert (view.round, view.scores, view.game) == (0, dict.fromkeys(view.players, 0), None)
    with pytest.raises(NotStarted):
        await friends.commit(friends.ana, view.id, "rock")
    started = await friends.world.divan.activities.start(friends.ben, ActivityQuery(view.id))
    assert (started.state, started.round) == ("active", 1)
    again = await friends.world.divan.activities.start(friends.ana, ActivityQuery(view.id))
    assert again.started_at == started.started_at
    await friends.round(view.id, "rock", "scissors")
    await friends.round(view.id, "rock", "rock", round_=2)
    await friends.round(view.id, "paper", "rock", round_=3)
    over = await friends.get(friends.ben, view.id)
    assert (over.state, over.winner_id) == ("completed", friends.ana.user_id)
    assert over.scores == {friends.ana.user_id: 2, friends.ben.user_id: 0}
    assert over.game is not None
    assert len(over.game["rounds"]) == 3
    with pytest.raises(ActivityOver):
        await friends.commit(friends.ana, view.id, "rock", 3)
    completed = [one for one in await events(friends.world) if one.name == ACTIVITY_COMPLETED]
    assert [one.data for one in completed] == [
        {
            "activity_id": str(view.id),
            "kind": "rps",
            "players": [str(player) for player in view.players],
            "winner_id": str(friends.ana.user_id),
        }
    ]
    await friends.ask()  # there is room for another


async def test_only_friends_are_asked(friends: Friends) -> None:
    activities = friends.world.divan.activities
    hidden = await friends.world.join("dora", visibility="none")
    for peer, refusal in (
        (friends.cleo.user_id, NotFriends),
        (hidden.user_id, NotFound),
        (NOBODY, NotFound),
        (friends.ana.user_id, InvalidInput),
    ):
        with pytest.raises(refusal):
            await activities.create(friends.ana, CreateActivity(peer, "rps"))
    await friends.world.divan.social.befriend(friends.ana, hidden.user_id)
    await activities.create(friends.ana, CreateActivity(hidden.user_id, "rps"))


@pytest.mark.parametrize(
    ("kind", "options", "path"),
    [("chess", {}, "$.kind"), ("rps", {"best_of": 2}, "$.options.best_of")],
)
async def test_faults_have_their_paths(
    friends: Friends, kind: str, options: dict[str, Any], path: str
) -> None:
    command = CreateActivity(friends.ben.user_id, kind, options)
    with pytest.raises(ValidationFailed) as refusal:
        await friends.world.divan.activities.create(friends.ana, command)
    assert [one.path for one in refusal.value.errors] == [path]


async def test_one_of_a_kind_is_open(friends: Friends) -> None:
    first = (await friends.ask()).view
    with pytest.raises(ActivityOpen, match=str(first.id)):
        await friends.ask(friends.ben)
    cancelled = await friends.world.divan.activities.cancel(friends.ben, ActivityQuery(first.id))
    assert cancelled.state == "cancelled"
    again = await friends.world.divan.activities.cancel(friends.ana, ActivityQuery(first.id))
    assert again == cancelled
    with pytest.raises(ActivityOver):
        await friends.world.divan.activities.start(friends.ben, ActivityQuery(first.id))
    second = (await friends.ask(friends.ben)).view
    assert await friends.mine(friends.ana) == [second.id, first.id]


async def test_two_who_ask_at_once_get_one(friends: Friends) -> None:
    outcomes: list[object] = []

    async def ask(by: Actor) -> None:
        try:
            outcomes.append((await friends.ask(by)).view.id)
        except ActivityOpen as refusal:
            outcomes.append(refusal)

    async with anyio.create_task_group() as tasks:
        for by in (friends.ana, friends.ben) * 5:
            tasks.start_soon(ask, by)
    assert sum(not isinstance(one, ActivityOpen) for one in outcomes) == 1


async def test_a_key_is_good_for_one_write(friends: Friends) -> None:
    first = await friends.ask(key="k1")
    again = await friends.ask(key="k1")
    assert (again.replayed, again.body) == (True, first.body)
    match = first.view.id
    await friends.world.divan.activities.start(friends.ana, ActivityQuery(match))
    done = await friends.commit(friends.ana, match, "rock", idempotency_key="k1")
    again = await friends.commit(friends.ana, match, "rock", idempotency_key="k1")
    assert (again.replayed, again.body) == (True, done.body)
    with pytest.raises(AlreadyMoved):
        await friends.commit(friends.ana, match, "rock", idempotency_key="k2")


async def test_every_commitment_counts_however_they_race(friends: Friends) -> None:
    match = (await friends.begun()).id
    refused: list[AlreadyMoved] = []

    async def commit(player: Actor) -> None:
        try:
            await friends.commit(player, match, "rock")
        except AlreadyMoved as refusal:
            refused.append(refusal)

    async with anyio.create_task_group() as tasks:
        for player in (friends.ana, friends.ben) * 6:
            tasks.start_soon(commit, player)
    assert len(refused) == 10
    view = await friends.get(friends.ana, match)
    assert view.game is not None
    assert sorted(view.game["committed"]) == sorted(str(one) for one in view.players)


async def test_both_hand_in_at_once_and_again(friends: Friends) -> None:
    activities = friends.world.divan.activities
    command = CreateActivity(friends.ben.user_id, "typing_duel")
    match = (await activities.create(friends.ana, command)).view.id
    prompt = prompt_of(await activities.start(friends.ben, ActivityQuery(match))).prompt
    friends.world.clock.advance(20)
    outcomes: list[object] = []

    async def hand_in(player: Actor, text: str) -> None:
        try:
            outcomes.append((await activities.play(player, SubmitText(match, 1, text))).view.state)
        except (AlreadyMoved, ActivityOver) as refusal:
            outcomes.append(type(refusal))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(hand_in, friends.ana, prompt)
            tasks.start_soon(hand_in, friends.ben, prompt[:-9])
    assert sorted(one for one in outcomes if isinstance(one, str)) == ["active", "completed"]
    completed = [one for one in await events(friends.world) if one.name == ACTIVITY_COMPLETED]
    assert [one.data["winner_id"] for one in completed] == [str(friends.ana.user_id)]


async def test_a_cheater_is_refused(friends: Friends) -> None:
    match = (await friends.begun()).id
    await friends.commit(friends.ana, match, "rock")
    await friends.commit(friends.ben, match, "paper")
    with pytest.raises(CommitmentMismatch):
        await friends.reveal(friends.ana, match, "scissors")
    with pytest.raises(NotFound):
        await friends.reveal(friends.cleo, match, "rock")
    await friends.reveal(friends.ana, match, "rock")
    seen = await friends.get(friends.ben, match)
    assert seen.game is not None
    assert seen.game["choice"] is None
    assert seen.game["rounds"] == []


async def test_a_late_move_is_refused_though_nobody_watched(friends: Friends) -> None:
    match = (await friends.begun(best_of=1)).id
    await friends.commit(friends.ana, match, "rock")
    await friends.commit(friends.ben, match, "paper")
    await friends.reveal(friends.ana, match, "rock")
    friends.world.clock.advance(REVEAL_MS / 1000)
    with pytest.raises(ActivityOver):
        await friends.reveal(friends.ben, match, "paper")
    stored = await friends.world.divan.stores.units.look(lambda unit: unit.activities.get(match))
    assert stored is not None
    assert (stored.stage.value, stored.winner_id) == ("completed", friends.ana.user_id)


async def test_whoever_looks_settles_what_is_due(friends: Friends) -> None:
    match = (await friends.begun()).id
    await friends.commit(friends.ana, match, "rock")
    await friends.commit(friends.ben, match, "paper")
    await friends.reveal(friends.ben, match, "paper")
    friends.world.clock.advance(REVEAL_MS / 1000 + 1)
    view = await friends.get(friends.ben, match)
    assert (view.round, view.scores[friends.ben.user_id]) == (2, 1)
    with pytest.raises(RoundOver):
        await friends.reveal(friends.ana, match, "rock")


async def test_workers_settle_what_is_due_once(friends: Friends) -> None:
    match = (await friends.begun(best_of=1)).id
    await friends.commit(friends.ana, match, "rock")
    await friends.commit(friends.ben, match, "paper")
    await friends.reveal(friends.ben, match, "paper")
    activities = friends.world.divan.activities
    assert await activities.settle_due(MOST) == 0
    friends.world.clock.advance(REVEAL_MS / 1000)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(activities.settle_due, MOST)
    completed = [one for one in await events(friends.world) if one.name == ACTIVITY_COMPLETED]
    assert [one.data["winner_id"] for one in completed] == [str(friends.ben.user_id)]


async def test_what_nobody_touches_expires(friends: Friends) -> None:
    lobby = (await friends.ask()).view.id
    friends.world.clock.advance(IDLE_MS / 1000 - 1)
    assert (await friends.get(friends.ana, lobby)).state == "lobby"
    friends.world.clock.advance(1)
    second = (await friends.ask()).view.id  # the worker has not come round yet
    assert (await friends.get(friends.ana, lobby)).state == "expired"
    await friends.world.divan.activities.start(friends.ana, ActivityQuery(second))
    friends.world.clock.advance(IDLE_MS / 1000 - 1)
    await friends.commit(friends.ana, second, "rock")
    friends.world.clock.advance(IDLE_MS / 1000 - 1)
    assert await friends.world.divan.activities.settle_due(MOST) == 0
    friends.world.clock.advance(1)
    assert await friends.world.divan.activities.settle_due(MOST) == 1
    assert (await friends.get(friends.ben, second)).state == "expired"
    assert not [one for one in await events(friends.world) if one.name == ACTIVITY_COMPLETED]


async def test_chance_is_drawn_anew_in_the_lobby(friends: Friends) -> None:
    activities = friends.world.divan.activities
    lobby = (await friends.ask()).view.id
    seeded = await activities.seed(friends.ben, SeedActivity(lobby, {"best_of": 5}))
    assert (seeded.state, seeded.options) == ("lobby", {"best_of": 5})
    with pytest.raises(ValidationFailed):
        await activities.seed(friends.ben, SeedActivity(lobby, {"best_of": 4}))
    await activities.start(friends.ana, ActivityQuery(lobby))
    with pytest.raises(ActivityStarted):
        await activities.seed(friends.ben, SeedActivity(lobby))


async def test_moves_can_be_made_by_name(friends: Friends) -> None:
    activities, match = friends.world.divan.activities, (await friends.begun()).id
    body = {"round": 1, "commitment": "0" * 64}
    done = await activities.move(friends.ana, MakeMove(match, "commit", body))
    assert done.view.game is not None
    assert done.view.game["committed"] == [str(friends.ana.user_id)]
    with pytest.raises(NotFound):
        await activities.move(friends.ana, MakeMove(match, "castle", body))
    with pytest.raises(ValidationFailed) as refusal:
        await activities.move(friends.ana, MakeMove(match, "commit", {"round": 1}))
    assert [one.path for one in refusal.value.errors] == ["$.body.commitment"]


async def test_a_block_hides_it_from_both(friends: Friends) -> None:
    social, match = friends.world.divan.social, (await friends.begun()).id
    await social.block(friends.ana, friends.ben.user_id)
    for player in (friends.ana, friends.ben):
        assert await friends.mine(player) == []
        for attempt in (friends.get(player, match), friends.commit(player, match, "rock")):
            with pytest.raises(NotFound):
                await attempt
    await social.unblock(friends.ana, friends.ben.user_id)
    assert await friends.mine(friends.ben) == [match]
    await friends.commit(friends.ben, match, "rock")


async def test_it_goes_on_without_friendship(friends: Friends) -> None:
    social, match = friends.world.divan.social, (await friends.begun()).id
    await social.remove(friends.ana, friends.ben.user_id)
    await friends.round(match, "rock", "scissors")
    await friends.world.divan.activities.cancel(friends.ana, ActivityQuery(match))
    await social.befriend(friends.ana, friends.ben.user_id)
    lobby = (await friends.ask()).view.id
    await social.remove(friends.ana, friends.ben.user_id)
    with pytest.raises(NotFriends):
        await friends.world.divan.activities.start(friends.ben, ActivityQuery(lobby))


async def test_whoever_was_hidden_by_staff_plays_alone(friends: Friends) -> None:
    match = (await friends.begun()).id
    await sentence(friends.world.divan, friends.ana, Standing.SHADOWED)
    with pytest.raises(NotFound):
        await friends.get(friends.ben, match)
    assert await friends.mine(friends.ben) == []
    assert await friends.mine(friends.ana) == [match]


class Gate:
    """Says what it is told to."""

    verdict = Verdict()

    async def ask(self, _actor: Actor, act: Act) -> Verdict:
        assert act is Act.ACTIVITY
        return self.verdict


async def test_everything_passes_the_gate(
    friends: Friends, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, divan = Gate(), friends.world.divan
    monkeypatch.setattr(SafetyGate, "ask", lambda _self, *asked: gate.ask(*asked))
    gate.verdict = Verdict(Decision.SHADOWED)
    alone = (await friends.ask()).view.id
    assert await friends.mine(friends.ana) == [alone]
    assert await friends.mine(friends.ben) == []
    gate.verdict = Verdict()
    match = (await friends.ask(friends.ben)).view.id
    query = ActivityQuery(match)
    gate.verdict = Verdict(Decision.COOLING, 9)
    for attempt in (
        friends.ask(),
        divan.activities.start(friends.ana, query),
        divan.activities.cancel(friends.ana, query),
        friends.commit(friends.ana, match, "rock"),
    ):
        with pytest.raises(CooldownActive):
            await attempt
    found = await events(friends.world)
    told = {one.data["activity_id"]: one.data["people"] for one in found}
    assert told[str(alone)] == [str(friends.ana.user_id)]


async def test_pages_leave_no_gap(friends: Friends) -> None:
    activities = friends.world.divan.activities
    made: list[ActivityId] = []
    others = [await friends.world.join(f"friend{number}") for number in range(6)]
    for number, other in enumerate(others):
        await friends.world.divan.social.befriend(friends.ana, other.user_id)
        done = await activities.create(friends.ana, CreateActivity(other.user_id, "rps"))
        made.append(done.view.id)
        if number % 2:
            await friends.world.divan.social.block(other, friends.ana.user_id)
    expected = [one for number, one in enumerate(made) if not number % 2][::-1]
    walked: list[ActivityId] = []
    cursor = None
    while True:
        page = await activities.mine(friends.ana, ActivitiesQuery(limit=1, cursor=cursor))
        walked += [one.id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert walked == expected
    with pytest.raises(InvalidCursor):
        await activities.mine(friends.ben, ActivitiesQuery(cursor="nonsense"))


async def test_erasing_somebody_leaves_nothing(friends: Friends) -> None:
    match = (await friends.begun()).id
    await friends.world.divan.personal.erase(friends.ana.user_id)
    with pytest.raises(NotFound):
        await friends.get(friends.ben, match)
    assert await friends.mine(friends.ben) == []


async def test_an_export_has_ones_own_words(friends: Friends) -> None:
    divan = friends.world.divan
    await divan.auth.create_account(
        CreateAccount("eve@x.org", "eve", "Eve", CAMPUS, "a long password of eve")
    )
    eve = await divan.accounts.actor(await divan.auth.find("eve@x.org"))
    await divan.social.befriend(eve, friends.ben.user_id)
    command = CreateActivity(friends.ben.user_id, "story", {"turns": 2})
    match = (await divan.activities.create(eve, command)).view.id
    await divan.activities.start(eve, ActivityQuery(match))
    await divan.activities.play(friends.ben, ContinueStory(match, "ben wrote this"))
    await divan.activities.play(eve, ContinueStory(match, "and eve that"))
    (found,) = (await divan.personal.export("eve@x.org")).activities
    assert (found.activity_id, found.kind, found.state) == (match, "story", "completed")
    assert (found.peer_id, found.asked, found.score) == (friends.ben.user_id, True, 1)
    assert found.words == ("and eve that",)


async def test_what_is_long_over_is_purged(friends: Friends) -> None:
    activities, match = friends.world.divan.activities, (await friends.begun()).id
    await activities.cancel(friends.ana, ActivityQuery(match))
    now = friends.world.clock.now()
    assert await activities.purge(now, MOST) == 0
    friends.world.clock.advance(1)
    assert await activities.purge(friends.world.clock.now(), MOST) == 1
    assert await friends.mine(friends.ana) == []


class TestLimits:
    """Exact, as everywhere."""

    @pytest.fixture
    def settings(self) -> Settings:
        limit = LimitSettings(activity_create_per_day=2, activity_action_per_minute=3)
        return Settings(env="test", workers_enabled=False, limit=limit)

    async def test_asking_has_a_limit(self, friends: Friends) -> None:
        for _ in range(2):
            view = (await friends.ask()).view
            await friends.world.divan.activities.cancel(friends.ben, ActivityQuery(view.id))
        with pytest.raises(RateLimited):
            await friends.ask()
        await friends.ask(friends.ben)

    async def test_acting_has_a_limit(self, friends: Friends) -> None:
        match = (await friends.begun()).id
        await friends.commit(friends.ben, match, "rock", idempotency_key="k")
        await friends.world.divan.activities.start(friends.ben, ActivityQuery(match))
        with pytest.raises(RateLimited):
            await friends.world.divan.activities.start(friends.ben, ActivityQuery(match))
        assert (await friends.commit(friends.ben, match, "rock", idempotency_key="k")).replayed
