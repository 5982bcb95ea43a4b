"""Logins, registrations and sessions in SQL."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Select, Table, bindparam, delete, insert, select, update
from sqlalchemy.sql.dml import Delete

from divan_core.auth.model import (
    Arrival,
    Login,
    Registration,
    RegistrationId,
    Session,
    SessionId,
    mailbox_key,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.stores.sql.clauses import among, insert_or_replace, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.several import Several, put_whole
from divan_core.stores.sql.tables import LOGINS, PEOPLE, REGISTRATIONS, SESSIONS
from divan_core.stores.sql.types import Id, Moment, id_of, millis_of


class SqlLogins:
    """Keeps how people sign in."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def get(self, user_id: UserId) -> Login | None:
        """How the person signs in, or None."""
        row = (await self._connection.execute(_LOGIN, {"user_id": user_id})).first()
        return _login(row) if row else None

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Login]:
        """How these sign in, in any order."""
        return await self._among(LOGINS.c.user_id, people)

    async def find(self, email_keys: Sequence[str]) -> Sequence[Login]:
        """The logins of these mailboxes, in any order."""
        return await self._among(LOGINS.c.email_key, email_keys)

    async def put(self, logins: Sequence[Login]) -> None:
        """Keep these, one after the other, replacing those of the same people."""
        upsert = insert_or_replace(LOGINS, self._connection.dialect)
        await put_whole(self._connection, upsert, [_login_row(one) for one in logins])

    async def claim(self, user_id: UserId, email: str) -> None:
        """Let the address be this person's, who cannot sign in by it yet."""
        known, key = await self.get(user_id), mailbox_key(email)
        if known is None or known.email_key != key:
            await self.put((Login(user_id, key),))

    async def is_verified(self, user_id: UserId) -> bool:
        """Whether the person has shown that their mailbox is theirs."""
        return bool(await _VERIFIED.found(self._connection, (user_id,)))

    async def arrivals(self, people: Sequence[UserId]) -> Mapping[UserId, Arrival]:
        """How these came here; deleted ones are left out."""
        rows = await _ARRIVALS.found(self._connection, people)
        return {
            UserId(id_of(one)): Arrival(millis_of(since), verified_at is not None)
            for one, since, verified_at in rows
        }

    async def remove(self, user_id: UserId) -> bool:
        """Remove it; whether it was there."""
        done = await self._connection.execute(_NO_LOGIN, {"of_user": user_id})
        return done.rowcount > 0

    async def _among(self, column: Column[Any], values: Sequence[Any]) -> list[Login]:
        query = _logins(column, self._connection.dialect)
        found: list[Login] = []
        for portion in portions(list(dict.fromkeys(values))):
            found += map(_login, await self._connection.execute(query, {"among": portion}))
        return found


class SqlRegistrations:
    """Keeps registrations, and which of them wait for a mail."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def put(self, registration: Registration) -> None:
        """Keep a new one, whose mail is due at once."""
        await self._connection.execute(insert(REGISTRATIONS), [_registration_row(registration)])

    async def get(self, registration_id: RegistrationId) -> Registration | None:
        """The registration, over or not, or None."""
        query = select(REGISTRATIONS).where(REGISTRATIONS.c.id == registration_id)
        return await self._one(query)

    async def newest(self, email_key: str) -> Registration | None:
        """The mailbox's newest registration, over or not, or None."""
        of = REGISTRATIONS.c
        query = select(REGISTRATIONS).where(of.email_key == email_key)
        return await self._one(query.order_by(of.created_at.desc(), of.id.desc()).limit(1))

    async def remove(self, email_key: str) -> int:
        """Remove all of a mailbox; how many it were."""
        statement = delete(REGISTRATIONS).where(REGISTRATIONS.c.email_key == email_key)
        return (await self._connection.execute(statement)).rowcount

    async def any_due(self, now: Millis) -> bool:
        """Whether a mail is due."""
        query = select(REGISTRATIONS.c.id).where(REGISTRATIONS.c.mail_at <= now).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def due(self, now: Millis, until: Millis, most: int) -> Sequence[Registration]:
        """Up to ``most`` whose mail is due, those first that are due longest."""
        of = REGISTRATIONS.c
        query = select(REGISTRATIONS).where(of.mail_at <= now).order_by(of.mail_at, of.id)
        found = [_registration(row) for row in await self._connection.execute(query.limit(most))]
        if found:
            wanted = among(of.id, self._connection.dialect)
            statement = update(REGISTRATIONS).where(wanted).values(mail_at=_UNTIL)
            parameters = {"among": [one.id for one in found], "until": until}
            await self._connection.execute(statement, parameters)
        return found

    async def mailed(self, registration_id: RegistrationId) -> None:
        """Its mail is out."""
        of = REGISTRATIONS.c
        statement = update(REGISTRATIONS).where(of.id == registration_id).values(mail_at=None)
        await self._connection.execute(statement)

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        over = select(REGISTRATIONS.c.id).where(REGISTRATIONS.c.expires_at <= now).limit(most)
        return (await self._connection.execute(_selected(REGISTRATIONS, over))).rowcount

    async def _one(self, query: Select[Any]) -> Registration | None:
        row = (await self._connection.execute(query)).first()
        return _registration(row) if row else None


class SqlSessions:
    """Keeps sessions."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def put(self, session: Session) -> None:
        """Keep it, replacing the one with its id."""
        upsert = insert_or_replace(SESSIONS, self._connection.dialect)
        await self._connection.execute(upsert, [_session_row(session)])

    async def get(self, session_id: SessionId) -> Session | None:
        """The session, over or not, or None."""
        query = select(SESSIONS).where(SESSIONS.c.id == session_id)
        row = (await self._connection.execute(query)).first()
        return _session(row) if row else None

    async def of(self, user_id: UserId, limit: int) -> Sequence[Session]:
        """Up to ``limit`` sessions of a person, by id."""
        query = select(SESSIONS).where(SESSIONS.c.user_id == user_id)
        rows = await self._connection.execute(query.order_by(SESSIONS.c.id).limit(limit))
        return [_session(row) for row in rows]

    async def remove(self, session_id: SessionId) -> bool:
        """Remove it; whether it was there."""
        statement = delete(SESSIONS).where(SESSIONS.c.id == session_id)
        return (await self._connection.execute(statement)).rowcount > 0

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` of a person's sessions; how many it were."""
        of = select(SESSIONS.c.id).where(SESSIONS.c.user_id == user_id).limit(most)
        return (await self._connection.execute(_selected(SESSIONS, of))).rowcount

    async def purge(self, now: Millis, most: int) -> int:
        """Delete up to ``most`` that are over at ``now``; how many it were."""
        over = select(SESSIONS.c.id).where(SESSIONS.c.expires_at <= now).limit(most)
        return (await self._connection.execute(_selected(SESSIONS, over))).rowcount


_UNTIL: Final = bindparam("until", type_=Moment())
_LOGIN: Final = select(LOGINS).where(LOGINS.c.user_id == bindparam("user_id", type_=Id()))
_ARRIVALS: Final = Several(
    PEOPLE.c.id,
    select(PEOPLE.c.id, PEOPLE.c.created_at, LOGINS.c.verified_at)
    .select_from(PEOPLE.outerjoin(LOGINS, LOGINS.c.user_id == PEOPLE.c.id))
    .where(PEOPLE.c.deleted.is_(False)),
)
_VERIFIED: Final = Several(
    LOGINS.c.user_id, select(LOGINS.c.user_id).where(LOGINS.c.verified_at.is_not(None))
)
_NO_LOGIN: Final = delete(LOGINS).where(LOGINS.c.user_id == bindparam("of_user", type_=Id()))


def _selected(table: Table, query: Select[Any]) -> Delete:
    return delete(table).where(table.c.id.in_(query))


@functools.cache
def _logins(column: Column[Any], dialect: DialectName) -> Select[Any]:
    return select(LOGINS).where(among(column, dialect))


def _login(row: Row[Any]) -> Login:
    return Login(row.user_id, row.email_key, row.password_hash, row.verified_at)


def _login_row(login: Login) -> dict[str, Any]:
    return {
        "user_id": login.user_id,
        "email_key": login.email_key,
        "password_hash": login.password_hash,
        "verified_at": login.verified_at,
    }


def _registration(row: Row[Any]) -> Registration:
    return Registration(
        id=row.id,
        campus_id=row.campus_id,
        email=row.email,
        handle=row.handle,
        display_name=row.display_name,
        password_hash=row.password_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _registration_row(registration: Registration) -> dict[str, Any]:
    return {
        "id": registration.id,
        "campus_id": registration.campus_id,
        "email": registration.email,
        "email_key": registration.email_key,
        "handle": registration.handle,
        "display_name": registration.display_name,
        "password_hash": registration.password_hash,
        "created_at": registration.created_at,
        "expires_at": registration.expires_at,
        "mail_at": registration.created_at,
    }


def _session(row: Row[Any]) -> Session:
    return Session(row.id, row.user_id, row.token_hash, row.created_at, row.expires_at)


def _session_row(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "token_hash": session.token_hash,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
    }
