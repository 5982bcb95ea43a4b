import json
from uuid import UUID, uuid4

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import StoreUnavailable
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.presence.model import PeopleChanged
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.personnotices import RedisPersonNotices

SEAL = NoticeSeal(b"a key of sixteen or more bytes")
PROCESS = bytes(range(16))
NOTICE = PersonNotice(
    CampusId(UUID(int=1)), UserId(UUID(int=2)), "social", "friend:update", {"state": "removed"}
)


def notices() -> RedisPersonNotices:
    return RedisPersonNotices(RedisLifecycle("redis://127.0.0.1:1"), SEAL)


def sealed() -> bytes:
    body = {
        "campus_id": str(NOTICE.campus_id),
        "user_id": str(NOTICE.user_id),
        "topic": "social",
        "name": "friend:update",
        "data": {"state": "removed"},
    }
    return SEAL.signed(PROCESS + json.dumps(body).encode())


def test_what_travels_is_json_behind_its_signature_and_process() -> None:
    assert notices().opened(sealed()) == NOTICE


@given(st.data())
def test_any_change_of_a_byte_is_noticed(data: st.DataObject) -> None:
    message, port = bytearray(sealed()), notices()
    message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    assert port.opened(bytes(message)) is None
    assert port.rejected == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"topic":"social"}'])
def test_what_is_signed_and_still_wrong_is_dropped(body: bytes) -> None:
    assert notices().opened(SEAL.signed(PROCESS + body)) is None


def test_a_notice_of_presence_is_none_of_a_person() -> None:
    assert notices().opened(SEAL.sealed(PeopleChanged(NOTICE.campus_id))) is None


@pytest.mark.anyio
async def test_this_process_hears_what_it_says_though_redis_is_away() -> None:
    redis = RedisLifecycle("redis://127.0.0.1:1")
    port = RedisPersonNotices(redis, SEAL)
    async with redis.running(), port.listen() as heard:
        with pytest.raises(StoreUnavailable):
            await port.publish(NOTICE)
        with anyio.fail_after(5):
            assert await anext(heard) == NOTICE


@pytest.mark.anyio
async def test_what_comes_back_is_not_heard_again(redis_url: str) -> None:
    redis = RedisLifecycle(redis_url)
    here, there, elsewhere = (RedisPersonNotices(redis, SEAL) for _ in range(3))
    ours, theirs, end = (
        attrs.evolve(NOTICE, campus_id=CampusId(uuid4()), name=name)
        for name in ("ours", "theirs", "end")
    )
    async with redis.running(), here.listen() as heard, there.listen() as overheard:
        await here.publish(ours)
        await there.publish(theirs)
        await elsewhere.publish(end)
        with anyio.fail_after(5):
            for told in (heard, overheard):
                found = [await anext(told)]
                while found[-1] != end:
                    found.append(await anext(told))
                assert [found.count(one) for one in (ours, theirs, end)] == [1, 1, 1]


def test_what_says_it_is_of_this_process_is_not_heard_whoever_sent_it() -> None:
    port = notices()
    message = SEAL.signed(port._name + b"{}")  # noqa: SLF001 - a process tells nobody its name
    assert port.is_own(message)
    assert port.is_own(bytes(64) + message[64:])
    assert not notices().is_own(message)
