"""Cards and relations of people, read in as few round trips as there can be.

Whoever searches or looks around for the first time needs those of hundreds at once. So rows come
as the drivers have them, past SQLAlchemy, which took several times as long around them.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Standing, Visibility
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables
from divan_core.stores.sql.clauses import MOST_AT_ONCE, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.types import Id, id_of


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
                self._engine.look, functools.partial(_read_cards, portion)
            )
        return found

    async def relations(self, user_id: UserId) -> Relations:
        """The person's friends and blocks; empty for an unknown id."""
        return await self._engine.look(functools.partial(_read_relations, user_id))

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        """The same of many; one statement for every five thousand asked for."""
        found: dict[UserId, Relations] = {}
        for portion in portions(list(people), MOST_AT_ONCE // 2):
            found |= await self._engine.look(functools.partial(_read_many_relations, portion))
        return found

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        """The friends of many, as numbers; one statement for every five thousand asked for."""
        found: dict[UserId, Sequence[int]] = {}
        for portion in portions(list(people), MOST_AT_ONCE // 2):
            found |= await self._engine.look(functools.partial(_read_friends, portion))
        return found

    async def circle(self, user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        """The person's relations, and the friends of their friends, in one statement."""
        return await self._engine.look(functools.partial(_read_circle, user_id))


async def _read_cards(
    people: Sequence[UserId], connection: SqlConnection, tables: OptionalTables
) -> dict[UserId, PersonCard]:
    statement = _cards(connection.dialect, tables)
    rows = await connection.rows_of_text(statement, _among(people, connection.dialect))
    return {card.user_id: card for card in map(_card, rows)}


async def _read_relations(user_id: UserId, connection: SqlConnection) -> Relations:
    return (await _read_many_relations((user_id,), connection))[user_id]


async def _read_many_relations(
    people: Sequence[UserId], connection: SqlConnection
) -> dict[UserId, Relations]:
    statement = _relations(connection.dialect, "friendships", "blocks")
    rows = await connection.rows_of_text(statement, _among(people, connection.dialect))
    friends, blocked = defaultdict[UserId, set[UserId]](set), defaultdict[UserId, set[UserId]](set)
    for this, other, is_friend in rows:
        (friends if is_friend else blocked)[_known(this)].add(_known(other))
    return {
        one: Relations(frozenset(friends.get(one, ())), frozenset(blocked.get(one, ())))
        for one in people
    }


async def _read_friends(
    people: Sequence[UserId], connection: SqlConnection
) -> dict[UserId, Sequence[int]]:
    statement = _relations(connection.dialect, "friendships")
    rows = await connection.rows_of_text(statement, _among(people, connection.dialect))
    friends = defaultdict[UUID | bytes, list[int]](list)
    for this, other, _ in rows:
        friends[this].append(_known(other).int)
    found: dict[UserId, Sequence[int]] = dict.fromkeys(people, ())
    return found | {_known(this): them for this, them in friends.items()}


async def _read_circle(
    user_id: UserId, connection: SqlConnection
) -> tuple[Relations, dict[UserId, Sequence[int]]]:
    statement = _circle(connection.dialect)
    person = user_id if connection.dialect == "postgresql" else user_id.bytes
    friends, blocked, theirs = set[UserId](), set[UserId](), defaultdict[UserId, list[int]](list)
    for this, other, what in await connection.rows_of_text(statement, {"person": person}):
        if what == _OF_A_FRIEND:
            theirs[_known(this)].append(_known(other).int)
        else:
            (friends if what == _FRIEND else blocked).add(_known(other))
    return Relations(frozenset(friends), frozenset(blocked)), {one: theirs[one] for one in friends}


def _among(people: Sequence[UserId], dialect: DialectName) -> Mapping[str, Any]:
    """The ids that are asked for: an array, or one behind the other."""
    if dialect == "postgresql":
        return {"among": people}
    return {"among": b"".join([one.bytes for one in people])}


_GIVEN: Final = (
    "WITH RECURSIVE place (at) AS"
    " (SELECT 1 UNION ALL SELECT at + 16 FROM place WHERE at + 16 < length(:among)),"
    " given AS MATERIALIZED (SELECT substr(:among, at, 16) AS id FROM place)"
)
"""Those ids on SQLite."""


def _typed(dialect: DialectName, sql: str) -> TextClause:
    if dialect == "sqlite":
        return text(f"{_GIVEN} {sql}")
    return text(sql).bindparams(bindparam("among", type_=ARRAY(Id)))


_SIDES: Final = (
    ("friendships", "low_id", "high_id"),
    ("friendships", "high_id", "low_id"),
    ("blocks", "by_id", "target_id"),
    ("blocks", "target_id", "by_id"),
)
"""Where somebody's relations stand: the table, the person's column, and the other's."""


@functools.cache
def _relations(dialect: DialectName, *tables: str) -> TextClause:
    """Of each who is asked for: the others in these tables, and whether as friends.

    PostgreSQL is given an array, because these tables' indexes are the better way, however they
    grow.
    """
    given = "IN (SELECT id FROM given)" if dialect == "sqlite" else "= ANY(:among)"
    sides = (
        f"SELECT {this}, {other}, {int(table == 'friendships')}"  # noqa: S608 - constants
        f" FROM {table} WHERE {this} {given}"
        for table, this, other in _SIDES
        if table in tables
    )
    return _typed(dialect, _all(list(sides)))


_BLOCKED: Final = 0
_FRIEND: Final = 1
_OF_A_FRIEND: Final = 2
"""What somebody is in the rows of a circle."""


@functools.cache
def _circle(dialect: DialectName) -> TextClause:
    """Whom somebody has to do with, and the friends of those who are their friends.

    Those are given as an array to PostgreSQL, as above.
    """
    among = "IN (SELECT id FROM mine)"
    if dialect == "postgresql":
        among = "= ANY(ARRAY(SELECT id FROM mine))"
    mine = [
        f"SELECT {other} AS id FROM {table} WHERE {this} = :person"  # noqa: S608 - constants
        for table, this, other in _SIDES
        if table == "friendships"
    ]
    rows = [f"SELECT NULL, id, {_FRIEND} FROM mine"]  # noqa: S608 - constants
    for table, this, other in _SIDES:
        is_friend = table == "friendships"
        what, whose = (_OF_A_FRIEND, among) if is_friend else (_BLOCKED, "= :person")
        rows.append(f"SELECT {this}, {other}, {what} FROM {table} WHERE {this} {whose}")  # noqa: S608 - constants
    found = text(f"WITH mine AS MATERIALIZED ({_all(mine)}) {_all(rows)}")
    return found if dialect == "sqlite" else found.bindparams(bindparam("person", type_=Id))


def _all(selects: Sequence[str]) -> str:
    return " UNION ALL ".join(selects)


_SHOWN: Final = (
    "p.id",
    "p.campus_id",
    "p.handle",
    "p.display_name",
    "p.avatar_url",
    "p.visibility",
    "p.ghost_mode",
    "p.blur_distance_m",
    "p.chat_from",
    "p.read_receipts",
    "CAST(p.roles AS text)",
    "p.deleted",
)


@functools.cache
def _cards(dialect: DialectName, tables: OptionalTables) -> TextClause:
    """What cards are made of, in the order of :func:`_card`.

    On PostgreSQL the array is unnested for the reason that ``clauses.among`` gives.
    """
    given = "SELECT id FROM given" if dialect == "sqlite" else "SELECT unnest(:among)"
    source, optional = "people p", ["NULL", "NULL", "NULL", "NULL"]
    if tables.standings:
        source += " LEFT JOIN standings s ON s.user_id = p.id"
        optional[0] = "s.standing"
    if tables.profiles:
        source += " LEFT JOIN profiles f ON f.user_id = p.id"
        optional[1:] = ["f.major", "f.graduation_year", "CAST(f.passions AS text)"]
    columns = ", ".join((*_SHOWN, *optional))
    return _typed(dialect, f"SELECT {columns} FROM {source} WHERE p.id IN ({given})")  # noqa: S608 - constants


def _card(row: Sequence[Any]) -> PersonCard:
    decided = Standing(row[12]) if row[12] else Standing.ACTIVE
    return PersonCard(
        user_id=_known(row[0]),
        campus_id=CampusId(_known(row[1])),
        handle=row[2],
        display_name=row[3],
        avatar_url=row[4],
        visibility=Visibility(row[5]),
        ghost_mode=bool(row[6]),
        blur_distance_m=row[7],
        chat_from=row[8],
        read_receipts=bool(row[9]),
        roles=frozenset(_listed(row[10])),
        standing=Standing.DELETED if row[11] else decided,
        major=row[13],
        graduation_year=row[14],
        passions=None if row[15] is None else _listed(row[15]),
    )


@functools.lru_cache(maxsize=65_536)
def _known(value: UUID | bytes) -> UserId:
    """An id as a driver has it; the same one again, since friends and cards are met many times."""
    return UserId(id_of(value))


@functools.lru_cache(maxsize=4_096)
def _listed(written: str) -> tuple[str, ...]:
    """A list of texts, which is kept as JSON."""
    return tuple(json.loads(written))
