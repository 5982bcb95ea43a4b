"""The audit: what staff and rules have done, on record for good."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from uuid import UUID

import attrs

from divan_core.errors import InvalidCursor
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock, Millis, rfc3339
from divan_core.kernel.ids import Entropy, UserId
from divan_core.kernel.paging import CursorSealer, Page
from divan_core.kernel.trail import Deed
from divan_core.kernel.units import Units
from divan_core.moderation import policy
from divan_core.moderation.auditmessages import (
    AuditFault,
    AuditQuery,
    AuditView,
    ExportedEntry,
    Verification,
)
from divan_core.moderation.chain import SALT_BYTES, Chain, Entry, Link
from divan_core.moderation.checking import Checkpoint, Inspection, Signer
from divan_core.moderation.ports import AuditUnit, Checkpoints

PORTION: Final = 5_000
"""How many entries are read at a time while all are."""

_SEQ: Final = struct.Struct(">Q")

Progress = Callable[[int, int], None]
"""Told how many entries are checked, and of how many."""


def _nobody_listens(_done: int, _total: int) -> None:
    """Tell nobody."""


@attrs.frozen
class AuditTools:
    """What the record is made with, besides its store. Both keys are secret, 32 bytes or more."""

    chain_key: bytes = attrs.field(repr=False)
    signing_key: bytes = attrs.field(repr=False)
    checkpoints: Checkpoints
    clock: Clock
    entropy: Entropy
    sealer: CursorSealer


class Audit:
    """A :class:`~divan_core.kernel.trail.Trail`, and what staff and operators see of it."""

    def __init__(self, units: Units[AuditUnit], tools: AuditTools) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools
        self._chain = Chain(tools.chain_key)
        self._signer = Signer(tools.signing_key)

    async def append(self, unit: AuditUnit, *deeds: Deed) -> None:
        """Record these in the unit that does them; see :class:`~divan_core.kernel.trail.Trail`."""
        salted = [(one, self._tools.entropy.bytes(SALT_BYTES)) for one in deeds]
        await unit.audit.add(self._chain.entries(await unit.audit.head(), salted))

    async def page(self, actor: Actor, query: AuditQuery) -> Page[AuditView]:
        """What is on record of the actor's campus, oldest first; to admins, of all.

        Raises:
            NotAllowed: the actor is not of the staff.
            InvalidCursor: the cursor is not of this list.
        """
        campus_id = policy.check_staff(actor)
        binding = b"audit:" + actor.user_id.bytes + (campus_id.bytes if campus_id else b"")
        after = self._opened(query, binding)

        async def body(unit: AuditUnit) -> Sequence[Entry]:
            return await unit.audit.page(after, query.limit + 1, campus_id)

        found = await self._units.read(body)
        shown = found[: query.limit]
        if len(found) <= query.limit:
            return Page(tuple(map(view, shown)))
        cursor = self._tools.sealer.seal(_SEQ.pack(shown[-1].seq), binding)
        return Page(tuple(map(view, shown)), cursor)

    async def check(self, actor: Actor) -> Verification:
        """Check the whole record, for staff; see :meth:`verify`.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        policy.check_staff(actor)
        return await self.verify()

    async def verify(
        self, progress: Progress = _nobody_listens, lines: Sequence[str] | None = None
    ) -> Verification:
        """Check every entry, their order, and that the record passes through its checkpoints.

        ``lines`` are checkpoints that were kept elsewhere, in place of those beside the database.

        Raises:
            StoreUnavailable: record or checkpoints cannot be read.
        """
        kept = await self._tools.checkpoints.lines() if lines is None else lines
        checkpoints, forged = self._signer.read(kept)
        inspection = Inspection(self._chain, checkpoints)
        head = await self._units.read(lambda unit: unit.audit.end())
        last = max((head.seq, *(one.count for one in checkpoints)))
        async for entries in self._portions(last):
            if not inspection.go_on(entries):
                break
            progress(inspection.end.seq, last)
        inspection.finish(*await self._end(inspection, head))
        fault = inspection.fault or forged
        return Verification(
            ok=fault is None,
            count=inspection.end.seq,
            erased=inspection.erased,
            checkpoints=len(checkpoints),
            head=inspection.end.mac.hex(),
            fault=None if fault is None else AuditFault(fault.kind.value, fault.seq),
        )

    async def tail(self, limit: int) -> tuple[AuditView, ...]:
        """The last entries, oldest first, for operators."""

        async def body(unit: AuditUnit) -> Sequence[Entry]:
            end = await unit.audit.end()
            return await unit.audit.page(max(end.seq - limit, 0), limit)

        return tuple(map(view, await self._units.read(body)))

    async def export(self) -> AsyncIterator[ExportedEntry]:
        """Every entry with its seal, oldest first, for operators."""
        async for entries in self._portions(2**62):
            for entry in entries:
                yield _exported(entry)

    async def checkpoint(self) -> int:
        """Sign how far the record has come, and keep that, if it has come further; 1 if so."""
        head = await self._units.read(lambda unit: unit.audit.end())
        kept, _ = self._signer.read(await self._tools.checkpoints.lines())
        if head.seq == 0 or any(one.count == head.seq and one.head == head.mac for one in kept):
            return 0
        checkpoint = Checkpoint(head.seq, head.mac, self._tools.clock.now())
        await self._tools.checkpoints.add(self._signer.line(checkpoint))
        return 1

    def _opened(self, query: AuditQuery, binding: bytes) -> int:
        if query.cursor is None:
            return query.after
        position = self._tools.sealer.open(query.cursor, binding)
        if len(position) != _SEQ.size:
            raise InvalidCursor("Start again without a cursor.")
        (after,) = _SEQ.unpack(position)
        return int(after)

    async def _portions(self, last: int) -> AsyncIterator[Sequence[Entry]]:
        """All entries up to a number, by number, some at a time."""
        after, limit = 0, PORTION
        while after < last:

            async def body(unit: AuditUnit, after: int = after) -> Sequence[Entry]:
                return await unit.audit.page(after, limit)

            found = await self._units.read(body)
            entries = [one for one in found if one.seq <= last]
            yield entries
            if len(entries) < PORTION:
                return
            after = entries[-1].seq

    async def _end(self, inspection: Inspection, head: Link) -> tuple[Link, int | None]:
        """The head that was checked for, and the number of an entry after the one there is now."""
        if inspection.end.seq != head.seq:
            return head, None

        async def body(unit: AuditUnit) -> int | None:
            now = await unit.audit.end()
            beyond = await unit.audit.page(now.seq, 1)
            return beyond[0].seq if beyond else None

        return head, await self._units.read(body)


def view(entry: Entry) -> AuditView:
    """An entry as staff sees it."""
    said = json.loads(entry.payload)
    actor_id = said["actor_id"]
    return AuditView(
        seq=entry.seq,
        at=rfc3339(Millis(said["at"])),
        action=said["action"],
        about=entry.about,
        actor_id=None if actor_id is None else UserId(UUID(actor_id)),
        campus_id=entry.campus_id,
        data=said["data"],
        reason=entry.words,
        erased=entry.is_erased,
    )


def _exported(entry: Entry) -> ExportedEntry:
    def hexed(value: bytes | None) -> str | None:
        return None if value is None else value.hex()

    return ExportedEntry(
        seq=entry.seq,
        campus_id=entry.campus_id,
        person_id=entry.person_id,
        about=entry.about,
        payload=entry.payload,
        words=entry.words,
        salt=hexed(entry.salt),
        words_hash=hexed(entry.words_hash),
        mac=entry.mac.hex(),
    )
