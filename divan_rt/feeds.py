"""All live lists of this process: which may have changed, and their computation on a tick."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

import anyio
import attrs
from anyio.lowlevel import checkpoint

from divan_core.errors import PresenceRequired, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import CampusId, Entropy, UserId
from divan_core.presence.messages import (
    Cell,
    Notice,
    NoticesLost,
    PeopleChanged,
    PublicMove,
    Surroundings,
)
from divan_rt.feed import Feed, FeedKey, Listener
from divan_rt.grid import Disc, Grid

GRACE_MS: Final = 30_000
"""How long a list outlives its last socket, for a return."""

STALE_AFTER_S: Final = 4.0
"""A list is computed at least this often, whatever was heard, so that endings show in time."""

AT_ONCE: Final = 16
"""Lists that are computed at the same time; more gain nothing and hold up everybody else."""

MARGIN_M: Final = 1e-3
"""Lists this much too far from a change are computed too, because rounding differs."""

Compute: TypeAlias = Callable[[Actor, int], Awaitable[Surroundings]]

_LOG: Final = logging.getLogger("divan.rt")


@attrs.frozen
class FeedRules:
    """``tick_s``: how often lists are computed. ``largest_cell_m``: of all public cells."""

    tick_s: float
    largest_cell_m: int

    @property
    def every(self) -> int:
        """After how many ticks a list is computed even when nothing was heard."""
        return max(1, int(STALE_AFTER_S / self.tick_s))


class _Campus:
    """The feeds of one campus."""

    def __init__(self) -> None:
        self.feeds: set[Feed] = set()
        self.grid = Grid[Feed]()


class Feeds:
    """Every feed of this process, shared by all sockets of its person."""

    def __init__(self, compute: Compute, clock: Clock, entropy: Entropy, rules: FeedRules) -> None:
        """``compute`` answers who is around an actor."""
        self._compute = compute
        self._clock = clock
        self._entropy = entropy
        self._rules = rules
        self._feeds: dict[FeedKey, Feed] = {}
        self._of_person: dict[UserId, set[Feed]] = {}
        self._campuses: dict[CampusId, _Campus] = {}
        self._tick = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._feeds)

    def campuses(self) -> Sequence[CampusId]:
        """The campuses that have feeds."""
        return tuple(self._campuses)

    @contextmanager
    def held(self, actor: Actor, radius_m: int) -> Iterator[Feed]:
        """The feed of this person and radius, which is not dropped meanwhile."""
        key = FeedKey(actor.user_id, actor.campus_id, radius_m)
        feed = self._feeds.get(key) or self._new(actor, radius_m)
        feed.held += 1
        try:
            yield feed
        finally:
            feed.held -= 1
            if feed.unused:
                self._drop(feed)

    def leave(self, feed: Feed, listener: Listener) -> None:
        """End a listener's subscription; the feed is kept for a while."""
        feed.leave(listener, self._clock.now())

    def stir(self, user_id: UserId) -> None:
        """The person's own position may have changed, and with it every distance."""
        for feed in self._of_person.get(user_id, ()):
            feed.stale = True

    def hear(self, notice: Notice) -> None:
        """Find out whose list may have changed."""
        if isinstance(notice, NoticesLost):
            for feed in self._feeds.values():
                feed.stale = True
            return
        campus = self._campuses.get(notice.campus_id)
        if campus is None:
            return
        if isinstance(notice, PeopleChanged):
            for feed in campus.feeds:
                feed.stale = True
        else:
            _move(campus.grid, notice)

    async def renew(self, feed: Feed) -> None:
        """Compute a feed now.

        Raises:
            PresenceRequired: its person has no live presence; the list is empty now.
            StoreUnavailable: it is as it was.
        """
        async with feed.lock:
            feed.stale = False
            try:
                found = await self._compute(feed.actor, feed.radius_m)
            except PresenceRequired:
                self._place(feed, None)
                feed.show((), self._clock.now())
                raise
            except BaseException:
                feed.stale = True
                raise
            reach = max(feed.radius_m, self._rules.largest_cell_m) + MARGIN_M
            self._place(feed, Disc(found.east, found.north, reach))
            feed.show(found.items, self._clock.now())

    async def tick(self) -> int:
        """Compute what may have changed, and drop what nobody came back for; the number computed.

        A campus whose store does not answer is left for the next tick.
        """
        self._tick += 1
        self._drop_forgotten()
        due = [feed for feed in self._feeds.values() if self._is_due(feed)]
        waiting, away = iter(due), set[CampusId]()
        async with anyio.create_task_group() as tasks:
            for _ in range(min(AT_ONCE, len(due))):
                tasks.start_soon(self._work, waiting, away)
        return len(due)

    async def _work(self, waiting: Iterator[Feed], away: set[CampusId]) -> None:
        for feed in waiting:
            if feed.key.campus_id in away:
                feed.stale = True
            else:
                await self._renew_quietly(feed, away)
                await checkpoint()

    async def _renew_quietly(self, feed: Feed, away: set[CampusId]) -> None:
        try:
            with suppress(PresenceRequired):
                await self.renew(feed)
        except StoreUnavailable:
            away.add(feed.key.campus_id)
        except Exception:  # noqa: BLE001 - one list's bug must not end everybody's
            _LOG.exception("a live list could not be computed")

    def _is_due(self, feed: Feed) -> bool:
        if not feed.listeners:
            return False
        return feed.stale or (self._tick + feed.phase) % self._rules.every == 0

    def _new(self, actor: Actor, radius_m: int) -> Feed:
        """A feed that starts counting at random, so that no number of another one fits it."""
        feed = Feed(actor, radius_m, int.from_bytes(self._entropy.bytes(5)))
        self._feeds[feed.key] = feed
        self._of_person.setdefault(actor.user_id, set()).add(feed)
        self._campuses.setdefault(actor.campus_id, _Campus()).feeds.add(feed)
        return feed

    def _drop(self, feed: Feed) -> None:
        key = feed.key
        del self._feeds[key]
        mine, campus = self._of_person[key.user_id], self._campuses[key.campus_id]
        mine.remove(feed)
        campus.feeds.remove(feed)
        campus.grid.drop(feed)
        if not mine:
            del self._of_person[key.user_id]
        if not campus.feeds:
            del self._campuses[key.campus_id]

    def _drop_forgotten(self) -> None:
        now = self._clock.now()
        for feed in tuple(self._feeds.values()):
            if feed.idle_since is not None:
                self._place(feed, None)
                if now - feed.idle_since >= GRACE_MS and not feed.held:
                    self._drop(feed)

    def _place(self, feed: Feed, disc: Disc | None) -> None:
        feed.disc = disc
        grid = self._campuses[feed.key.campus_id].grid
        if disc is None:
            grid.drop(feed)
        else:
            grid.put(feed, disc)


def _move(grid: Grid[Feed], notice: PublicMove) -> None:
    for cell in (notice.left, notice.entered):
        if cell is not None:
            east, north = cell.east, cell.north
            for feed in grid.near(east, north):
                if not feed.stale and _lists(feed, cell):
                    feed.stale = True


def _lists(feed: Feed, cell: Cell) -> bool:
    """Whether somebody in this cell would be in the feed's list."""
    disc, reach_m = feed.disc, max(feed.radius_m, cell.size_m) + MARGIN_M
    return disc is not None and (
        (cell.east - disc.east) ** 2 + (cell.north - disc.north) ** 2 <= reach_m**2
    )
