"""How consumers get events out of streams."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import CONSUMER_LEASE_MS, Delivery, Group
from divan_core.kernel.ids import CampusId
from divan_core.stores.redis.envelope import EventSeal
from divan_core.stores.redis.hand import Hand, Place, Reader, Share
from divan_core.stores.redis.link import Reply
from divan_core.stores.redis.scripts import load_script
from divan_core.stores.redis.streams import Streams, all_of, together

_TAKE: Final = load_script("take")
_LEAVE: Final = load_script("leave")

_NOWHERE: Final[Place] = (b"", b"")

_log = logging.getLogger(__name__)


class Taking:
    """Takes from the streams of all campuses, and knows where each consumer is in them.

    ``rejected`` counts entries that were not signed with this deployment's key.
    """

    def __init__(self, streams: Streams, seal: EventSeal, ring: Callable[[str], bytes]) -> None:
        """Believe what is signed with ``seal``; tell other processes of leases given back.

        ``ring`` gives the message that rings for a topic.
        """
        self.rejected = 0
        self._streams = streams
        self._seal = seal
        self._ring = ring
        self._places: defaultdict[Reader, dict[CampusId, Place]] = defaultdict(dict)
        self._spare: set[Reader] = set()

    async def take(self, reader: Reader, most: int) -> Sequence[Delivery]:
        """See the port. Streams whose node is away are left out while others give something."""
        hand = Hand(most, self._places[reader])
        group, roll = reader.group, self._streams.roll
        known = hand.asked(roll.campuses(group.topic))
        done = await together(
            roll.read(group.topic, group.name),
            *(self._share(reader, hand, *asked) for asked in known),
        )
        news, *shares = done
        again = hand.add(shares)
        if isinstance(news, list):
            again += news
        while again and hand.left > 0:
            asked = hand.asked(again)
            done = await together(*(self._share(reader, hand, *one) for one in asked))
            again = hand.add(done)
        if not hand.deliveries:
            all_of(done)
        self._places[reader] = hand.places
        (self._spare.add if hand.is_spare else self._spare.discard)(reader)
        return hand.deliveries

    def is_spare(self, reader: Reader) -> bool:
        """See the port."""
        return reader in self._spare

    async def leave(self, reader: Reader) -> None:
        """See the port. A lease that cannot be given back runs out."""
        places = self._places.pop(reader, {})
        self._spare.discard(reader)
        keys = [self._streams.keys(one, reader.group.topic) for one in places]
        args = (reader.group.name, reader.consumer, self._ring(reader.group.topic))
        with suppress(StoreUnavailable):
            await self._streams.everywhere(_LEAVE, [(one.leases,) for one in keys], args)

    async def _share(self, reader: Reader, hand: Hand, campus_id: CampusId, most: int) -> Share:
        """Take from one stream."""
        group = reader.group
        keys = self._streams.keys(campus_id, group.topic)
        place = hand.places.get(campus_id, _NOWHERE)
        lease = (self._streams.moment, group.name, reader.consumer, CONSUMER_LEASE_MS)
        reply = await self._streams.client.run(
            _TAKE,
            (keys.stream, keys.leases, self._streams.campus(campus_id).streams),
            (*lease, most, *place),
        )
        if reply is None:
            return Share(campus_id, most)
        entries = list(zip(reply[1::3], reply[2::3], reply[3::3], strict=True))
        tenure, last = reply[0], place[1] if reply[0] == place[0] else b""
        if entries:
            last = entries[-1][0]
            self._streams.saw(keys.stream, last)
        deliveries = await self._opened(group, campus_id, entries)
        return Share(campus_id, most, len(entries), (tenure, last), deliveries)

    async def _opened(
        self, group: Group, campus_id: CampusId, entries: Sequence[Reply]
    ) -> list[Delivery]:
        """The events in entries; what is none of this stream is dropped for good."""
        good: list[Delivery] = []
        bad: list[bytes] = []
        for receipt, count, message in entries:
            event = self._seal.opened(message)
            if event is None or (event.campus_id, event.topic) != (campus_id, group.topic):
                bad.append(receipt)
            else:
                good.append(Delivery(event, receipt, count))
        if bad:
            await self._reject(group, campus_id, bad)
        return good

    async def _reject(self, group: Group, campus_id: CampusId, bad: Sequence[bytes]) -> None:
        if not self.rejected:  # once: whoever writes these could fill the log
            _log.warning("Redis: an event is not signed with this deployment's key; dropped")
        self.rejected += len(bad)
        with suppress(StoreUnavailable):  # a successor will drop them
            await self._streams.settle(group.name, campus_id, group.topic, bad)
