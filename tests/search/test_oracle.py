"""Search answers what the contract says, for every viewer, on every store, in pages of any size."""

from functools import partial

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core import Divan, memory_stores
from divan_core.discovery import people, shares
from divan_core.kernel.actor import Actor
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import sql_stores
from tests.servers.databases import Databases
from tests.thorough import examples

from .campus import QUERIES, ROOMY, Campus, campuses, told, walked

Asked = list[tuple[int, str, int]]
"""Who asks, by their place among the people; for what; and in pages of how many."""


async def compare(stores: Stores, campus: Campus, asked: Asked, **limits: int) -> None:
    oracle = campus.oracle(**limits)
    async with Divan.open(ROOMY, stores=stores) as divan:
        await campus.settle(stores)
        for number, q, limit in asked:
            viewer = campus.people[number % len(campus.people)]
            actor = Actor(viewer.id, viewer.campus_id)
            expected = oracle.found(viewer.id, q)
            assert told(await walked(divan, actor, q, limit)) == expected, q
            assert told(await walked(divan, actor, q)) == expected, q


ASKED = st.lists(st.tuples(st.integers(0, 13), QUERIES, st.integers(1, 5)), min_size=1, max_size=6)


@settings(max_examples=examples(150), deadline=None)
@given(campuses(), ASKED)
def test_everybody_is_found_who_may_be_and_in_order(campus: Campus, asked: Asked) -> None:
    anyio.run(compare, memory_stores(), campus, asked)


@settings(max_examples=examples(150), deadline=None)
@given(campuses(), ASKED, st.integers(1, 4), st.integers(1, 4))
def test_tiers_are_cut_and_looked_at(campus: Campus, asked: Asked, cut: int, enough: int) -> None:
    """With a cut at few people, which needs no hundreds of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "MOST_IN_TIER", cut)
        patch.setattr(people, "MOST_IN_TIER", cut)
        patch.setattr(people, "ENOUGH", enough)
        patch.setattr(people, "ASKED", cut)
        anyio.run(partial(compare, memory_stores(), campus, asked, cut=cut, enough=enough))


@settings(max_examples=examples(25), deadline=None)
@given(campuses(), ASKED)
def test_the_same_on_sqlite(campus: Campus, asked: Asked) -> None:
    anyio.run(compare, sql_stores("sqlite://"), campus, asked)


@settings(max_examples=examples(10), deadline=None)
@given(campuses(), ASKED)
def test_the_same_on_postgresql(databases: Databases, campus: Campus, asked: Asked) -> None:
    with databases.migrated() as url:
        anyio.run(compare, sql_stores(url), campus, asked)
