"""Conversations and their messages in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from itertools import islice

import attrs

from divan_core.chat.model import (
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Editions,
    Excerpt,
    Mark,
    Member,
    Message,
    MessageId,
    Pair,
    Part,
    Tally,
    Veil,
    Window,
    editions_of,
)
from divan_core.errors import MessageExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.conversations import ConversationRecords, Talk


class MemoryMessages:
    """Keeps conversations with their messages."""

    def __init__(
        self, records: ConversationRecords, accounts: AccountRecords, changes: Changes
    ) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def send(self, draft: Draft, pair: Pair, campus_id: CampusId) -> Message:
        """Keep a message between two people, in a conversation that may be new."""
        self._changes.begin()
        if campus_id not in self._accounts.campuses or not (
            {pair.low, pair.high} <= self._accounts.people.keys()
        ):
            raise self._changes.failed(UnitMisused("Somebody or their campus does not exist."))
        talk = self._records.begin(draft.conversation_id, Talk(pair=pair), self._changes)
        if not talk.messages:
            for one in (pair.low, pair.high):
                member = Member(draft.conversation_id, one, draft.at)
                self._changes.set(talk.members, one, member)
                self._records.direct[one].add(draft.conversation_id, self._changes)
        return self._append(talk, draft)

    async def send_to_room(self, draft: Draft) -> Message | None:
        """Keep a message in a room, if its sender may write there."""
        self._changes.begin()
        talk = self._records.talks.get(draft.conversation_id)
        if talk is None or talk.room is None or talk.room.closed:
            return None
        member = talk.members.get(draft.sender)
        if member is None or not member.inside or member.muted_at(draft.at):
            return None
        return self._append(talk, draft)

    async def sent(
        self, conversation_id: ConversationId, sender: UserId, client_id: str
    ) -> Message | None:
        """The message that its sender calls so, or None."""
        return self._records.named.get((conversation_id, sender, client_id))

    async def get(self, message_id: MessageId) -> Message | None:
        """The message of this id, whoever may see it, or None."""
        place = self._records.places.get(message_id)
        if place is None:
            return None
        conversation_id, seq = place
        return self._records.talks[conversation_id].messages[seq - 1]

    async def some(self, message_ids: Sequence[MessageId]) -> Sequence[Message]:
        """Those of these messages that there are."""
        found = [await self.get(one) for one in message_ids]
        return [one for one in found if one is not None]

    async def veil(self, message_id: MessageId, veil: Veil | None) -> None:
        """Hide a message, if there is one, as staff has decided, or show it again with None."""
        self._changes.begin()
        before = await self.get(message_id)
        if before is None:
            return
        messages, place = self._records.talks[before.conversation_id].messages, before.seq - 1
        self._changes.did(partial(messages.__setitem__, place, before))
        messages[place] = attrs.evolve(before, veil=veil)
        if before.client_id is not None:
            name = (before.conversation_id, before.sender, before.client_id)
            self._changes.set(self._records.named, name, messages[place])

    async def history(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """The messages that a window shows, newest first."""
        talk = self._records.talks.get(conversation_id)
        return () if talk is None else talk.page(window)

    async def editions(self, excerpts: Sequence[Excerpt]) -> Sequence[Editions]:
        """Those of the messages that ``history`` gives of each."""
        return [editions_of(await self.history(*each)) for each in excerpts]

    async def waiting(self, conversation_id: ConversationId, window: Window) -> Sequence[Message]:
        """Those that others wrote and the viewer's devices do not have, oldest first."""
        talk = self._records.talks.get(conversation_id, Talk())
        member = talk.members.get(window.viewer)
        after = max(window.after, member.cursors.delivered) if member else 0
        shown = [one for one in talk.shown(window.viewer, after) if one.sender != window.viewer]
        return shown[::-1][: window.limit]

    async def dialogue(self, pair: Pair) -> Dialogue | None:
        """The conversation of two people, or None where nobody has written."""
        talk = self._records.talks.get(pair.conversation_id)
        return None if talk is None else _dialogue(talk)

    async def dialogues(
        self, viewer: UserId, before: tuple[Millis, ConversationId] | None, limit: int
    ) -> Sequence[DialogueSummary]:
        """Up to ``limit`` of somebody's direct conversations, the last written to first."""
        talks = (self._records.talks[one] for one in self._records.direct.get(viewer, ()))
        found = [
            DialogueSummary(_dialogue(talk), last, talk.unread(viewer))
            for talk in talks
            if (last := next(talk.shown(viewer, 0), None)) is not None
        ]
        found.sort(key=_place, reverse=True)
        return [one for one in found if before is None or _place(one) < before][:limit]

    async def news(
        self, conversation_id: ConversationId, after: int, limit: int
    ) -> tuple[Sequence[Message], frozenset[UserId]]:
        """Up to ``limit`` messages above a number, oldest first, and who is in the conversation."""
        talk = self._records.talks.get(conversation_id, Talk())
        inside = frozenset(one.user_id for one in talk.members.values() if one.inside)
        return talk.messages[after : after + limit], inside

    async def recent(self, viewer: UserId, limit: int) -> Sequence[Mark]:
        """Where somebody's direct conversations stand, the last written to first."""
        ids = [*self._records.direct.get(viewer, ())]
        ids.sort(key=lambda one: (self._records.talks[one].last_at, one), reverse=True)
        return await self.marks(viewer, ids[:limit])

    async def marks(
        self, viewer: UserId, conversations: Sequence[ConversationId]
    ) -> Sequence[Mark]:
        """Where those of these conversations stand that somebody is part of."""
        found = ((one, self._records.talks.get(one, Talk())) for one in conversations)
        return [
            Mark(one, len(talk.messages), talk.members[viewer].cursors.cleared)
            for one, talk in found
            if viewer in talk.members and talk.members[viewer].inside
        ]

    async def parts(
        self, user_id: UserId, after: ConversationId | None, limit: int
    ) -> Sequence[Part]:
        """Up to ``limit`` conversations that somebody is or was part of, by id."""
        ids = [one for one in self._of(user_id) if after is None or one > after]
        return [_part(self._records.talks[one], user_id) for one in ids[:limit]]

    async def written(
        self, user_id: UserId, after: tuple[ConversationId, int] | None, limit: int
    ) -> Sequence[Message]:
        """Up to ``limit`` messages that somebody wrote, by conversation and number."""
        messages = (
            message
            for conversation_id in self._of(user_id)
            for message in self._records.talks[conversation_id].messages
            if message.sender == user_id
        )
        above = (one for one in messages if after is None or (one.conversation_id, one.seq) > after)
        return list(islice(above, limit))

    def _of(self, user_id: UserId) -> list[ConversationId]:
        talks = self._records.talks.items()
        return sorted(one for one, talk in talks if user_id in talk.members)

    async def tally(self, since: Millis) -> Sequence[Tally]:
        """How much is written on each campus where anything is, by id."""
        tallies = dict[CampusId, Tally]()
        for talk in self._records.talks.values():
            campus_id = self._campus_of(talk)
            before = tallies.get(campus_id, Tally(campus_id, 0, 0, 0, 0))
            tallies[campus_id] = Tally(
                campus_id,
                before.direct + (talk.pair is not None),
                before.rooms + (talk.room is not None and not talk.room.closed),
                before.messages + len(talk.messages),
                before.recent + sum(one.at > since for one in talk.messages),
            )
        return [tallies[campus_id] for campus_id in sorted(tallies)]

    def _campus_of(self, talk: Talk) -> CampusId:
        if talk.room is not None:
            return talk.room.campus_id
        if talk.pair is None:
            raise LookupError("This is no conversation.")
        return self._accounts.people[talk.pair.low].campus_id

    async def unread(
        self,
        conversation_id: ConversationId,
        viewer: UserId,
        hidden: Collection[UserId] = frozenset(),
    ) -> int:
        """How many messages of others somebody has not read, up to a hundred."""
        talk = self._records.talks.get(conversation_id, Talk())
        return talk.unread(viewer, hidden) if viewer in talk.members else 0

    async def advance(
        self, conversation_id: ConversationId, user_id: UserId, cursors: Cursors
    ) -> Cursors | None:
        """Move somebody's cursors on; where they are now."""
        self._changes.begin()
        talk = self._records.talks.get(conversation_id, Talk())
        member = talk.members.get(user_id)
        if member is None:
            return None
        before = member.cursors
        now = Cursors(
            max(before.delivered, cursors.delivered),
            max(before.read, cursors.read),
            max(before.cleared, cursors.cleared),
        )
        self._changes.set(talk.members, user_id, attrs.evolve(member, cursors=now))
        return now

    def _append(self, talk: Talk, draft: Draft) -> Message:
        if draft.sender not in self._accounts.people:
            raise self._changes.failed(UnitMisused("The sender does not exist."))
        at = max(draft.at, talk.last_at or draft.at)
        message = Message.of(draft, len(talk.messages) + 1, at)
        if draft.client_id is not None:
            name = (draft.conversation_id, draft.sender, draft.client_id)
            if name in self._records.named:
                raise self._changes.failed(MessageExists())
            self._changes.set(self._records.named, name, message)
        self._changes.set(self._records.places, message.id, (message.conversation_id, message.seq))
        talk.messages.append(message)
        self._changes.did(talk.messages.pop)
        return message


def _place(summary: DialogueSummary) -> tuple[Millis, ConversationId]:
    return summary.dialogue.last_at, summary.dialogue.id


def _part(talk: Talk, user_id: UserId) -> Part:
    name = None if talk.room is None else talk.room.name
    return Part(talk.members[user_id], len(talk.messages), talk.last_at, talk.pair, name)


def _dialogue(talk: Talk) -> Dialogue:
    if talk.pair is None or talk.last_at is None:
        raise LookupError("This is not a direct conversation.")
    pair = talk.pair
    return Dialogue(
        pair=pair,
        last_seq=len(talk.messages),
        last_at=talk.last_at,
        low=talk.members[pair.low].cursors,
        high=talk.members[pair.high].cursors,
    )
