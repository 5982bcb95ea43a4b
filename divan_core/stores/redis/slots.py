"""Redis Cluster's arithmetic: which slot a key has, and who serves which slots."""

from __future__ import annotations

from binascii import crc_hqx

import attrs

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.address import Address
from divan_core.stores.redis.link import Reply

SLOTS = 16_384


@attrs.frozen
class SlotRange:
    """The slots from ``first`` to ``last``, both included, and the master that serves them."""

    first: int
    last: int
    master: Address


def key_slot(key: bytes | str) -> int:
    """The slot of a key: CRC16 of what stands in its first braces, or of the whole key.

    Source: Redis Cluster specification, "Key distribution model" and "Hash tags".
    """
    raw = key.encode() if isinstance(key, str) else key
    start = raw.find(b"{")
    if start >= 0:
        end = raw.find(b"}", start)
        if end > start + 1:
            raw = raw[start + 1 : end]
    return crc_hqx(raw, 0) % SLOTS


def read_slots(reply: Reply, asked: Address) -> list[SlotRange]:
    """The answer to CLUSTER SLOTS, which ``asked`` gave.

    A node that does not know its own name leaves the host empty, which means ``asked``'s.

    Raises:
        StoreUnavailable: the answer has another shape.
    """
    try:
        return [
            SlotRange(first, last, asked.at(_host(master[0], asked), master[1]))
            for first, last, master, *_replicas in reply
        ]
    except (TypeError, ValueError, LookupError) as fault:
        raise StoreUnavailable("The Redis cluster's table of slots cannot be read") from fault


def read_redirection(text: str, asked: Address) -> tuple[int, Address]:
    """Slot and node of an answer like ``MOVED 3999 127.0.0.1:6381``, given by ``asked``.

    Raises:
        StoreUnavailable: the answer has another shape.
    """
    try:
        _code, slot, place = text.split(" ")[:3]
        host, _colon, port = place.rpartition(":")
        return int(slot) % SLOTS, asked.at(host or asked.host, int(port))
    except ValueError as fault:
        raise StoreUnavailable("A redirection of the Redis cluster cannot be read") from fault


def _host(announced: bytes | None, asked: Address) -> str:
    if not announced or announced == b"?":
        return asked.host
    return announced.decode()
