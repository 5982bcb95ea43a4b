"""Keeping the tables of search as the people are, in the unit that changes these."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import Select, select

from divan_core.accounts.model import Person
from divan_core.discovery.model import Entry, entry
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.sql.clauses import among, portions
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.searchbulk import Row, keyed, remove, upsert
from divan_core.stores.sql.searchrows import Holding, leads, rows_of
from divan_core.stores.sql.searchtables import SEARCH_HOLDERS, SEARCH_PEOPLE
from divan_core.stores.sql.searchterms import PostgresTerms, SqliteTerms, Terms

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
    sqlite = connection.dialect == "sqlite"
    terms: Terms = SqliteTerms(connection) if sqlite else PostgresTerms(connection)
    changes = _Changes(connection.dialect)
    for user_id in before.keys() | after.keys():
        changes.collect(user_id, before.get(user_id), after.get(user_id))
    await remove(connection, SEARCH_PEOPLE, changes.people_gone)
    await remove(connection, SEARCH_HOLDERS, changes.gone)
    await upsert(connection, SEARCH_PEOPLE, changes.people_come)
    await terms.need(changes.needed, lane=int(len(after) > FEW))
    await upsert(connection, SEARCH_HOLDERS, sorted(changes.come, key=itemgetter(0, 1, 2)))
    await terms.leave(changes.gone)


_NOTHING: Final = frozenset[Holding]()


@attrs.define
class _Changes:
    """Rows that go and come, each as the columns of its table, and the terms that they need."""

    _dialect: DialectName
    people_gone: list[Row] = attrs.field(factory=list)
    people_come: list[Row] = attrs.field(factory=list)
    gone: list[Row] = attrs.field(factory=list)
    come: list[Row] = attrs.field(factory=list)
    needed: dict[CampusId, dict[str, bool]] = attrs.field(factory=lambda: defaultdict(dict))

    def collect(self, user_id: UserId, before: _Place | None, after: _Place | None) -> None:
        """Compare what one person has with what they are to have."""
        old, new = (rows_of(place[1]) if place else _NOTHING for place in (before, after))
        stays = before is not None and after is not None and before[0] == after[0]
        key = keyed(user_id, self._dialect)
        if before:
            campus = keyed(before[0], self._dialect)
            self.gone += [(campus, text, key) for text, _ in (old - new if stays else old)]
        if after:
            campus = keyed(after[0], self._dialect)
            self.people_come.append((key, campus, after[1].handle, after[1].name))
            self._come(after, key, new)
        elif before:
            self.people_gone.append((key,))

    def _come(self, place: _Place, key: UUID | bytes, holdings: Iterable[Holding]) -> None:
        """Every row tells what somebody is called, so all are written."""
        campus_id, one = place
        campus, needed = keyed(campus_id, self._dialect), self.needed[campus_id]
        for text, shared in holdings:
            self.come.append((campus, text, key, shared, one.handle, one.name))
            needed[text] = needed.get(text, False) or leads(text, shared)
