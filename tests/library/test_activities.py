"""Games between friends, on every set of stores."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import anyio
import pytest

from divan_core.activities.games.rps import REVEAL_MS
from divan_core.activities.games.typing import SubmitText
from divan_core.activities.messages import (
    ACTIVITY_COMPLETED,
    ActivityQuery,
    CreateActivity,
    MakeMove,
    SeedActivity,
    prompt_of,
)
from divan_core.activities.model import IDLE_MS
from divan_core.errors import (
    ActivityOpen,
    ActivityOver,
    ActivityStarted,
    AlreadyMoved,
    CommitmentMismatch,
    NotFound,
    NotStarted,
    RateLimited,
    RoundOver,
    ValidationFailed,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.settings import LimitSettings, Settings
from divan_core.testing.clock import ManualClock
from divan_core.workers.periodic import MOST
from tests.library.conftest import KINDS, World, stores_of
from tests.library.play import Friends, befriended, events

pytestmark = pytest.mark.anyio

NOBODY = UserId(UUID(int=404))


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Any:
    return stores_of(request.param, request, clock)


@pytest.fixture
def settings() -> Settings:
    """Deadlines and events wait for the test to ask for them."""
    return Settings(env="test", workers_enabled=False)


@pytest.fixture
async def friends(world: World) -> Friends:
    return await befriended(world)


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
