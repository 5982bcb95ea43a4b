"""Memory on huge pages."""

import mmap
import re
import sys
from pathlib import Path

import anyio
import pytest

from divan_cli import hugepages
from divan_cli.hugepages import HUGE, collapse, keep_on_huge_pages, places

MAPS = """\
00200000-00a00000 r-xp 00000000 fe:01 12 /usr/bin/python
01100000-01700000 rw-p 00000000 00:00 0 [heap]
10000000-10300000 rw-p 00000000 00:00 0 [anon:cpython:pymalloc]
20000000-20100000 rw-p 00000000 00:00 0 
20200000-20600000 rw-p 00000000 00:00 0 
30000000-30400000 rw-s 00000000 00:01 7 /dev/zero (deleted)
40000000-40400000 ---p 00000000 00:00 0 
50000000-50400000 rw-p 00000000 fe:01 13 /usr/lib/some library.so
7ff000000000-7ff000400000 rw-p 00000000 00:00 0 [stack]
"""  # noqa: W291 - as Linux writes it


def test_only_whole_huge_pages_of_ones_own_memory_are_asked_for() -> None:
    found = [f"{one:x}" for one in places(MAPS)]
    assert found == ["1200000", "1400000", "10000000", "20200000", "20400000"]


def test_what_is_in_memory_is_the_same_afterwards() -> None:
    much = [bytes([at % 251]) * 4096 for at in range(4096)]
    found = collapse()
    assert all(one == bytes([at % 251]) * 4096 for at, one in enumerate(much))
    assert (found > 0) is can_collapse()


def test_memory_that_is_hardly_used_is_left_alone() -> None:
    collapse()  # what else there is may grow, once
    with mmap.mmap(-1, 8 * HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as sparse:
        for at in range(0, len(sparse), HUGE):
            sparse[at] = 1
        before = in_use()
        collapse()
        assert in_use() - before < 2 * HUGE


def test_where_there_is_no_linux_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hugepages, "_MAPS", Path("/no/such/place"))
    assert collapse() == 0


@pytest.mark.anyio
async def test_it_is_done_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done = anyio.Event()
    times: list[None] = []

    def collapse_once() -> int:
        times.append(None)
        if len(times) == 3:
            anyio.from_thread.run_sync(done.set)
        return 0

    monkeypatch.setattr(hugepages, "EVERY_S", 0.0)
    monkeypatch.setattr(hugepages, "collapse", collapse_once)
    async with anyio.create_task_group() as beside:
        beside.start_soon(keep_on_huge_pages)
        with anyio.fail_after(10):
            await done.wait()
        beside.cancel_scope.cancel()


def can_collapse() -> bool:
    """Whether this system does what is asked of it, asked by Python's own way for memory mapped."""
    with mmap.mmap(-1, 4 * HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as much:
        much.write(bytes(len(much)))
        try:
            much.madvise(25)  # MADV_COLLAPSE
        except OSError:
            return False
    return sys.platform == "linux"


def in_use() -> int:
    """How many bytes of memory this process has, as far as that is told."""
    try:
        told = Path("/proc/self/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"Anonymous: +(\d+) kB", told)
    return int(found[1]) * 1024 if found else 0
