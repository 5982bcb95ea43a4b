"""Sessions that are far behind in a conversation: each comes after by itself, at its own pace.

So those who have kept up are brought what is new at once, whoever comes back from wherever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import attrs

from divan_core.chat.live import Listening
from divan_core.chat.messages import ConversationId
from divan_core.errors import StoreUnavailable
from divan_rt import ears
from divan_rt.ears import Copies, Due, Ear
from divan_rt.outlet import MAX_QUEUED

PORTIONS: Final = 4
"""In how many portions what was read for one socket is sent, before it is read anew."""

SOME: Final = PORTIONS * MAX_QUEUED
"""How many messages are read at a time for one socket."""


class Trailing:
    """Those who come after."""

    def __init__(
        self,
        listening: Listening,
        catch_up: Callable[[Ear, Due, Copies, int], bool],
        put: Callable[[Due], None],
        errand: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        """Read through ``listening``, and send by ``catch_up``.

        ``put`` makes something due once more; ``errand`` has something done beside everything else.
        """
        self._listening = listening
        self._catch_up = catch_up
        self._put = put
        self._errand = errand
        self._far: dict[tuple[Ear, ConversationId], Due] = {}

    def follow(self, ear: Ear, due: Due) -> None:
        """Let a session that is far behind come after; once is enough."""
        key = ear, due.conversation_id
        before = self._far.get(key)
        if before is not None:
            before.seq = max(before.seq, due.seq)
            return
        mine = self._far[key] = attrs.evolve(due, people={ear.session.actor.user_id})
        self._errand(lambda: self._come_after(ear, mine))

    async def _come_after(self, ear: Ear, due: Due) -> None:
        """Bring a session all that it does not have, a few at a time, and then what is new."""
        try:
            while not ear.session.ended and await self._brings_some(ear, due):
                pass
        finally:
            del self._far[ear, due.conversation_id]
            if due.conversation_id in ear.places:
                self._put(due)

    async def _brings_some(self, ear: Ear, due: Due) -> bool:
        """Bring a session some of what it does not have; whether there is more of it."""
        if not ear.open or not ear.session.outlet.has_room:
            await anyio.sleep(ears.AGAIN_S)
            return True
        after = ear.place(due)
        try:
            news = await self._listening.news(
                due.campus_id, due.conversation_id, after, room=due.room, most=SOME
            )
        except StoreUnavailable:
            await anyio.sleep(ears.AGAIN_S)
            return True
        copies = Copies(news)
        for _ in range(PORTIONS):
            if self._catch_up(ear, due, copies, after):
                return news.more and due.conversation_id in ear.places
            await anyio.sleep(ears.AGAIN_S)
            if not _hears(ear, due):
                break
        return due.conversation_id in ear.places


def _hears(ear: Ear, due: Due) -> bool:
    """Whether something of the conversation can still be brought to a session."""
    return ear.open and due.conversation_id in ear.places
