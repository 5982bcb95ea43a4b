"""A unit that is one statement, if what it supposes is right: a message, its events and its key.

Between the beginning of a transaction and its end, a process and PostgreSQL wait for each other
five times, which takes longer than everything that is done. What a message needs to be told by the
database is little: that its key is new, and which number comes next. The process mostly knows the
number, for it has given out the one before. So it says what it supposes with all that follows from
it; where that was wrong, nothing has happened, and the unit is run in the ordinary way.

What is sent to one conversation at the same time supposes one number after the other, and goes
together.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import attrs

from divan_core.chat.model import ConversationId, Draft, Message
from divan_core.kernel.clock import Clock
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.foresight import Foresight, Standing
from divan_core.stores.sql.keystatements import KeyStatements
from divan_core.stores.sql.lonestatements import lone_statement, standing_statement
from divan_core.stores.sql.moments import present
from divan_core.stores.sql.pending import Answer, Pending
from divan_core.stores.sql.spelling import Statement
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS
from divan_core.stores.sql.types import millis_of


class SupposedWrongly(Exception):
    """Nothing has happened; the unit is to be run in the ordinary way."""

    def __init__(self, talk: ConversationId | None = None) -> None:
        """Something was to be supposed of ``talk``, if that is known."""
        super().__init__()
        self.talk = talk


class Conclusion(NamedTuple):
    """A statement that has a row with its ``name`` alone if everything is kept, else nothing is.

    Those about the same ``thing`` run in the order of their conclusion.
    """

    thing: Hashable
    name: Hashable
    statement: Statement
    parameters: Mapping[str, Any]


class LoneConnection(SqlConnection, Protocol):
    """A connection with no transaction, for a unit that is one statement.

    Whatever else its unit wants to run raises :class:`SupposedWrongly`.
    """

    async def glance(
        self, statement: Statement, parameters: Mapping[str, Any]
    ) -> Sequence[Any] | None:
        """The first row of a statement that only reads."""
        ...

    def conclude(self, conclusion: Conclusion) -> None:
        """Run this in place of a commit."""
        ...


@attrs.frozen
class _Sending:
    """A message with its parameters; ``room`` where it is sent to one.

    ``looked_up`` where its number follows from what was just read.
    """

    message: Message
    given: Mapping[str, Any]
    room: bool
    looked_up: bool


class Lone:
    """What one unit supposes. On PostgreSQL only.

    ``claims`` is how many keys are supposed to be new, and ``talk`` the conversation.
    """

    def __init__(
        self, connection: LoneConnection, foresight: Foresight, clock: Clock | None
    ) -> None:
        """Conclude on ``connection``; ``clock`` replaces that of the database."""
        self._connection = connection
        self._foresight = foresight
        self._clock = clock
        self.claims = 0
        self.talk: ConversationId | None = None
        self._sending: _Sending | None = None

    async def send(self, draft: Draft, given: Mapping[str, Any], *, room: bool) -> Message:
        """Suppose that a message has the number after the last one.

        Raises:
            SupposedWrongly: there is nothing to suppose it by, or no use.
        """
        talk = self.talk = draft.conversation_id
        if self._sending is not None or not self._foresight.begins(talk):
            raise SupposedWrongly
        known = self._foresight.standing(talk)
        try:
            before = known or await self._looked_up(talk)
        except BaseException:
            self._foresight.gave_up(talk)
            raise
        message = Message.of(draft, before.seq + 1, max(before.at, draft.at))
        self._foresight.gave(talk, Standing(message.seq, message.at))
        self._sending = _Sending(message, given, room, looked_up=known is None)
        return message

    def conclude(self, pending: Pending) -> None:
        """Have everything kept that the unit wants to keep.

        Raises:
            SupposedWrongly: it is something else than this is made for.
        """
        sending, answers = self._sending, pending.answers
        if sending is None or len(answers) != self.claims or self.claims > 1:
            raise SupposedWrongly
        statement = lone_statement(
            room=sending.room, keyed=bool(answers), clocked=self._clock is not None
        )
        number = {"given_seq": sending.message.seq, "given_at": sending.message.at}
        parameters = {**sending.given, **number, **pending.columns(), **present(self._clock)}
        for one in answers:
            parameters |= self._keyed(one)
        message = sending.message
        self._connection.conclude(
            Conclusion(message.conversation_id, message.id, statement, parameters)
        )

    def end(self, *, kept: bool) -> None:
        """Remember what has come of it."""
        if (sending := self._sending) is None:
            return
        sent = sending.message
        if kept:
            self._foresight.kept(sent.conversation_id, Standing(sent.seq, sent.at))
        else:
            self._foresight.was_wrong(sent.conversation_id, looked_up=sending.looked_up)

    async def _looked_up(self, conversation_id: ConversationId) -> Standing:
        given = {"conversation_id": conversation_id}
        row = await self._connection.glance(standing_statement(), given)
        if row is None or row[1] is None:
            raise SupposedWrongly
        return self._foresight.looked_up(conversation_id, Standing(row[0], millis_of(row[1])))

    def _keyed(self, answer: Answer) -> Mapping[str, Any]:
        statements = KeyStatements(IDEMPOTENCY_KEYS, "postgresql", self._clock)
        fingerprint = answer.claimed.fingerprint or b""
        return statements.keep_parameters(answer.scope, fingerprint, answer.body, answer.ttl_s)
