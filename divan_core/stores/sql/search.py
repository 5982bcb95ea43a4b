"""Finding people by their names in SQL, as ``discovery.ports`` promises.

The index of trigrams is GIN on PostgreSQL, over codes of the trigrams that
``discovery.similarity`` cuts, and FTS5 with its tokenizer of trigrams on SQLite. So no locale of a
database decides what a letter is, and both give what the policy says.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true

from divan_core.discovery.model import Entry, Wanted
from divan_core.discovery.policy import begins
from divan_core.discovery.ports import Resembling
from divan_core.discovery.similarity import Trigrams
from divan_core.kernel.ids import CampusId, UserId
from divan_core.stores.sql import searchrows, searchstatements
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.searchrows import (
    AT_ONCE,
    EVERY,
    INSIDE_STEPS,
    SIMILAR_STEPS,
    WIDE,
    LengthClass,
    Step,
)
from divan_core.stores.sql.searchstatements import BEHIND, BETWEEN, INSIDE
from divan_core.stores.sql.searchtables import SEARCH_PEOPLE
from divan_core.stores.sql.tables import STANDINGS

SPARE: Final = 56
"""Rows that are read beyond what is asked for, because somebody may be in several."""

MORE: Final = 4
"""How many times as many rows are read where that was not enough, which is rare."""

_AFTER: Final = "\U0010ffff"
"""What begins like a text comes before that text and this, the last character there is."""

_NOTHING: Final = '"---"'
"""What FTS5 looks for to find nothing: no term has a dash."""

_NEVER: Final = "---"
"""A trigram that no term has."""

COUNTED: Final[Mapping[DialectName, int]] = {"postgresql": 8, "sqlite": 2}
"""There is a statement for every so many trigrams of a query; PostgreSQL plans each for long."""

Parameters = dict[str, Any]
Rows = Sequence[Sequence[Any]]


class SqlPeopleIndex:
    """Finds people by their names.

    On SQLite here and now: threads that read would wait for the interpreter again and again while
    the event loop is busy, ten times as long as they work.
    """

    def __init__(self, engine: SqlEngine, catalogue: Catalogue) -> None:
        """Ask ``engine``, with the optional tables that ``catalogue`` knows of."""
        self._engine = engine
        self._catalogue = catalogue

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        """The first ``most`` people of the first tier, in the order of its cut."""
        body = partial(_beginning, campus_id, wanted, most)
        rows = await self._catalogue.run(self._engine.look, body)
        known = _IDS[self._engine.dialect]
        return [Entry(known(user_id), handle, name) for user_id, handle, name in rows]

    async def resembling(
        self, campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        """The first ``most`` people of the second and of the third tier, each in order."""
        limit = most + SPARE
        while True:
            body = partial(_resembling, campus_id, wanted, limit)
            rows = await self._catalogue.run(self._engine.look, body)
            found, others = _divided(rows, self._engine.dialect)
            known = _IDS[self._engine.dialect]
            inside = _people(wanted, found[:limit], known, within=True)
            if len(inside) >= most or len(found) < limit:
                inside = inside[:most]
                if enough is not None and len(inside) >= enough:
                    return Resembling(inside, (), is_whole=False)
                similar = _people(wanted, others[:limit], known, within=False)
                if len(similar) >= most or len(others) < limit:
                    return Resembling(inside, similar[:most])
            limit *= MORE

    async def keep(self) -> int:
        """Nothing: what is found is in the database, which looks after it."""
        return 0

    async def listed(self, campus_id: CampusId, after: UserId | None, most: int) -> Sequence[Entry]:
        """Up to ``most`` of all people of a campus, by id ascending."""
        body = partial(_listed, campus_id, after, most)
        rows = await self._catalogue.run(self._engine.ask, body)
        return [Entry(UserId(row.user_id), row.handle, row.name) for row in rows]

    async def count(self, campus_id: CampusId) -> int:
        """How many there are."""
        return await self._catalogue.run(self._engine.ask, partial(_count, campus_id))


async def _listed(
    campus_id: CampusId,
    after: UserId | None,
    most: int,
    connection: SqlConnection,
    tables: OptionalTables,
) -> Sequence[Any]:
    people = SEARCH_PEOPLE.c
    query = select(SEARCH_PEOPLE).where(*_shown(campus_id, tables)).order_by(people.user_id)
    if after is not None:
        query = query.where(people.user_id > after)
    return (await connection.execute(query.limit(most))).all()


async def _count(campus_id: CampusId, connection: SqlConnection, tables: OptionalTables) -> int:
    query = select(func.count()).select_from(SEARCH_PEOPLE).where(*_shown(campus_id, tables))
    return int((await connection.execute(query)).scalar_one())


def _shown(campus_id: CampusId, tables: OptionalTables) -> Sequence[ColumnElement[bool]]:
    people = SEARCH_PEOPLE.c
    active = people.user_id.not_in(select(STANDINGS.c.user_id)) if tables.standings else true()
    return people.campus_id == campus_id, active


async def _beginning(
    campus_id: CampusId,
    wanted: Wanted,
    most: int,
    connection: SqlConnection,
    tables: OptionalTables,
) -> Rows:
    statement = (
        searchstatements.beginning_of_several if " " in wanted.text else searchstatements.beginning
    )(connection.dialect, standings=tables.standings)
    given = _starting(campus_id, wanted.text, connection.dialect == "sqlite")
    return await connection.rows_of_text(statement, given | {"rows": most})


async def _resembling(
    campus_id: CampusId,
    wanted: Wanted,
    limit: int,
    connection: SqlConnection,
    tables: OptionalTables,
) -> Rows:
    counted = _counted(wanted.grams, connection.dialect)
    wide = len(wanted.text) >= WIDE
    statement = searchstatements.resembling(
        connection.dialect, counted, wide=wide, standings=tables.standings
    )
    given = _looking(campus_id, wanted, connection.dialect == "sqlite")
    return await connection.rows_of_text(statement, given | {"rows": limit})


def _divided(rows: Rows, dialect: DialectName) -> tuple[Rows, Rows]:
    """The rows of the second and of the third tier: id, handle and name."""
    if dialect == "sqlite":
        ((found, others),) = rows
        return _lines(found), _lines(others)
    found = [row[1:] for row in rows if row[0] == INSIDE]
    return found, [row[1:] for row in rows if row[0] != INSIDE]


def _lines(joined: str | None) -> Rows:
    return [line.split(BETWEEN) for line in joined.split(BEHIND)] if joined else ()


def _people(
    wanted: Wanted, rows: Rows, known: Callable[[Any], UserId], *, within: bool
) -> list[Entry]:
    """Each person once, where their first row stands, unless they are of an earlier tier."""
    text, seen, found = wanted.text, set[Any](), list[Entry]()
    for user_id, handle, name in rows:
        if user_id in seen:
            continue
        seen.add(user_id)
        if (text in handle or text in name) is within:
            one = Entry(known(user_id), handle, name)
            if not (within and begins(text, one)):
                found.append(one)
    return found


def _as_it_is(known: UUID) -> UserId:
    return UserId(known)


@functools.lru_cache(maxsize=65_536)
def _of_digits(known: str) -> UserId:
    """An id as SQLite writes its bytes; making one takes longer than finding its row."""
    return UserId(UUID(known))


_IDS: Final[Mapping[DialectName, Callable[[Any], UserId]]] = {
    "postgresql": _as_it_is,
    "sqlite": _of_digits,
}
"""How ids come out of rows."""


def _starting(campus_id: CampusId, text: str, sqlite: bool) -> Parameters:  # noqa: FBT001
    """The parameters of what begins with a text."""
    if " " not in text:
        head = searchrows.head_of(text)
        campus = campus_id.bytes if sqlite else campus_id
        return {"campus": campus, "query": text, "letters": len(text), "head": head}
    grams = searchrows.at_start(text)
    if sqlite:
        return {"campus": campus_id.bytes, "query": text, "start": _all(grams)}
    each = _each(campus_id, EVERY, grams, "start")
    return {"campus": campus_id, "query": text} | each


def _looking(campus_id: CampusId, wanted: Wanted, sqlite: bool) -> Parameters:  # noqa: FBT001
    """The parameters of what resembles a query."""
    text, grams = wanted.text, wanted.grams
    given: Parameters = {"campus": campus_id, "query": text, "size": len(grams)}
    given |= _slips(text, sqlite)
    spare = _counted(grams, "sqlite" if sqlite else "postgresql") - len(grams)
    for at, gram in enumerate([*grams, *[_NEVER] * spare]):
        given[f"gram_{at}"] = gram
    inside = searchrows.within(text)
    if sqlite:
        given |= {"campus": campus_id.bytes, "inside": _all(inside), "query_end": text + _AFTER}
        for step in SIMILAR_STEPS:
            given[f"alike_{step.first:d}"] = _alike(grams, step.first)
        return given
    for step in (EVERY,) if len(text) >= WIDE else INSIDE_STEPS:
        given |= _each(campus_id, step, inside, f"inside_{step.first:d}")
    for step in SIMILAR_STEPS:
        some = searchrows.decisive(grams, step.first)
        given[f"alike_{step.first:d}"] = _codes(campus_id, step, some)
    return given


def _counted(grams: Trigrams, dialect: DialectName) -> int:
    """How many trigrams the statement for these counts."""
    each = COUNTED[dialect]
    return -(-len(grams) // each) * each


def _slips(text: str, sqlite: bool) -> Parameters:  # noqa: FBT001
    found = searchrows.slips(text)
    exact, patterns = (found.exact, found.patterns) if found else ((), ())
    first, last = (found.start, found.end) if found else ("", "")
    return {
        "letters": len(text),
        "exact": json.dumps(exact) if sqlite else list(exact),
        "patterns": json.dumps(patterns) if sqlite else list(patterns),
        "first": first,
        "first_end": first + _AFTER,
        "last": last,
        "last_end": last + _AFTER,
    }


def _each(campus_id: CampusId, step: Step, grams: Sequence[str], name: str) -> Parameters:
    """What stands for each of some trigrams, in all classes of a step; the last one again."""
    given = [grams[min(at, len(grams) - 1)] for at in range(AT_ONCE)]
    return {f"{name}_{at}": _codes(campus_id, step, (one,)) for at, one in enumerate(given)}


def _codes(campus_id: CampusId, step: Step, grams: Iterable[str]) -> str:
    """An array as text: the driver looks at each number of a list for a long time."""
    return f"{{{searchrows.written(campus_id, step, grams)}}}"


def _all(grams: Iterable[str]) -> str:
    return " AND ".join(f'"{gram}"' for gram in grams)


def _alike(grams: Trigrams, one: LengthClass) -> str:
    """What FTS5 looks for to find terms of a class that are alike.

    Reading a term takes so much longer than finding it that, but for the few short ones, those with
    two of the trigrams are worth the search.
    """
    if one is not LengthClass.SHORT and searchrows.needed(grams, one) > 1:
        return _two(searchrows.decisive_pairs(grams, one)) or _NOTHING
    return _any(searchrows.decisive(grams, one)) or _NOTHING


def _two(grams: Sequence[str]) -> str:
    """At least two: in one half of them, or one in each."""
    if len(grams) < 2:
        return ""
    left, right = grams[: len(grams) // 2], grams[len(grams) // 2 :]
    each = f"(({_any(left)}) AND ({_any(right)}))"
    return " OR ".join(filter(None, (_two(left), _two(right), each)))


def _any(grams: Iterable[str]) -> str:
    return '"' + '" OR "'.join(grams) + '"' if grams else ""
