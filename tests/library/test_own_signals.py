"""A host's own signals: what is written is decided about by them, whatever else they do."""

from pathlib import Path

import attrs
import pytest

from divan_core import Divan, Settings, SyncDivan
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.errors import ConfigurationError
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.moderation.messages import CasesQuery, OneCase
from divan_core.safety.messages import CreatePolicy, PolicyQuery
from divan_core.safety.own import OwnSignals
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, memory_stores
from tests.servers.sqlite import migrated

pytestmark = pytest.mark.anyio

RULE = {
    "id": "shouting",
    "when": {"signals.all_of": ["own.shouting>0.8"]},
    "then": {"action": "tombstone", "severity": 1, "reason": "Please do not shout"},
}


def shouting(text: str) -> float:
    return sum(map(str.isupper, text)) / len(text)


def broken(_text: str) -> float:
    raise RuntimeError


SIGNALS: OwnSignals = {"own.broken": broken, "own.shouting": shouting}


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    if request.param == "memory":
        return memory_stores()
    return embedded_stores(migrated(tmp_path / "divan.sqlite3"))


async def join(divan: Divan, name: str) -> Actor:
    campus = (await divan.accounts.create_campus(CreateCampus("Here", 45.5, -73.5))).id
    made = await divan.accounts.create_person(CreatePerson(campus, name, name))
    return await divan.accounts.actor(made.user_id)


async def test_a_rule_about_them_acts(stores: Stores) -> None:
    async with Divan.open(Settings(env="test"), stores=stores, signals=SIGNALS) as divan:
        ana = await join(divan, "ana")
        made = await divan.accounts.create_person(CreatePerson(ana.campus_id, "ben", "Ben"))
        ben = await divan.accounts.actor(made.user_id)
        ada = attrs.evolve(await join(divan, "ada"), roles=frozenset({ADMIN}))
        kept = await divan.policies.create(ada, CreatePolicy("1", (RULE,)))
        await divan.policies.activate(ada, PolicyQuery(kept.view.id))
        for text in ("WHEREHAVEYOUBEEN", "Where have you been?"):
            await divan.chat.send(ana, SendMessage(ben.user_id, text))
        await divan.drain()
        read = await divan.chat.messages(ben, MessagesQuery(ana.user_id))
        assert [one.body for one in read.items] == ["Where have you been?"]
        (case,) = (await divan.cases.page(ada, CasesQuery())).items
        (action,) = (await divan.cases.get(ada, OneCase(case.id))).actions
        assert 'divan_silent_signals_total{signal="own.broken"} 2.0' in divan.metrics.exposition()
        assert action.facts == {"signals.own.shouting": 1.0}


async def test_a_name_that_no_policy_could_name_keeps_divan_from_opening() -> None:
    with pytest.raises(ConfigurationError, match="loud"):
        async with Divan.open(Settings(env="test"), stores=memory_stores(), signals={"loud": len}):
            pass


def test_synchronous_programs_have_them_too() -> None:
    refused = {"loud": len}
    with (
        pytest.raises(ConfigurationError, match="loud"),
        SyncDivan.open(Settings(env="test"), stores=memory_stores(), signals=refused),
    ):
        pass
