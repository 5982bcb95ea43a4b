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
    """The last message of each conversation that this process wrote to lately, for one use.

    ``forgotten`` is how often it was told to forget. What staff or rules decide about a message may
    be heard before the process that has written it comes to keep it.
    """

    def __init__(self, clock: Clock) -> None:
        """Forget by ``clock``."""
        self.forgotten = 0
        self._clock = clock
        self._written: OrderedDict[ConversationId, Written] = OrderedDict()

    def put(self, view: MessageView, since: int, *, shadowed: bool) -> None:
        """Keep a message that has just become durable.

        ``since`` is ``forgotten`` as it was before the message was written: if it is another now,
        the message is not kept.
        """
        if since != self.forgotten:
            return
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

    def forget(self) -> None:
        """Something was decided about some message, or may have been: have all be read."""
        self.forgotten += 1
        self._written.clear()
