"""Where what is people's own comes in: commands, the JSON of both doors, requests of clients."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import httpx2
import msgspec

import divan_core
from divan_core.codec.reader import JsonReader
from divan_core.kernel.actor import Actor
from divan_core.presence.messages import Heartbeat, HeartbeatAccepted
from divan_core.presence.service import Presence
from tests.canaries.watch import PERSONAL, Watch

MESSAGES: Final = "messages"
CREDENTIALS: Final = ("authorization", "x-admin-token")
DEVELOPMENT: Final = "uid:"
"""A bearer's text of development holds ids and nothing secret."""


def watched(watch: Watch) -> None:
    """Tell ``watch`` of everything that comes in."""
    for command in commands():
        command.__init__ = telling(command.__init__, functools.partial(give_command, watch))
    presence: Any = Presence
    presence.heartbeat = seeing(presence.heartbeat, watch)
    reader: Any = JsonReader
    reader.read = telling(reader.read, lambda _reader, body: give_json(watch, body))
    request: Any = httpx2.Request
    request.__init__ = telling(
        request.__init__, lambda made, *_args, **_named: give_request(watch, made)
    )


def telling(inner: Callable[..., Any], tell: Callable[..., None]) -> Callable[..., Any]:
    """The same function, whose arguments are told whatever becomes of it."""

    @functools.wraps(inner)
    def outer(*args: Any, **named: Any) -> Any:
        try:
            return inner(*args, **named)
        finally:
            tell(*args, **named)

    return outer


def seeing(heartbeat: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    """The same call, whose position is told: its command is made in C, out of sight."""

    @functools.wraps(heartbeat)
    async def outer(service: Presence, actor: Actor, command: Heartbeat) -> HeartbeatAccepted:
        watch.give({"lat": command.lat, "lon": command.lon})
        accepted: HeartbeatAccepted = await heartbeat(service, actor, command)
        return accepted

    return outer


def commands() -> Iterator[Any]:
    """The classes of messages that hold what is people's own; of campuses the place is public."""
    for module in pkgutil.walk_packages(divan_core.__path__, "divan_core."):
        if module.name.endswith(MESSAGES):
            for name, found in vars(importlib.import_module(module.name)).items():
                if is_personal(found) and found.__module__ == module.name and "Campus" not in name:
                    yield found


def is_personal(found: object) -> bool:
    """Whether this is a class of attrs, made in Python, with fields that are people's own."""
    if not isinstance(found, type) or not attrs.has(found) or issubclass(found, msgspec.Struct):
        return False
    return bool(PERSONAL.intersection(one.name for one in attrs.fields(found)))


def give_command(watch: Watch, command: Any, *_args: object, **_named: object) -> None:
    """Fields as the command has them; one that was refused may lack some."""
    for field in attrs.fields(type(command)):
        watch.give_field(field.name, getattr(command, field.name, None))


def give_json(watch: Watch, body: bytes) -> None:
    """The JSON of a request or of an event; what is none may hold anything."""
    try:
        watch.give(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        watch.plant(body.decode(errors="replace"))


def give_request(watch: Watch, request: httpx2.Request) -> None:
    """What a client sends, also to a server in another process."""
    for name in CREDENTIALS:
        bearer = request.headers.get(name, "").removeprefix("Bearer ")
        if not bearer.startswith(DEVELOPMENT):
            watch.plant(bearer)
    if request.headers.get("content-type", "").startswith("application/json"):
        give_json(watch, request.read())
