"""Games between friends for programs without an event loop."""

from __future__ import annotations

from collections.abc import Sequence

from divan_core.activities.games.game import Move
from divan_core.activities.messages import (
    ActivitiesQuery,
    ActivityQuery,
    ActivityView,
    CreateActivity,
    MakeMove,
    SeedActivity,
)
from divan_core.activities.service import Activities
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.sync.waiting import Waiting


class SyncActivities:
    """:class:`~divan_core.activities.service.Activities`, waiting for each answer."""

    def __init__(self, service: Activities, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    @property
    def kinds(self) -> Sequence[str]:
        """See ``Activities.kinds``."""
        return self._service.kinds

    def create(
        self, actor: Actor, command: CreateActivity, *, idempotency_key: KeyGiven = None
    ) -> Done[ActivityView]:
        """See ``Activities.create``."""
        return self._run(self._service.create, actor, command, idempotency_key=idempotency_key)

    def start(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """See ``Activities.start``."""
        return self._run(self._service.start, actor, query)

    def cancel(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """See ``Activities.cancel``."""
        return self._run(self._service.cancel, actor, query)

    def seed(self, actor: Actor, command: SeedActivity) -> ActivityView:
        """See ``Activities.seed``."""
        return self._run(self._service.seed, actor, command)

    def play(
        self, actor: Actor, move: Move, *, idempotency_key: KeyGiven = None
    ) -> Done[ActivityView]:
        """See ``Activities.play``."""
        return self._run(self._service.play, actor, move, idempotency_key=idempotency_key)

    def move(
        self, actor: Actor, command: MakeMove, *, idempotency_key: KeyGiven = None
    ) -> Done[ActivityView]:
        """See ``Activities.move``."""
        return self._run(self._service.move, actor, command, idempotency_key=idempotency_key)

    def get(self, actor: Actor, query: ActivityQuery) -> ActivityView:
        """See ``Activities.get``."""
        return self._run(self._service.get, actor, query)

    def mine(self, actor: Actor, query: ActivitiesQuery) -> Page[ActivityView]:
        """See ``Activities.mine``."""
        return self._run(self._service.mine, actor, query)
