"""What is removed of somebody who leaves: the list that later contexts extend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import attrs

from divan_core.accounts import policy as accounts_policy
from divan_core.auth.model import mailbox_key
from divan_core.chat import roompolicy
from divan_core.erasure.model import Leaver
from divan_core.erasure.ports import Outside, Step
from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.leaderboards.tools import lock_of
from divan_core.presence.service import Presence
from divan_core.stores.bundle import StoreUnit

PORTION: Final = 500
"""How many rows one unit of work removes."""

ROOMS_AT_ONCE: Final = 20
"""How many rooms one unit of work leaves, reading who is in each."""


class Leaving:
    """A :class:`~divan_core.erasure.ports.Departure` over accounts and logins."""

    async def depart(self, unit: StoreUnit, leaver: Leaver) -> None:
        """Leave nothing of the person but a row that is nobody's, and no way to sign in."""
        person = await unit.people.get(leaver.user_id)
        if person is None:
            raise NotFound
        await unit.people.put((accounts_policy.anonymised(person),))
        login = await unit.logins.get(leaver.user_id)
        if login is not None:
            await unit.logins.put((attrs.evolve(login, password_hash=None, verified_at=None),))
        elif person.email is not None:
            await unit.registrations.remove(mailbox_key(person.email))


@attrs.frozen
class Rows:
    """A :class:`~divan_core.erasure.ports.Step` that concerns nobody else."""

    name: str
    counted: Callable[[StoreUnit, UserId], Awaitable[int]]
    removed: Callable[[StoreUnit, UserId], Awaitable[int]]

    async def count(self, unit: StoreUnit, leaver: Leaver) -> int:
        """How many rows there are."""
        return await self.counted(unit, leaver.user_id)

    async def touched(self, unit: StoreUnit, leaver: Leaver) -> Sequence[UserId]:
        """Nobody."""
        del unit, leaver
        return ()

    async def remove(self, unit: StoreUnit, leaver: Leaver, touched: Sequence[UserId]) -> int:
        """Remove some."""
        del touched
        return await self.removed(unit, leaver.user_id)


class Ties:
    """Friendships and blocks, in either direction: others' caches have to hear of them."""

    name = "friends and blocks"

    async def count(self, unit: StoreUnit, leaver: Leaver) -> int:
        """How many people are tied to the leaver."""
        return await unit.relations.count_tied(leaver.user_id)

    async def touched(self, unit: StoreUnit, leaver: Leaver) -> Sequence[UserId]:
        """Some of them."""
        return await unit.relations.tied(leaver.user_id, PORTION)

    async def remove(self, unit: StoreUnit, leaver: Leaver, touched: Sequence[UserId]) -> int:
        """Remove the ties with these."""
        await unit.relations.part(leaver.user_id, touched)
        return len(touched)


class Scores:
    """Scores and badges: boards are written by one at a time."""

    name = "scores"

    async def count(self, unit: StoreUnit, leaver: Leaver) -> int:
        """How many rows there are."""
        return await unit.scores.count_of(leaver.user_id)

    async def touched(self, unit: StoreUnit, leaver: Leaver) -> Sequence[UserId]:
        """Nobody: ranks are not cached."""
        del unit, leaver
        return ()

    async def remove(self, unit: StoreUnit, leaver: Leaver, touched: Sequence[UserId]) -> int:
        """Remove some."""
        del touched
        await unit.locks.take(lock_of(leaver.campus_id))
        return await unit.scores.remove_of(leaver.user_id, PORTION)


async def _remove_mailbox(unit: StoreUnit, user_id: UserId) -> int:
    login = await unit.logins.get(user_id)
    if login is None:
        return 0
    await unit.registrations.remove(login.email_key)
    return int(await unit.logins.remove(user_id))


async def _count_mailboxes(unit: StoreUnit, user_id: UserId) -> int:
    return int(await unit.logins.get(user_id) is not None)


async def _count_sessions(unit: StoreUnit, user_id: UserId) -> int:
    return len(await unit.sessions.of(user_id, PORTION))


async def _leave_rooms(unit: StoreUnit, user_id: UserId) -> int:
    """Leave some rooms as anybody does: an owner hands over, and an empty room is closed.

    What the person wrote stays in the conversations of others, as nobody's.
    """
    rooms = await unit.rooms.rooms_of(user_id, None, ROOMS_AT_ONCE)
    await unit.locks.take(*(roompolicy.lock_of(one.room.id) for one in rooms))
    for one in rooms:
        roster = roompolicy.Roster(one.room, tuple(await unit.rooms.roster(one.room.id)))
        shift = roompolicy.after_leave(roster, one.member)
        await unit.rooms.put(shift.room, shift.members)
    return len(rooms)


async def _count_rooms(unit: StoreUnit, user_id: UserId) -> int:
    return len(await unit.rooms.rooms_of(user_id, None, PORTION))


STEPS: Final[tuple[Step[StoreUnit], ...]] = (
    Rows(
        "sessions",
        _count_sessions,
        lambda unit, user_id: unit.sessions.remove_of(user_id, PORTION),
    ),
    Ties(),
    Rows(
        "invites",
        lambda unit, user_id: unit.invites.count_of(user_id),
        lambda unit, user_id: unit.invites.remove_of(user_id, PORTION),
    ),
    Rows("rooms", _count_rooms, _leave_rooms),
    Rows(
        "activities",
        lambda unit, user_id: unit.activities.count_of(user_id),
        lambda unit, user_id: unit.activities.remove_of(user_id, PORTION),
    ),
    Rows(
        "notes of reports",
        lambda unit, user_id: unit.cases.count_notes(user_id),
        lambda unit, user_id: unit.cases.erase_notes(user_id, PORTION),
    ),
    Rows(
        "words of actions",
        lambda unit, user_id: unit.actions.count_words(user_id),
        lambda unit, user_id: unit.actions.erase_words(user_id, PORTION),
    ),
    Rows(
        "words of appeals",
        lambda unit, user_id: unit.appeals.count_words(user_id),
        lambda unit, user_id: unit.appeals.erase_words(user_id, PORTION),
    ),
    Rows(
        "words on record",
        lambda unit, user_id: unit.audit.count_words(user_id),
        lambda unit, user_id: unit.audit.erase_words(user_id, PORTION),
    ),
    Rows(
        "decisions",
        lambda unit, user_id: unit.decisions.count_of(user_id),
        lambda unit, user_id: unit.decisions.remove_of(user_id, PORTION),
    ),
    Rows(
        "trust",
        lambda unit, user_id: unit.trust.count_of(user_id),
        lambda unit, user_id: unit.trust.remove_of(user_id, PORTION),
    ),
    Rows(
        "deeds",
        lambda unit, user_id: unit.deeds.count_of(user_id),
        lambda unit, user_id: unit.deeds.remove_of(user_id, PORTION),
    ),
    Scores(),
    Rows(
        "stored answers",
        lambda unit, user_id: unit.keys.count_of(str(user_id)),
        lambda unit, user_id: unit.keys.remove_of(str(user_id), PORTION),
    ),
)

MAILBOX: Final[Step[StoreUnit]] = Rows("mailbox", _count_mailboxes, _remove_mailbox)
"""The last step: by the mailbox an erasure is found again."""


def outside(
    presence: Presence, limits: RateLimits, known: Collection[Limit]
) -> tuple[Outside, ...]:
    """What is forgotten elsewhere than in the database."""

    async def forget_presence(leaver: Leaver) -> None:
        await presence.forget(Actor(leaver.user_id, leaver.campus_id))

    async def forget_counts(leaver: Leaver) -> None:
        await limits.forget(leaver.campus_id, leaver.user_id, known)

    return forget_presence, forget_counts
