"""Looking after the tables of search."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from sqlalchemy import Select, false, func, select, text

from divan_core.discovery.ports import IndexState, Reindexed
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Visibility
from divan_core.stores.sql.accounts import people_by_id
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.faults import LockRefused
from divan_core.stores.sql.searchtables import SEARCH_PEOPLE
from divan_core.stores.sql.searchterms import PostgresTerms, SqliteTerms
from divan_core.stores.sql.searchwrites import keep_index
from divan_core.stores.sql.tables import PEOPLE, STANDINGS


class SqlIndexUpkeep:
    """Looks after the index of people."""

    def __init__(self, engine: SqlEngine, catalogue: Catalogue) -> None:
        """Work on ``engine``, with the optional tables that ``catalogue`` knows of."""
        self._engine = engine
        self._catalogue = catalogue

    async def state(self) -> IndexState:
        """How complete the index is."""
        return await self._catalogue.run(self._engine.ask, _state)

    async def reindex(self, after: UserId | None, most: int) -> Reindexed:
        """Make the rows of up to ``most`` people anew, in one unit."""
        return await self._catalogue.run(self._engine.write, partial(_reindex, after, most))

    async def tidy(self) -> None:
        """Remove what belongs to nobody, and bring the index into its quickest form."""
        await self._engine.change(_tidy)
        while await self.purge(_MOST):
            pass

    async def purge(self, most: int) -> int:
        """Forget up to ``most`` names that were given up; later, when units are in the way."""
        if self._engine.dialect == "sqlite":  # there they went with the last person who had them
            if await self._engine.ask(_scattered):
                await self._engine.change(_merge)
            return 0
        try:
            return await self._engine.write(partial(_purge, most), locking=True)
        except LockRefused:
            return 0


_MOST: Final = 10_000

_SEGMENTS: Final = 4
"""A query opens every segment of the index of trigrams; more of them are merged into one, which
takes a second or less for 100,000 people."""


async def _state(connection: SqlConnection, tables: OptionalTables) -> IndexState:
    counted = (await connection.execute(_count(tables))).one()
    return IndexState(counted.shown, counted.indexed)


def _count(tables: OptionalTables) -> Select[Any]:
    shown = select(func.count()).where(
        PEOPLE.c.visibility == Visibility.EVERYONE.value,
        PEOPLE.c.ghost_mode.is_(False),
        PEOPLE.c.deleted.is_(False),
        PEOPLE.c.id.not_in(select(STANDINGS.c.user_id)) if tables.standings else ~false(),
    )
    indexed = select(func.count()).select_from(SEARCH_PEOPLE)
    return select(
        shown.scalar_subquery().label("shown"), indexed.scalar_subquery().label("indexed")
    )


async def _reindex(
    after: UserId | None, most: int, connection: SqlConnection, tables: OptionalTables
) -> Reindexed:
    people = await people_by_id(connection, tables, after, most)
    mended = await keep_index(connection, people, anew=True)
    last = people[-1].id if len(people) == most else None
    return Reindexed(len(people), mended, last)


async def _tidy(connection: SqlConnection) -> None:
    await connection.execute(_STRAYS)
    if connection.dialect == "sqlite":
        await SqliteTerms(connection).tidy()
    else:
        await connection.execute(_LEFT)


async def _scattered(connection: SqlConnection) -> bool:
    return bool((await connection.execute(_COUNT_SEGMENTS)).scalar_one() > _SEGMENTS)


async def _merge(connection: SqlConnection) -> None:
    await SqliteTerms(connection).merge()


async def _purge(most: int, connection: SqlConnection) -> int:
    return await PostgresTerms(connection).purge(most)


_COUNT_SEGMENTS: Final = text("SELECT count(DISTINCT segid) FROM search_grams_idx")

_STRAYS: Final = text(
    "DELETE FROM search_holders WHERE NOT EXISTS (SELECT 1 FROM search_people p"
    " WHERE p.user_id = search_holders.user_id AND p.campus_id = search_holders.campus_id)"
)

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"

_LEFT: Final = text(
    "INSERT INTO search_left (campus_id, text, user_id)"  # noqa: S608 - a constant
    f" SELECT campus_id, text, CAST('{_NOBODY}' AS uuid) FROM"
    " (SELECT campus_id, text FROM search_terms UNION SELECT campus_id, text FROM search_heads) t"
    " WHERE NOT EXISTS (SELECT 1 FROM search_holders h"
    " WHERE h.campus_id = t.campus_id AND h.text = t.text) ON CONFLICT DO NOTHING"
)
"""Terms that nobody has are written down like those that somebody has given up."""
