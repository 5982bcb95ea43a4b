"""Who is where, in Redis: one script per call, and expiry by deadlines that scripts compare."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Collection, Mapping
from typing import Final

from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit, refusal
from divan_core.kernel.values import value
from divan_core.presence.model import (
    LEASE_MS,
    MEMORY_MS,
    Cell,
    Heard,
    Neighbourhood,
    PersonKey,
    PresenceRecord,
    Reach,
    Rule,
)
from divan_core.stores.redis.client import PreparedScript
from divan_core.stores.redis.guesses import Guesses
from divan_core.stores.redis.journal import RedisJournal
from divan_core.stores.redis.keys import CampusKeys, KnownCampuses
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import moment, windows
from divan_core.stores.redis.link import Part, Reply
from divan_core.stores.redis.names import KnownPlaces, person_name
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.proposal import Proposal, live_record, stored_fix, stored_record
from divan_core.stores.redis.scripts import load_script
from divan_core.stores.redis.turns import Turns

_AMEND: Final = load_script("amend")
_AROUND: Final = load_script("around")
_HEARD: Final = load_script("heard")
_SWEEP: Final = load_script("sweep")
_EVERYBODY: Final = load_script("everybody")

_LIFETIME_MS: Final = max(LEASE_MS, MEMORY_MS) + 60_000
"""How long after a campus's last heartbeat its keys vanish by themselves."""

_REMEMBERED: Final = 4096
_KEPT: Final = 0
_AGAIN: Final = -1
_TO_THE_END: Final = -1
_NOBODY: Final = (0, 0, 0)


@value
class _Amending:
    """What all commands that run ``amend.lua`` on a campus begin with."""

    campus: CampusKeys
    counted: PreparedScript
    uncounted: PreparedScript

    @classmethod
    def of(cls, campus: CampusKeys) -> _Amending:
        keys = (*campus.index, campus.seen)
        one, other = (PreparedScript.of(_AMEND, keys, more=more) for more in (1, 0))
        return cls(campus, one, other)


class RedisPresence:
    """A :class:`~divan_core.presence.ports.PresenceIndex` for any number of processes."""

    def __init__(
        self,
        redis: RedisLifecycle,
        journal: RedisJournal,
        seal: NoticeSeal,
        clock: Clock | None = None,
    ) -> None:
        """Limits and announcements go by the server's clock unless given another."""
        self._redis = redis
        self._journal = journal
        self._seal = seal
        self._clock = clock
        self._campuses = KnownCampuses()
        self._amending: dict[int, _Amending] = {}  # by the campus's id as a number
        self._guesses = Guesses()
        self._turns = Turns()
        self._places = KnownPlaces()

    async def amend(
        self, key: PersonKey, rule: Rule, now: Millis, limit: Limit | None = None
    ) -> PresenceRecord:
        """See the port. One round trip when this process saw the person's last change."""
        self._guesses.forget(now)
        name = person_name(key)
        in_turn = self._turns.taken(name) or await self._turns.take(name)
        try:
            proposal = Proposal.of(key, self._guesses.get(name), rule, now)
            reply = await self._propose(proposal, limit)
            if reply != _KEPT:
                proposal = await self._settled(proposal, reply, rule, limit)
            self._guesses.put(name, (proposal.data, proposal.kept), proposal.keep_until)
        finally:
            if in_turn:
                self._turns.give(name)
        if proposal.amendment.refusal is not None:
            raise proposal.amendment.refusal
        return proposal.amendment.record

    async def around(
        self, key: PersonKey, reach: Reach, now: Millis, *, since: bytes, limit: Limit | None = None
    ) -> Neighbourhood:
        """See the port."""
        campus = self._campuses[key.campus_id]
        keys = (*campus.index, campus.pending, campus.journal)
        user_id, clock = key.user_id, moment(self._clock)
        args = [now, user_id.bytes, since, clock, *_reach(reach)]
        if limit is not None:
            keys = (*keys, campus.limit(limit.name, user_id))
            args += windows(limit)
        reply: Reply = _AGAIN
        while reply == _AGAIN:
            reply = await self._redis.client.run(_AROUND, keys, args, idempotent=limit is None)
        if limit is not None and isinstance(reply, int):
            raise refusal(limit, reply)
        return self._neighbourhood(reply)

    async def record(self, key: PersonKey, now: Millis) -> PresenceRecord | None:
        """See the port."""
        people = self._campuses[key.campus_id].people
        value = await self._redis.client.call(b"HGET", people, key.user_id.bytes, idempotent=True)
        return None if value is None else live_record(stored_record(value), now)

    async def heard(
        self, campus_id: CampusId, people: Collection[UserId], now: Millis
    ) -> Mapping[UserId, Heard]:
        """See the port."""
        campus = self._campuses[campus_id]
        keys = (campus.people, campus.seen)
        args: list[Part] = [now, *(one.bytes for one in people)]
        reply = await self._redis.client.run(_HEARD, keys, args, idempotent=True)
        return {
            one: Heard(online == 1, Millis(at))
            for one, at, online in zip(people, reply[::2], reply[1::2], strict=True)
            if at is not None
        }

    async def sweep(self, campus_id: CampusId, now: Millis) -> None:
        """See the port."""
        self._guesses.forget(now)
        campus = self._campuses[campus_id]
        keys = (*campus.index, campus.seen, campus.pending, campus.journal)
        args = (now, moment(self._clock))
        while await self._redis.client.run(_SWEEP, keys, args, idempotent=True):
            pass

    async def everybody(self, campus_id: CampusId, now: Millis) -> Mapping[UserId, Cell]:
        """See the port."""
        index = self._campuses[campus_id].index
        reply: Reply = _AGAIN
        while reply == _AGAIN:
            reply = await self._redis.client.run(_EVERYBODY, index, (now,), idempotent=True)
        return {
            one: cell
            for number, there in zip(map(int, reply[::2]), reply[1::2], strict=True)
            for cell, people in (self._places[number, there],)
            for one in people
        }

    async def _settled(
        self, proposal: Proposal, reply: Reply, rule: Rule, limit: Limit | None
    ) -> Proposal:
        """Propose what the rule makes of the record until it was made of the right one."""
        while reply != _KEPT:
            if limit is not None and isinstance(reply, int) and reply > 0:
                raise refusal(limit, reply)
            if reply != _AGAIN:
                now = proposal.now
                proposal = Proposal.of(proposal.key, (reply, live_record(reply, now)), rule, now)
            reply = await self._propose(proposal, limit, absent=reply == _AGAIN)
        return proposal

    def _propose(
        self, proposal: Proposal, limit: Limit | None, *, absent: bool = False
    ) -> Awaitable[Reply]:
        """Ask ``amend.lua`` to keep a proposal; ``absent``: of someone the index has nowhere."""
        campus_id = proposal.key.campus_id
        ready = self._amending.get(campus_id.int) or self._prepared(campus_id)
        parts = proposal.arguments(proposal.notices(self._seal, absent=absent), _LIFETIME_MS)
        if limit is None:
            return self._redis.client.run_prepared(ready.uncounted, parts)
        counted = b"1" if proposal.amendment.refusal is None else b""
        parts.insert(0, ready.campus.limit(limit.name, proposal.key.user_id))
        parts += (counted, moment(self._clock), *windows(limit))
        return self._redis.client.run_prepared(ready.counted, parts)

    def _prepared(self, campus_id: CampusId) -> _Amending:
        if len(self._amending) >= _REMEMBERED:
            self._amending.clear()
        ready = self._amending[campus_id.int] = _Amending.of(self._campuses[campus_id])
        return ready

    def _neighbourhood(self, reply: Reply) -> Neighbourhood:
        position, changed, complete_m, fix = reply[:4]
        told = zip(reply[4::2], reply[5::2], strict=True)
        return Neighbourhood(
            here=stored_fix(fix),
            cells=tuple(map(self._places.__getitem__, told)),
            complete_m=math.inf if complete_m == _TO_THE_END else float(complete_m),
            news=self._journal.slice(position, changed),
        )


def _reach(reach: Reach) -> tuple[Part, ...]:
    cell = reach.from_cell
    begin = (cell.size_m, cell.column, cell.row) if cell is not None else _NOBODY
    return (reach.radius_m, reach.beyond_m, *begin, reach.enough)
