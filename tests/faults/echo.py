"""A consumer whose effect shows how often, and in which order, it acted.

It answers each event with one of its own, of the same aggregate. Nothing about that is idempotent:
whoever acts twice leaves two.
"""

from typing import Any, Final

import attrs
from sqlalchemy import Row

from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event, EventId
from divan_core.social.messages import SOCIAL
from divan_core.stores.bundle import StoreUnit
from divan_core.system import SystemIds
from divan_core.workers.subscription import Subscription

ECHO: Final = "echo"
_IDS: Final = SystemIds()


async def answer(unit: StoreUnit, event: Event) -> None:
    echo = attrs.evolve(
        event, id=EventId(_IDS.uuid()), topic=ECHO, name=ECHO, data={"of": str(event.id)}
    )
    await unit.outbox.add(echo)


def echoes(topic: str = SOCIAL) -> Subscription:
    """Answer every event of a topic."""
    return Subscription(Group(ECHO, topic), answer)


def echoed(row: Row[Any]) -> str:
    """The id of the event that an echo answers."""
    found: str = row.data["of"]
    return found
