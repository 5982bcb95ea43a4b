"""Cards and relations of people, read in as few round trips as there can be."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    CompoundSelect,
    Integer,
    Row,
    Select,
    bindparam,
    literal_column,
    select,
    union_all,
)

from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import PersonCard, Relations, Visibility
from divan_core.stores.sql.accounts import passions, standing, with_optional
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables
from divan_core.stores.sql.clauses import MOST_AT_ONCE, among, one_of, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.tables import BLOCKS, FRIENDSHIPS, PEOPLE
from divan_core.stores.sql.types import Id

_SHOWN: Final = tuple(
    PEOPLE.c[name]
    for name in (
        "id",
        "campus_id",
        "handle",
        "display_name",
        "avatar_url",
        "visibility",
        "ghost_mode",
        "blur_distance_m",
        "chat_from",
        "read_receipts",
        "roles",
        "deleted",
    )
)


class SqlPeopleSource:
    """Reads cards and relations, each in one statement, which is its own snapshot."""

    def __init__(self, engine: SqlEngine, catalogue: Catalogue) -> None:
        """Ask ``engine``, with the optional tables that ``catalogue`` knows of."""
        self._engine = engine
        self._catalogue = catalogue

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        """The cards of those who exist; one statement for every ten thousand asked for."""
        found: dict[UserId, PersonCard] = {}
        for portion in portions(list(people)):
            found |= await self._catalogue.run(
                self._engine.ask, functools.partial(_read_cards, portion)
            )
        return found

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks; empty for an unknown id."""
        return await self._engine.ask(functools.partial(_read_relations, user_id))

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        """The same of many; one statement for every five thousand asked for."""
        found: dict[UserId, Relations] = {}
        for portion in portions(list(people), MOST_AT_ONCE // 2):  # it is bound four times
            found |= await self._engine.ask(functools.partial(_read_many_relations, portion))
        return found


async def _read_cards(
    people: Sequence[UserId], connection: SqlConnection, tables: OptionalTables
) -> dict[UserId, PersonCard]:
    rows = await connection.execute(_cards(tables, connection.dialect), {"among": people})
    return {row.id: _card(row) for row in rows}


async def _read_relations(user_id: UserId, connection: SqlConnection) -> Relations:
    rows = (await connection.execute(_RELATIONS, {"user_id": user_id})).all()
    return Relations(
        friends=frozenset(row.other_id for row in rows if row.is_friend),
        blocked=frozenset(row.other_id for row in rows if not row.is_friend),
    )


async def _read_many_relations(
    people: Sequence[UserId], connection: SqlConnection
) -> dict[UserId, Relations]:
    rows = await connection.execute(_relations_of(connection.dialect), {"among": people})
    friends, blocked = defaultdict[UUID, set[UserId]](set), defaultdict[UUID, set[UserId]](set)
    for row in rows:
        (friends if row.is_friend else blocked)[row.this_id].add(row.other_id)
    return {
        one: Relations(frozenset(friends.get(one, ())), frozenset(blocked.get(one, ())))
        for one in people
    }


@functools.cache
def _cards(tables: OptionalTables, dialect: DialectName) -> Select[Any]:
    return with_optional(_SHOWN, tables).where(among(PEOPLE.c.id, dialect))


_SIDES: Final = (
    (FRIENDSHIPS.c.low_id, FRIENDSHIPS.c.high_id),
    (FRIENDSHIPS.c.high_id, FRIENDSHIPS.c.low_id),
    (BLOCKS.c.by_id, BLOCKS.c.target_id),
    (BLOCKS.c.target_id, BLOCKS.c.by_id),
)
"""Where somebody's relations stand: the person's column, and the other's."""


def _side(this: Column[UUID], other: Column[UUID]) -> Select[UUID, UUID, int]:
    is_friend = literal_column("1" if this.table is FRIENDSHIPS else "0", Integer)
    return select(this.label("this_id"), other.label("other_id"), is_friend.label("is_friend"))


_RELATIONS: Final = union_all(
    *(_side(this, other).where(this == bindparam("user_id", type_=Id)) for this, other in _SIDES)
)


@functools.cache
def _relations_of(dialect: DialectName) -> CompoundSelect[UUID, UUID, int]:
    return union_all(*(_side(this, other).where(one_of(this, dialect)) for this, other in _SIDES))


def _card(row: Row[Any]) -> PersonCard:
    return PersonCard(
        user_id=row.id,
        campus_id=row.campus_id,
        handle=row.handle,
        display_name=row.display_name,
        avatar_url=row.avatar_url,
        visibility=Visibility(row.visibility),
        ghost_mode=row.ghost_mode,
        blur_distance_m=row.blur_distance_m,
        chat_from=row.chat_from,
        read_receipts=row.read_receipts,
        standing=standing(row),
        roles=frozenset(row.roles),
        major=row.major,
        graduation_year=row.graduation_year,
        passions=passions(row),
    )
