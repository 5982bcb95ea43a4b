"""Processes of one server that tell each other what they have measured."""

import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from divan_core.errors import ConfigurationError
from divan_core.kernel.telemetry import Counter, Gauge
from divan_core.observability.metrics import Metrics
from divan_core.observability.sharing import ABANDONED_S, STALE_S, SharedMetrics

pytestmark = pytest.mark.anyio

SENT = Counter("divan_sent_total", "What was sent")
OPEN = Gauge("divan_open", "What is open")


def lines(metrics: Metrics) -> list[str]:
    return [one for one in metrics.exposition().splitlines() if not one.startswith("#")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def age(folder: Path, name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / f"{name}.metrics", (then, then))


class Server:
    """Processes that share a folder."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self._stack = stack

    async def begin(self, name: str, sent: int) -> Metrics:
        metrics = Metrics()
        for _ in range(sent):
            metrics.count(SENT)
        metrics.set(OPEN, 1)
        shared = SharedMetrics(metrics, self.folder, name)
        await self._stack.enter_async_context(shared.shared())
        shared.write()
        return metrics


async def test_whoever_is_asked_tells_of_all(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = Server(tmp_path, stack)
        one, other = await server.begin("one", 2), await server.begin("other", 3)
        assert lines(one) == lines(other) == ["divan_sent_total 5.0", "divan_open 2.0"]


async def test_what_the_dead_have_counted_stays_counted_and_they_have_no_levels(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        server = Server(tmp_path, stack)
        one = await server.begin("one", 2)
        await server.begin("dead", 3)
        age(tmp_path, "dead", STALE_S + 1)
        assert lines(one) == ["divan_sent_total 5.0", "divan_open 1.0"]


async def test_what_was_left_behind_becomes_a_part_of_whoever_comes_next(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = Server(tmp_path, stack)
        one = await server.begin("one", 2)
        await server.begin("dead", 3)
        age(tmp_path, "dead", ABANDONED_S + 1)
        heir = await server.begin("heir", 1)
        assert names(tmp_path) == ["heir.metrics", "one.metrics"]
        assert lines(heir) == lines(one) == ["divan_sent_total 6.0", "divan_open 2.0"]


def test_the_folder_is_made_and_names_differ(tmp_path: Path) -> None:
    for _ in range(2):
        SharedMetrics.beside_others(Metrics(), str(tmp_path / "a" / "b")).write()
    assert len(names(tmp_path / "a" / "b")) == 2
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be shared"):
        SharedMetrics.beside_others(Metrics(), str(tmp_path / "file" / "b"))


async def test_a_file_that_is_none_and_a_folder_that_is_gone_harm_nobody(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = Server(tmp_path / "shared", stack)
        server.folder.mkdir()
        (server.folder / "odd.metrics").write_bytes(b"{")
        one = await server.begin("one", 2)
        assert lines(one) == ["divan_sent_total 2.0", "divan_open 1.0"]
        for path in server.folder.iterdir():
            path.unlink()
        server.folder.rmdir()
        assert lines(one) == ["divan_sent_total 2.0", "divan_open 1.0"]
