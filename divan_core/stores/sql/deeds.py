"""What counts on leaderboards, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)

from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.leaderboards.model import (
    COMPANY,
    Count,
    Day,
    Deed,
    DeedKey,
    DeedKind,
    Mark,
    Tally,
    UserDay,
)
from divan_core.leaderboards.policy import CAPS
from divan_core.stores.sql.arrays import insert_all
from divan_core.stores.sql.boardtables import DEEDS, SCORE_MARKS
from divan_core.stores.sql.clauses import insert_or_replace, named_among, portions
from divan_core.stores.sql.connection import SqlConnection

_OF: Final = DEEDS.c
_COUNTS: Final = and_(_OF.hidden == false(), _OF.shunned == false())


class SqlDeeds:
    """Keeps what counts."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def some(self, keys: Collection[DeedKey]) -> Sequence[Deed]:
        """Those of these that there are."""
        wanted = [(user_id, kind.value, cause, per) for user_id, kind, cause, per in keys]
        key = tuple_(_OF.user_id, _OF.kind, _OF.cause, _OF.per)
        return await self._found(select(DEEDS).where(key.in_(wanted))) if wanted else ()

    async def put(self, deeds: Sequence[Deed]) -> None:
        """Keep these, replacing those of the same keys."""
        upsert = insert_or_replace(DEEDS, self._connection.dialect)
        rows = {one.key: _row(one) for one in deeds}
        await insert_all(self._connection, upsert, list(rows.values()))

    async def first(self, user_id: UserId, peer_id: UserId, day: Day) -> Deed | None:
        """What somebody wrote to a peer first on a day, of what is not hidden."""
        query = select(DEEDS).where(
            _OF.user_id == user_id,
            _OF.day == day,
            _OF.kind == DeedKind.DIRECT.value,
            _OF.peer_id == peer_id,
            _OF.hidden == false(),
        )
        found = await self._found(query.order_by(_OF.at, _OF.cause).limit(1))
        return found[0] if found else None

    async def about_room(self, room_id: RoomId) -> Sequence[Deed]:
        """Who has made a room, or come into it."""
        kinds = or_(_OF.kind == DeedKind.CREATED.value, _OF.kind == DeedKind.JOINED.value)
        return await self._found(select(DEEDS).where(_OF.cause == room_id, kinds))

    async def shun(self, user_id: UserId, *, shunned: bool) -> None:
        """Let what others did with somebody count for nothing, or count again."""
        others = and_(_OF.peer_id == user_id, _OF.shunned != literal(shunned))
        day = (_OF.campus_id, _OF.user_id, _OF.day)
        touched = union(select(*day).where(others), select(*day).where(_OF.user_id == user_id))
        columns = ["campus_id", "user_id", "day"]
        await self._connection.execute(insert(SCORE_MARKS).from_select(columns, touched))
        await self._connection.execute(update(DEEDS).where(others).values(shunned=shunned))

    async def tallies(self, days: Collection[UserDay]) -> Mapping[UserDay, Tally]:
        """What counts on these days."""
        found: defaultdict[UserDay, dict[DeedKind, Count]] = defaultdict(dict)
        for portion in portions(list(days), MOST_DAYS):
            for row in await self._connection.execute(_tallies(portion)):
                count = Count(row.counted, row.last)
                found[UserId(row.user_id), Day(row.day)][DeedKind(row.kind)] = count
        return found

    async def companions(self, people: Collection[UserId], until: Day, least: int) -> set[UserId]:
        """Those of these who had ``least`` different peers in the week that ends with a day."""
        query = (
            select(_OF.user_id)
            .where(
                named_among(_OF.user_id, "people", self._connection.dialect),
                _OF.day.between(until - 6, until),
                _OF.kind.in_([one.value for one in COMPANY]),
                _COUNTS,
            )
            .group_by(_OF.user_id)
            .having(func.count(_OF.peer_id.distinct()) >= least)
        )
        rows = await self._connection.execute(query, {"people": list(people)})
        return {UserId(one) for one in rows.scalars()}

    async def mark(self, campus_id: CampusId, days: Collection[UserDay]) -> None:
        """Remember that these days have to be added up anew."""
        rows = [{"campus_id": campus_id, "user_id": who, "day": day} for who, day in days]
        if rows:
            await self._connection.execute(insert(SCORE_MARKS).values(rows))

    async def marks(self, campus_id: CampusId, most: int) -> Sequence[Mark]:
        """The first ``most`` marks of a campus."""
        of = SCORE_MARKS.c
        query = select(of.position, of.user_id, of.day).where(of.campus_id == campus_id)
        rows = await self._connection.execute(query.order_by(of.position).limit(most))
        return [Mark(row.position, UserId(row.user_id), Day(row.day)) for row in rows]

    async def clear(self, marks: Collection[Mark]) -> None:
        """Forget these."""
        positions = [one.position for one in marks]
        statement = delete(SCORE_MARKS).where(SCORE_MARKS.c.position.in_(positions))
        await self._connection.execute(statement)

    async def marked(self) -> Sequence[CampusId]:
        """The campuses that have marks."""
        query = select(SCORE_MARKS.c.campus_id).distinct()
        return [CampusId(one) for one in (await self._connection.execute(query)).scalars()]

    async def count_of(self, user_id: UserId) -> int:
        """How many deeds of somebody there are."""
        query = select(func.count()).select_from(DEEDS).where(_OF.user_id == user_id)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        return await self._removed(most, _OF.user_id == user_id)

    async def purge(self, campus_id: CampusId, before: Day, most: int) -> int:
        """Delete up to ``most`` deeds of days before one; how many it were."""
        return await self._removed(most, _OF.campus_id == campus_id, _OF.day < before)

    async def _removed(self, most: int, *wanted: ColumnElement[bool]) -> int:
        key = (_OF.user_id, _OF.kind, _OF.cause, _OF.per)
        some = select(*key).where(*wanted).limit(most)
        removed = delete(DEEDS).where(tuple_(*key).in_(some))
        return (await self._connection.execute(removed)).rowcount

    async def _found(self, query: Select[Any]) -> Sequence[Deed]:
        return [_deed(row) for row in await self._connection.execute(query)]


MOST_DAYS: Final = 500
"""Of how many days one statement tells what counts."""


def _tallies(days: Iterable[UserDay]) -> Select[Any]:
    """How many of each kind count on these days, the first ones, and when the last of these was."""
    order = func.row_number().over(
        partition_by=(_OF.user_id, _OF.day, _OF.kind), order_by=(_OF.at, _OF.cause)
    )
    each = (
        select(_OF.user_id, _OF.day, _OF.kind, _OF.at, order.label("number"))
        .where(tuple_(_OF.user_id, _OF.day).in_(list(days)), _COUNTS)
        .subquery()
    )
    caps = [(each.c.kind == kind.value, most) for kind, most in CAPS.items()]
    return (
        select(
            each.c.user_id,
            each.c.day,
            each.c.kind,
            func.count().label("counted"),
            func.max(each.c.at, type_=_OF.at.type).label("last"),
        )
        .where(each.c.number <= case(*caps, else_=each.c.number))
        .group_by(each.c.user_id, each.c.day, each.c.kind)
    )


def _row(deed: Deed) -> dict[str, Any]:
    *_, per = deed.key
    return {
        "user_id": deed.user_id,
        "kind": deed.kind.value,
        "cause": deed.cause,
        "per": per,
        "campus_id": deed.campus_id,
        "day": deed.day,
        "at": deed.at,
        "peer_id": deed.peer_id,
        "hidden": deed.hidden,
        "shunned": deed.shunned,
    }


def _deed(row: Row[Any]) -> Deed:
    return Deed(
        row.user_id,
        DeedKind(row.kind),
        row.cause,
        row.campus_id,
        Day(row.day),
        row.at,
        row.peer_id,
        row.hidden,
        row.shunned,
    )
