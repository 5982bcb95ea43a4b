"""A world for every test of the HTTP interface."""

from collections.abc import AsyncIterator

import pytest

from tests.http.world import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made
