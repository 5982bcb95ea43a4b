"""Every key and channel that Divan uses in Redis.

``<c>`` stands for ``divan:{<campus id>}``; the braces keep a campus on one node of a cluster.
``<t>`` stands for ``divan:{topic:<topic>}``, which belongs to no campus.

======================  ======  ======================================================  =========
key                     type    what it holds                                           TTL
======================  ======  ======================================================  =========
``<c>:people``          hash    person (16 bytes) -> ends, cell, last fix, record       150 s
``<c>:deadlines``       zset    person -> not later than when their lease or value ends 150 s
``<c>:grid``            hash    number of a cell -> people online there, 16 bytes each  150 s
``<c>:sizes``           hash    size of cell -> how many people stand in such cells     150 s
``<c>:leaves``          hash    number of a cell -> signed notice for leaving it        150 s
``<c>:seen``            zset    person -> when last heard                               a day
``<c>:journal``         stream  changes of people and relations (field ``people``)      a day
``<c>:pending``         zset    announced changes -> when they count as made            a day
``<c>:limit:<n>:<u>``   list    moments of user ``u``'s admissions under limit ``n``,   window
                                youngest first                                          + 60 s
``<c>:budget:<n>:<u>``  zset    people answered to user ``u`` under limit ``n``, by     window
                                when last                                               + 60 s
``<c>:streams``         set     topics that there are streams of                        none
``<c>:<topic>``         stream  events (field ``event``: signed JSON)                   none
``<c>:<topic>:dlq``     stream  dead letters, the last 10,000                           none
``<c>:<topic>:leases``  hash    group -> end, tenure and holder of its lease            none
``<t>``                 set     campuses that have a stream of the topic                none
``<t>:groups``          zset    groups that read the topic, by when they last took      none
======================  ======  ======================================================  =========

A cell's number is ``(size · 2²⁰ + column + 2¹⁹) · 2²⁰ + row + 2¹⁹``.

There are three channels, whose messages are signed JSON: ``divan:notices`` (see ``notices.py``),
``divan:people`` (see ``personnotices.py``) and ``divan:events``, on which whoever publishes events
wakes the consumers (see ``ringing.py``).

Expiry is data: scripts compare deadlines with the ``now`` they are given. The TTLs only clean up
what nobody asks for any more, and are renewed by the heartbeats of the campus. Streams are trimmed
to what some group has still to acknowledge; a group that has not taken for a week is given up. A
server whose ``maxmemory-policy`` evicts keys would lose a part of a campus: use ``noeviction``.
"""

from __future__ import annotations

from binascii import hexlify
from typing import Final

import attrs

from divan_core.kernel.ids import CampusId, UserId

CHANNEL: Final = b"divan:notices"
"""Where processes tell each other what changed; the scripts know it too."""

PEOPLE: Final = b"divan:people"
"""Where processes tell each other what the sockets of a person are to hear."""

BELLS: Final = b"divan:events"
"""Where processes tell each other that there are new events; the scripts know it too."""

_REMEMBERED: Final = 4096

_INDEX: Final = (b"people", b"deadlines", b"grid", b"sizes", b"leaves")
_TAKEN: Final = frozenset(name.decode() for name in _INDEX) | {
    "seen",
    "pending",
    "journal",
    "streams",
}


@attrs.frozen
class CampusKeys:
    """The keys of one campus."""

    prefix: bytes
    index: tuple[bytes, ...]
    seen: bytes
    pending: bytes
    journal: bytes
    streams: bytes

    @classmethod
    def of(cls, campus_id: CampusId) -> CampusKeys:
        """The keys of this campus; ``index`` in the order that ``index.lua`` expects."""
        prefix = b"divan:{%s}:" % str(campus_id).encode()
        return cls(
            prefix=prefix,
            index=tuple(prefix + name for name in _INDEX),
            seen=prefix + b"seen",
            pending=prefix + b"pending",
            journal=prefix + b"journal",
            streams=prefix + b"streams",
        )

    @property
    def people(self) -> bytes:
        """The hash of everybody's records."""
        return self.index[0]

    def limit(self, name: str, user_id: UserId) -> bytes:
        """One person's admissions under one limit."""
        return b"%slimit:%s:%s" % (self.prefix, name.encode(), hexlify(user_id.bytes))

    def budget(self, name: str, user_id: UserId) -> bytes:
        """The people one person was answered about under one limit."""
        return b"%sbudget:%s:%s" % (self.prefix, name.encode(), hexlify(user_id.bytes))


@attrs.frozen
class TopicKeys:
    """The keys of one topic on one campus."""

    stream: bytes
    dead: bytes
    leases: bytes

    @classmethod
    def of(cls, campus: CampusKeys, topic: str) -> TopicKeys:
        """The keys of this topic.

        Raises:
            ValueError: the topic is called like another key of a campus.
        """
        if topic in _TAKEN:
            raise ValueError(f"A topic cannot be called {topic}: that key holds something else")
        stream = campus.prefix + topic.encode()
        return cls(stream=stream, dead=stream + b":dlq", leases=stream + b":leases")


def roll_of(topic: str) -> tuple[bytes, bytes]:
    """Where it stands which campuses have streams of a topic, and which groups read them."""
    campuses = b"divan:{topic:%s}" % topic.encode()
    return campuses, campuses + b":groups"


class KnownCampuses(dict[CampusId, CampusKeys]):
    """Keys by campus, made when first asked for, some thousands remembered."""

    def __missing__(self, campus_id: CampusId) -> CampusKeys:
        """Make and remember the keys of a campus."""
        if len(self) >= _REMEMBERED:
            self.clear()
        keys = self[campus_id] = CampusKeys.of(campus_id)
        return keys
