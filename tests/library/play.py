"""Three people of a campus, two of whom are friends and play."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from divan_core.activities.games.rps import Choice, Commit, Reveal
from divan_core.activities.messages import (
    ACTIVITIES,
    ActivitiesQuery,
    ActivityId,
    ActivityQuery,
    ActivityView,
    CreateActivity,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.kernel.once import Done
from divan_core.stores.bundle import StoreUnit
from divan_core.workers.subscription import Subscription
from tests.library.conftest import World

NONCE = "0123456789abcdef" * 2


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


async def befriended(world: World) -> Friends:
    """Let them in."""
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
