"""Messages between people of a sample, for the contracts of whatever keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from divan_core.chat.model import (
    Content,
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Draft,
    Editions,
    Message,
    MessageId,
    Pair,
    Tally,
    Window,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id


def pair_of(one: int, other: int) -> Pair:
    """Two people by their numbers."""
    return Pair.of(user_id(one), user_id(other))


def draft(number: int, sender: int, recipient: int, **changes: Any) -> Draft:  # noqa: ANN401
    """Message ``number``."""
    made = Draft(
        id=MessageId(campus_id(number + 1000 * sender)),
        conversation_id=pair_of(sender, recipient).conversation_id,
        sender=user_id(sender),
        at=Millis(START_MS + number),
        content=Content(f"message {number}"),
    )
    return attrs.evolve(made, **changes)


async def keep(unit: StoreUnit, letter: Draft, sender: int, recipient: int) -> Message:
    """Keep a message in a unit."""
    return await unit.messages.send(letter, pair_of(sender, recipient), campus_id(1))


async def send(
    stores: RelationalStores,
    number: int,
    sender: int,
    recipient: int,
    **changes: Any,  # noqa: ANN401 - evolve knows
) -> Message:
    """Keep a message in a unit of its own, which is a brief one for every other number."""
    letter = draft(number, sender, recipient, **changes)
    return await stores.units.write(
        lambda unit: keep(unit, letter, sender, recipient),
        locking=True,
        brief=number % 2 == 0,
    )


async def say(stores: RelationalStores, letter: Draft) -> Message | None:
    """Send a message to a room in a unit of its own."""
    return await stores.units.write(lambda unit: unit.messages.send_to_room(letter), locking=True)


async def read(stores: RelationalStores, body: Any) -> Any:  # noqa: ANN401 - whatever it reads
    """Read in a unit of its own."""
    return await stores.units.read(body)


async def news(
    stores: RelationalStores, pair: tuple[int, int], after: int, limit: int
) -> tuple[Sequence[Message], frozenset[UserId]]:
    """Messages of two people above a number, and who is in their conversation."""
    conversation_id = pair_of(*pair).conversation_id
    found: tuple[Sequence[Message], frozenset[UserId]] = await read(
        stores, lambda unit: unit.messages.news(conversation_id, after, limit)
    )
    return found


async def history(
    stores: RelationalStores,
    viewer: int,
    peer: int,
    **window: Any,  # noqa: ANN401 - a window's fields
) -> Sequence[Message]:
    """What a viewer is shown of a conversation."""
    conversation_id = pair_of(viewer, peer).conversation_id
    shown = Window(user_id(viewer), **{"limit": 50, **window})
    found = await read(stores, lambda unit: unit.messages.history(conversation_id, shown))
    return list(found)


async def editions(
    stores: RelationalStores,
    viewer: int,
    peer: int,
    **window: Any,  # noqa: ANN401 - a window's fields
) -> Editions:
    """The editions of what a viewer is shown of a conversation."""
    conversation_id = pair_of(viewer, peer).conversation_id
    asked = Window(user_id(viewer), **{"limit": 50, **window})
    excerpt = (conversation_id, asked)
    (found,) = await read(stores, lambda unit: unit.messages.editions([excerpt]))
    return Editions(found)


async def shown(
    stores: RelationalStores,
    viewer: int,
    peer: int,
    **window: Any,  # noqa: ANN401 - a window's fields
) -> Sequence[Message]:
    """What a viewer is shown of a conversation, of which editions tell the same."""
    found = await history(stores, viewer, peer, **window)
    assert await editions(stores, viewer, peer, **window) == b"".join(one.edition for one in found)
    return found


async def waiting(
    stores: RelationalStores,
    viewer: int,
    peer: int,
    **window: Any,  # noqa: ANN401 - a window's fields
) -> Sequence[Message]:
    """What waits for a viewer in a conversation."""
    conversation_id = pair_of(viewer, peer).conversation_id
    shown = Window(user_id(viewer), **{"limit": 50, **window})
    found = await read(stores, lambda unit: unit.messages.waiting(conversation_id, shown))
    return list(found)


async def advance(
    stores: RelationalStores, viewer: int, peer: int, cursors: Cursors
) -> Cursors | None:
    """Move a viewer's cursors on in a conversation."""
    conversation_id = pair_of(viewer, peer).conversation_id
    return await stores.units.write(
        lambda unit: unit.messages.advance(conversation_id, user_id(viewer), cursors), locking=True
    )


async def dialogue(stores: RelationalStores, one: int, other: int) -> Dialogue | None:
    """The conversation of two people."""
    found = await read(stores, lambda unit: unit.messages.dialogue(pair_of(one, other)))
    assert found is None or isinstance(found, Dialogue)
    return found


async def tally(stores: RelationalStores, since: int) -> Sequence[Tally]:
    """How much is written."""
    return list(await read(stores, lambda unit: unit.messages.tally(Millis(since))))


async def dialogues(
    stores: RelationalStores,
    viewer: int,
    before: tuple[Millis, ConversationId] | None = None,
    limit: int = 50,
) -> Sequence[DialogueSummary]:
    """A page of somebody's conversations."""
    found = await read(stores, lambda unit: unit.messages.dialogues(user_id(viewer), before, limit))
    return list(found)


def _peer(summary: DialogueSummary, viewer: int) -> object:
    return summary.dialogue.peer_of(user_id(viewer))
