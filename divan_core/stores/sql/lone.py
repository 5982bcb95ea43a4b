"""A unit that is one statement, if what it supposes is right: a message, its events and its key.

Between the beginning of a transaction and its end, a process and PostgreSQL wait for each other
five times, which takes longer than everything that is done. What a message needs to be told by the
database is little: that its key is new, and which number comes next. The process mostly knows the
number, for it has given out the one before. So it says what it supposes with all that follows from
it; where that was wrong, nothing has happened, and the unit is run in the ordinary way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

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


class LoneConnection(SqlConnection, Protocol):
    """A connection with no transaction, for a unit that is one statement.

    Whatever else its unit wants to run raises :class:`SupposedWrongly`.
    """

    async def glance(
        self, statement: Statement, parameters: Mapping[str, Any]
    ) -> Sequence[Any] | None:
        """The first row of a statement that only reads."""
        ...

    def conclude(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Run this in place of a commit; it has a row if everything is kept, else nothing is."""
        ...


@attrs.frozen
class _Sending:
    """A message with its parameters; ``room`` where it is sent to one."""

    message: Message
    given: Mapping[str, Any]
    room: bool


class Lone:
    """What one unit supposes. On PostgreSQL only.

    ``claims`` is how many keys are supposed to be new.
    """

    def __init__(
        self, connection: LoneConnection, foresight: Foresight, clock: Clock | None
    ) -> None:
        """Conclude on ``connection``; ``clock`` replaces that of the database."""
        self._connection = connection
        self._foresight = foresight
        self._clock = clock
        self.claims = 0
        self._taken: ConversationId | None = None
        self._sending: _Sending | None = None

    async def send(self, draft: Draft, given: Mapping[str, Any], *, room: bool) -> Message:
        """Suppose that a message has the number after the last one.

        Raises:
            SupposedWrongly: there is nothing to suppose it by, or no use.
        """
        talk = draft.conversation_id
        if self._taken is not None or not self._foresight.take(talk):
            raise SupposedWrongly
        self._taken = talk
        standing = self._foresight.standing(talk) or await self._looked_up(talk)
        message = Message.of(draft, standing.seq + 1, max(standing.at, draft.at))
        self._sending = _Sending(message, given, room)
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
        self._connection.conclude(statement, parameters)

    def end(self, *, kept: bool) -> None:
        """Remember what has come of it."""
        talk, sending = self._taken, self._sending
        if talk is None:
            return
        self._foresight.give(talk)
        if sending is not None and kept:
            sent = sending.message
            self._foresight.saw(talk, Standing(sent.seq, sent.at))
        elif sending is not None:
            self._foresight.was_wrong(talk)

    async def _looked_up(self, conversation_id: ConversationId) -> Standing:
        given = {"conversation_id": conversation_id}
        row = await self._connection.glance(standing_statement(), given)
        if row is None or row[1] is None:
            raise SupposedWrongly
        found = Standing(row[0], millis_of(row[1]))
        self._foresight.looked_up(conversation_id, found)
        return found

    def _keyed(self, answer: Answer) -> Mapping[str, Any]:
        statements = KeyStatements(IDEMPOTENCY_KEYS, "postgresql", self._clock)
        fingerprint = answer.claimed.fingerprint or b""
        return statements.keep_parameters(answer.scope, fingerprint, answer.body, answer.ttl_s)
