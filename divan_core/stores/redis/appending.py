"""How events get into streams, and how it is noticed that a stream has lost some.

A campus has a set of its topics, which is gone when the server lost everything. A server may also
begin again from an older copy of its data: so this process tells the last entry that it knows.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId
from divan_core.stores.redis.envelope import EventSeal
from divan_core.stores.redis.errors import RedisOutcomeUnknown
from divan_core.stores.redis.link import Part
from divan_core.stores.redis.scripts import load_script
from divan_core.stores.redis.streams import Streams, all_of, together

_APPENDED: Final = 500
_APPENDED_BYTES: Final = 512 * 1024

_PUBLISH: Final = load_script("publish")
_LOST: Final = load_script("lost")


class Appending:
    """Appends to streams, and with each call rings the bells of a topic in other processes."""

    def __init__(self, streams: Streams, seal: EventSeal, ring: Callable[[str], bytes]) -> None:
        """Sign events with ``seal``; ``ring`` gives the message that rings for a topic."""
        self._streams = streams
        self._seal = seal
        self._ring = ring
        # Campuses whose streams have begun, or may have, without anybody having been told.
        self._untold: set[CampusId] = set()
        # Campuses that were said to have lost something, and where nothing was published since.
        self._missed: set[CampusId] = set()

    async def publish(self, events: Sequence[Event]) -> frozenset[CampusId]:
        """See the port."""
        streams: defaultdict[tuple[CampusId, str], list[bytes]] = defaultdict(list)
        topics: defaultdict[str, set[CampusId]] = defaultdict(set)
        for event in events:
            streams[event.campus_id, event.topic].append(self._seal.sealed(event))
            topics[event.topic].add(event.campus_id)
        done = await together(
            *(self._streams.roll.enter(topic, those) for topic, those in topics.items()),
            *(self._append(*stream, messages) for stream, messages in streams.items()),
        )
        all_of(done)
        self._begin_anew(streams)
        told, self._untold = frozenset(self._untold), set()
        return told

    async def lost(self, campuses: Collection[CampusId]) -> frozenset[CampusId]:
        """See the port. The roll is written again on the way."""
        asked = tuple(campuses)
        topics = self._streams.roll.topics(asked)
        known: defaultdict[CampusId, list[str]] = defaultdict(list)
        for topic, those in topics.items():
            for campus_id in those:
                known[campus_id].append(topic)
        done = await together(
            *(self._is_lost(campus_id, known[campus_id]) for campus_id in asked),
            *(self._streams.roll.enter(topic, those) for topic, those in topics.items()),
        )
        gone = [one for one, is_lost in zip(asked, all_of(done), strict=False) if is_lost]
        if gone:
            self._missed.update(gone)
            self._streams.roll.doubt()
        return frozenset(gone).union(self._untold.intersection(asked))

    def _begin_anew(self, published: Collection[tuple[CampusId, str]]) -> None:
        """Where a loss was told of, expect no more than what was published since.

        Streams of other topics may come again much later, and are not lost anew until then.
        """
        for campus_id in self._missed.intersection(campus_id for campus_id, _ in published):
            for topic in self._streams.roll.topics((campus_id,)):
                if (campus_id, topic) not in published:
                    self._streams.forget(self._streams.keys(campus_id, topic).stream)
            self._missed.discard(campus_id)

    async def _append(self, campus_id: CampusId, topic: str, messages: Sequence[bytes]) -> None:
        """Append to one stream, in few calls, none of which is very long."""
        stream = self._streams.keys(campus_id, topic).stream
        keys = (stream, self._streams.campus(campus_id).streams)
        for part in _portions(messages):
            args: list[Part] = [topic, self._streams.seen(stream), self._ring(topic), *part]
            try:
                last, begun = await self._streams.client.run(_PUBLISH, keys, args)
            except (RedisOutcomeUnknown, asyncio.CancelledError):
                self._untold.add(campus_id)
                raise
            if begun:
                self._untold.add(campus_id)
                self._streams.roll.doubt()
                self._streams.forget(stream)
            self._streams.saw(stream, last)

    async def _is_lost(self, campus_id: CampusId, topics: Iterable[str]) -> bool:
        streams = [self._streams.keys(campus_id, topic).stream for topic in topics]
        seen = [one for one in streams if self._streams.seen(one)]
        found = await self._streams.client.run(
            _LOST,
            (self._streams.campus(campus_id).streams, *seen),
            [self._streams.seen(one) for one in seen],
            idempotent=True,
        )
        for topic in found or ():
            self._streams.roll.learn(topic.decode(), campus_id)
        return found is None


def _portions(messages: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The messages in order, so many or so long at once as a server takes without a pause."""
    first = size = 0
    for at, message in enumerate(messages):
        size += len(message)
        if at > first and (at - first >= _APPENDED or size > _APPENDED_BYTES):
            yield messages[first:at]
            first, size = at, len(message)
    yield messages[first:]
