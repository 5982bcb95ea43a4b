"""How many decisions a second a policy is tried on: a year of simulated ones, out of SQLite."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks.policies import OBFUSCATED, PLAIN, larger
from benchmarks.report import table
from divan_cli.collecting import settled_memory
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.ingress import Written
from divan_core.safety.backtests import Backtests
from divan_core.safety.facts import Facts
from divan_core.safety.policies import Policy, decide
from divan_core.safety.ports import Author, Reported
from divan_core.safety.shipped import default_policy
from divan_core.safety.verdicts import DecisionId, Period, Verdict, Writing
from divan_core.stores.bundle import StoreUnit
from divan_core.stores.factories import sql_relational
from divan_core.testing.contracts.samples import running

EVENTS: Final = 200_000
YEAR_MS: Final = 365 * 86_400_000
BEGAN: Final = 1_760_000_000_000
AT_ONCE: Final = 2_000
WANTED: Final = 20_000
CAMPUS: Final = CampusId(UUID(int=1))
PEOPLE: Final = tuple(UserId(UUID(int=number)) for number in range(1, 2_001))


class Texts:
    """A :class:`~divan_core.safety.ports.Witness` that has the text of every message."""

    async def writings(
        self, _unit: object, _type: str, messages: Collection[UUID]
    ) -> Mapping[UUID, Writing]:
        """The same few texts."""
        return {one: Writing(OBFUSCATED if one.int % 50 == 0 else PLAIN) for one in messages}

    async def authors(self, _unit: object, _people: Sequence[UserId]) -> Mapping[UserId, Author]:
        """Nobody asks."""
        return {}

    async def reported(self, _unit: object, _case_id: UUID, _since: Millis) -> Reported | None:
        """Nobody asks."""
        return None

    async def reporters(self, _unit: object, _case_id: UUID) -> Sequence[tuple[UUID, UserId]]:
        """Nobody asks."""
        return ()


async def run() -> None:
    """Print the table: by the policy Divan comes with, and by one that looks at words."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'backtests.sqlite3'}"
        async with running(sql_relational(database)) as stores:
            for verdicts in _portions():

                async def body(unit: StoreUnit, verdicts: Sequence[Verdict] = verdicts) -> None:
                    await unit.decisions.add(*verdicts)

                await stores.units.write(body)
            backtests = Backtests[StoreUnit](stores.units, Texts())
            with settled_memory():  # as the command does, and a server
                rows = [
                    await _measured("labels and signals", backtests, default_policy()),
                    await _measured("with words, 100 phrases, 100 patterns", backtests, larger()),
                ]
    rows.append(("wanted", f"{WANTED:,}", "", ""))
    header = ("policy", "decisions/s", "seconds", "would act on")
    table(f"Back-test: {EVENTS:,} decisions of a year, of SQLite, CPU time", header, rows)


async def _measured(
    name: str, backtests: Backtests[Any], policy: Policy
) -> tuple[str, str, str, str]:
    began = time.process_time()
    view = await backtests.run(policy, Period(Millis(BEGAN), Millis(BEGAN + YEAR_MS)))
    spent = time.process_time() - began
    assert view.events == EVENTS
    assert view.decided == view.both
    return name, f"{EVENTS / spent:,.0f}", f"{spent:.1f}", f"{view.would:,}"


def _portions() -> Iterator[list[Verdict]]:
    chance, policy = random.Random(7), default_policy()
    for first in range(0, EVENTS, AT_ONCE):
        yield [_verdict(number, chance, policy) for number in range(first, first + AT_ONCE)]


def _verdict(number: int, chance: random.Random, policy: Policy) -> Verdict:
    trust = chance.randint(25, 90)
    signals: dict[str, float] = {
        "duplicate_text": int(chance.random() < 0.02),
        "velocity": chance.choice((0, 0, 0, 0, 1, 2, 3)),
        "links": int(chance.random() < 0.05),
        "denied_links": 0,
        "trust": trust,
        "account_age_days": chance.randint(0, 1_000),
    }
    level = 3 if number % 50 == 0 else int(chance.random() < 0.03)
    facts = Facts("message", trust=trust, text={"profanity": level}, signals=signals)
    written = Written("message", UUID(int=number), chance.choice(PEOPLE), CAMPUS)
    at = Millis(BEGAN + number * YEAR_MS // EVENTS)
    return Verdict(DecisionId(UUID(int=number)), written, at, facts, decide(policy, facts))
