"""Writes of one turn of the event loop leave together."""

from __future__ import annotations

import asyncio
import socket

import pytest

from divan_cli.gathering import MOST_BYTES, GatheringTransport

pytestmark = pytest.mark.anyio


class Recording(asyncio.Transport):
    """Remembers what is written to it, and that it was closed."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def bare() -> Recording:
    return Recording()


@pytest.fixture
async def gathering(bare: Recording) -> GatheringTransport:
    return GatheringTransport(bare, asyncio.get_running_loop())


async def turn() -> None:
    await asyncio.sleep(0)


async def test_head_and_body_leave_as_one_at_the_end_of_the_turn(
    bare: Recording, gathering: GatheringTransport
) -> None:
    gathering.write(b"head ")
    gathering.write(b"body")
    assert bare.written == []
    await turn()
    assert bare.written == [b"head body"]


async def test_the_next_turn_writes_again(bare: Recording, gathering: GatheringTransport) -> None:
    gathering.write(b"one")
    await turn()
    gathering.write(b"two")
    await turn()
    assert bare.written == [b"one", b"two"]


async def test_much_is_written_at_once_so_that_flow_control_sees_it(
    bare: Recording, gathering: GatheringTransport
) -> None:
    gathering.write(b"x" * MOST_BYTES)
    assert bare.written == []
    gathering.write(b"y")
    assert bare.written == [b"x" * MOST_BYTES + b"y"]
    await turn()
    assert len(bare.written) == 1


async def test_closing_sends_what_was_gathered_first(
    bare: Recording, gathering: GatheringTransport
) -> None:
    gathering.write(b"last words")
    gathering.close()
    assert bare.written == [b"last words"]
    assert gathering.is_closing()


async def test_everything_else_is_the_bare_transport(gathering: GatheringTransport) -> None:
    assert gathering.get_extra_info("peername") == ("127.0.0.1", 1)


async def test_a_socket_gets_all_bytes_in_order() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - socket's own
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    gathering = GatheringTransport(transport, loop)
    parts = [str(number).encode() + b";" for number in range(50_000)]
    reader, writer = await asyncio.open_connection(sock=theirs)
    for part in parts:
        gathering.write(part)
    gathering.close()
    assert await reader.read() == b"".join(parts)
    writer.close()
