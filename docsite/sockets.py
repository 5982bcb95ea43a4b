"""The reference of Socket.IO, from the tables that servers answer by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast, get_type_hints

import msgspec

from divan_rt.catalogue import TOLD, Told
from divan_rt.dispatch import Event, Table
from divan_rt.namespaces.activities import ActivityEvents
from divan_rt.namespaces.chat import ChatEvents
from divan_rt.namespaces.mod import ModEvents
from divan_rt.namespaces.presence import PresenceEvents
from divan_rt.namespaces.rooms import RoomEvents
from divan_rt.namespaces.social import SocialEvents
from divan_rt.packet import ACTIVITIES, CHAT, MOD, PRESENCE, ROOMS, SOCIAL
from docsite.words import about, components, first_line, table

_NOTHING: Final = cast("Any", None)
ASKED: Final[dict[str, Table]] = {
    PRESENCE: PresenceEvents(_NOTHING, _NOTHING).table(),
    SOCIAL: SocialEvents(_NOTHING).table(),
    CHAT: ChatEvents(_NOTHING, _NOTHING).table(),
    ROOMS: RoomEvents(_NOTHING, _NOTHING).table(),
    ACTIVITIES: ActivityEvents(_NOTHING).table(),
    MOD: ModEvents(_NOTHING).table(),
}
"""What clients may send, by namespace: the tables themselves, and nothing behind them."""

_HEAD: Final = """\
# Socket.IO

Path `/socket.io`, one connection for any of these namespaces, each joined with `auth: {token}`; in
development also `auth: {user_id, campus_id}`. Every event is acknowledged with `{ok: true, ...}` or
with `{ok: false, error}`, where `error` is the [problem](errors.md) that HTTP would answer. At most
16 KiB an event and 30 events in 10 seconds for a connection.

"""


def page() -> str:
    """The page in Markdown."""
    sections = "".join(_namespace(name, asked) for name, asked in ASKED.items())
    return f"{_HEAD}{sections}\n## Schemas\n\n{components(_schemas())}"


def _namespace(name: str, asked: Table) -> str:
    sent = (_sent(event, row) for event, row in asked.items())
    told = (_told(one) for one in TOLD if one.namespace == name)
    return (
        f"## `{name}`\n\n"
        + table(("client sends", "with", "and gets", "what it does"), sent)
        + "\n"
        + table(("server sends", "with", "when"), told)
        + "\n"
    )


def _sent(name: str, row: Event[Any]) -> tuple[str, str, str, str]:
    return f"`{name}`", _link(row.command), _link(_answer(row)), first_line(row.perform)


def _told(one: Told) -> tuple[str, str, str]:
    if isinstance(one.view, tuple):
        held = ", ".join(f"`{name}`" for name in one.view)
    else:
        held = _link(one.view)
    return f"`{one.name}`", held, one.about


def _answer(row: Event[Any]) -> type[Any]:
    found: type[Any] = get_type_hints(row.perform)["return"]
    return found


def _link(kind: type[Any]) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _classes() -> Iterator[type[Any]]:
    for asked in ASKED.values():
        for row in asked.values():
            yield row.command
            yield _answer(row)
    yield from (one.view for one in TOLD if not isinstance(one.view, tuple))


def _schemas() -> dict[str, Any]:
    classes = list(dict.fromkeys(_classes()))
    _, found = msgspec.json.schema_components(classes, ref_template="#/{name}")
    spoken = {one.__name__: about(one) for one in classes}
    return {name: {"description": spoken.get(name, ""), **one} for name, one in found.items()}
