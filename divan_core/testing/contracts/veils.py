"""How stores hide messages as staff has decided, on every path that reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import pytest

from divan_core.chat.model import MessageId, Veil
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.letters import (
    dialogues,
    pair_of,
    send,
    shown,
    waiting,
)
from divan_core.testing.contracts.samples import populate


class VeilsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    @pytest.mark.parametrize("veil", Veil)
    async def test_who_still_sees_a_message(self, stores: RelationalStores, veil: Veil) -> None:
        """Nobody else; its sender, unless it was removed."""
        message_id = await self.sent(stores)
        before = await self.seen(stores)
        await self.veil(stores, message_id, veil)
        removed = veil is Veil.REMOVED
        assert [one.seq for one in await shown(stores, 1, 2)] == ([2, 1] if not removed else [1])
        assert [one.seq for one in await shown(stores, 2, 1)] == [1]
        assert [one.seq for one in await waiting(stores, 2, 1)] == [1]
        (mine,), (theirs,) = await dialogues(stores, 1), await dialogues(stores, 2)
        assert (mine.last.seq, theirs.last.seq) == (1 if removed else 2, 1)
        assert theirs.unread == 1
        if not removed:
            assert mine.last.veil is veil
        await self.veil(stores, message_id, None)
        assert await self.seen(stores) == before

    async def test_the_author_of_the_shadowed_keeps_them(self, stores: RelationalStores) -> None:
        """What the gate has shadowed stays so when a veil comes and goes."""
        await populate(stores, 2)
        await send(stores, 1, 1, 2, shadowed=True)
        (message,) = await shown(stores, 1, 2)
        before = await self.seen(stores)
        await self.veil(stores, message.id, Veil.REMOVED)
        assert await shown(stores, 1, 2) == []
        await self.veil(stores, message.id, None)
        assert await self.seen(stores) == before
        assert await shown(stores, 2, 1) == []

    async def test_a_message_is_found_whatever_hides_it(self, stores: RelationalStores) -> None:
        """By its id; nothing is found for another one, and hiding that does nothing."""
        message_id = await self.sent(stores)
        await self.veil(stores, message_id, Veil.REMOVED)
        found = await stores.units.read(lambda unit: unit.messages.get(message_id))
        assert found is not None
        assert (found.id, found.veil) == (message_id, Veil.REMOVED)
        unknown = MessageId(pair_of(1, 2).conversation_id)
        assert await stores.units.read(lambda unit: unit.messages.get(unknown)) is None
        some = await stores.units.read(lambda unit: unit.messages.some([unknown, message_id]))
        assert some == [found]
        assert await stores.units.read(lambda unit: unit.messages.some([])) == []
        await self.veil(stores, unknown, Veil.REMOVED)

    async def test_who_listens_is_told_of_the_veil(self, stores: RelationalStores) -> None:
        """Whatever is read for many at once has it on it."""
        message_id = await self.sent(stores)
        await self.veil(stores, message_id, Veil.TOMBSTONED)
        conversation_id = pair_of(1, 2).conversation_id
        found, _ = await stores.units.read(lambda unit: unit.messages.news(conversation_id, 0, 9))
        assert [one.veil for one in found] == [None, Veil.TOMBSTONED]

    async def sent(self, stores: RelationalStores) -> MessageId:
        """Two messages of person 1 to person 2; the id of the second."""
        await populate(stores, 2)
        await send(stores, 1, 1, 2)
        await send(stores, 2, 1, 2, client_id="mine")
        newest, _ = await shown(stores, 1, 2)
        return newest.id

    async def veil(
        self, stores: RelationalStores, message_id: MessageId, veil: Veil | None
    ) -> None:
        """Hide a message or show it."""

        async def body(unit: StoreUnit) -> None:
            await unit.messages.veil(message_id, veil)

        await stores.units.write(body, locking=True)

    async def seen(self, stores: RelationalStores) -> object:
        """All that the two see of their conversation."""
        return [
            (
                await shown(stores, one, other),
                await waiting(stores, one, other),
                await dialogues(stores, one),
            )
            for one, other in ((1, 2), (2, 1))
        ]
