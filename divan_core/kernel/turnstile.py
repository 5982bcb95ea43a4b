"""The way in to questions that are answered from the audience's cache."""

from __future__ import annotations

from typing import Protocol

from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience, JournalSlice
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.kernel.values import value


class Turnstile(Protocol):
    """Admits questions, and brings what the answers must know, in one round trip."""

    async def enter(
        self, campus_id: CampusId, user_id: UserId, limit: Limit, since: bytes
    ) -> JournalSlice:
        """Admit one question as :meth:`RateLimits.admit` does, and read the campus's journal.

        Answers what the journal holds after the position ``since``, as ``ChangeJournal.read``.

        Raises:
            RateLimited: a window is full; the question is not remembered, nothing is read.
            StoreUnavailable: the counts or the journal cannot be reached.
        """
        ...


@value
class Entrance:
    """A turnstile and the cache that its news are for."""

    turnstile: Turnstile
    audience: Audience

    async def admit(self, actor: Actor, limit: Limit) -> None:
        """Admit one question of the actor; the audience has forgotten what has changed.

        Raises:
            RateLimited: a window is full.
            StoreUnavailable: nothing can be answered now.
        """
        campus_id, since = actor.campus_id, self.audience.position(actor.campus_id)
        news = await self.turnstile.enter(campus_id, actor.user_id, limit, since)
        self.audience.apply(campus_id, news)
