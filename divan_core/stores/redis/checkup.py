"""How a Redis server is: for whoever looks after a deployment. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.stores.findings import Finding, clock_finding
from divan_core.stores.redis.address import Address, parse_addresses
from divan_core.stores.redis.connection import open_link
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy, Link, pack

OLDEST_REDIS: Final = (6, 2)
EVICTS_NOTHING: Final = "noeviction"

_INFO: Final = pack(b"INFO")
_TIME: Final = pack(b"TIME")
_RUN: Final = "Check DIVAN_REDIS_URL, and that the server runs and lets this machine in."


async def examine(url: str) -> tuple[Finding, ...]:
    """Look at each server of ``url``: reachable, its version, clock, and whether it evicts keys.

    Raises:
        ConfigurationError: the address is wrong.
    """
    found: list[Finding] = []
    addresses = parse_addresses(url)
    for address in addresses:
        name = "redis" if len(addresses) == 1 else f"redis {address.name}"
        found += await _server(name, address)
    return tuple(found)


async def _server(name: str, address: Address) -> tuple[Finding, ...]:
    try:
        link = await open_link(address, ConnectionPolicy())
    except (StoreUnavailable, ConfigurationError) as fault:
        return (Finding(name, "fault", fault.detail, _RUN),)
    try:
        return tuple([one async for one in _findings(name, link)])
    except (StoreUnavailable, RedisReplyError) as fault:
        return (Finding(name, "fault", str(fault), _RUN),)
    finally:
        link.end("The examination is over")
        await link.closed.wait()


async def _findings(name: str, link: Link) -> AsyncIterator[Finding]:
    facts = stated(await link.send(_INFO))
    yield version_finding(name, facts)
    yield eviction_finding(name, facts)
    began = time.time()
    seconds, micros = map(int, await link.send(_TIME))
    ended = time.time()
    theirs_ms = seconds * 1000 + micros / 1000
    yield clock_finding(f"clock of {name}", theirs_ms, (began + ended) / 2 * 1000)


def stated(info: bytes) -> Mapping[str, str]:
    """What a server says of itself in answer to INFO."""
    lines = info.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def version_finding(name: str, facts: Mapping[str, str]) -> Finding:
    """Whether the server is new enough; Valkey says which Redis it equals."""
    compatible = facts.get("redis_version", "")
    own = facts.get("valkey_version")
    seen = f"Valkey {own}" if own else f"Redis {compatible or 'of an unknown version'}"
    numbers = tuple(int(part) for part in compatible.split(".")[:2] if part.isdigit())
    if numbers >= OLDEST_REDIS:
        return Finding(name, "ok", seen)
    oldest = ".".join(map(str, OLDEST_REDIS))
    return Finding(name, "fault", seen, f"Use Redis {oldest} or newer, or Valkey.")


def eviction_finding(name: str, facts: Mapping[str, str]) -> Finding:
    """Whether the server would drop keys by itself, and so a part of who is online."""
    about = f"eviction by {name}"
    policy = facts.get("maxmemory_policy", "unknown")
    if policy == EVICTS_NOTHING:
        return Finding(about, "ok", policy)
    bounded = facts.get("maxmemory", "0") != "0"
    remedy = "Set maxmemory-policy to noeviction: else people vanish when memory is full."
    return Finding(about, "fault" if bounded else "warning", policy, remedy)
