"""The statements of search, one for each tier and database.

Rows come in the order of the cut, at most ``rows`` for each way of fitting. A person may be in
several; the caller leaves out whom it has.
"""

# ruff: noqa: S608 - they are put together of constants alone

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Text, TextClause, bindparam, text
from sqlalchemy.types import TypeEngine

from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.searchrows import (
    AT_ONCE,
    EVERY,
    INSIDE_STEPS,
    SIMILAR_STEPS,
    LengthClass,
    Step,
)
from divan_core.stores.sql.searchterms import CAMPUS_BITS, CLASS_BITS
from divan_core.stores.sql.types import Id

INSIDE: Final = 2
"""Found by a unit that has the query inside; ..."""

SLIPPED: Final = 3
"""... by a word that one edit turns it into; ..."""

ALIKE: Final = 4
"""... by a similar text."""

BETWEEN: Final = "\t"
BEHIND: Final = "\n"
"""What stands between and behind what rows have, where they are joined: no term has it."""

_BEGINS: Final = {"postgresql": "starts_with({0}, :query)", "sqlite": "instr({0}, :query) = 1"}
_INSIDE: Final = {"postgresql": "strpos({0}, :query) > 0", "sqlite": "instr({0}, :query) > 0"}
_HAS: Final = {
    "postgresql": "CAST(strpos(t.padded, :gram_{0}) > 0 AS integer)",
    "sqlite": "(instr(t.padded, :gram_{0}) > 0)",
}
"""1 when a term has one of the query's trigrams, else 0."""

_MATCHING: Final = (
    "SELECT replace(trim(c.c0), '   ', ' ') AS text{0} FROM search_grams"
    " CROSS JOIN search_grams_content c ON c.id = search_grams.rowid WHERE search_grams MATCH"
)
"""Terms on SQLite that hold what FTS5 looks for.

They are read where FTS5 keeps them (https://www.sqlite.org/fts5.html#fts5_data_structures), which
takes half as long as asking it for them.
"""

_AT_WORD: Final = {
    "postgresql": "strpos(' ' || {0}, ' ' || :query) > 0",
    "sqlite": "instr(' ' || {0}, ' ' || :query) > 0",
}


_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "campus": Id(),
    "query": Text(),
    "query_end": Text(),
    "head": Text(),
    "letters": BigInteger(),
    "size": BigInteger(),
    "rows": BigInteger(),
    "first": Text(),
    "first_end": Text(),
    "last": Text(),
    "last_end": Text(),
}


def _typed(sql: str) -> TextClause:
    """A statement whose parameters travel as their types say; lists are cast in the text."""
    names = set(re.findall(r":(\w+)", sql))
    typed = [bindparam(name, type_=one) for name, one in _TYPES.items() if name in names]
    return text(sql).bindparams(*typed)


@functools.cache
def beginning(dialect: DialectName, *, standings: bool) -> TextClause:
    """People whose handle or a word of whose name begins with one word: a walk of the heads."""
    begins = _BEGINS[dialect].format("d.text")
    active = _active("h.user_id", standings=standings)
    heads = (
        "SELECT d.length, d.text FROM search_heads d"
        f" WHERE d.campus_id = :campus AND d.head = :head AND {begins}"
    )
    having = f"h.campus_id = :campus AND h.text = d.text AND h.shared < :letters AND {active}"
    if dialect == "sqlite":
        return _typed(
            "SELECT hex(h.user_id), h.handle, h.name FROM"
            f" ({heads} ORDER BY d.length, d.text LIMIT -1) AS d CROSS JOIN search_holders h"
            f" WHERE {having} LIMIT :rows"
        )
    return _typed(
        "SELECT h.user_id, h.handle, h.name FROM"
        f" ({heads} GROUP BY d.length, d.text ORDER BY d.length, d.text) AS d CROSS JOIN LATERAL"
        f" (SELECT h.user_id, h.handle, h.name FROM search_holders h WHERE {having}"
        " ORDER BY h.user_id LIMIT :rows) AS h"
        " ORDER BY d.length, d.text, h.user_id LIMIT :rows"
    )


@functools.cache
def beginning_of_several(dialect: DialectName, *, standings: bool) -> TextClause:
    """People whose handle begins with several words, or whose name has them so."""
    handle, name = (_BEGINS[dialect].format(f"p.{one}") for one in ("handle", "name"))
    user_id = "hex(user_id)" if dialect == "sqlite" else "user_id"
    return _typed(
        f"WITH found AS ({_starting(dialect)})"
        f" SELECT {user_id}, handle, name FROM (SELECT p.user_id, p.handle, p.name,"
        f" CASE WHEN NOT {handle} THEN p.name"
        f" WHEN NOT {name} OR length(p.handle) < length(p.name)"
        " OR (length(p.handle) = length(p.name) AND p.handle < p.name)"
        " THEN p.handle ELSE p.name END AS unit"
        " FROM (SELECT DISTINCT h.user_id, h.handle, h.name FROM found f JOIN search_holders h"
        " ON h.campus_id = :campus AND h.text = f.text WHERE h.shared IS NOT NULL) AS p"
        f" WHERE ({handle} OR {_AT_WORD[dialect].format('p.name')})"
        f" AND {_active('p.user_id', standings=standings)}) AS fitting"
        " ORDER BY length(unit), unit, user_id LIMIT :rows"
    )


def _starting(dialect: DialectName) -> str:
    """Terms with the query at the start of a word."""
    if dialect == "sqlite":
        return f"{_MATCHING.format('')} :start AND {_between(EVERY)}"
    return f"SELECT DISTINCT text FROM search_terms WHERE {_having('codes', 'start')}"


def _having(codes: str, name: str) -> str:
    """Terms on PostgreSQL that have each of some trigrams, which are a list each, for all classes.

    Every list is looked up in the same walk of the index.
    """
    return " AND ".join(f"{codes} && {_listed(f'{name}_{at}')}" for at in range(AT_ONCE))


def _listed(name: str) -> str:
    return f"CAST(CAST(:{name} AS text) AS bigint[])"


@functools.cache
def resembling(dialect: DialectName, counted: int, *, wide: bool, standings: bool) -> TextClause:
    """People of the second and the third tier, each row with what it was found by.

    The query's trigrams are ``counted`` parameters, from ``gram_0`` on; ``wide`` is for a query of
    ``WIDE`` letters or more.
    """
    parts = [_near(dialect), _found(dialect, "near", standings=standings)]
    rows = [("near", SLIPPED)]
    for kind, by in (("inside", INSIDE), ("alike", ALIKE)):
        steps = _steps(kind, wide=wide)
        for at in range(len(steps)):
            parts.append(_terms(dialect, kind, steps, at, counted))
            parts.append(_found(dialect, f"{kind}_{at}", standings=standings))
            rows.append((f"{kind}_{at}", by))
    return _typed(f"WITH {', '.join(parts)} {(_joined if dialect == 'sqlite' else _told)(rows)}")


def _told(tables: Sequence[tuple[str, int]]) -> str:
    """All rows of tables, each with what it was found by."""
    return (
        f"SELECT found_by, user_id, handle, name FROM ({_every(tables)}) AS e"
        " ORDER BY found_by, length, text, user_id"
    )


def _joined(tables: Sequence[tuple[str, int]]) -> str:
    """The same as two texts, those found inside and the others, of a line for each row.

    Of one row: between two, SQLite's driver lets other threads go on, and then waits for them.
    """
    row = f" || char({ord(BETWEEN)}) || ".join(("hex(user_id)", "handle", "name"))
    inside = [one for one in tables if one[1] == INSIDE]
    kinds = (inside, [one for one in tables if one not in inside])
    texts = (
        f"(SELECT group_concat({row}, char({ord(BEHIND)})) FROM"
        f" (SELECT * FROM ({_every(some)}) ORDER BY found_by, length, text, user_id))"
        for some in kinds
    )
    return f"SELECT {', '.join(texts)}"


def _every(tables: Sequence[tuple[str, int]]) -> str:
    return " UNION ALL ".join(
        f"SELECT {by} AS found_by, length, text, user_id, handle, name FROM found_{name}"
        for name, by in tables
    )


def _active(column: str, *, standings: bool) -> str:
    """Whether the community has decided nothing against somebody."""
    if not standings:
        return "TRUE"
    return f"NOT EXISTS (SELECT 1 FROM standings s WHERE s.user_id = {column})"


def _near(dialect: DialectName) -> str:
    """The words that one edit turns the query into."""
    hint = " INDEXED BY ix_search_terms_length_{0}" if dialect == "sqlite" else ""
    word = f"SELECT t.text, t.length FROM search_terms t{hint} WHERE t.campus_id = :campus"
    if dialect == "sqlite":
        exact = (
            "SELECT t.text, t.length FROM json_each(:exact) CROSS JOIN search_terms t"
            " ON t.campus_id = :campus AND t.text = value WHERE t.mirror IS NOT NULL"
        )
        fits = "EXISTS (SELECT 1 FROM json_each(:patterns) WHERE t.text LIKE value)"
    else:
        exact = (
            f"{word.format('')} AND t.text = ANY(CAST(:exact AS text[])) AND t.mirror IS NOT NULL"
        )
        fits = "t.text LIKE ANY(CAST(:patterns AS text[]))"
    fits += f" AND NOT {_INSIDE[dialect].format('t.text')}"
    halves = (
        f"{word.format(column)} AND t.mirror IS NOT NULL AND t.length IN (:letters, :letters + 1)"
        f" AND t.{column} >= :{half} AND t.{column} < :{half}_end AND {fits}"
        for column, half in (("word", "first"), ("mirror", "last"))
    )
    return f"near AS MATERIALIZED ({' UNION '.join((exact, *halves))})"


def _terms(dialect: DialectName, kind: str, steps: Sequence[Step], at: int, counted: int) -> str:
    """Terms of a step that have the query inside, or are alike; none when others were enough."""
    name, step = f"{kind}_{at}", steps[at]
    gate = _gate(steps, kind, at)
    if dialect == "sqlite":
        source = (
            f"({_MATCHING.format(', (c.id >> 34) & 1023 AS length, c.c0 AS padded, c.c1 AS size')}"
            f" CASE WHEN {gate} THEN {_match(kind, step)} ELSE '\"---\"' END"
            f" AND {_between(step)}) AS t"
        )
        condition = "TRUE"
    else:
        source, parameter = "search_terms t", f"{kind}_{step.first:d}"
        if kind == "inside":
            some = _having("t.codes", parameter)
        else:
            some = f"t.codes && {_listed(parameter)}"
        condition = f"{gate} AND {some}"
    inside = _INSIDE[dialect].format("t.text")
    if kind == "inside":
        fits = f"{inside} AND NOT {_BEGINS[dialect].format('t.text')}"
    else:
        counted_ones = (_HAS[dialect].format(gram) for gram in range(counted))
        fits = (
            f"6 * ({' + '.join(counted_ones)}) > :size + t.size AND NOT {inside}"
            " AND t.text NOT IN (SELECT text FROM near)"
        )
    # Only on PostgreSQL is a term there once in each lane.
    distinct = "" if dialect == "sqlite" else "DISTINCT "
    return (
        f"{name} AS MATERIALIZED (SELECT {distinct}t.text, t.length FROM {source}"
        f" WHERE {condition} AND {fits})"
    )


def _steps(kind: str, *, wide: bool) -> Sequence[Step]:
    if kind == "alike":
        return SIMILAR_STEPS
    return (EVERY,) if wide else INSIDE_STEPS


def _between(step: Step) -> str:
    """The numbers of a step's terms on SQLite; see ``searchterms.place``."""
    campus = "(SELECT number >> 48 FROM search_terms WHERE campus_id = :campus LIMIT 1)"
    low, high = step.first << CLASS_BITS, (step.last + 1) << CLASS_BITS
    start = f"({campus} << {CAMPUS_BITS})"
    number = "search_grams.rowid"
    return f"{number} >= {start} + {low} AND {number} < {start} + {high}"


def _match(kind: str, step: Step) -> str:
    """What FTS5 looks for; all trigrams that begin with a query of two letters, which is none."""
    if kind == "alike":
        return f":alike_{step.first:d}"
    pairs = (
        "(SELECT group_concat('\"' || term || '\"', ' OR ') FROM search_vocabulary"
        " WHERE term >= :query AND term < :query_end)"
    )
    return f"CASE WHEN :letters = 2 THEN coalesce({pairs}, '\"---\"') ELSE :inside END"


def _gate(steps: Sequence[Step], kind: str, at: int) -> str:
    """Whether the steps before have left room; what they found that is longer does not count."""
    longest = steps[at - 1].longest if at else 0
    counts = [
        f"(SELECT count(*) FROM found_{kind}_{before} WHERE length <= {longest})"
        for before in range(at)
    ]
    if kind == "alike":
        counts.append("(SELECT count(*) FROM found_near)")
    room = f"{' + '.join(counts)} < :rows" if counts else "TRUE"
    fits = kind == "alike" or steps[at].first is LengthClass.SHORT  # which has longer ones, too
    return room if fits else f":letters <= {steps[at].longest} AND {room}"


def _found(dialect: DialectName, name: str, *, standings: bool) -> str:
    """Who has the terms of a table, in order: the shortest term first."""
    active = _active("h.user_id", standings=standings)
    unit = " AND h.shared IS NOT NULL" if name.startswith("inside") else ""
    ordered = f"SELECT text, length FROM {name} ORDER BY length, text"
    if dialect == "sqlite":
        # The loops run in the order of the join, so the rows come sorted and nothing is sorted.
        found = (
            "SELECT a.length, a.text, h.user_id, h.handle, h.name"
            f" FROM ({ordered} LIMIT -1) AS a"
            " CROSS JOIN search_holders h ON h.campus_id = :campus AND h.text = a.text"
            f" WHERE {active}{unit} LIMIT :rows"
        )
    else:
        found = (
            f"SELECT a.length, a.text, h.user_id, h.handle, h.name FROM ({ordered}) AS a"
            " CROSS JOIN LATERAL (SELECT h.user_id, h.handle, h.name FROM search_holders h"
            f" WHERE h.campus_id = :campus AND h.text = a.text AND {active}{unit}"
            " ORDER BY h.user_id LIMIT :rows) AS h"
            " ORDER BY a.length, a.text, h.user_id LIMIT :rows"
        )
    return f"found_{name} AS MATERIALIZED ({found})"
