"""Keeping the tables of search as the people are, in the unit that changes these."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, select

from divan_core.accounts.model import Person
from divan_core.discovery.model import Entry, entry
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.sql.clauses import among, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.searchbulk import Row, remove, upsert
from divan_core.stores.sql.searchrows import rows_of
from divan_core.stores.sql.searchterms import PostgresTerms, SqliteTerms, Terms
from divan_core.stores.sql.tables import SEARCH_HEADS, SEARCH_HOLDERS, SEARCH_PEOPLE

FEW: Final = 50
"""More people than these at once are a long import, whose terms are in a lane of their own."""

_Known = Mapping[UserId, tuple[CampusId, Entry]]


def is_listed(person: Person) -> bool:
    """Whether somebody shows themselves to everyone."""
    return (
        person.privacy.visibility is Visibility.EVERYONE
        and not person.privacy.ghost_mode
        and person.standing is Standing.ACTIVE
    )


async def keep_index(
    connection: SqlConnection, people: Collection[Person], *, anew: bool = False
) -> int:
    """Bring the tables of search to what these people are now; how many were not so.

    ``anew``: every row of the others is made sure of, too.
    """
    wanted = {
        one.id: (one.campus_id, entry(one.id, one.handle, one.display_name))
        for one in people
        if is_listed(one)
    }
    before = await _known(connection, [one.id for one in people])
    changed = {user for user in before.keys() | wanted if before.get(user) != wanted.get(user)}
    if anew:
        sure = {user: known for user, known in wanted.items() if user not in changed}
        await _amend(connection, {}, sure)
    if changed:
        old = {user: known for user, known in before.items() if user in changed}
        await _amend(connection, old, {user: wanted[user] for user in changed & wanted.keys()})
    return len(changed)


async def _known(connection: SqlConnection, people: Sequence[UserId]) -> _Known:
    found: dict[UserId, tuple[CampusId, Entry]] = {}
    for portion in portions(people):
        rows = await connection.execute(_those(connection.dialect), {"among": portion})
        for row in rows:
            user_id = UserId(row.user_id)
            found[user_id] = CampusId(row.campus_id), Entry(user_id, row.handle, row.name)
    return found


@functools.cache
def _those(dialect: DialectName) -> Select[Any]:
    return select(SEARCH_PEOPLE).where(among(SEARCH_PEOPLE.c.user_id, dialect))


async def _amend(connection: SqlConnection, before: _Known, after: _Known) -> None:
    """Take away what is no longer so, and put what is new; the rest stays as it is."""
    terms: Terms = (
        SqliteTerms(connection) if connection.dialect == "sqlite" else PostgresTerms(connection)
    )
    old_heads, old_holders = _rows(before)
    new_heads, new_holders = _rows(after)
    left, come = old_holders - new_holders, new_holders - old_holders
    gone = [(user_id,) for user_id in before.keys() - after.keys()]
    await remove(connection, SEARCH_PEOPLE, gone)
    await remove(connection, SEARCH_HEADS, old_heads - new_heads)
    await remove(connection, SEARCH_HOLDERS, left)
    await upsert(connection, SEARCH_PEOPLE, [_person(*known) for known in after.values()])
    await upsert(connection, SEARCH_HEADS, new_heads - old_heads)
    await terms.need({row[:2] for row in come}, lane=int(len(after) > FEW))
    await upsert(connection, SEARCH_HOLDERS, come)
    await terms.leave({row[:3] for row in left} - {row[:3] for row in come})


def _person(campus_id: CampusId, one: Entry) -> Row:
    return one.user_id, campus_id, one.handle, one.name


def _rows(people: _Known) -> tuple[set[Row], set[Row]]:
    """Heads and holders, each as the columns of their tables."""
    heads: set[Row] = set()
    holders: set[Row] = set()
    for campus_id, one in people.values():
        rows = rows_of(one)
        user_id = one.user_id
        heads.update(
            (campus_id, head.head, head.length, head.unit, user_id, head.shared)
            for head in rows.heads
        )
        holders.update((campus_id, text, user_id, unit) for text, unit in rows.holdings)
    return heads, holders
