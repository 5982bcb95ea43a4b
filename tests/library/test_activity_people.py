"""Who plays with whom, and what hides games from people, on every set of stores."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from divan_core.activities.games.story import ContinueStory
from divan_core.activities.messages import (
    ActivitiesQuery,
    ActivityId,
    ActivityQuery,
    CreateActivity,
)
from divan_core.auth.messages import CreateAccount
from divan_core.errors import (
    CooldownActive,
    InvalidCursor,
    InvalidInput,
    NotFound,
    NotFriends,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import Act, Decision, Verdict
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Standing
from divan_core.safety.gate import Gate as SafetyGate
from divan_core.settings import Settings
from divan_core.testing.clock import ManualClock
from tests.library.conftest import CAMPUS, KINDS, World, stores_of
from tests.library.play import Friends, befriended, events
from tests.sanctions import sentence

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
