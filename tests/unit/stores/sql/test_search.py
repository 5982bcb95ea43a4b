"""What SQL's index of people keeps, forgets, and how it compares with PostgreSQL's own."""

import random
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from benchmarks import names
from divan_core.accounts.model import Person, Privacy
from divan_core.discovery.folding import comparable, words
from divan_core.discovery.model import SIMILAR, wanted
from divan_core.discovery.policy import is_slip
from divan_core.discovery.similarity import similarity, trigrams
from divan_core.kernel.visibility import Visibility
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.searchrows import (
    SIMILAR_STEPS,
    LengthClass,
    class_of,
    decisive,
    decisive_pairs,
    needed,
    padded,
    slips,
)
from divan_core.stores.sql.searchtables import PENDING_KB
from divan_core.stores.sql.store import open_sql
from divan_core.stores.sql.unit import SqlUnits
from divan_core.testing.contracts.samples import campus, campus_id, person, running, user_id
from tests.servers.sqlite import migrated

PAIRS = 2_000
TEXTS = st.lists(st.text("abm", min_size=1, max_size=12), min_size=1, max_size=3).map(" ".join)


@pytest.fixture(params=["file", "memory", "postgresql"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelationalStores]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        path = migrated(tmp_path / "divan.db")
        url = f"sqlite:///{path}" if request.param == "file" else "sqlite://"
    async with running(open_sql(url)) as opened:
        yield opened


async def rows(stores: RelationalStores, sql: str) -> Sequence[Any]:
    async def body(connection: SqlConnection) -> Sequence[Any]:
        return (await connection.execute(text(sql))).all()

    assert isinstance(stores.units, SqlUnits)
    return await stores.units._engine.ask(body)  # noqa: SLF001 - a look at its tables


async def put(stores: RelationalStores, *people: Any) -> None:
    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        await unit.people.put(people)

    await stores.units.write(body, locking=True)


async def _put_one(changed: Person, unit: StoreUnit) -> None:
    await unit.people.put([changed])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changes",
    [{"display_name": "Zoe"}, {"privacy": Privacy(Visibility.NONE)}],
    ids=["renamed", "hidden"],
)
async def test_names_do_not_outlive_people(
    stores: RelationalStores, changes: dict[str, Any]
) -> None:
    """A word goes with the last who has it, in every table."""
    maria, other = person(1, display_name="Maria Xanthippe"), person(2, display_name="Maria Lopez")
    await put(stores, maria, other)
    await put(stores, attrs.evolve(maria, **changes))
    await stores.search_upkeep.purge(1_000)
    kept = {row.text for row in await rows(stores, "SELECT text FROM search_terms")}
    assert "maria" in kept
    assert not {one for one in kept if "xanth" in one}
    for table in ("heads", "holders", "left"):
        found = await rows(stores, f"SELECT text FROM search_{table}")  # noqa: S608
        assert not [row for row in found if "xanth" in row.text]


@pytest.mark.anyio
async def test_nothing_is_written_where_nothing_changed(stores: RelationalStores) -> None:
    await put(stores, person(1, display_name="Maria Lopez"))
    before = await rows(stores, "SELECT * FROM search_terms ORDER BY text")
    await put(stores, person(1, display_name="Maria Lopez", email="maria@example.org"))
    assert await rows(stores, "SELECT * FROM search_terms ORDER BY text") == before


@pytest.mark.anyio
async def test_the_index_of_trigrams_is_merged(tmp_path: Path) -> None:
    """Whoever looks after it leaves few segments, each of which a query would open."""

    async def scatter(connection: SqlConnection) -> None:
        await connection.execute(
            text("INSERT INTO search_grams (search_grams, rank) VALUES ('automerge', 0)")
        )

    segments = "SELECT DISTINCT segid FROM search_grams_idx"
    async with running(open_sql(f"sqlite:///{tmp_path}/divan.db", migrate=True)) as stores:
        await stores.units._engine.change(scatter)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        for number, name in enumerate(("Ann", "Bob", "Cleo", "Dora", "Emil", "Fay"), 1):
            await put(stores, person(number, display_name=name))
        assert len(await rows(stores, segments)) > 4
        assert await stores.search_upkeep.purge(1) == 0
        assert len(await rows(stores, segments)) == 1
        look = wanted("dor")
        assert look is not None
        assert len(await stores.search.beginning(campus_id(1), look, 9)) == 1


@pytest.mark.anyio
async def test_standings_that_others_wrote_count(stores: RelationalStores) -> None:
    await put(stores, person(1, display_name="Maria Lopez"))

    async def ban(connection: SqlConnection) -> None:
        await connection.execute(
            text(
                "INSERT INTO standings (user_id, standing)"
                " SELECT user_id, 'banned' FROM search_people"
            )
        )

    await stores.units._engine.change(ban)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    for query in ("mar", "opez", "lopze"):
        look = wanted(query)
        assert look is not None
        assert not await stores.search.beginning(campus_id(1), look, 9)
        found = await stores.search.resembling(campus_id(1), look, 9)
        assert not [*found.inside, *found.similar]


@pytest.mark.anyio
async def test_many_take_and_leave_one_name_at_once(stores: RelationalStores) -> None:
    """Nobody is in another's way, and nobody is lost while names are being forgotten."""
    await put(stores, *(person(number, display_name="Ann") for number in range(1, 33)))

    async def change(number: int) -> None:
        only = person(number)
        for name in ("Maria Lopez", f"Zoe{number} Maria", "Ann", "Maria Garcia"):
            changed = attrs.evolve(only, display_name=name)
            await stores.units.write(partial(_put_one, changed))

    async def forget() -> None:
        for _ in range(5):
            await stores.search_upkeep.purge(1_000)

    async with anyio.create_task_group() as group:
        for number in range(1, 33):
            group.start_soon(change, number)
        group.start_soon(forget)
    await stores.search_upkeep.purge(10_000)
    look = wanted("garcai")
    assert look is not None
    found = await stores.search.resembling(campus_id(1), look, 200)
    assert {one.user_id for one in found.similar} == {user_id(number) for number in range(1, 33)}
    kept = {row.text for row in await rows(stores, "SELECT text FROM search_terms")}
    assert not kept & {"lopez", "ann"}


@pytest.mark.anyio
async def test_the_similarity_is_that_of_pg_trgm(empty_postgres_url: str) -> None:
    """Of names, words and handles as people have them, also in other scripts."""
    chance = random.Random(1)
    people = list(names.people(1_500))
    texts = [part for handle, name in people for part in (comparable(handle), comparable(name))]
    texts += [word for _, name in people for word in words(name)]
    texts += names.queries(300, 2, people)
    ones = [comparable(chance.choice(texts)) for _ in range(PAIRS)]
    near = [chance.choice(texts) if chance.random() < 0.5 else f"{one}a" for one in ones]
    others = [comparable(one) for one in near]
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        await connection.execute("CREATE EXTENSION pg_trgm")
        found = await connection.fetch(
            "SELECT similarity(a, b) AS alike FROM unnest($1::text[], $2::text[]) AS t (a, b)",
            ones,
            others,
        )
    finally:
        await connection.close()
    own = [similarity(trigrams(a), trigrams(b)) for a, b in zip(ones, others, strict=True)]
    assert [row["alike"] for row in found] == pytest.approx(own, abs=1e-6)
    assert sum(alike > SIMILAR for alike in own) > PAIRS // 4


@given(TEXTS, TEXTS)
def test_whatever_is_alike_has_a_decisive_trigram(query: str, other: str) -> None:
    if similarity(trigrams(query), trigrams(other)) > SIMILAR:
        assert trigrams(other) & set(
            decisive(trigrams(query), class_of(other, len(trigrams(other))))
        )


@given(TEXTS, TEXTS)
def test_whatever_is_alike_has_two_decisive_trigrams(query: str, other: str) -> None:
    """Where two are needed at all."""
    grams = trigrams(other)
    of = class_of(other, len(grams))
    if similarity(trigrams(query), grams) > SIMILAR and needed(trigrams(query), of) > 1:
        assert len(grams & set(decisive_pairs(trigrams(query), of))) > 1


@given(TEXTS, TEXTS)
def test_what_a_step_looks_for_is_in_whatever_is_alike(query: str, other: str) -> None:
    """A step looks for what its first class needs, in the terms of all its classes."""
    grams, size = trigrams(query), len(trigrams(other))
    if similarity(grams, trigrams(other)) > SIMILAR:
        of = class_of(other, size)
        (step,) = (one for one in SIMILAR_STEPS if of in one.classes)
        assert trigrams(other) & set(decisive(grams, step.first))
        if needed(grams, step.first) > 1:
            assert len(trigrams(other) & set(decisive_pairs(grams, step.first))) > 1


@pytest.mark.anyio
async def test_the_list_of_news_of_the_index_stays_short(postgres_url: str) -> None:
    """Every question reads it from end to end; an import would fill it with 4 MB."""
    async with running(open_sql(postgres_url, migrate=False)) as stores:
        (row,) = await rows(
            stores, "SELECT reloptions FROM pg_class WHERE relname = 'ix_search_terms_codes'"
        )
    assert row.reloptions == [f"gin_pending_list_limit={PENDING_KB}"]


@given(TEXTS)
def test_a_term_shows_its_trigrams_and_no_class_is_too_poor(one: str) -> None:
    assert all(gram in padded(one) for gram in trigrams(one))
    assert len(one) > 5 or class_of(one, len(trigrams(one))) is LengthClass.SHORT


@given(st.text("abm ", min_size=4, max_size=9).map(comparable), st.text("abm", max_size=10))
def test_slips_are_looked_for_where_they_are(query: str, word: str) -> None:
    """Every word that one edit turns the query into is among those that are looked at."""
    if not is_slip(query, word):
        return
    where = slips(query)
    assert where is not None
    near = word.startswith(where.start) or word[::-1].startswith(where.end)
    fits = any(_like(word, pattern) for pattern in where.patterns)
    assert word in where.exact or (near and fits)


def _like(word: str, pattern: str) -> bool:
    same = zip(word, pattern, strict=False)
    return len(word) == len(pattern) and all(one in (letter, "_") for letter, one in same)
