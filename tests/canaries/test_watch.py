"""The watch of every test sees what it should: here something is told on purpose."""

import logging
from collections.abc import Callable
from uuid import UUID

import httpx2
import pytest
import redis

from divan_core.chat.messages import SendMessage
from divan_core.codec.reader import JsonReader
from divan_core.errors import DivanError
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.telemetry import Counter
from divan_core.observability.metrics import Metrics
from divan_core.presence.messages import Heartbeat
from tests.canaries.outputs import tell_streams
from tests.canaries.watch import WATCH
from tests.http.world import LON, open_world

SECRET = 'What "nobody" else says'
MAIL = "somebody@example.org"
PLACE = 45.504817263


def in_a_log_line(told: str) -> None:
    logging.getLogger("divan.somewhere").info("it was %s", told)


def in_facts(told: str) -> None:
    facts = {"facts": {"about": [told]}}
    logging.getLogger("divan_core.elsewhere").warning("so", extra=facts)


def in_an_event(told: str) -> None:
    Event(EventId(UUID(int=1)), "t", "said", CampusId(UUID(int=2)), "a", Millis(0), {"x": told})


def in_a_metric(told: str) -> None:
    Metrics().count(Counter("divan_things_total", "Things.", ("what",)), told)


WAYS = (in_a_log_line, in_facts, in_an_event, in_a_metric)


def by_a_command() -> str:
    SendMessage(UserId(UUID(int=1)), SECRET)
    return SECRET


def by_json() -> str:
    JsonReader(SendMessage).read(
        b'{"to_user_id":"00000000-0000-0000-0000-000000000001","body":"Zyzzyva."}'
    )
    return "Zyzzyva."


def by_json_that_is_refused() -> str:
    with pytest.raises(DivanError):
        JsonReader(SendMessage).read(b'{"body": ["Zyzzyva."]}')
    return "Zyzzyva."


def by_a_position() -> str:
    WATCH.give({"fixes": [{"lat": PLACE, "lon": -73.5}]})
    return "45.504817"


def by_a_client() -> str:
    httpx2.Request("GET", "http://divan/me", headers={"Authorization": "Bearer a.secret.token"})
    return "a.secret.token"


def by_nobody() -> str:
    return MAIL


@pytest.mark.parametrize("tell", WAYS)
@pytest.mark.parametrize(
    "give",
    [by_a_command, by_json, by_json_that_is_refused, by_a_position, by_a_client, by_nobody],
)
def test_what_was_given_is_found(give: Callable[[], str], tell: Callable[[str], None]) -> None:
    tell(give())
    (leak,) = WATCH.leaks()
    assert leak.startswith("a")
    assert WATCH.leaks() == []


def test_what_lies_in_streams_is_found(redis_url: str) -> None:
    by_a_command()
    with redis.Redis.from_url(redis_url) as client:
        client.xadd("divan:{campus}:t", {"event": f"signature {SECRET}"})
    tell_streams(WATCH, redis_url)
    assert len(WATCH.leaks()) == 1


def test_an_id_that_spells_an_address_by_chance_is_no_leak(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.xadd("divan:{campus}:journal", {"people": bytes.fromhex("97") + b"ana_h@-.yi.test"})
    tell_streams(WATCH, redis_url)
    assert WATCH.leaks() == []


@pytest.mark.anyio
async def test_where_somebody_is_is_found() -> None:
    async with open_world() as world:
        ana = await world.divan.accounts.actor(world.ana)
        fix = Heartbeat(PLACE, LON, 8.0, "phone", world.clock.now())
        await world.divan.presence.heartbeat(ana, fix)
        assert WATCH.leaks() == []
        await world.divan.presence.heartbeat(ana, fix)
        in_an_event(str(PLACE))
    assert len(WATCH.leaks()) == 1


def test_what_is_not_told_is_no_leak() -> None:
    by_a_command()
    by_a_position()
    for tell in WAYS:
        tell("something else at 45.5")
    assert WATCH.leaks() == []


def test_what_is_made_up_may_be_a_word_of_the_code() -> None:
    for word in ("message.sent", MAIL):
        SendMessage(UserId(UUID(int=1)), word)
        in_an_event(word)
    (leak,) = WATCH.leaks(made_up=True)
    assert MAIL in leak


def test_an_error_is_told_without_its_message() -> None:
    fault = LookupError(by_a_command())
    logging.getLogger("divan.somewhere").error("a bug", exc_info=fault)
    assert WATCH.leaks() == []
