"""The terms of search: each is there for as long as somebody has it.

On SQLite units that write are alone: a term goes with the last person who has it. On PostgreSQL
nobody waits for the row of a common name, and nobody counts who has it. A unit that needs terms
inserts those that are missing and holds a lock that all such units share; what somebody no longer
has is written down, and removed soon after by whoever then has that lock alone, if nobody has it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import text

from divan_core.discovery.similarity import joined_trigrams
from divan_core.kernel.ids import CampusId
from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.searchbulk import Row, fill, unnested, upsert
from divan_core.stores.sql.searchrows import class_of, codes, heads, is_word, padded
from divan_core.stores.sql.searchtables import SEARCH_HEADS, SEARCH_LEFT, SEARCH_TERMS

IdT = TypeVar("IdT", CampusId, bytes)

UPKEEP: Final = int.from_bytes(b"dsearch", "big")
"""The advisory lock of PostgreSQL that units share, and that a purge has alone."""

PATIENCE_MS: Final = 500
"""How long a purge waits for units that are under way; those that begin meanwhile wait for it."""

CLASS_BITS: Final = 44
"""Where the class stands in the number of a term on SQLite; above it stands the campus, ..."""

LENGTH_BITS: Final = 34
"""... and here the length, so that numbers of short terms are lower."""

CAMPUS_BITS: Final = 48


Needed = Mapping[CampusId, Mapping[str, bool]]
"""The terms of campuses, and whether somebody is found by how each begins."""


class Terms(Protocol):
    """Keeps the terms that people have."""

    async def need(self, terms: Needed, *, lane: int) -> None:
        """Make sure of the terms of campuses, and of how those begin that somebody leads with."""
        ...

    async def leave(self, rows: Collection[Row]) -> None:
        """Hear of a campus, a text, and a person who no longer has it."""
        ...


class PostgresTerms:
    """Terms on PostgreSQL."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def need(self, terms: Needed, *, lane: int) -> None:
        """Insert those that are not in the lane; the check sees what is, not a snapshot."""
        if terms:
            await self._connection.execute(_SHARE, {"key": UPKEEP})
        for campus_id in sorted(terms):  # all insert in one order, and nobody waits in a circle
            for portion in portions(sorted(terms[campus_id])):
                await self._connection.execute(_INSERT, _columns(campus_id, portion, lane))
            leading = [one for one, leads in terms[campus_id].items() if leads]
            for begun in portions(sorted(_begun(campus_id, leading))):
                await self._connection.execute(_INSERT_HEADS, _begins(begun) | {"lane": lane})

    async def leave(self, rows: Collection[Row]) -> None:
        """Write them down."""
        await upsert(self._connection, SEARCH_LEFT, rows)

    async def purge(self, most: int) -> int:
        """Look at up to ``most`` that were written down; how many it were.

        In a transaction whose statements each see what was committed before.
        """
        execute = self._connection.execute
        await execute(_PATIENCE, {"ms": str(PATIENCE_MS)})
        await execute(_ALONE, {"key": UPKEEP})
        left = (await execute(_TAKE_LEFT, {"most": most})).all()
        if left:
            columns = {"c0": [row.campus_id for row in left], "c1": [row.text for row in left]}
            await execute(_FORGET, columns)
            begun = [head for row in left for head in _begun(row.campus_id, [row.text])]
            if begun:
                await execute(_FORGET_HEADS, _begins(begun))
        return len(left)


_SHARE: Final = text("SELECT pg_advisory_xact_lock_shared(:key)")
_ALONE: Final = text("SELECT pg_advisory_xact_lock(:key)")
_PATIENCE: Final = text("SELECT set_config('lock_timeout', :ms, true)")
_TEXTS: Final = [SEARCH_TERMS.c.text] * 4
_GIVEN: Final = [SEARCH_TERMS.c[name] for name in ("campus_id", "text", "length", "size")]
_INSERT: Final = text(
    "INSERT INTO search_terms"  # noqa: S608 - names of its own
    " (campus_id, text, length, size, padded, word, mirror, codes, lane)"
    " SELECT c0, c1, c2, c3, c4, c5, c6, CAST(string_to_array(c7, ' ') AS bigint[]), :lane"
    f" FROM {unnested([*_GIVEN, *_TEXTS])} ON CONFLICT DO NOTHING"
)
_TAKE_LEFT: Final = text(
    "DELETE FROM search_left WHERE (campus_id, text, user_id) IN"
    " (SELECT campus_id, text, user_id FROM search_left LIMIT :most)"
    " RETURNING campus_id, text"
)
_FORGET: Final = text(
    f"DELETE FROM search_terms t USING {unnested(_GIVEN[:2])}"  # noqa: S608 - names of its own
    " WHERE t.campus_id = c0 AND t.text = c1 AND NOT EXISTS"
    " (SELECT 1 FROM search_holders h WHERE h.campus_id = c0 AND h.text = c1)"
)


_HEADS: Final = [SEARCH_HEADS.c[name] for name in ("campus_id", "head", "length", "text")]
_INSERT_HEADS: Final = text(
    "INSERT INTO search_heads (campus_id, head, length, text, lane)"  # noqa: S608 - as above
    f" SELECT c0, c1, c2, c3, :lane FROM {unnested(_HEADS)} ON CONFLICT DO NOTHING"
)
_FORGET_HEADS: Final = text(
    f"DELETE FROM search_heads d USING {unnested(_HEADS)}"  # noqa: S608 - as above
    " WHERE d.campus_id = c0 AND d.head = c1 AND d.length = c2 AND d.text = c3 AND NOT EXISTS"
    " (SELECT 1 FROM search_holders h WHERE h.campus_id = c0 AND h.text = c3)"
)


def _begun(campus_id: IdT, texts: Iterable[str]) -> list[tuple[IdT, str, int, str]]:
    """How terms begin, as the columns of their table."""
    return [(campus_id, head, len(one), one) for one in texts for head in heads(one)]


def _begins(rows: Sequence[Row]) -> dict[str, Any]:
    return {f"c{at}": [row[at] for row in rows] for at in range(4)}


def _columns(campus_id: CampusId, texts: Sequence[str], lane: int) -> dict[str, Any]:
    grams = list(map(joined_trigrams, texts))
    return {
        "c0": [campus_id] * len(texts),
        "c1": texts,
        "c2": list(map(len, texts)),
        "c3": list(map(len, grams)),
        "c4": list(map(padded, texts)),
        "c5": [one if is_word(one) else None for one in texts],
        "c6": [one[::-1] if is_word(one) else None for one in texts],
        "c7": [codes(campus_id, one, found) for one, found in zip(texts, grams, strict=True)],
        "lane": lane,
    }


class SqliteTerms:
    """Terms on SQLite."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def need(self, terms: Needed, *, lane: int) -> None:
        """Insert those that are missing."""
        del lane  # nobody waits for anybody
        for campus_id, texts in terms.items():
            for portion in portions(sorted(texts)):
                given = {"campus": campus_id.bytes, "texts": json.dumps(portion)}
                missing = (await self._connection.execute(_MISSING, given)).scalars().all()
                if missing:
                    await self._add(campus_id, missing)
            begun = _begun(campus_id.bytes, [one for one, leads in texts.items() if leads])
            await fill(self._connection, _ADD_HEADS, sorted(begun))

    async def leave(self, rows: Collection[Row]) -> None:
        """Remove those that nobody has."""
        left: defaultdict[bytes, set[str]] = defaultdict(set)
        for campus, one, _ in rows:
            left[campus].add(one)
        for campus, texts in left.items():
            for portion in portions(sorted(texts)):
                given = {"campus": campus, "texts": json.dumps(portion)}
                found = (await self._connection.execute(_UNUSED, given)).all()
                if found:
                    numbers = [(row.number,) for row in found]
                    await fill(self._connection, _DROP_GRAMS, numbers)
                    await fill(self._connection, _DROP, numbers)
                    begun = _begun(campus, [row.text for row in found])
                    await fill(self._connection, _DROP_HEADS, begun)

    async def tidy(self) -> None:
        """Remove those that nobody has, and merge the index of trigrams."""
        for statement in (_STRAY_HEADS, _STRAY_GRAMS, _STRAYS):
            await self._connection.execute(statement)
        await self.merge()

    async def merge(self) -> None:
        """Merge the index of trigrams into one segment."""
        await self._connection.execute(_OPTIMIZE)

    async def _add(self, campus_id: CampusId, texts: Sequence[str]) -> None:
        key = campus_id.bytes
        campus = (await self._connection.execute(_CAMPUS, {"campus": key})).scalar_one()
        by_place: defaultdict[int, list[Row]] = defaultdict(list)
        for one in texts:
            size = len(joined_trigrams(one))
            by_place[place(campus, class_of(one, size), len(one))].append((one, size))
        terms: list[Row] = []
        grams: list[Row] = []
        for start in sorted(by_place):  # FTS5 writes a segment whenever a number is lower
            bounds = {"low": start, "high": start + (1 << LENGTH_BITS)}
            last = (await self._connection.execute(_LAST, bounds)).scalar_one()
            first = start if last is None else last + 1
            for number, (one, size) in enumerate(by_place[start], first):
                word, mirror = (one, one[::-1]) if is_word(one) else (None, None)
                terms.append((key, one, len(one), size, word, mirror, number))
                grams.append((number, padded(one), size))
        await fill(self._connection, _ADD, terms)
        await fill(self._connection, _ADD_GRAMS, grams)


def place(campus: int, one: int, length: int) -> int:
    """Where the numbers of a campus's terms of a class and a length begin."""
    return campus << CAMPUS_BITS | one << CLASS_BITS | length << LENGTH_BITS


_MISSING: Final = text(
    "SELECT value FROM json_each(:texts) WHERE NOT EXISTS"
    " (SELECT 1 FROM search_terms WHERE campus_id = :campus AND text = value)"
)
_UNUSED: Final = text(
    "SELECT t.text, t.number FROM json_each(:texts) CROSS JOIN search_terms t"
    " ON t.campus_id = :campus AND t.text = value WHERE NOT EXISTS"
    " (SELECT 1 FROM search_holders h WHERE h.campus_id = :campus AND h.text = t.text)"
)
_CAMPUS: Final = text(
    "SELECT coalesce((SELECT number >> 48 FROM search_terms WHERE campus_id = :campus LIMIT 1),"
    " (SELECT coalesce(max(number) >> 48, 0) + 1 FROM search_terms))"
)
_LAST: Final = text("SELECT max(number) FROM search_terms WHERE number >= :low AND number < :high")
_ADD: Final = (
    "INSERT INTO search_terms"
    " (campus_id, text, lane, length, size, padded, word, mirror, number)"
    " VALUES (?, ?, 0, ?, ?, '', ?, ?, ?)"
)
_ADD_GRAMS: Final = "INSERT INTO search_grams (rowid, padded, size) VALUES (?, ?, ?)"
_ADD_HEADS: Final = (
    "INSERT OR IGNORE INTO search_heads (campus_id, head, length, text, lane)"
    " VALUES (?, ?, ?, ?, 0)"
)
_DROP_HEADS: Final = (
    "DELETE FROM search_heads WHERE campus_id = ? AND head = ? AND length = ? AND text = ?"
)
_DROP_GRAMS: Final = "DELETE FROM search_grams WHERE rowid = ?"
_DROP: Final = "DELETE FROM search_terms WHERE number = ?"
_STRAY_HEADS: Final = text(
    "DELETE FROM search_heads WHERE NOT EXISTS (SELECT 1 FROM search_holders h"
    " WHERE h.campus_id = search_heads.campus_id AND h.text = search_heads.text)"
)
_STRAYS: Final = text(
    "DELETE FROM search_terms WHERE NOT EXISTS (SELECT 1 FROM search_holders h"
    " WHERE h.campus_id = search_terms.campus_id AND h.text = search_terms.text)"
)
_STRAY_GRAMS: Final = text(
    "DELETE FROM search_grams WHERE rowid IN (SELECT number FROM search_terms t WHERE NOT EXISTS"
    " (SELECT 1 FROM search_holders h WHERE h.campus_id = t.campus_id AND h.text = t.text))"
)
_OPTIMIZE: Final = text("INSERT INTO search_grams (search_grams) VALUES ('optimize')")
