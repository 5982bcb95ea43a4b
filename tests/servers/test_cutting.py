import asyncpg
import pytest

from tests.servers.cutting import Cut, CuttingProxy

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_commit_is_lost_or_its_answer_is(cut: Cut, empty_postgres_url: str) -> None:
    direct = await asyncpg.connect(empty_postgres_url)
    await direct.execute("CREATE TABLE things (id int); CREATE TABLE others (id int)")
    with CuttingProxy(empty_postgres_url) as proxy:
        connection = await asyncpg.connect(proxy.url)
        proxy.cut(cut, about="INTO things")
        async with connection.transaction():
            await connection.execute("INSERT INTO others VALUES ($1)", 1)
        with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
            async with connection.transaction():
                await connection.execute("INSERT INTO things VALUES ($1)", 1)
        assert proxy.cuts == 1
        again = await asyncpg.connect(proxy.url)
        async with again.transaction():
            await again.execute("INSERT INTO things VALUES ($1)", 2)
        await again.close()
    kept = {row["id"] for row in await direct.fetch("SELECT id FROM things")}
    assert kept == ({2} if cut is Cut.BEFORE else {1, 2})
    assert await direct.fetchval("SELECT count(*) FROM others") == 1
    await direct.close()
