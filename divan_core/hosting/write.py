"""One keyed write of a host, as the block around it sees it."""

from __future__ import annotations

from typing import Any

import msgspec


class KeyedWriteMisused(RuntimeError):
    """A bug in the block of a keyed write; nothing of the block is kept.

    It ended without :meth:`KeyedWrite.complete`, completed twice, completed a replay, or ended the
    transaction that it is to be part of.
    """


class KeyedWrite:
    """What a key's write answers: now, or earlier.

    ``replayed`` tells that the key was answered before, so that the block must not act again.
    """

    def __init__(self, body: bytes | None = None) -> None:
        """Start without an answer, or with the ``body`` of an earlier one."""
        self.replayed = body is not None
        self._body = body

    @property
    def body(self) -> bytes:
        """The answer as JSON text, byte for byte the same whenever it is replayed.

        Raises:
            KeyedWriteMisused: there is none yet.
        """
        if self._body is None:
            raise KeyedWriteMisused("The write has no answer: call complete(answer) in its block.")
        return self._body

    @property
    def answer(self) -> Any:  # noqa: ANN401 - JSON as Python has it
        """The answer as a replay gives it: what JSON has no word for has become text or a list.

        Raises:
            KeyedWriteMisused: there is none yet.
        """
        return msgspec.json.decode(self.body)

    def complete(self, answer: object) -> None:
        """Answer the write, once its effect is in the transaction.

        ``answer`` is JSON as Python has it; UUIDs, dates, dataclasses and attrs classes will do.

        Raises:
            KeyedWriteMisused: it has an answer already.
            TypeError: the answer cannot be JSON.
        """
        if self._body is not None:
            raise KeyedWriteMisused("The write has an answer already.")
        self._body = msgspec.json.encode(answer)
