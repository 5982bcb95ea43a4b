import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.crc import key_slot as oracle

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.address import Address
from divan_core.stores.redis.slots import SlotRange, key_slot, read_redirection, read_slots

ASKED = Address("asked", 7000, "divan", "secret")


@given(st.text(alphabet="ab{}", max_size=12) | st.text())
@example("{}a")
@example("a{b}{c}")
@example("{{a}}")
@example("a}{b")
def test_the_slot_is_the_one_that_redis_py_computes(key: str) -> None:
    assert key_slot(key) == key_slot(key.encode()) == oracle(key.encode())


def test_keys_of_one_campus_have_one_slot() -> None:
    assert (
        key_slot("divan:{campus}:geo") == key_slot(b"divan:{campus}:leases") == key_slot("campus")
    )


def test_the_table_of_slots_is_read_with_its_masters() -> None:
    node = [b"10.0.0.1", 7001, b"id", []]
    replica = [b"10.0.0.2", 7002, b"id", []]
    assert read_slots([[0, 99, node, replica], [100, 200, [b"", 7003]]], ASKED) == [
        SlotRange(0, 99, ASKED.at("10.0.0.1", 7001)),
        SlotRange(100, 200, ASKED.at("asked", 7003)),
    ]


@pytest.mark.parametrize(
    "reply", [None, 7, [[0, 99]], [[0, 99, [b"host", 0]]], [[0, 9, [b"\xff", 1]]]]
)
def test_a_table_of_another_shape_is_refused(reply: object) -> None:
    with pytest.raises(StoreUnavailable):
        read_slots(reply, ASKED)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("MOVED 3999 10.0.0.1:6381", "10.0.0.1"),
        ("ASK 3999 ::1:6381", "::1"),
        ("MOVED 3999 :6381", "asked"),
    ],
)
def test_a_redirection_names_slot_and_node(text: str, host: str) -> None:
    assert read_redirection(text, ASKED) == (3999, ASKED.at(host, 6381))


@pytest.mark.parametrize("text", ["MOVED", "MOVED x a:1", "MOVED 1 a:b", "MOVED 1 a:0", "ASK 1 a"])
def test_a_redirection_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(StoreUnavailable):
        read_redirection(text, ASKED)
