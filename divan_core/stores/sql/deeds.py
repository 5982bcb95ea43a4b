"""What counts on leaderboards, in SQL."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

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
from divan_core.stores.sql.clauses import insert_or_replace, named_among
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.several import SeveralKeys
from divan_core.stores.sql.types import id_of, millis_of

_OF: Final = DEEDS.c
_FIRST: Final = (
    select(DEEDS)
    .where(
        _OF.user_id == bindparam("of_user", type_=_OF.user_id.type),
        _OF.day == bindparam("of_day", type_=_OF.day.type),
        _OF.kind == literal_column(f"'{DeedKind.DIRECT.value}'", _OF.kind.type),
        _OF.peer_id == bindparam("of_peer", type_=_OF.peer_id.type),
        _OF.hidden == false(),
    )
    .order_by(_OF.at, _OF.cause)
    .limit(literal_column("1", Integer()))
)
_COUNTS: Final = and_(_OF.hidden == false(), _OF.shunned == false())


class SqlDeeds:
    """Keeps what counts."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def some(self, keys: Collection[DeedKey]) -> Sequence[Deed]:
        """Those of these that there are."""
        wanted = ((user_id, kind.value, cause, per) for user_id, kind, cause, per in keys)
        return list(map(_deed, await _SOME.found(self._connection, wanted)))

    async def put(self, deeds: Sequence[Deed]) -> None:
        """Keep these, replacing those of the same keys."""
        upsert = insert_or_replace(DEEDS, self._connection.dialect)
        rows = {one.key: _row(one) for one in deeds}
        await insert_all(self._connection, upsert, list(rows.values()))

    async def first(self, user_id: UserId, peer_id: UserId, day: Day) -> Deed | None:
        """What somebody wrote to a peer first on a day, of what is not hidden."""
        given = {"of_user": user_id, "of_day": day, "of_peer": peer_id}
        found = await self._connection.run(_FIRST, given)
        return None if found is None else _deed(found)

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
        for user_id, day, kind, counted, last in await _TALLIES.found(self._connection, days):
            count = Count(counted, millis_of(last))
            found[UserId(id_of(user_id)), Day(day)][DeedKind(kind)] = count
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
        if len(rows) == 1:
            await self._connection.later(_mark_statement(), rows[0])
        elif rows:
            await self._connection.rows(_mark_statement(), rows)

    async def marks(self, campus_id: CampusId, most: int) -> Sequence[Mark]:
        """The first ``most`` marks of a campus."""
        given = {"of_campus": campus_id, "most": most}
        rows = await self._connection.rows(_marks_statement(), given)
        return [Mark(position, UserId(id_of(one)), Day(day)) for position, one, day in rows]

    async def clear(self, marks: Collection[Mark]) -> None:
        """Forget these."""
        positions = [one.position for one in marks]
        if self._connection.dialect == "postgresql":
            await self._connection.rows(_CLEAR_ALL, {"marked": positions})
        elif positions:
            await self._connection.rows(_CLEAR_ONE, [{"marked": one} for one in positions])

    async def marked(self) -> Sequence[CampusId]:
        """The campuses that have marks."""
        rows = await self._connection.rows(_marked_statement(), {})
        return [CampusId(id_of(one)) for (one,) in rows]

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


def _some(wanted: ColumnElement[bool]) -> Select[Any]:
    return select(DEEDS).where(wanted)


def _tallies(wanted: ColumnElement[bool]) -> Select[Any]:
    """How many of each kind count on these days, the first ones, and when the last was."""
    order = func.row_number().over(
        partition_by=(_OF.user_id, _OF.day, _OF.kind), order_by=(_OF.at, _OF.cause)
    )
    each = (
        select(_OF.user_id, _OF.day, _OF.kind, _OF.at, order.label("number"))
        .where(wanted, _COUNTS)
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


_CLEAR_ALL: Final = delete(SCORE_MARKS).where(
    SCORE_MARKS.c.position == any_(bindparam("marked", type_=ARRAY(BigInteger())))
)
_CLEAR_ONE: Final = delete(SCORE_MARKS).where(
    SCORE_MARKS.c.position == bindparam("marked", type_=BigInteger())
)
_SOME: Final = SeveralKeys((_OF.user_id, _OF.kind, _OF.cause, _OF.per), _some)
_TALLIES: Final = SeveralKeys((_OF.user_id, _OF.day), _tallies)


@functools.cache
def _mark_statement() -> Insert:
    given = (SCORE_MARKS.c.campus_id, SCORE_MARKS.c.user_id, SCORE_MARKS.c.day)
    row = {one: bindparam(one.name, type_=one.type) for one in given}
    return insert(SCORE_MARKS).values(row).inline()


@functools.cache
def _marks_statement() -> Select[Any]:
    of = SCORE_MARKS.c
    ours = of.campus_id == bindparam("of_campus", type_=of.campus_id.type)
    first = select(of.position, of.user_id, of.day).where(ours).order_by(of.position)
    return first.limit(bindparam("most", type_=Integer()))


@functools.cache
def _marked_statement() -> Select[Any]:
    return select(SCORE_MARKS.c.campus_id).distinct()


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


def _deed(row: Sequence[Any]) -> Deed:
    """A deed of a row, whether SQLAlchemy or the driver has it."""
    user_id, kind, cause, _per, campus_id, day, at, peer_id, hidden, shunned = row
    return Deed(
        UserId(id_of(user_id)),
        DeedKind(kind),
        id_of(cause),
        CampusId(id_of(campus_id)),
        Day(day),
        millis_of(at),
        None if peer_id is None else UserId(id_of(peer_id)),
        bool(hidden),
        bool(shunned),
    )
