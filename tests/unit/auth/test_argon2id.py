"""Passwords are hashed in threads, few at once, and compared for nobody as well."""

import anyio
import anyio.lowlevel
import pytest

from divan_core.passwords.argon2id import Argon2Hasher
from divan_core.testing.mail import quick_hasher

pytestmark = pytest.mark.anyio


async def test_a_hash_is_of_its_password() -> None:
    hasher = quick_hasher()
    known = await hasher.hash("plum under seven bridges")
    assert known != await hasher.hash("plum under seven bridges")
    assert await hasher.verify(known, "plum under seven bridges")
    assert not await hasher.verify(known, "plum under seven bridge")


@pytest.mark.parametrize("known", [None, "", "$argon2id$v=19$rubbish", "\N{SNOWMAN}"])
async def test_no_hash_is_of_no_password(known: str | None) -> None:
    for password in ("", "plum under seven bridges"):
        assert not await quick_hasher().verify(known, password)


async def test_the_cost_is_that_of_the_rfc() -> None:
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in await Argon2Hasher().hash("plum")


async def test_only_so_many_at_once() -> None:
    hasher = quick_hasher()
    await hasher.hash("first")
    limiter = hasher._limiter  # noqa: SLF001 - to see how many threads it lets run
    assert limiter is not None
    assert limiter.total_tokens == 4
    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(hasher.hash, "plum")
        await anyio.lowlevel.checkpoint()
        assert limiter.borrowed_tokens <= 4
