from pathlib import Path

import anyio

from divan_cli.seed import ME
from divan_core import Divan, Settings
from divan_core.chat.messages import SendMessage
from divan_core.kernel.ids import UserId
from divan_core.stores.factories import sql_stores
from divan_core.system import SystemClock
from divan_core.testing.clock import ManualClock

from .conftest import Command

DAY_S = 86_400


async def write_yesterday(url: str) -> None:
    """Let somebody write to another a day ago, and count it."""
    clock = ManualClock(SystemClock().now() - DAY_S * 1000)
    settings = Settings(env="test", workers_enabled=False)
    async with Divan.open(settings, stores=sql_stores(url, clock), clock=clock) as divan:
        me = await divan.accounts.actor(UserId(ME))
        (other, *_) = await divan.stores.units.read(
            lambda unit: unit.people.page(me.campus_id, None, 1)
        )
        await divan.chat.send(me, SendMessage(other.id, "Hello"))
        await divan.drain()


def test_days_are_closed_and_boards_shown(divan: Command, environment: dict[str, str]) -> None:
    assert divan("seed", "demo", "--people", 3).status == 0
    assert divan("rollover", "--json").json["days"] == []
    path = Path(environment["HOME"]) / ".local/share/divan/divan.sqlite3"
    anyio.run(write_yesterday, f"sqlite:///{path}")
    dry = divan("rollover", "--dry-run", "--json").json
    assert [one["people"] for one in dry["days"]] == [0]
    assert set(dry["cleared"]) >= {"invites", "key-purge", "restrictions", "idle_activities"}
    day = dry["days"][0]["day"]
    shown = divan("leaderboard", "show", "overall", "--as", ME, "--day", day, "--json").json
    assert [(one["rank"], one["score"]) for one in shown] == [(1, 1.0), (2, 0.3)]
    table = divan("rollover", "--day", day)
    assert (table.status, day in table.out) == (0, True)
    assert divan("rollover", "--json").json["days"] == []
    found = divan("leaderboard", "me", "--as", ME, "--day", day, "--period", "weekly")
    assert found.status == 0
    assert "Badge: daily_top_10" in found.out
    assert divan("leaderboard", "me", "--as", ME, "--json").json["streak"]["best"] == 1


def test_wrong_questions(divan: Command) -> None:
    assert divan("rollover", "--day", "yesterday").status == 2
    assert divan("rollover", "--day", "2099-01-01").status == 2
    nowhere = divan("rollover", "--campus", "00000000-0000-0000-0000-000000000009")
    assert (nowhere.status, nowhere.err) == (1, "There is no such campus.\n")
    assert divan("leaderboard", "show", "beauty", "--as", ME).status == 2
    assert divan("leaderboard", "me", "--as", ME, "--period", "yearly").status == 2
