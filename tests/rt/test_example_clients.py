"""The clients of examples/ follow a live list as it changes."""

import json
import sys
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from divan_core.accounts.messages import ChangePrivacy
from tests.packaging.conftest import ROOT
from tests.rt.interop.test_javascript import modules
from tests.rt.world import World

pytestmark = pytest.mark.anyio

__all__ = ["modules"]  # a fixture

CLIENTS = ROOT / "examples" / "clients"
PATIENCE_S = 30


async def follow(world: World, program: str, script: str, folder: Path) -> list[str]:
    """What a client prints about somebody near who then hides."""
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ana, 0)
    await world.beat(ben, 10)
    token = f"uid:{ana.user_id};campus:{ana.campus_id}"
    command = [program, str(CLIENTS / script), world.url, token, "2"]
    with anyio.fail_after(PATIENCE_S):
        async with await anyio.open_process(command, stderr=None, cwd=folder) as client:
            assert client.stdout is not None
            lines = BufferedByteReceiveStream(client.stdout)
            first = await lines.receive_until(b"\n", 1000)
            await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
            await world.tick()
            second = await lines.receive_until(b"\n", 1000)
            assert await client.wait() == 0
    return [first.decode().partition(" ")[2], second.decode().partition(" ")[2]]


async def test_the_python_client(world: World, tmp_path: Path) -> None:
    assert await follow(world, sys.executable, "live.py", tmp_path) == ["['ben']", "[]"]


async def test_the_javascript_client(world: World, node: str, modules: Path) -> None:
    shown = await follow(world, node, "live.mjs", modules)
    assert [json.loads(one) for one in shown] == [["ben"], []]
