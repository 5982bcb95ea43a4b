"""Campuses and people in SQL."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    null,
    select,
)
from sqlalchemy.sql.dml import Delete, Insert

from divan_core.accounts.handles import HANDLE, normalised, skeleton
from divan_core.accounts.model import Campus, Person, Privacy, Profile
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.clauses import NewValues, among, insert_or_replace, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.searchwrites import keep_index
from divan_core.stores.sql.several import Several, put_whole
from divan_core.stores.sql.tables import CAMPUSES, PEOPLE, PROFILES, STANDINGS
from divan_core.stores.sql.types import Id, id_of

_PROFILE: Final = ("major", "graduation_year", "passions")

DECIDED: Final = (Standing.SHADOWED, Standing.BANNED)
"""The standings that the community decides, kept in the branch ``moderation``."""


class SqlCampuses:
    """Keeps campuses."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def get(self, campus_id: CampusId) -> Campus | None:
        """The campus, or None."""
        row = (await self._connection.execute(_CAMPUS, {"campus_id": campus_id})).first()
        return _campus(row) if row else None

    async def timezones(self, campuses: Collection[CampusId]) -> Mapping[CampusId, str]:
        """By which time zones clocks of those of these go that there are."""
        rows = await _TIMEZONES.found(self._connection, campuses)
        return {CampusId(id_of(one)): timezone for one, timezone in rows}

    async def page(self, after: CampusId | None, limit: int) -> Sequence[Campus]:
        """Up to ``limit`` campuses with an id above ``after``, by id ascending."""
        query = select(CAMPUSES).order_by(CAMPUSES.c.id).limit(limit)
        if after is not None:
            query = query.where(CAMPUSES.c.id > after)
        return [_campus(row) for row in await self._connection.execute(query)]

    async def put(self, campuses: Sequence[Campus]) -> None:
        """Keep these, replacing those that have the same id."""
        upsert = insert_or_replace(CAMPUSES, self._connection.dialect)
        await _put(self._connection, upsert, [_campus_row(campus) for campus in campuses])


class SqlPeople:
    """Keeps people, with profile and standing where the database has the tables for them."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def get(self, user_id: UserId) -> Person | None:
        """The person, deleted ones included, or None."""
        query = _one(self._tables)
        row = (await self._connection.execute(query, {"user_id": user_id})).first()
        return _person(row) if row else None

    async def get_many(self, people: Sequence[UserId]) -> Sequence[Person]:
        """Those who exist, in any order."""
        found: list[Person] = []
        query = _several(self._tables, self._connection.dialect)
        for portion in portions(list(dict.fromkeys(people))):
            found += map(_person, await self._connection.execute(query, {"among": portion}))
        return found

    async def standings(self, people: Collection[UserId]) -> Mapping[UserId, Standing]:
        """How those of these stand who exist."""
        kept = _standings(standings=self._tables.standings)
        rows = await kept.found(self._connection, people)
        return {UserId(id_of(one)): _standing(gone, decided) for one, gone, decided in rows}

    async def handles(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has exactly these handles, however they are written; free ones are left out."""
        return await self._having(PEOPLE.c.handle, _possible(handles))

    async def look_alikes(self, handles: Sequence[str]) -> dict[str, UserId]:
        """Who has these handles or ones that look like them; free ones are left out."""
        keys = {one: skeleton(handle) for one, handle in _possible(handles).items()}
        return await self._having(PEOPLE.c.handle_key, keys)

    async def _having(self, column: Column[Any], wanted: Mapping[str, str]) -> dict[str, UserId]:
        query = _living(column, self._connection.dialect)
        found: dict[str, UserId] = {}
        for portion in portions(list(dict.fromkeys(wanted.values()))):
            rows = await self._connection.execute(query, {"among": portion})
            found |= {row.name: row.id for row in rows}
        return {asked: found[name] for asked, name in wanted.items() if name in found}

    async def page(self, campus_id: CampusId, after: UserId | None, limit: int) -> Sequence[Person]:
        """Up to ``limit`` people of the campus with an id above ``after``, by id ascending."""
        query = _people(self._tables).where(PEOPLE.c.campus_id == campus_id)
        if after is not None:
            query = query.where(PEOPLE.c.id > after)
        rows = await self._connection.execute(query.order_by(PEOPLE.c.id).limit(limit))
        return [_person(row) for row in rows]

    async def count(self, campus_id: CampusId) -> int:
        """How many people the campus has, deleted ones not counted."""
        query = select(func.count()).where(
            PEOPLE.c.campus_id == campus_id, PEOPLE.c.deleted.is_(False)
        )
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def put(self, people: Sequence[Person]) -> None:
        """Keep these, one after the other, replacing those that have the same id.

        Without the table of profiles the profile is dropped; without that of standings, being
        shadowed or banned is. A standing that stays as it was keeps its reason and date.

        Raises:
            HandleTaken: somebody else has one of the handles.
        """
        dialect = self._connection.dialect
        rows = [_person_row(person) for person in people]
        upsert = insert_or_replace(PEOPLE, dialect, otherwise=_same_key)
        await put_whole(self._connection, upsert, rows)
        latest = {person.id: person for person in people}
        if self._tables.profiles:
            profiles = {user_id: _profile_row(one) for user_id, one in latest.items()}
            kept = [row for row in profiles.values() if row]
            await put_whole(self._connection, insert_or_replace(PROFILES, dialect), kept)
            await self._without(PROFILES, profiles)
        if self._tables.standings:
            alive = [one for one in latest.values() if one.standing is not Standing.DELETED]
            upsert = insert_or_replace(STANDINGS, dialect, "standing")
            standings = {one.id: _standing_row(one) for one in alive}
            await _put(self._connection, upsert, [row for row in standings.values() if row])
            await self._without(STANDINGS, standings)
        await keep_index(self._connection, list(latest.values()))

    async def _without(self, table: Table, rows: Mapping[UserId, dict[str, Any] | None]) -> None:
        """Remove from an optional table the rows of those who have none."""
        remove = _remove(table, self._connection.dialect)
        for portion in portions([user_id for user_id, row in rows.items() if not row]):
            await self._connection.execute(remove, {"among": portion})


async def _put(
    connection: SqlConnection, upsert: Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    for portion in portions(rows):
        await connection.execute(upsert, portion)


def with_optional(columns: Iterable[Column[Any]], tables: OptionalTables) -> Select[Any]:
    """Select columns of people, and what the optional tables say of each: None without them."""
    source: FromClause = PEOPLE
    optional: dict[str, ColumnElement[Any]] = dict.fromkeys((*_PROFILE, "standing"), null())
    if tables.profiles:
        source = source.outerjoin(PROFILES, PROFILES.c.user_id == PEOPLE.c.id)
        optional |= {name: PROFILES.c[name] for name in _PROFILE}
    if tables.standings:
        source = source.outerjoin(STANDINGS, STANDINGS.c.user_id == PEOPLE.c.id)
        optional |= {"standing": STANDINGS.c.standing}
    labelled = (column.label(name) for name, column in optional.items())
    return select(*columns, *labelled).select_from(source)


async def people_by_id(
    connection: SqlConnection, tables: OptionalTables, after: UserId | None, limit: int
) -> Sequence[Person]:
    """Up to ``limit`` people of all campuses with an id above ``after``, by id ascending."""
    query = _people(tables).order_by(PEOPLE.c.id).limit(limit)
    if after is not None:
        query = query.where(PEOPLE.c.id > after)
    return [_person(row) for row in await connection.execute(query)]


_CAMPUS: Final = select(CAMPUSES).where(CAMPUSES.c.id == bindparam("campus_id", type_=Id))


_TIMEZONES: Final = Several(CAMPUSES.c.id, select(CAMPUSES.c.id, CAMPUSES.c.timezone))


@functools.cache
def _standings(*, standings: bool) -> Several:
    if not standings:
        return Several(PEOPLE.c.id, select(PEOPLE.c.id, PEOPLE.c.deleted, null()))
    both = PEOPLE.outerjoin(STANDINGS, STANDINGS.c.user_id == PEOPLE.c.id)
    query = select(PEOPLE.c.id, PEOPLE.c.deleted, STANDINGS.c.standing).select_from(both)
    return Several(PEOPLE.c.id, query)


@functools.cache
def _people(tables: OptionalTables) -> Select[Any]:
    return with_optional(PEOPLE.c, tables)


@functools.cache
def _one(tables: OptionalTables) -> Select[Any]:
    return _people(tables).where(PEOPLE.c.id == bindparam("user_id", type_=Id))


@functools.cache
def _several(tables: OptionalTables, dialect: DialectName) -> Select[Any]:
    return _people(tables).where(among(PEOPLE.c.id, dialect))


@functools.cache
def _living(column: Column[Any], dialect: DialectName) -> Select[Any]:
    wanted = among(column, dialect), PEOPLE.c.deleted.is_(False)
    return select(column.label("name"), PEOPLE.c.id).where(*wanted)


def _possible(handles: Sequence[str]) -> dict[str, str]:
    """Those that could be somebody's, normalised: not every text can be asked for in SQL."""
    found = {asked: normalised(asked) for asked in handles}
    return {asked: handle for asked, handle in found.items() if HANDLE.fullmatch(handle)}


def _same_key(new: NewValues) -> Mapping[str, ColumnElement[Any]]:
    """A handle that stays keeps its key, which need not be what it looks like: see core_0003."""
    stays = PEOPLE.c.handle == new["handle"], new["handle_key"].is_not(None)
    key = func.coalesce(PEOPLE.c.handle_key, new["handle_key"])
    return {"handle_key": case((and_(*stays), key), else_=new["handle_key"])}


@functools.cache
def _remove(table: Table, dialect: DialectName) -> Delete:
    return delete(table).where(among(table.c.user_id, dialect))


def standing(row: Row[Any]) -> Standing:
    """What a row of people says of the person's standing."""
    return _standing(row.deleted, row.standing)


def _standing(deleted: bool, decided: str | None) -> Standing:  # noqa: FBT001 - as rows have it
    if deleted:
        return Standing.DELETED
    return Standing(decided) if decided else Standing.ACTIVE


def passions(row: Row[Any]) -> tuple[str, ...] | None:
    """What a row of people says of the person's passions."""
    return None if row.passions is None else tuple(row.passions)


def _campus(row: Row[Any]) -> Campus:
    return Campus(
        id=row.id,
        name=row.name,
        centre=Point(row.lat, row.lon),
        timezone=row.timezone,
        radius_m=row.radius_m,
    )


def _campus_row(campus: Campus) -> dict[str, Any]:
    return {
        "id": campus.id,
        "name": campus.name,
        "lat": campus.centre.lat,
        "lon": campus.centre.lon,
        "timezone": campus.timezone,
        "radius_m": campus.radius_m,
    }


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        campus_id=row.campus_id,
        handle=row.handle,
        display_name=row.display_name,
        created_at=row.created_at,
        avatar_url=row.avatar_url,
        email=row.email,
        privacy=Privacy(
            visibility=Visibility(row.visibility),
            blur_distance_m=row.blur_distance_m,
            ghost_mode=row.ghost_mode,
            chat_from=row.chat_from,
            read_receipts=row.read_receipts,
        ),
        profile=Profile(row.major, row.graduation_year, passions(row)),
        standing=standing(row),
        roles=frozenset(row.roles),
    )


def _person_row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "campus_id": person.campus_id,
        "handle": person.handle,
        "display_name": person.display_name,
        "avatar_url": person.avatar_url,
        "email": person.email,
        "created_at": person.created_at,
        "visibility": person.privacy.visibility.value,
        "blur_distance_m": person.privacy.blur_distance_m,
        "ghost_mode": person.privacy.ghost_mode,
        "chat_from": person.privacy.chat_from,
        "read_receipts": person.privacy.read_receipts,
        "roles": sorted(person.roles),
        "deleted": person.standing is Standing.DELETED,
        "handle_key": person.handle_key,
    }


def _profile_row(person: Person) -> dict[str, Any] | None:
    profile = person.profile
    if profile == Profile():
        return None
    return {
        "user_id": person.id,
        "major": profile.major,
        "graduation_year": profile.graduation_year,
        "passions": None if profile.passions is None else list(profile.passions),
    }


def _standing_row(person: Person) -> dict[str, Any] | None:
    if person.standing not in DECIDED:
        return None
    return {"user_id": person.id, "standing": person.standing.value}
