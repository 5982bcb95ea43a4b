"""What processes tell each other for the sockets of one person.

A notice says that something happened; nobody's own words travel in it. Whoever delivers it decides
then and there what its person may be shown. It reaches sockets at most once: lists are the truth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import attrs

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.values import value


@attrs.frozen
class PersonNotice:
    """Something for the sockets of a person, on whatever process they are.

    ``topic`` is the context it is of, and so the namespace (``social``: ``/social``); ``name`` is
    the event's name there. ``data`` is JSON, with ids where it could have people's own words.
    """

    campus_id: CampusId
    user_id: UserId
    topic: str
    name: str
    data: Mapping[str, Any] = attrs.field(factory=dict)


@value
class NoticesLost:
    """The connection between processes was lost; anything may have changed."""


class PersonNotices(Protocol):
    """Carries notices to every process."""

    async def publish(self, notice: PersonNotice) -> None:
        """Tell every process that listens now, this one included.

        Raises:
            StoreUnavailable: it may not have been told.
        """
        ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[PersonNotice | NoticesLost]]:
        """All notices from now on, of every person, from every process.

        The backlog is bounded: whoever reads too slowly gets one ``NoticesLost`` instead.
        """
        ...
