"""Sessions that listen to conversations, and what is due to them."""

from __future__ import annotations

from typing import Final

import attrs

from divan_core.chat.live import MOST_MARKS, Heard, News
from divan_core.chat.messages import ConversationId
from divan_core.kernel.ids import CampusId, UserId
from divan_rt.audience import Session
from divan_rt.library import EnginePacket
from divan_rt.packet import ROOMS, event

AGAIN_S: Final = 0.05
"""How long to wait for a socket that has much to read, and for a store that is away."""


@attrs.define(eq=False)
class Ear:
    """A session that listens, and up to which number it has each conversation.

    Nothing is brought to it before it is ``ready``, nor while it is ``sending``: what it sends
    itself, its ``own``, comes back in the acknowledgement.
    """

    session: Session
    places: dict[ConversationId, int] = attrs.field(factory=dict)
    own: set[tuple[ConversationId, int]] = attrs.field(factory=set)
    ready: bool = False
    sending: int = 0

    def place(self, due: Due) -> int:
        """Up to which number it has a conversation; one that has just begun, from its beginning."""
        known = self.places.get(due.conversation_id)
        if known is not None:
            return known
        return 0 if len(self.places) < MOST_MARKS else due.seq - 1

    def has(self, due: Due) -> bool:
        """Whether it has the message up to which something is due, as far as is known."""
        known = self.places.get(due.conversation_id)
        return self.ready and (known is None or known >= due.seq)

    def pass_on(self, due: Due, heard: Heard, copies: Copies) -> None:
        """Send a message, unless the session sent it itself or its person may not see it."""
        mine = (due.conversation_id, heard.view.seq)
        if self.own and mine in self.own:
            self.own.discard(mine)
        elif heard.shown_to(self.session.actor.user_id):
            self.session.outlet.send(copies.of(self.session, heard))

    @property
    def open(self) -> bool:
        """Whether something can be brought now."""
        return self.ready and not self.sending and not self.session.ended


@attrs.define
class Due:
    """A conversation that has come to ``seq``, and who of it is known; nobody in rooms."""

    campus_id: CampusId
    conversation_id: ConversationId
    seq: int
    room: bool
    people: set[UserId] = attrs.field(factory=set)


class Copies:
    """News, and what is sent of them: each written once, for however many sessions."""

    def __init__(self, news: News) -> None:
        """Nothing is written yet."""
        self.news = news
        self._written: dict[tuple[str, int], EnginePacket] = {}

    def of(self, session: Session, heard: Heard) -> EnginePacket:
        """What a session is sent of one of these messages."""
        name = _name(session, heard)
        packet = self._written.get((name, heard.view.seq))
        if packet is None:
            packet = event(session.namespace, name, heard.view)
            self._written[name, heard.view.seq] = packet
        return packet


def _name(session: Session, heard: Heard) -> str:
    if session.namespace == ROOMS:
        return "room:message"
    mine = heard.view.sender_id == session.actor.user_id
    return "chat:echo" if mine else "chat:message"
