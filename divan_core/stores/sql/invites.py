"""Invites in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
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
)
from sqlalchemy import cast as as_type

from divan_core.kernel.ids import UserId
from divan_core.social.model import Between, Invite, InviteState
from divan_core.stores.sql.clauses import insert_or_replace, portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.tables import BLOCKS, FRIENDSHIPS, INVITES
from divan_core.stores.sql.types import Id


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

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id; the open ones last.

        One that is closed here makes room for another one that is opened.
        """
        upsert = insert_or_replace(INVITES, self._connection.dialect)
        rows = [_row(one) for one in sorted(invites, key=_is_open)]
        for portion in portions(rows):
            await self._connection.execute(upsert, portion)

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
