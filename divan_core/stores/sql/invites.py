"""Invites in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import cast as as_type

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.social.model import Between, Invite, InviteId, InviteState, Way
from divan_core.stores.sql.clauses import insert_or_replace, portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.tables import BLOCKS, FRIENDSHIPS, INVITES
from divan_core.stores.sql.types import Id, Moment


class SqlInvites:
    """Keeps invites."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def between(self, one: UserId, other: UserId) -> Between:
        """What stands between two people, in one statement."""
        pair = {"one": one, "other": other, "low": min(one, other), "high": max(one, other)}
        rows = (await self._connection.execute(_BETWEEN, pair)).all()
        return Between(
            friends=any(row.what == "friends" for row in rows),
            blocked=any(row.what == "blocked" for row in rows),
            invites=tuple(_invite(row) for row in rows if row.what == "invite"),
        )

    async def get(self, invite_id: InviteId) -> Invite | None:
        """The invite, in whatever state, or None."""
        row = (await self._connection.execute(_ONE_OF_ALL, {"id": invite_id})).first()
        return None if row is None else _invite(row)

    async def open(
        self, user_id: UserId, way: Way, now: Millis, before: InviteId | None, limit: int
    ) -> Sequence[Invite]:
        """Up to ``limit`` invites that can be answered ``now``, by id descending."""
        given = {"user_id": user_id, "now": now, "before": before or _ABOVE_ALL, "most": limit}
        return [_invite(row) for row in await self._connection.execute(_OPEN[way], given)]

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id; the open ones last.

        One that is closed here makes room for another one that is opened.
        """
        upsert = insert_or_replace(INVITES, self._connection.dialect)
        rows = [_row(one) for one in sorted(invites, key=_is_open)]
        for portion in portions(rows):
            await self._connection.execute(upsert, portion)

    async def expire(self, now: Millis, most: int) -> int:
        """Close up to ``most`` open invites whose time is over; how many it were."""
        of, is_open = INVITES.c, INVITES.c.state == literal_column("'open'", String())
        over = select(of.id).where(is_open, of.expires_at <= now)
        some = over.order_by(of.expires_at, of.id).limit(most)
        closed = update(INVITES).where(of.id.in_(some), is_open)
        expired = closed.values(state=InviteState.EXPIRED.value)
        return (await self._connection.execute(expired)).rowcount

    async def overdue(self, now: Millis) -> int:
        """How many open invites there are whose time is over."""
        of, is_open = INVITES.c, INVITES.c.state == literal_column("'open'", String())
        query = select(func.count()).select_from(INVITES).where(is_open, of.expires_at <= now)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def of(self, user_id: UserId, most: int) -> Sequence[Invite]:
        """Up to ``most`` invites by or to a person, whatever their state, by id."""
        query = select(INVITES).where(_concerning(user_id)).order_by(INVITES.c.id).limit(most)
        return [_invite(row) for row in await self._connection.execute(query)]

    async def count_of(self, user_id: UserId) -> int:
        """How many invites there are by or to a person."""
        query = select(func.count()).select_from(INVITES).where(_concerning(user_id))
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` invites by or to a person; how many it were."""
        some = select(INVITES.c.id).where(_concerning(user_id)).limit(most)
        statement = delete(INVITES).where(INVITES.c.id.in_(some))
        return (await self._connection.execute(statement)).rowcount


def _concerning(user_id: UserId) -> ColumnElement[bool]:
    return or_(INVITES.c.sender_id == user_id, INVITES.c.recipient_id == user_id)


def _is_open(invite: Invite) -> bool:
    return invite.state is InviteState.OPEN


def _row(invite: Invite) -> dict[str, Any]:
    return {
        "id": invite.id,
        "sender_id": invite.sender,
        "recipient_id": invite.recipient,
        "state": invite.state.value,
        "created_at": invite.created_at,
        "expires_at": invite.expires_at,
    }


def _invite(row: Row[Any]) -> Invite:
    return Invite(
        id=row.id,
        sender=row.sender_id,
        recipient=row.recipient_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=InviteState(row.state),
    )


_ONE, _OTHER, _LOW, _HIGH = (
    bindparam(name, type_=Id()) for name in ("one", "other", "low", "high")
)


def _either_way(
    this: ColumnElement[Any], that: ColumnElement[Any]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return and_(this == _ONE, that == _OTHER), and_(this == _OTHER, that == _ONE)


def _stands(what: str, *found: ColumnElement[bool]) -> Select[Any]:
    """A row that says so, with nothing of an invite."""
    nothing = (as_type(null(), column.type).label(column.name) for column in INVITES.c)
    return select(_named(what), *nothing).where(or_(*found))


def _named(what: str) -> ColumnElement[str]:
    return literal_column(f"'{what}'", String()).label("what")


_BETWEEN: Final = union_all(
    _stands("friends", and_(FRIENDSHIPS.c.low_id == _LOW, FRIENDSHIPS.c.high_id == _HIGH)),
    _stands("blocked", *_either_way(BLOCKS.c.by_id, BLOCKS.c.target_id)),
    select(_named("invite"), *INVITES.c).where(
        INVITES.c.state == literal_column("'open'", String()),
        or_(*_either_way(INVITES.c.sender_id, INVITES.c.recipient_id)),
    ),
)

_ABOVE_ALL: Final = UUID(int=(1 << 128) - 1)
_ONE_OF_ALL: Final = select(*INVITES.c).where(INVITES.c.id == bindparam("id", type_=Id()))


def _open_of(person: ColumnElement[Any]) -> Select[Any]:
    """The invites of a person that are open: on an index of these alone."""
    return select(*INVITES.c).where(
        person == bindparam("user_id", type_=Id()),
        INVITES.c.state == literal_column("'open'", String()),
        INVITES.c.id < bindparam("before", type_=Id()),
        INVITES.c.expires_at > bindparam("now", type_=Moment()),
    )


_MOST: Final = bindparam("most", type_=Integer())


def _newest(query: Select[Any]) -> Select[Any]:
    return query.order_by(INVITES.c.id.desc()).limit(_MOST)


def _of_both(one: Select[Any], other: Select[Any]) -> CompoundSelect[Any]:
    """The newest of two lists. Each is cut first, for PostgreSQL sorts both where it need not."""
    both = union_all(*(select(*each.subquery().c) for each in (one, other)))
    return both.order_by(literal_column("id").desc()).limit(_MOST)


_RECEIVED: Final = _newest(_open_of(INVITES.c.recipient_id))
_SENT: Final = _newest(_open_of(INVITES.c.sender_id))

_OPEN: Final[Mapping[Way, Select[Any] | CompoundSelect[Any]]] = {
    Way.RECEIVED: _RECEIVED,
    Way.SENT: _SENT,
    Way.EITHER: _of_both(_RECEIVED, _SENT),
}
