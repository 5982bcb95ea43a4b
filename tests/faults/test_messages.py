"""Whatever goes wrong on the way of a message: sent again under its name, it is one message."""

from collections import Counter
from typing import Final

import anyio
import pytest

from divan_core.chat.messages import MessagesQuery, MessageView, SendMessage
from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.settings import Settings
from divan_core.stores.factories import sql_stores
from divan_core.testing.faults import FaultPoints, Raise
from tests.faults.campus import people, person

pytestmark = pytest.mark.anyio

POINTS: Final = (
    "journal.read:before",
    "limits.admit:before",
    "limits.admit:after",
    "units.write:before",
    "messages.send:before",
    "messages.send:after",
    "outbox.add:before",
    "outbox.add:after",
    "units.write:after",
    "person_notices.publish:before",
    "person_notices.publish:after",
)


async def insist(divan: Divan, actor: Actor, command: SendMessage) -> MessageView:
    """Send a message again and again until it is acknowledged."""
    for _ in range(20):
        try:
            return (await divan.chat.send(actor, command)).view
        except StoreUnavailable:
            await anyio.sleep(0.01)
    pytest.fail("it was never acknowledged")


async def test_an_error_at_every_point(settings: dict[str, str]) -> None:
    address = settings["DIVAN_DATABASE_URL"]
    await people(address, 2)
    faults = FaultPoints()
    stores = faults.around(sql_stores(address))
    async with Divan.open(Settings(env="test"), stores=stores) as divan:
        ana, ben = [await divan.accounts.actor(person(number)) for number in (1, 2)]
        told = list[MessageView]()
        for number, point in enumerate(POINTS):
            reached = faults.reached(point)
            faults.arm(point, Raise(StoreUnavailable()))
            command = SendMessage(ben.user_id, str(number), client_msg_id=f"m{number}")
            told.append(await insist(divan, ana, command))
            assert faults.reached(point) > reached, point
        kept = (await divan.chat.messages(ben, MessagesQuery(ana.user_id))).items
        assert [one.seq for one in kept] == list(range(len(POINTS), 0, -1))
        assert list(kept) == told[::-1]
        assert set(Counter(one.body for one in kept).values()) == {1}
