"""What this process has just written: its own sockets are told it without reading it again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import attrs

from divan_core.chat.messages import MessageView
from divan_core.chat.model import ConversationId
from divan_core.kernel.clock import Clock, Millis

FRESH_MS: Final = 1_000
"""How long a message is told from memory, in milliseconds: staff may decide about it any time."""

MOST: Final = 1_000
"""Of how many conversations the last message is kept."""


@attrs.frozen
class Written:
    """A message as its recipient is told it, unless it is ``shadowed``, and when it was kept."""

    view: MessageView
    shadowed: bool
    at: Millis


class Fresh:
    """The last message of each conversation that this process wrote to lately, for one use."""

    def __init__(self, clock: Clock) -> None:
        """Forget by ``clock``."""
        self._clock = clock
        self._written: OrderedDict[ConversationId, Written] = OrderedDict()

    def put(self, view: MessageView, *, shadowed: bool) -> None:
        """Keep a message that has just become durable."""
        where = view.conversation_id
        self._written[where] = Written(view, shadowed, self._clock.now())
        self._written.move_to_end(where)
        if len(self._written) > MOST:
            self._written.popitem(last=False)

    def take(self, conversation_id: ConversationId, seq: int) -> Written | None:
        """The message of this number, if it is the last that was written here, and is fresh."""
        found = self._written.pop(conversation_id, None)
        if found is None or found.view.seq != seq:
            return None
        return found if 0 <= self._clock.now() - found.at <= FRESH_MS else None

    def forget(self, conversation_id: ConversationId) -> None:
        """Something was decided about a message of a conversation: read what is told of it."""
        self._written.pop(conversation_id, None)
