import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.ids import CampusId
from divan_core.presence.model import Cell, PeopleChanged, PublicMove
from divan_core.stores.redis.notices import NoticeSeal

SEAL = NoticeSeal(b"a key of sixteen or more bytes")
CAMPUS = CampusId(UUID("6f1d3f0e-58a4-4c5f-9d0c-2f6f0a7f5f11"))
CELLS = st.one_of(
    st.none(),
    st.builds(Cell, st.integers(1, 4095), st.integers(-500_000, 500_000), st.integers(-9, 9)),
)
NOTICES = st.one_of(
    st.builds(PublicMove, st.just(CAMPUS), CELLS, CELLS),
    st.just(PeopleChanged(CAMPUS)),
)


@given(NOTICES)
def test_notices_come_through(notice: PublicMove | PeopleChanged) -> None:
    assert SEAL.opened(SEAL.sealed(notice)) == notice


def test_what_travels_is_json_behind_its_signature() -> None:
    message = SEAL.sealed(PublicMove(CAMPUS, None, Cell(25, 3, -4)))
    assert json.loads(message[64:]) == {
        "kind": "move",
        "campus": str(CAMPUS),
        "left": None,
        "entered": [25, 3, -4],
    }
    int(message[:64], 16)


@given(NOTICES, st.data())
def test_any_change_of_a_byte_is_noticed(
    notice: PublicMove | PeopleChanged, data: st.DataObject
) -> None:
    message = bytearray(SEAL.sealed(notice))
    position = data.draw(st.integers(0, len(message) - 1))
    message[position] ^= data.draw(st.integers(1, 255))
    assert SEAL.opened(bytes(message)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"kind":"other","campus":"%b"}',
        b'{"kind":"move","campus":"x"}',
        b'{"kind":"move","campus":"%b","left":[0,1,2]}',
        b'{"kind":"move","campus":"%b","left":[1]}',
    ],
)
def test_what_is_signed_and_still_wrong_is_dropped(body: bytes) -> None:
    body = body.replace(b"%b", str(CAMPUS).encode())
    assert SEAL.opened(SEAL.signed(body)) is None


def test_another_key_signs_otherwise() -> None:
    assert (
        NoticeSeal(b"some other key of other bytes").opened(SEAL.sealed(PeopleChanged(CAMPUS)))
        is None
    )
