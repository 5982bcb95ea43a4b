"""The use cases of activities. No game's rules are known here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

from divan_core.activities import policy
from divan_core.activities.agenda import Agenda
from divan_core.activities.deadlines import Deadlines
from divan_core.activities.games.game import AnyGame, Move, Turn
from divan_core.activities.games.registry import read_move, read_options
from divan_core.activities.messages import (
    ActivitiesQuery,
    ActivityQuery,
    ActivityView,
    CreateActivity,
    MakeMove,
    SeedActivity,
)
from divan_core.activities.model import (
    IDLE_MS,
    SEED_BYTES,
    Activity,
    ActivityId,
    Meeting,
)
from divan_core.activities.policy import Change
from divan_core.activities.ports import ActivityUnit
from divan_core.activities.telling import Happening, Telling
from divan_core.activities.tools import ActivityTools, is_there, keep
from divan_core.codec.reader import builtins, encode
from divan_core.errors import (
    ActivityOpen,
    Gone,
    InvalidCursor,
    InvalidInput,
    NotFound,
    WrongGame,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.gate import Act, check_verdict
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units

ResultT = TypeVar("ResultT")

CREATE: Final = "activities.create"

ID_BYTES: Final = 16


class Activities:
    """Games between friends.

    Whoever asks and whoever is asked are equals: either starts or cancels. An activity that began
    goes on when the two are no longer friends. To two of whom one has blocked the other it is gone
    like the other person, and ends by itself, unseen.
    """

    def __init__(self, units: Units[ActivityUnit], tools: ActivityTools) -> None:
        """Keep activities through ``units``."""
        self._units = units
        self._tools = tools
        self._deadlines = Deadlines(units, tools)
        self._telling = Telling(units, tools)

    @property
    def agenda(self) -> Agenda:
        """When games go on by themselves, as far as this process has heard."""
        return self._deadlines.agenda

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of games there are."""
        return self._tools.games.kinds

    async def create(
        self, actor: Actor, command: CreateActivity, *, idempotency_key: KeyGiven = None
    ) -> Done[ActivityView]:
        """Ask a friend for a game. It waits in its lobby until one of the two starts it.

        Raises:
            ValidationFailed: there is no such kind, or options are wrong, each with its path.
            InvalidInput: the actor asks themselves.
            NotFound: there is nobody of this id whom the actor may see.
            NotFriends: they are not friends.
            ActivityOpen: the two have an open one of this kind.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            RateLimited: too many.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        tools = self._tools
        game = tools.games.get(command.kind)
        options = encode(read_options(game, command.options))
        await self._check_peer(actor, command)
        shadowed = check_verdict(await tools.gate.ask(actor, Act.ACTIVITY))
        now = tools.clock.now()
        activity = Activity(
            id=ActivityId(tools.ids.uuid()),
            campus_id=actor.campus_id,
            kind=game.kind,
            players=(actor.user_id, command.peer_id),
            options=options,
            seed=tools.entropy.bytes(SEED_BYTES),
            created_at=now,
            moved_at=now,
            due_at=Millis(now + IDLE_MS),
            shadowed=shadowed,
        )

        async def body(unit: ActivityUnit) -> ActivityView:
            await self._make_room(unit, activity)
            await keep(unit, tools, Change(None, activity))
            return tools.view(activity, actor.user_id)

        attempt = Attempt(actor, CREATE, command, ActivityView, idempotency_key, tools.limit.create)
        return await tools.once.once(attempt, body)

    async def start(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """Begin the game; starting again changes nothing.

        Raises:
            NotFound: there is no such activity of the actor.
            NotFriends: the two are no longer friends.
            ActivityOver: it has ended.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            RateLimited: too many actions.
        """
        activity = await self._found(actor, query.activity_id)
        relations = await self._tools.audience.relations(actor.user_id)
        policy.check_start(activity, actor.user_id, relations)
        return await self._acted(actor, activity, policy.after_start)

    async def cancel(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """End it without a winner; cancelling again changes nothing.

        Raises:
            NotFound: there is no such activity of the actor.
            ActivityOver: it has ended in another way.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            RateLimited: too many actions.
        """
        activity = await self._found(actor, query.activity_id)
        return await self._acted(actor, activity, policy.after_cancel)

    async def seed(self, actor: Actor, command: SeedActivity) -> ActivityView:
        """Draw the chance of a game anew, and change some options, while it is in its lobby.

        Raises:
            NotFound: there is no such activity of the actor.
            ValidationFailed: options are wrong, each with its path.
            WrongGame: it is a game of another kind than was named.
            ActivityStarted, ActivityOver: it is not in its lobby any more.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            RateLimited: too many actions.
        """
        seed = self._tools.entropy.bytes(SEED_BYTES)

        def seeded(held: Activity, game: AnyGame, now: Millis) -> Change:
            merged = {**builtins(held.options), **command.options}
            return policy.after_seed(held, read_options(game, merged), seed, now)

        activity = await self._found(actor, command.activity_id)
        if command.kind not in {None, activity.kind}:
            raise WrongGame
        return await self._acted(actor, activity, seeded)

    async def play(
        self,
        actor: Actor,
        move: Move,
        *,
        idempotency_key: KeyGiven = None,
    ) -> Done[ActivityView]:
        """Make a move, which is of one of the games' own classes.

        What was due before it happens first, so that no move comes too late unnoticed.

        Raises:
            TypeError: it is a move of no game.
            NotFound: there is no such activity of the actor.
            WrongGame: the activity is another game.
            NotStarted: nobody has started it.
            ActivityOver, RoundOver: it comes too late.
            Refusals of the game, by errors with codes of their own.
            Refusals of the gate: see :func:`~divan_core.kernel.gate.check_verdict`.
            RateLimited: too many actions.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        tools, named = self._tools, self._tools.games.of_move(move)
        activity = await self._found(actor, move.activity_id)
        if activity.kind != named.game.kind:
            raise WrongGame
        check_verdict(await tools.gate.ask(actor, Act.ACTIVITY))

        def moved(held: Activity, game: AnyGame, now: Millis) -> Change:
            return policy.after_move(held, game, Turn(actor.user_id, move, now))

        attempt = Attempt(
            actor, named.operation, move, ActivityView, idempotency_key, tools.limit.action
        )
        body = self._changing(actor, activity, moved)
        return await self._in_time(activity, tools.once.once(attempt, body))

    async def move(
        self, actor: Actor, command: MakeMove, *, idempotency_key: KeyGiven = None
    ) -> Done[ActivityView]:
        """Make a move of any game, by its name.

        Raises:
            NotFound: there is no such activity of the actor, or its game has no such move.
            ValidationFailed: ``body`` is not such a move; paths begin with ``$.body``.
            As :meth:`play`.
        """
        activity = await self._found(actor, command.activity_id)
        move = read_move(self._game(activity), command.name, activity.id, command.body)
        return await self.play(actor, move, idempotency_key=idempotency_key)

    async def get(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """An activity of the actor, and of its game what they may know.

        Raises:
            NotFound: there is no such activity of the actor.
        """
        activity = await self._found(actor, query.activity_id)
        if activity.is_open and activity.due(self._tools.clock.now()):
            activity = await self._deadlines.settle(activity.id) or activity
        return self._tools.view(activity, actor.user_id)

    async def mine(self, actor: Actor, query: ActivitiesQuery) -> Page[ActivityView]:
        """The actor's activities, the newest first.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        tools = self._tools
        binding = b"activities:mine:" + actor.user_id.bytes
        before = None if query.cursor is None else _opened(tools, query.cursor, binding)
        await tools.audience.refresh(actor.campus_id)
        found = await self._there(actor, before, query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > query.limit
        cursor = tools.sealer.seal(shown[-1].id.bytes, binding) if more else None
        return Page(tuple(tools.view(one, actor.user_id) for one in shown), cursor)

    async def shown(self, notice: PersonNotice) -> Sequence[Happening]:
        """What a notice shows its person now, in order.

        Raises:
            StoreUnavailable: whether it may be seen cannot be found out.
        """
        return await self._telling.shown(notice)

    async def settle_due(self, most: int) -> int:
        """Let happen what is due in up to ``most`` activities; in how many it was."""
        return await self._deadlines.settle_due(most)

    async def purge(self, before: Millis, most: int) -> int:
        """Remove up to ``most`` activities that ended before a moment; how many it were."""
        return await self._deadlines.purge(before, most)

    async def _check_peer(self, actor: Actor, command: CreateActivity) -> None:
        """Refuse whoever cannot be played with."""
        if command.peer_id == actor.user_id:
            raise InvalidInput("Nobody can play with themselves.")
        audience = self._tools.audience
        await audience.refresh(actor.campus_id)
        card = await audience.card(command.peer_id)
        relations = await audience.relations(actor.user_id)
        policy.check_peer(actor.user_id, actor.campus_id, relations, card)

    async def _make_room(self, unit: ActivityUnit, activity: Activity) -> None:
        """See that nothing open is in the way of a new activity, but what has just expired."""
        tools, meeting = self._tools, Meeting.of(activity.players, activity.kind)
        await unit.locks.take(policy.lock_of(meeting))
        for one in await unit.activities.open_of(meeting):
            held = await unit.activities.hold(one.id)
            if held is None or not held.is_of(activity.players[0]):
                continue
            change = policy.settled(held, tools.game_of(held), activity.created_at)
            if change.activity.is_open:
                raise ActivityOpen(f"It is {held.id}. Play or cancel that one first.")
            await keep(unit, tools, change)

    async def _found(self, actor: Actor, activity_id: ActivityId) -> Activity:
        """An activity that is there for the actor."""
        await self._tools.audience.refresh(actor.campus_id)
        activity = await self._units.look(lambda unit: unit.activities.get(activity_id))
        if activity is None or not await is_there(self._tools, actor, activity):
            raise NotFound
        return activity

    async def _there(
        self, actor: Actor, before: ActivityId | None, most: int
    ) -> Sequence[Activity]:
        """Activities that are there for the actor; those that are not leave no gap."""
        found: list[Activity] = []
        me, last = actor.user_id, before

        async def body(unit: ActivityUnit) -> Sequence[Activity]:
            return await unit.activities.of(me, last, most)

        while True:
            portion = await self._units.look(body)
            await self._tools.audience.cards([one.peer_of(me) for one in portion])
            found += [one for one in portion if await is_there(self._tools, actor, one)]
            if len(portion) < most or len(found) >= most:
                return found[:most]
            last = portion[-1].id

    async def _acted(
        self,
        actor: Actor,
        activity: Activity,
        change: Callable[[Activity, AnyGame, Millis], Change],
    ) -> ActivityView:
        """Do something that is no move, as often as one may do things."""
        tools = self._tools
        check_verdict(await tools.gate.ask(actor, Act.ACTIVITY))
        await tools.limits.admit(actor.campus_id, actor.user_id, tools.limit.action)
        body = self._changing(actor, activity, change)
        return await self._in_time(activity, self._units.write(body, locking=True))

    async def _in_time(self, activity: Activity, work: Awaitable[ResultT]) -> ResultT:
        """Do something; if it comes too late, what was due is kept, which it would have undone."""
        try:
            return await work
        except Gone:
            await self._deadlines.settle(activity.id)
            raise

    def _changing(
        self,
        actor: Actor,
        activity: Activity,
        change: Callable[[Activity, AnyGame, Millis], Change],
    ) -> Callable[[ActivityUnit], Awaitable[ActivityView]]:
        tools, game = self._tools, self._game(activity)

        async def body(unit: ActivityUnit) -> ActivityView:
            held = await unit.activities.hold(activity.id)
            if held is None:
                raise NotFound
            changed = change(held, game, tools.clock.now())
            await keep(unit, tools, changed)
            return tools.view(changed.activity, actor.user_id)

        return body

    def _game(self, activity: Activity) -> AnyGame:
        game = self._tools.game_of(activity)
        if game is None:  # a host has taken its game away
            raise NotFound
        return game


def _opened(tools: ActivityTools, cursor: str, binding: bytes) -> ActivityId:
    position = tools.sealer.open(cursor, binding)
    if len(position) != ID_BYTES:
        raise InvalidCursor("Start again without a cursor.")
    return ActivityId(UUID(bytes=position))
