"""What events of other contexts mean for how much people are trusted."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from divan_core.auth.messages import ACCOUNT_VERIFIED
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmessages import ACTION_APPLIED, ACTION_CONFIRMED
from divan_core.moderation.messages import CASE_DISMISSED, REPORT_RECEIVED
from divan_core.safety.ports import Witness
from divan_core.safety.trust import DAY_MS, REPORTERS, Merit
from divan_core.safety.trusting import VERIFIED, Note, Trusting
from divan_core.social.messages import INVITE_ACCEPTED
from divan_core.stores.bundle import StoreUnit

_OUTCOMES: Final = {"accepted": Merit.APPEAL_ACCEPTED, "rejected": Merit.APPEAL_REJECTED}


class Repute:
    """Handlers of events, in locking units. What they do not know is nothing to them."""

    def __init__(self, trusting: Trusting[StoreUnit], witness: Witness[StoreUnit]) -> None:
        """Change trust by ``trusting``; ``witness`` knows cases."""
        self._trusting = trusting
        self._witness = witness

    async def of_account(self, unit: StoreUnit, event: Event) -> None:
        """Somebody's address was confirmed."""
        if event.name == ACCOUNT_VERIFIED:
            note = Note(_person(event, "user_id"), Merit.VERIFIED, VERIFIED, event.at)
            await self._trusting.note(unit, note)

    async def of_invite(self, unit: StoreUnit, event: Event) -> None:
        """Somebody's invite was accepted."""
        if event.name == INVITE_ACCEPTED:
            cause = f"invite:{event.data['invite_id']}"
            note = Note(_person(event, "sender_id"), Merit.INVITE, cause, event.at)
            await self._trusting.note(unit, note)

    async def of_report(self, unit: StoreUnit, event: Event) -> None:
        """Something was reported, or its case was dismissed."""
        if event.name == CASE_DISMISSED:
            await self._judged(unit, event, Merit.FALSE)
        if event.name != REPORT_RECEIVED:
            return
        since = Millis(event.at - DAY_MS)
        found = await self._witness.reported(unit, UUID(event.data["case_id"]), since)
        if found is not None and found.owner_id is not None and found.crowd >= REPORTERS:
            note = Note(found.owner_id, Merit.REPORTED, f"reported:{event.id}", event.at)
            await self._trusting.note(unit, note)

    async def of_action(self, unit: StoreUnit, event: Event) -> None:
        """Something was done about a case, so those who reported it were right."""
        if event.name in {ACTION_APPLIED, ACTION_CONFIRMED}:
            await self._judged(unit, event, Merit.UPHELD)

    async def of_appeal(self, unit: StoreUnit, event: Event) -> None:
        """An appeal was decided."""
        data = event.data
        merit = _OUTCOMES.get(data.get("status", ""))
        if merit is not None and data.get("appellant_id"):
            cause = f"appeal:{data['appeal_id']}"
            note = Note(_person(event, "appellant_id"), merit, cause, event.at)
            await self._trusting.note(unit, note)

    async def _judged(self, unit: StoreUnit, event: Event, merit: Merit) -> None:
        """Those who reported a case, each once, were right or wrong."""
        found = await self._witness.reporters(unit, UUID(event.data["case_id"]))
        notes = (Note(one, merit, f"report:{report}", event.at) for report, one in found)
        await self._trusting.note(unit, *notes)


def _person(event: Event, name: str) -> UserId:
    return UserId(UUID(event.data[name]))
