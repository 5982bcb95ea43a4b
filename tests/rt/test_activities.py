"""``/activities``: a match over real sockets, told to both players and to nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import attrs
import pytest

from divan_core.activities.games.rps import Choice, Commit, Reveal
from divan_core.activities.games.story import ContinueStory
from divan_core.activities.games.trivia import AnswerQuestion
from divan_core.activities.games.typing import SubmitText
from divan_core.activities.messages import (
    ActivityId,
    ActivityQuery,
    CreateActivity,
    prompt_of,
)
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.notices import NoticesLost, PersonNotice
from tests.rt.told import ToldClient
from tests.rt.world import World, ids_of

pytestmark = pytest.mark.anyio

ACTIVITIES = "/activities"
UPDATE, ROUND, SCORE, ENDED = (f"activity:{name}" for name in ("update", "round", "score", "ended"))
NONCE = "0123456789abcdef" * 2


class Player(ToldClient):
    """A client of ``/activities``, and whose it is."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__(ACTIVITIES, (UPDATE, ROUND, SCORE, ENDED, "activities:reload"))
        self.world = world
        self.actor = actor

    async def commit(self, match: ActivityId, choice: Choice, round_: int = 1) -> None:
        text = f"{match}:{round_}:{self.actor.user_id}:{choice}:{NONCE}"
        move = Commit(match, round_, hashlib.sha256(text.encode()).hexdigest())
        await self.world.divan.activities.play(self.actor, move)

    async def reveal(self, match: ActivityId, choice: Choice, round_: int = 1) -> None:
        move = Reveal(match, round_, choice, NONCE)
        await self.world.divan.activities.play(self.actor, move)


@attrs.frozen
class Match:
    """Ana has asked Ben for a game, and both are there."""

    id: ActivityId
    ana: Player
    ben: Player


async def player(world: World, actor: Actor) -> Player:
    client = Player(world, actor)
    await client.enter(world, ids_of(actor))
    return client


@pytest.fixture
async def match(world: World) -> Match:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.social.befriend(ana, ben.user_id)
    players = [await player(world, one) for one in (ana, ben)]
    command = CreateActivity(ben.user_id, "rps", {"best_of": 1})
    view = (await world.divan.activities.create(ana, command)).view
    for one in players:
        (lobby,) = await one.hears(UPDATE)
        assert (lobby["id"], lobby["state"]) == (str(view.id), "lobby")
        joined = await one.call("activity:join", {"activity_id": str(view.id)})
        assert joined == {"ok": True, "activity": lobby}
    return Match(view.id, *players)


async def settled(world: World, *clients: Player) -> None:
    """Everything that has happened was told, and everything told is here."""
    await world.divan.drain()
    for _ in range(200):
        await anyio.lowlevel.checkpoint()
    for client in clients:
        answer = await client.call("settle")
        assert answer["error"]["code"] == "not_found"


async def test_a_match_is_told_to_both(world: World, match: Match) -> None:
    ana, ben = match.ana, match.ben
    await world.divan.activities.start(ben.actor, ActivityQuery(match.id))
    for one in (ana, ben):
        opened, active = await one.hears(ROUND, UPDATE)
        assert (opened["activity_id"], opened["state"]) == (str(match.id), "open")
        assert (opened["round"], active["state"], active["round"]) == (1, "active", 1)
    await ana.commit(match.id, "rock")
    await ben.commit(match.id, "scissors")
    await ana.reveal(match.id, "rock")
    for one in (ana, ben):
        told = await one.hears(UPDATE, UPDATE, UPDATE)
        assert told[-1]["game"]["choice"] == ("rock" if one is ana else None)
    await ben.reveal(match.id, "scissors")
    for one in (ana, ben):
        closed, scored, update, ended = await one.hears(ROUND, SCORE, UPDATE, ENDED)
        assert closed["state"] == "closed"
        assert closed["game"]["choices"] == {
            str(ana.actor.user_id): "rock",
            str(ben.actor.user_id): "scissors",
        }
        assert scored["scores"] == ended["scores"] == update["scores"]
        assert ended["winner_id"] == update["winner_id"] == str(ana.actor.user_id)
        assert (ended["state"], update["state"]) == ("completed", "completed")


async def test_who_has_left_hears_how_it_is_and_no_more(world: World, match: Match) -> None:
    assert await match.ben.call("activity:leave", {"activity_id": str(match.id)}) == {"ok": True}
    await world.divan.activities.start(match.ana.actor, ActivityQuery(match.id))
    await match.ana.hears(ROUND, UPDATE)
    await match.ben.hears(UPDATE)


async def test_strangers_hear_nothing(world: World, match: Match) -> None:
    cleo = await player(world, await world.join("cleo"))
    refused = await cleo.call("activity:join", {"activity_id": str(match.id)})
    assert refused["error"]["code"] == "not_found"
    await world.divan.activities.start(match.ana.actor, ActivityQuery(match.id))
    await settled(world, cleo)
    assert cleo.told == []


async def test_a_block_ends_all_telling(world: World, match: Match) -> None:
    await world.divan.social.block(match.ana.actor, match.ben.actor.user_id)
    world.clock.advance(15 * 60)
    assert await world.divan.activities.settle_due(10) <= 1
    await settled(world, match.ana, match.ben)
    assert match.ana.told == match.ben.told == []
    refused = await match.ben.call("activity:join", {"activity_id": str(match.id)})
    assert refused["error"]["code"] == "not_found"


async def test_whoever_may_have_missed_something_reloads(
    world: World, match: Match, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_notice: PersonNotice) -> Any:
        raise StoreUnavailable

    monkeypatch.setattr(world.divan.activities, "shown", away)
    await world.divan.activities.start(match.ana.actor, ActivityQuery(match.id))
    for one in (match.ana, match.ben):
        await one.hears("activities:reload")
    await world.server._hear(NoticesLost())  # noqa: SLF001 - what the connection between processes says
    for one in (match.ana, match.ben):
        await one.hears("activities:reload")


async def play_duel(world: World, match: ActivityId, ana: Player, ben: Player) -> None:
    view = await world.divan.activities.get(ana.actor, ActivityQuery(match))
    prompt = prompt_of(view).prompt
    world.clock.advance(20)
    await world.divan.activities.play(ana.actor, SubmitText(match, 1, prompt))
    await world.divan.activities.play(ben.actor, SubmitText(match, 1, prompt[:-20]))


async def play_trivia(world: World, match: ActivityId, ana: Player, ben: Player) -> None:
    for round_ in (1, 2):
        for client in (ana, ben):
            await world.divan.activities.play(client.actor, AnswerQuestion(match, round_, 0))


async def play_story(world: World, match: ActivityId, ana: Player, ben: Player) -> None:
    for client in (ben, ana):
        move = ContinueStory(match, f"words of {client.actor.user_id}")
        await world.divan.activities.play(client.actor, move)


async def play_rps(_world: World, match: ActivityId, ana: Player, ben: Player) -> None:
    await ana.commit(match, "rock")
    await ben.commit(match, "scissors")
    await ana.reveal(match, "rock")
    await ben.reveal(match, "scissors")


Played = Callable[[World, ActivityId, Player, Player], Awaitable[None]]

MATCHES: Mapping[str, tuple[dict[str, Any], Played]] = {
    "typing_duel": ({}, play_duel),
    "trivia": ({"questions": 2}, play_trivia),
    "story": ({"turns": 2}, play_story),
    "rps": ({"best_of": 1}, play_rps),
}


async def test_each_kind_is_told_from_the_lobby_to_the_end(world: World) -> None:
    assert set(world.divan.activities.kinds) == set(MATCHES)
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.social.befriend(ana, ben.user_id)
    players = [await player(world, one) for one in (ana, ben)]
    for kind, (options, played) in MATCHES.items():
        command = CreateActivity(ben.user_id, kind, options)
        match = (await world.divan.activities.create(ana, command)).view.id
        for one in players:
            await one.call("activity:join", {"activity_id": str(match)})
        await world.divan.activities.start(ben, ActivityQuery(match))
        await played(world, match, *players)
        await settled(world, *players)
        for one in players:
            told, one.told = one.told, []
            names = [name for name, _ in told]
            assert names[0] == UPDATE
            assert names[-2:] == [UPDATE, ENDED]
            states = [payload["state"] for name, payload in told if name == ROUND]
            assert states == ["open", "closed"] * (len(states) // 2)
            ended = told[-1][1]
            winner = None if kind == "story" else str(ana.user_id)
            assert ended["winner_id"] == winner or kind == "trivia"
            assert "words of" not in str([payload for name, payload in told if name != UPDATE])


async def test_an_answer_is_not_told_before_its_round_is_over(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.divan.social.befriend(ana, ben.user_id)
    client = await player(world, ben)
    command = CreateActivity(ben.user_id, "trivia", {"questions": 1})
    match = (await world.divan.activities.create(ana, command)).view.id
    await client.call("activity:join", {"activity_id": str(match)})
    await world.divan.activities.start(ana, ActivityQuery(match))
    await world.divan.activities.play(ana, AnswerQuestion(match, 1, 0))
    await settled(world, client)
    assert "right" not in str(client.told)
    await world.divan.activities.play(ben, AnswerQuestion(match, 1, 0))
    await settled(world, client)
    (closed,) = [one for name, one in client.told if name == ROUND and one["state"] == "closed"]
    assert closed["game"]["right"] in range(4)
