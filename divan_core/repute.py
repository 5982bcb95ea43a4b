"""What events of other contexts mean for how much people are trusted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from divan_core.auth.messages import ACCOUNT_VERIFIED, ACCOUNTS
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmessages import ACTION_APPLIED, ACTION_CONFIRMED, ACTIONS
from divan_core.moderation.appealmessages import APPEALS
from divan_core.moderation.messages import CASE_DISMISSED, REPORT_RECEIVED, REPORTS
from divan_core.safety.ports import Witness
from divan_core.safety.trust import DAY_MS, REPORTERS, Merit
from divan_core.safety.trusting import VERIFIED, Note, Trusting
from divan_core.social.messages import INVITE_ACCEPTED, SOCIAL
from divan_core.stores.bundle import StoreUnit

_OUTCOMES: Final = {"accepted": Merit.APPEAL_ACCEPTED, "rejected": Merit.APPEAL_REJECTED}


Reading: TypeAlias = Callable[[StoreUnit, Event], Awaitable[Sequence[Note]]]
"""What an event means for people's trust."""


class Repute:
    """Handles events, in locking units, one or many. What it does not know is nothing to it."""

    def __init__(self, trusting: Trusting[StoreUnit], witness: Witness[StoreUnit]) -> None:
        """Change trust by ``trusting``; ``witness`` knows cases."""
        self._trusting = trusting
        self._witness = witness
        self._readings: Mapping[str, Reading] = {
            ACCOUNTS: _of_account,
            SOCIAL: _of_invite,
            REPORTS: self._of_report,
            ACTIONS: self._of_action,
            APPEALS: _of_appeal,
        }

    @property
    def topics(self) -> Collection[str]:
        """Those with events that change how much people are trusted."""
        return self._readings.keys()

    async def note(self, unit: StoreUnit, event: Event) -> None:
        """Change trust by what an event tells."""
        await self.note_all(unit, (event,))

    async def note_all(self, unit: StoreUnit, events: Sequence[Event]) -> Sequence[None]:
        """The same of many: who is concerned is locked at once."""
        notes = [note for one in events for note in await self._readings[one.topic](unit, one)]
        await self._trusting.note(unit, *notes)
        return [None] * len(events)

    async def _of_report(self, unit: StoreUnit, event: Event) -> Sequence[Note]:
        """Something was reported, or its case was dismissed."""
        if event.name == CASE_DISMISSED:
            return await self._judged(unit, event, Merit.FALSE)
        if event.name != REPORT_RECEIVED:
            return ()
        since = Millis(event.at - DAY_MS)
        found = await self._witness.reported(unit, UUID(event.data["case_id"]), since)
        if found is None or found.owner_id is None or found.crowd < REPORTERS:
            return ()
        return (Note(found.owner_id, Merit.REPORTED, f"reported:{event.id}", event.at),)

    async def _of_action(self, unit: StoreUnit, event: Event) -> Sequence[Note]:
        """Something was done about a case, so those who reported it were right."""
        if event.name not in {ACTION_APPLIED, ACTION_CONFIRMED}:
            return ()
        return await self._judged(unit, event, Merit.UPHELD)

    async def _judged(self, unit: StoreUnit, event: Event, merit: Merit) -> Sequence[Note]:
        """Those who reported a case, each once, were right or wrong."""
        if event.data.get("reports") == 0:
            return ()  # as where a rule has acted
        found = await self._witness.reporters(unit, UUID(event.data["case_id"]))
        return [Note(one, merit, f"report:{report}", event.at) for report, one in found]


async def _of_account(_unit: StoreUnit, event: Event) -> Sequence[Note]:
    """Somebody's address was confirmed."""
    if event.name != ACCOUNT_VERIFIED:
        return ()
    return (Note(_person(event, "user_id"), Merit.VERIFIED, VERIFIED, event.at),)


async def _of_invite(_unit: StoreUnit, event: Event) -> Sequence[Note]:
    """Somebody's invite was accepted."""
    if event.name != INVITE_ACCEPTED:
        return ()
    cause = f"invite:{event.data['invite_id']}"
    return (Note(_person(event, "sender_id"), Merit.INVITE, cause, event.at),)


async def _of_appeal(_unit: StoreUnit, event: Event) -> Sequence[Note]:
    """An appeal was decided."""
    data = event.data
    merit = _OUTCOMES.get(data.get("status", ""))
    if merit is None or not data.get("appellant_id"):
        return ()
    return (Note(_person(event, "appellant_id"), merit, f"appeal:{data['appeal_id']}", event.at),)


def _person(event: Event, name: str) -> UserId:
    return UserId(UUID(event.data[name]))
