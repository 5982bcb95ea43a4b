"""One link over a transport that only notes what is written."""

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.errors import RedisOutcomeUnknown, RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy, Reply, pack
from tests.unit.stores.redis.fake import connected, turn

pytestmark = pytest.mark.anyio

GET = pack(b"GET", b"key")


async def test_calls_of_one_turn_leave_as_one_write() -> None:
    link, transport = connected()
    for number in range(3):
        link.send(pack(b"GET", number))
    assert transport.writes == []
    await turn()
    link.send(GET)
    await turn()
    assert transport.writes == [pack(b"GET", 0) + pack(b"GET", 1) + pack(b"GET", 2), GET]


async def test_every_kind_of_reply_reaches_the_call_it_answers() -> None:
    link, _ = connected()
    calls = [link.send(GET) for _ in range(7)]
    await turn()
    link.data_received(
        b"+OK\r\n$-1\r\n_\r\n#f\r\n,1.5\r\n:7\r\n*2\r\n$1\r\na\r\n%1\r\n+b\r\n~0\r\n"
    )
    assert [call.result() for call in calls] == [
        *[b"OK", None, None, False, 1.5, 7],
        [b"a", {b"b": []}],
    ]


async def test_an_error_fails_its_own_call_only() -> None:
    link, _ = connected()
    wrong, right = link.send(GET), link.send(GET)
    await turn()
    link.data_received(b"-WRONGTYPE no\r\n+OK\r\n")
    with pytest.raises(RedisReplyError, match="WRONGTYPE no") as failed:
        await wrong
    assert failed.value.code == "WRONGTYPE"
    assert await right == b"OK"


async def test_pushes_are_no_replies() -> None:
    pushes: list[Reply] = []
    link, _ = connected(pushes=pushes)
    call = link.send(GET)
    await turn()
    link.data_received(b">2\r\n+message\r\n+text\r\n+OK\r\n>1\r\n+more\r\n")
    assert await call == b"OK"
    assert pushes == [[b"message", b"text"], [b"more"]]


@given(data=st.data(), count=st.integers(1, 30))
def test_replies_never_mix_however_they_are_cut_and_whoever_is_cancelled(
    data: st.DataObject,
    count: int,
) -> None:
    async def scene() -> None:
        link, _ = connected()
        calls = [link.send(pack(b"ECHO", number)) for number in range(count)]
        await turn()
        stream = b"".join(b":%d\r\n" % number for number in range(count))
        for call in data.draw(st.lists(st.sampled_from(calls), unique=True)):
            call.cancel()
        for piece in pieces(stream, data.draw(st.sets(st.integers(0, len(stream))))):
            link.data_received(piece)
            data.draw(st.sampled_from(calls)).cancel()
        for number, call in enumerate(calls):
            assert call.cancelled() or call.result() == number
        assert not link.ended.is_set()

    asyncio.run(scene())


def pieces(stream: bytes, cuts: set[int]) -> Iterator[bytes]:
    places = [0, *sorted(cuts), len(stream)]
    return (stream[a:b] for a, b in pairwise(places) if a < b)


@pytest.mark.parametrize(
    "rubbish", [b"HTTP/1.1 400 Bad Request\r\n", b"\x00\xff", b"+OK\r\n+OK\r\n"]
)
async def test_rubbish_ends_the_link(rubbish: bytes) -> None:
    link, transport = connected()
    call = link.send(GET)
    await turn()
    link.data_received(rubbish)
    await asyncio.wait([call])
    assert link.ended.is_set()
    assert transport.aborted
    assert call.exception() is None or isinstance(call.exception(), StoreUnavailable)
    with pytest.raises(StoreUnavailable, match="protocol"):
        link.send(GET)


async def test_a_loss_leaves_the_outcome_of_what_was_sent_unknown_and_of_nothing_else() -> None:
    link, _ = connected()
    sent = link.send(GET)
    await turn()
    unsent = link.send(GET)
    link.connection_lost(ConnectionResetError("gone"))
    with pytest.raises(RedisOutcomeUnknown, match="gone"):
        await sent
    with pytest.raises(StoreUnavailable) as refused:
        await unsent
    assert not isinstance(refused.value, RedisOutcomeUnknown)
    assert link.closed.is_set()


async def test_nothing_is_written_after_the_end() -> None:
    link, transport = connected()
    call = link.send(GET)
    link.end("over")
    await turn()
    assert transport.writes == []
    link.data_received(b"+OK\r\n")
    with pytest.raises(StoreUnavailable, match="over"):
        await call
    with pytest.raises(StoreUnavailable, match="over"):
        link.send_unanswered(GET)


async def test_the_first_reason_for_the_end_stands() -> None:
    link, _ = connected()
    link.end("first")
    link.end("second")
    link.resume_writing()
    assert link.refusal == "first"


async def test_calls_beyond_the_bound_are_refused_at_once() -> None:
    link, _ = connected(ConnectionPolicy(max_outstanding=2))
    calls = [link.send(GET), link.send(GET)]
    with pytest.raises(StoreUnavailable, match="unanswered"):
        link.send(GET)
    await turn()
    link.data_received(b"+OK\r\n")
    calls.append(link.send(GET))
    await turn()
    link.data_received(b"+OK\r\n+OK\r\n")
    assert await asyncio.gather(*calls) == [b"OK"] * 3


async def test_calls_are_refused_while_the_server_takes_nothing_more() -> None:
    link, _ = connected()
    link.pause_writing()
    with pytest.raises(StoreUnavailable, match="keep up"):
        link.send(GET)
    link.resume_writing()
    link.send(GET)


async def test_an_endless_reply_is_not_collected() -> None:
    link, _ = connected()
    call = link.send(GET)
    await turn()
    link.data_received(b"$999999999\r\n")
    for _ in range(65):
        link.data_received(bytes(1024 * 1024))
    with pytest.raises(StoreUnavailable, match="too long"):
        await call


def test_pauses_between_attempts_grow_up_to_the_longest() -> None:
    policy = ConnectionPolicy(first_pause_s=0.1, longest_pause_s=1.0)
    assert [policy.pause_s(failures) for failures in (0, 1, 2, 3, 4, 10_000)] == [
        *[0.1, 0.2, 0.4, 0.8],
        *[1.0, 1.0],
    ]


async def test_a_thousand_answers_of_random_sizes_keep_their_order() -> None:
    chance = random.Random(7)
    link, _ = connected()
    texts = [b"%d:" % number + b"x" * chance.randrange(200) for number in range(1000)]
    calls = [link.send(GET) for _ in texts]
    await turn()
    stream = b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)
    cuts = set(chance.sample(range(len(stream)), 500))
    for piece in pieces(stream, cuts):
        link.data_received(piece)
    assert await asyncio.gather(*calls) == texts
