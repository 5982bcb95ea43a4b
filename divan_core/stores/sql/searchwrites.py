"""Keeping the tables of search as the people are, in the unit that changes these."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Select, select

from divan_core.accounts.model import Person
from divan_core.discovery.model import Entry, entry
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.sql.clauses import among, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.searchbulk import Row, remove, upsert
from divan_core.stores.sql.searchrows import PersonRows, rows_of
from divan_core.stores.sql.searchterms import PostgresTerms, SqliteTerms, Terms
from divan_core.stores.sql.tables import SEARCH_HEADS, SEARCH_HOLDERS, SEARCH_PEOPLE

FEW: Final = 50
"""More people than these at once are a long import, whose terms are in a lane of their own."""

_Place = tuple[CampusId, Entry]
_Known = Mapping[UserId, _Place]


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
    changes = _Changes()
    for user_id in before.keys() | after.keys():
        changes.collect(user_id, before.get(user_id), after.get(user_id))
    gone = [(user_id,) for user_id in before.keys() - after.keys()]
    await remove(connection, SEARCH_PEOPLE, gone)
    await remove(connection, SEARCH_HEADS, changes.heads_gone)
    await remove(connection, SEARCH_HOLDERS, changes.holders_gone)
    await upsert(connection, SEARCH_PEOPLE, [_person(*known) for known in after.values()])
    await upsert(connection, SEARCH_HEADS, changes.heads_come)
    await terms.need(changes.needed, lane=int(len(after) > FEW))
    await upsert(connection, SEARCH_HOLDERS, changes.holders_come)
    await terms.leave([row[:3] for row in changes.holders_gone])


def _person(campus_id: CampusId, one: Entry) -> Row:
    return one.user_id, campus_id, one.handle, one.name


_NOBODY: Final = PersonRows(frozenset(), frozenset())


@attrs.define
class _Changes:
    """Rows that go and come, each as the columns of its table."""

    heads_gone: list[Row] = attrs.field(factory=list)
    heads_come: list[Row] = attrs.field(factory=list)
    holders_gone: list[Row] = attrs.field(factory=list)
    holders_come: list[Row] = attrs.field(factory=list)
    needed: dict[CampusId, set[str]] = attrs.field(factory=lambda: defaultdict(set))

    def collect(self, user_id: UserId, before: _Place | None, after: _Place | None) -> None:
        """Compare what one person has with what they are to have."""
        old, new = (rows_of(place[1]) if place else _NOBODY for place in (before, after))
        stays = before is not None and after is not None and before[0] == after[0]
        if before:
            self._gone(user_id, before[0], old, new if stays else _NOBODY)
        if after:
            self._come(user_id, after[0], new, old if stays else _NOBODY)

    def _gone(
        self, user_id: UserId, campus_id: CampusId, rows: PersonRows, kept: PersonRows
    ) -> None:
        self.heads_gone += (
            (campus_id, head, length, unit, user_id)
            for head, length, unit, _ in rows.heads - kept.heads
        )
        self.holders_gone += (
            (campus_id, text, user_id) for text, _ in rows.holdings - kept.holdings
        )

    def _come(
        self, user_id: UserId, campus_id: CampusId, rows: PersonRows, had: PersonRows
    ) -> None:
        self.heads_come += (
            (campus_id, head, length, unit, user_id, shared)
            for head, length, unit, shared in rows.heads - had.heads
        )
        texts = rows.holdings - had.holdings
        self.holders_come += ((campus_id, text, user_id, unit) for text, unit in texts)
        self.needed[campus_id].update(text for text, _ in texts)
