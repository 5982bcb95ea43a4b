"""Pages of messages, read both ways: as views, and as JSON of which each message is made once."""

from msgspec.json import encode

from divan_core import Divan
from divan_core.chat.messages import MessagesQuery, MessageView
from divan_core.chat.roommessages import RoomMessagesQuery
from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page


async def page_of(
    divan: Divan, viewer: Actor, query: MessagesQuery | RoomMessagesQuery
) -> Page[MessageView]:
    """A page, which is the same both ways, when it is read for the first time and afterwards."""
    if isinstance(query, MessagesQuery):
        found = await divan.chat.messages(viewer, query)
        printed = [encode(await divan.chat.printed(viewer, query)) for _ in range(2)]
    else:
        found = await divan.rooms.messages(viewer, query)
        printed = [encode(await divan.rooms.printed(viewer, query)) for _ in range(2)]
    assert printed == [encode(found)] * 2
    return found
