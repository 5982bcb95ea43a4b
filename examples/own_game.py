"""A game of one's own: Nim. Take one to three stones in turn; whoever takes the last one wins."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import attrs
from msgspec import Meta

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.activities.games.game import Json, Outcome, Setting, Silent, Standing, Step, Turn
from divan_core.activities.messages import ActivityId, ActivityQuery, CreateActivity
from divan_core.errors import ActivityOver, Conflict, NotYourTurn
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId

TURN_MS = 30_000


class TooMany(Conflict):
    """There are not as many stones left."""

    code = "too_many_stones"
    title = "There are not as many stones left"


@attrs.frozen
class NimOptions:
    """How many stones there are; JSON is checked against such classes, which have the bounds."""

    stones: Annotated[int, Meta(ge=5, le=50)] = 15


@attrs.frozen
class Take:
    """Take stones."""

    activity_id: ActivityId
    stones: Annotated[int, Meta(ge=1, le=3)]


@attrs.frozen
class Heap:
    """How the game stands; it is kept as JSON between moves."""

    players: tuple[UserId, UserId]
    stones: int
    closes_at: Millis
    turn: int = 1
    over: bool = False

    @property
    def mover(self) -> UserId:
        """Whose turn it is. The one who was asked begins."""
        return self.players[self.turn % 2]


class Nim(Silent):
    """The rules."""

    kind = "nim"
    options = NimOptions
    state = Heap
    moves: ClassVar[Mapping[str, type[Any]]] = {"take": Take}

    def begin(self, setting: Setting[NimOptions]) -> Step[Heap]:
        """Lay out the stones."""
        closes_at = Millis(setting.at + TURN_MS)
        return Step(Heap(setting.players, setting.options.stones, closes_at))

    def apply(self, state: Heap, turn: Turn) -> Step[Heap]:
        """Take some, or refuse."""
        if state.over:
            raise ActivityOver
        if turn.player != state.mover:
            raise NotYourTurn
        if turn.move.stones > state.stones:
            raise TooMany
        left = state.stones - turn.move.stones
        if left == 0:
            return Step(attrs.evolve(state, stones=0, over=True), (), Outcome(turn.player))
        closes_at = Millis(turn.at + TURN_MS)
        return Step(attrs.evolve(state, stones=left, turn=state.turn + 1, closes_at=closes_at))

    def deadline(self, state: Heap) -> Millis | None:
        """When something happens by itself."""
        return None if state.over else state.closes_at

    def expire(self, state: Heap, now: Millis) -> Step[Heap]:  # noqa: ARG002 - nothing opens anew
        """Whoever sleeps loses; if nobody has moved at all, there was no game."""
        winner = state.players[(state.turn + 1) % 2]
        outcome = Outcome(abandoned=True) if state.turn == 1 else Outcome(winner)
        return Step(attrs.evolve(state, over=True), (), outcome)

    def standing(self, state: Heap) -> Standing:
        """Turn and scores, of which there are none."""
        return Standing(state.turn, dict.fromkeys(state.players, 0))

    def view(self, state: Heap, viewer: UserId, now: Millis) -> Json:  # noqa: ARG002 - both see all
        """What a player is shown."""
        closes_at = rfc3339(state.closes_at)
        return {"stones": state.stones, "turn_of": str(state.mover), "closes_at": closes_at}


async def main() -> None:
    async with Divan.open(Settings(), stores=memory_stores(), games=[Nim()]) as divan:
        campus = await divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        players = []
        for name in ("ana", "ben"):
            user = await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            players.append(await divan.accounts.actor(user.user_id))
        ana, ben = players
        await divan.social.befriend(ana, ben.user_id)
        asked = await divan.activities.create(ana, CreateActivity(ben.user_id, "nim"))
        nim = asked.view.id
        await divan.activities.start(ana, ActivityQuery(nim))
        for player, stones in ((ben, 3), (ana, 3), (ben, 2), (ana, 3), (ben, 1), (ana, 3)):
            await divan.activities.play(player, Take(nim, stones))
        print(await divan.activities.get(ben, ActivityQuery(nim)))


if __name__ == "__main__":
    asyncio.run(main())
