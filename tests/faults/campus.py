"""Where the fault tests take place: one campus, and as many people as they want."""

from typing import Final

from divan_core.kernel.ids import UserId
from divan_core.stores.factories import sql_relational
from divan_core.testing.contracts.samples import campus_id, populate, running, user_id

CAMPUS: Final = campus_id(1)
person = user_id


async def people(url: str, count: int) -> None:
    """Let people 1 to ``count`` into a database that is not in use yet."""
    async with running(sql_relational(url)) as stores:
        await populate(stores, count)


def credentials(user_id: UserId) -> dict[str, str]:
    return {"X-User-Id": str(user_id), "X-Campus-Id": str(CAMPUS)}
