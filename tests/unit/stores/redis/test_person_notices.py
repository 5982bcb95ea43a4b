import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.presence.model import PeopleChanged
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.personnotices import RedisPersonNotices

SEAL = NoticeSeal(b"a key of sixteen or more bytes")
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
    return SEAL.signed(json.dumps(body).encode())


def test_what_travels_is_json_behind_its_signature() -> None:
    assert notices().opened(sealed()) == NOTICE


@given(st.data())
def test_any_change_of_a_byte_is_noticed(data: st.DataObject) -> None:
    message, port = bytearray(sealed()), notices()
    message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    assert port.opened(bytes(message)) is None
    assert port.rejected == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"topic":"social"}'])
def test_what_is_signed_and_still_wrong_is_dropped(body: bytes) -> None:
    assert notices().opened(SEAL.signed(body)) is None


def test_a_notice_of_presence_is_none_of_a_person() -> None:
    assert notices().opened(SEAL.sealed(PeopleChanged(NOTICE.campus_id))) is None
