"""Logins, registrations and sessions in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from divan_core.auth.model import (
    Arrival,
    Login,
    Registration,
    RegistrationId,
    Session,
    SessionId,
    mailbox_key,
)
from divan_core.errors import EmailTaken
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Standing
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes


@attrs.define
class AuthRecords:
    """All of them; ``mail_due`` says when the mail of a registration is to be sent."""

    logins: dict[UserId, Login] = attrs.field(factory=dict)
    mailboxes: dict[str, UserId] = attrs.field(factory=dict)
    registrations: dict[RegistrationId, Registration] = attrs.field(factory=dict)
    mail_due: dict[RegistrationId, Millis] = attrs.field(factory=dict)
    sessions: dict[SessionId, Session] = attrs.field(factory=dict)


class MemoryLogins:
    """Keeps how people sign in."""

    def __init__(self, records: AuthRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def get(self, user_id: UserId) -> Login | None:
        """How the person signs in, or None."""
        return self._records.logins.get(user_id)

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Login]:
        """How these sign in, in any order."""
        known = self._records.logins
        return [known[user_id] for user_id in dict.fromkeys(people) if user_id in known]

    async def find(self, email_keys: Sequence[str]) -> Sequence[Login]:
        """The logins of these mailboxes, in any order."""
        owners = self._records.mailboxes
        return [
            self._records.logins[owners[key]] for key in dict.fromkeys(email_keys) if key in owners
        ]

    async def put(self, logins: Sequence[Login]) -> None:
        """Keep these, one after the other, replacing those of the same people."""
        self._changes.begin()
        records, changes = self._records, self._changes
        for login in logins:
            if login.user_id not in self._accounts.people:
                raise changes.failed(UnitMisused("A login's person does not exist."))
            if records.mailboxes.get(login.email_key, login.user_id) != login.user_id:
                raise changes.failed(EmailTaken())
            self._forget(login.user_id)
            changes.set(records.logins, login.user_id, login)
            changes.set(records.mailboxes, login.email_key, login.user_id)

    async def claim(self, user_id: UserId, email: str) -> None:
        """Let the address be this person's, who cannot sign in by it yet."""
        known, key = self._records.logins.get(user_id), mailbox_key(email)
        if known is None or known.email_key != key:
            await self.put((Login(user_id, key),))

    async def is_verified(self, user_id: UserId) -> bool:
        """Whether the person has shown that their mailbox is theirs."""
        known = self._records.logins.get(user_id)
        return known is not None and known.verified_at is not None

    async def arrivals(self, people: Sequence[UserId]) -> Mapping[UserId, Arrival]:
        """How these came here; deleted ones are left out."""
        known = self._accounts.people
        found = (known[one] for one in people if one in known)
        living = (one for one in found if one.standing is not Standing.DELETED)
        return {one.id: Arrival(one.created_at, await self.is_verified(one.id)) for one in living}

    async def remove(self, user_id: UserId) -> bool:
        """Remove it; whether it was there."""
        self._changes.begin()
        return self._forget(user_id)

    def _forget(self, user_id: UserId) -> bool:
        before = self._records.logins.get(user_id)
        if before is None:
            return False
        self._changes.drop(self._records.logins, user_id)
        self._changes.drop(self._records.mailboxes, before.email_key)
        return True


class MemoryRegistrations:
    """Keeps registrations, and which of them wait for a mail."""

    def __init__(self, records: AuthRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of the campuses in ``accounts``; ``changes`` is for undoing."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def put(self, registration: Registration) -> None:
        """Keep a new one, whose mail is due at once."""
        self._changes.begin()
        if registration.campus_id not in self._accounts.campuses:
            raise self._changes.failed(UnitMisused("A registration's campus does not exist."))
        self._changes.set(self._records.registrations, registration.id, registration)
        self._changes.set(self._records.mail_due, registration.id, registration.created_at)

    async def get(self, registration_id: RegistrationId) -> Registration | None:
        """The registration, over or not, or None."""
        return self._records.registrations.get(registration_id)

    async def newest(self, email_key: str) -> Registration | None:
        """The mailbox's newest registration, over or not, or None."""
        found = [one for one in self._records.registrations.values() if one.email_key == email_key]
        return max(found, key=lambda one: (one.created_at, one.id), default=None)

    async def remove(self, email_key: str) -> int:
        """Remove all of a mailbox; how many it were."""
        self._changes.begin()
        found = [one for one in self._records.registrations.values() if one.email_key == email_key]
        return self._drop(found)

    async def any_due(self, now: Millis) -> bool:
        """Whether a mail is due."""
        return any(at <= now for at in self._records.mail_due.values())

    async def due(self, now: Millis, until: Millis, most: int) -> Sequence[Registration]:
        """Up to ``most`` whose mail is due, those first that are due longest."""
        self._changes.begin()
        waiting = self._records.mail_due
        found = sorted((at, one) for one, at in waiting.items() if at <= now)[:most]
        for _, registration_id in found:
            self._changes.set(waiting, registration_id, until)
        return [self._records.registrations[one] for _, one in found]

    async def mailed(self, registration_id: RegistrationId) -> None:
        """Its mail is out."""
        self._changes.begin()
        if registration_id in self._records.mail_due:
            self._changes.drop(self._records.mail_due, registration_id)

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        self._changes.begin()
        over = [one for one in self._records.registrations.values() if one.expires_at <= now]
        return self._drop(over[:most])

    def _drop(self, registrations: Sequence[Registration]) -> int:
        for one in registrations:
            self._changes.drop(self._records.registrations, one.id)
            if one.id in self._records.mail_due:
                self._changes.drop(self._records.mail_due, one.id)
        return len(registrations)


class MemorySessions:
    """Keeps sessions."""

    def __init__(self, records: AuthRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def put(self, session: Session) -> None:
        """Keep it, replacing the one with its id."""
        self._changes.begin()
        if session.user_id not in self._accounts.people:
            raise self._changes.failed(UnitMisused("A session's person does not exist."))
        self._changes.set(self._records.sessions, session.id, session)

    async def get(self, session_id: SessionId) -> Session | None:
        """The session, over or not, or None."""
        return self._records.sessions.get(session_id)

    async def of(self, user_id: UserId, limit: int) -> Sequence[Session]:
        """Up to ``limit`` sessions of a person, by id."""
        found = [one for one in self._records.sessions.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: one.id)[:limit]

    async def remove(self, session_id: SessionId) -> bool:
        """Remove it; whether it was there."""
        self._changes.begin()
        if session_id not in self._records.sessions:
            return False
        self._changes.drop(self._records.sessions, session_id)
        return True

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` of a person's sessions; how many it were."""
        self._changes.begin()
        return self._drop(await self.of(user_id, most))

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        self._changes.begin()
        over = [one for one in self._records.sessions.values() if one.expires_at <= now]
        return self._drop(over[:most])

    def _drop(self, sessions: Sequence[Session]) -> int:
        for one in sessions:
            self._changes.drop(self._records.sessions, one.id)
        return len(sessions)
