"""Activities in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    union_all,
    update,
)

from divan_core.activities.model import Activity, ActivityId, Meeting, Score, Stage
from divan_core.codec.reader import decode, encode
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.stores.sql.activitytables import ACTIVITIES
from divan_core.stores.sql.clauses import one_of
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.types import Id, Moment, id_of, millis_of


class SqlActivities:
    """Keeps activities."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def get(self, activity_id: ActivityId) -> Activity | None:
        """The activity, in whatever stage, or None."""
        row = await self._connection.run(_ONE, {"one": activity_id})
        return None if row is None else _activity(row)

    async def some(self, ids: Collection[ActivityId]) -> Sequence[Activity]:
        """Those of these that there are."""
        query = select(ACTIVITIES).where(one_of(ACTIVITIES.c.id, self._connection.dialect))
        rows = await self._connection.execute(query, {"among": list(ids)}) if ids else ()
        return [_activity(row) for row in rows]

    async def hold(self, activity_id: ActivityId) -> Activity | None:
        """As :meth:`get`, with a lock on the row; on SQLite a unit that writes is alone anyway."""
        row = await self._connection.run(_HELD, {"one": activity_id})
        return None if row is None else _activity(row)

    async def open_of(self, meeting: Meeting) -> Sequence[Activity]:
        """The open activities of two people and a kind."""
        given = {"low": meeting.low, "high": meeting.high, "of_kind": meeting.kind}
        return [_activity(row) for row in await self._connection.execute(_OPEN, given)]

    async def of(
        self, user_id: UserId, before: ActivityId | None, limit: int
    ) -> Sequence[Activity]:
        """Up to ``limit`` activities that somebody may know of, by id descending."""
        given = {"user_id": user_id, "before": before or _ABOVE_ALL, "most": limit}
        return [_activity(row) for row in await self._connection.execute(_OF, given)]

    async def have_met(self, one: UserId, other: UserId) -> bool:
        """Whether two people have begun a game with each other that both may know of."""
        query = select(ACTIVITIES.c.id).where(
            ACTIVITIES.c.low_id == min(one, other),
            ACTIVITIES.c.high_id == max(one, other),
            ACTIVITIES.c.started_at.is_not(None),
            not_(ACTIVITIES.c.shadowed),
        )
        return (await self._connection.execute(query.limit(1))).first() is not None

    async def add(self, activity: Activity) -> None:
        """Keep a new one."""
        await self._connection.execute(_ADD, _row(activity) | _fixed(activity))

    async def replace(self, activity: Activity) -> bool:
        """Keep what has become of it, if its version is still the one before this."""
        given = {f"new_{name}": value for name, value in _row(activity).items()}
        where = {"one": activity.id, "last_version": activity.version - 1}
        return await self._connection.run(_REPLACE, given | where) is not None

    async def due(self, now: Millis, most: int) -> Sequence[ActivityId]:
        """Up to ``most`` activities in which something is due, the longest overdue first."""
        rows = await self._connection.execute(_DUE, {"now": now, "most": most})
        return [ActivityId(row.id) for row in rows]

    async def overdue(self, now: Millis) -> int:
        """In how many activities something is due."""
        return await self._counted(ACTIVITIES.c.due_at <= now)

    async def ended(self, before: Millis) -> int:
        """How many activities ended before a moment."""
        return await self._counted(ACTIVITIES.c.ended_at < before)

    async def count_of(self, user_id: UserId) -> int:
        """How many activities there are of a person."""
        return await self._counted(_concerning(user_id))

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` activities of a person; how many it were."""
        some = select(ACTIVITIES.c.id).where(_concerning(user_id)).limit(most)
        return await self._remove(some)

    async def purge(self, before: Millis, most: int) -> int:
        """Remove up to ``most`` activities that ended before a moment; how many it were."""
        ended = ACTIVITIES.c.ended_at
        over = select(ACTIVITIES.c.id).where(ended < before).order_by(ended).limit(most)
        return await self._remove(over)

    async def _counted(self, wanted: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(ACTIVITIES).where(wanted)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def _remove(self, some: Select[Any]) -> int:
        statement = delete(ACTIVITIES).where(ACTIVITIES.c.id.in_(some))
        return (await self._connection.execute(statement)).rowcount


def _concerning(user_id: UserId) -> ColumnElement[bool]:
    return or_(ACTIVITIES.c.low_id == user_id, ACTIVITIES.c.high_id == user_id)


def _fixed(activity: Activity) -> dict[str, Any]:
    """What never changes."""
    meeting = Meeting.of(activity.players, activity.kind)
    return {
        "id": activity.id,
        "campus_id": activity.campus_id,
        "kind": activity.kind,
        "low_id": meeting.low,
        "high_id": meeting.high,
        "low_asked": activity.players[0] == meeting.low,
        "created_at": activity.created_at,
        "shadowed": activity.shadowed,
    }


def _row(activity: Activity) -> dict[str, Any]:
    """What changes."""
    position = activity.position
    return {
        "stage": activity.stage.value,
        "options": activity.options.decode(),
        "seed": activity.seed,
        "position": None if position is None else position.decode(),
        "round": activity.round,
        "scores": encode(activity.scores).decode(),
        "winner_id": activity.winner_id,
        "started_at": activity.started_at,
        "ended_at": activity.ended_at,
        "moved_at": activity.moved_at,
        "due_at": activity.due_at,
        "version": activity.version,
    }


_CHANGING: Final = (
    "stage",
    "options",
    "seed",
    "position",
    "round",
    "scores",
    "winner_id",
    "started_at",
    "ended_at",
    "moved_at",
    "due_at",
    "version",
)
_COLUMNS: Final = tuple(column.name for column in ACTIVITIES.c)


def _activity(row: Sequence[Any]) -> Activity:
    """An activity from the columns of its table, as SQLAlchemy has them or a driver."""
    value = dict(zip(_COLUMNS, row, strict=True))
    pair = UserId(id_of(value["low_id"])), UserId(id_of(value["high_id"]))
    position, winner = value["position"], value["winner_id"]
    return Activity(
        id=ActivityId(id_of(value["id"])),
        campus_id=CampusId(id_of(value["campus_id"])),
        kind=value["kind"],
        players=pair if value["low_asked"] else (pair[1], pair[0]),
        options=value["options"].encode(),
        seed=bytes(value["seed"]),
        created_at=millis_of(value["created_at"]),
        moved_at=millis_of(value["moved_at"]),
        due_at=_moment(value["due_at"]),
        stage=Stage(value["stage"]),
        position=None if position is None else position.encode(),
        round=value["round"],
        scores=decode(value["scores"].encode(), dict[UserId, Score]),
        winner_id=None if winner is None else UserId(id_of(winner)),
        started_at=_moment(value["started_at"]),
        ended_at=_moment(value["ended_at"]),
        shadowed=bool(value["shadowed"]),
        version=value["version"],
    )


def _moment(value: Any) -> Millis | None:  # noqa: ANN401 - as a driver has it
    return None if value is None else millis_of(value)


_ABOVE_ALL: Final = UUID(int=(1 << 128) - 1)
_MOST: Final = bindparam("most", type_=Integer())
_ONE: Final = select(ACTIVITIES).where(ACTIVITIES.c.id == bindparam("one", type_=Id()))
_HELD: Final = _ONE.with_for_update()
_ADD: Final = insert(ACTIVITIES)
_REPLACE: Final = (
    update(ACTIVITIES)
    .where(
        ACTIVITIES.c.id == bindparam("one", type_=Id()),
        ACTIVITIES.c.version == bindparam("last_version", type_=ACTIVITIES.c.version.type),
    )
    .values({name: bindparam(f"new_{name}", type_=ACTIVITIES.c[name].type) for name in _CHANGING})
    .returning(ACTIVITIES.c.version)
)
_OPEN: Final = select(ACTIVITIES).where(
    ACTIVITIES.c.low_id == bindparam("low", type_=Id()),
    ACTIVITIES.c.high_id == bindparam("high", type_=Id()),
    ACTIVITIES.c.kind == bindparam("of_kind", type_=ACTIVITIES.c.kind.type),
    ACTIVITIES.c.ended_at.is_(None),
)
_DUE: Final = (
    select(ACTIVITIES.c.id)
    .where(ACTIVITIES.c.due_at <= bindparam("now", type_=Moment()))
    .order_by(ACTIVITIES.c.due_at)
    .limit(_MOST)
)


def _known_to(person: ColumnElement[Any], asked: ColumnElement[bool]) -> Select[Any]:
    """The newest activities of one side that it may know of."""
    found = (
        select(*ACTIVITIES.c)
        .where(
            person == bindparam("user_id", type_=Id()),
            or_(asked, not_(ACTIVITIES.c.shadowed)),
            ACTIVITIES.c.id < bindparam("before", type_=Id()),
        )
        .order_by(ACTIVITIES.c.id.desc())
        .limit(_MOST)
    )
    return select(*found.subquery().c)


_OF: Final = (
    union_all(
        _known_to(ACTIVITIES.c.low_id, ACTIVITIES.c.low_asked),
        _known_to(ACTIVITIES.c.high_id, not_(ACTIVITIES.c.low_asked)),
    )
    .order_by(literal_column("id").desc())
    .limit(_MOST)
)
"""Each side is cut first, for PostgreSQL sorts both where it need not."""
