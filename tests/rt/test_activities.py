"""``/activities``: a match over real sockets, told to both players and to nobody else."""

from __future__ import annotations

import hashlib
from typing import Any

import anyio
import attrs
import pytest

from divan_core.activities.games.rps import Choice, Commit, Reveal
from divan_core.activities.messages import ActivityId, ActivityQuery, CreateActivity
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
