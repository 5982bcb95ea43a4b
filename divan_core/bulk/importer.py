"""The import itself: look, look again beside what is there, and write in one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import IO, Final, Protocol

import anyio
import attrs

from divan_core.auth.model import Login
from divan_core.auth.policy import prepared
from divan_core.auth.ports import PasswordHasher
from divan_core.bulk.report import (
    ImportOvertaken,
    ImportRefused,
    ImportReport,
    LineFault,
    Progress,
    Stage,
    tallies,
)
from divan_core.bulk.rooms import weigh_rooms
from divan_core.bulk.sorting import SortedLines, sort_lines, sorted_lines
from divan_core.bulk.weighing import (
    Findings,
    person_line,
    weigh_campuses,
    weigh_people,
    weigh_relations,
)
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Units
from divan_core.passwords.argon2id import Argon2Hasher
from divan_core.stores.bundle import StoreUnit

BATCH: Final = 1_000
"""Lines that are read, compared and written together."""

ANNOUNCED_TOGETHER: Final = 500
"""People whose change is announced in one entry of the journal."""


class PresenceRefresh(Protocol):
    """Whoever must act when a person's blur distance has changed."""

    async def refresh(self, campus_id: CampusId, user_id: UserId) -> None:
        """Recompute what others see of the person's position."""
        ...


@attrs.frozen
class ImportTools:
    """What the importer is built from, besides its store."""

    audience: Audience
    presence: PresenceRefresh
    clock: Clock
    hasher: PasswordHasher = attrs.field(factory=Argon2Hasher)


def _nobody_listens(_stage: Stage, _done: int, _total: int | None) -> None:
    """Tell nobody."""


class Importer:
    """Loads campuses, people, friendships, blocks and rooms from JSON Lines.

    All of a file is kept, or nothing; or, on request, all but the bad lines. The same file again
    changes nothing. Only lines that have a password are hashed or compared, some at once, which
    takes a good part of a second each, on purpose: 100,000 of them take a night. Memory grows by
    some hundred bytes a person; lines themselves are set aside on disk once they pass 16 MiB.
    """

    def __init__(self, units: Units[StoreUnit], tools: ImportTools) -> None:
        """Write through ``units``, so that ``tools.audience`` hears of it."""
        self._units = units
        self._tools = tools

    async def load(
        self,
        source: IO[bytes],
        *,
        keep_good: bool = False,
        progress: Progress = _nobody_listens,
    ) -> ImportReport:
        """Load a file, which is read to its end in a thread; its lines may be in any order.

        Raises:
            ImportRefused: there are bad lines, each is named, and nothing was kept. Not raised
                with ``keep_good``: then the report names them, and the rest was kept.
            ImportOvertaken: others changed the same people meanwhile; nothing was kept.
            StoreUnavailable: the store cannot be reached; nothing was kept.
            OutcomeUnknown: the connection was lost during the commit; loading again settles it.
        """
        now = self._tools.clock.now()
        with sorted_lines() as lines:
            await anyio.to_thread.run_sync(sort_lines, source, lines, now, progress)
            found = await self._weighed(lines, now, progress)
            faults = _by_line(lines.faults | found.faults)
            if faults and not keep_good:
                raise ImportRefused(faults)
            await self._hashed(lines, found, progress)
            written = await self._written(lines, found, progress)
        return ImportReport(tallies((found.fates | written.fates).values()), faults)

    async def _weighed(self, lines: SortedLines, now: Millis, progress: Progress) -> Findings:
        """Compare everything with the store, in a unit for each batch, so that nobody waits."""
        found = Findings(now, lines.blocked)
        campuses = lines.campuses.items()
        await self._units.read(lambda unit: weigh_campuses(unit, campuses, found))
        for weigh, spool in (
            (weigh_people, lines.people),
            (weigh_relations, lines.relations),
            (weigh_rooms, lines.rooms),
        ):
            for batch in spool.batches(BATCH):
                await self._units.read(partial(weigh, batch=batch, found=found))
                progress("checking", len(found.fates) + len(found.faults), lines.count)
        return found

    async def _hashed(self, lines: SortedLines, found: Findings, progress: Progress) -> None:
        """Hash the passwords of good lines, some at once, and weigh these lines once more.

        One that is that of the person's login already keeps its hash: the line brings nothing.
        """
        wanted = lines.passwords & found.fates.keys()
        for batch in lines.people.batches(BATCH, wanted):
            given = {number: person_line(raw) for number, raw in batch}
            ids = [line.id for line in given.values()]
            logins = await self._units.read(partial(_logins, ids))
            async with anyio.create_task_group() as tasks:
                for number, line in given.items():
                    login = logins.get(line.id)
                    known = None if login is None else login.password_hash
                    tasks.start_soon(self._hash, found, number, str(line.password), known)
            await self._units.read(partial(weigh_people, batch=batch, found=found))
            progress("hashing", len(found.hashes), len(wanted))

    async def _hash(self, found: Findings, number: int, password: str, known: str | None) -> None:
        hasher, given = self._tools.hasher, prepared(password)
        if known is not None and await hasher.verify(known, given):
            found.hashes[number] = known
        else:
            found.hashes[number] = await hasher.hash(given)

    async def _written(self, lines: SortedLines, found: Findings, progress: Progress) -> Findings:
        """Write what the file brings, in one unit, and tell everyone whom it concerns."""
        if not found.touched:
            return Findings(found.now, lines.blocked)
        async with AsyncExitStack() as announced:
            for campus_id, people in found.changing.items():
                for some in _portions(sorted(people)):
                    changing = self._tools.audience.changing(campus_id, some)
                    await announced.enter_async_context(changing)
            written = await self._units.write(partial(_write, lines, found, progress))
        for user_id in written.resized:
            await self._tools.presence.refresh(written.people[user_id], user_id)
        return written


async def _write(
    lines: SortedLines, found: Findings, progress: Progress, unit: StoreUnit
) -> Findings:
    """Weigh the lines that bring anything once more, and write them."""
    again, touched = Findings(found.now, lines.blocked, hashes=found.hashes), found.touched
    campuses = [(number, one) for number, one in lines.campuses.items() if number in touched]
    await unit.campuses.put(await weigh_campuses(unit, campuses, again))
    for batch in lines.people.batches(BATCH, touched):
        await (await weigh_people(unit, batch, again)).write(unit)
        progress("writing", len(again.fates), len(touched))
    for batch in lines.relations.batches(BATCH, touched):
        await (await weigh_relations(unit, batch, again)).write(unit, found.now)
        progress("writing", len(again.fates), len(touched))
    for batch in lines.rooms.batches(BATCH, touched):
        for shift in await weigh_rooms(unit, batch, again):
            await unit.rooms.put(shift.room, shift.members)
        progress("writing", len(again.fates), len(touched))
    if again.faults or not _announced(again, found):
        raise ImportOvertaken
    return again


async def _logins(people: Sequence[UserId], unit: StoreUnit) -> dict[UserId, Login]:
    return {one.user_id: one for one in await unit.logins.get_many(people)}


def _announced(again: Findings, found: Findings) -> bool:
    """Whether everybody who changes was announced."""
    return all(people <= found.changing[campus] for campus, people in again.changing.items())


def _portions(people: Sequence[UserId]) -> Iterator[Sequence[UserId]]:
    for start in range(0, len(people), ANNOUNCED_TOGETHER):
        yield people[start : start + ANNOUNCED_TOGETHER]


def _by_line(faults: Mapping[int, str]) -> tuple[LineFault, ...]:
    return tuple(LineFault(number, faults[number]) for number in sorted(faults))
