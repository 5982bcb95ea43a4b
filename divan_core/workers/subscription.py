"""Who reacts to events, and how."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias

import attrs

from divan_core.errors import ConfigurationError
from divan_core.kernel.delivery import Group, GroupsOfTopics
from divan_core.kernel.events import Event
from divan_core.stores.bundle import StoreUnit
from divan_core.workers.ahead import Ahead

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Streams keep dead letters and leases under a topic's name and these words.
_TOPIC: Final = re.compile(rf"{_NAME.pattern}(:(?!dlq$|leases$){_NAME.pattern})?")

Handler: TypeAlias = Callable[[StoreUnit, Event], Awaitable[Any]]
"""Acts on an event inside the unit of work that also records that its group has handled it.

The rules of a unit's body hold: it awaits nothing but the unit, and may run more than once. What
it raises undoes the unit, and the event is tried again later.
"""

Together: TypeAlias = Callable[[StoreUnit, Sequence[Event]], Awaitable[Sequence[Any]]]
"""Does as a handler for each of some events, with what it returns.

No two of them are of one aggregate, unless their order is all the same. It is for what takes as few
statements for many as for one. What it raises undoes all, and each event is handled alone.
"""

Effect: TypeAlias = Callable[[Any], Awaitable[None]]
"""Acts outside of the database on what a handler has returned, once that is durable.

It is not tried again: what it raises is told to operators, and where the process ends before it
nothing happens.
"""


Around: TypeAlias = Callable[[Sequence[Event]], AbstractAsyncContextManager[None]]
"""What is to happen before the unit that handles events, and after it, outside of the database.

As a handler it may happen more than once. What it raises means that they were not handled.
"""


def _named(_instance: object, _attribute: object, group: Group) -> None:
    for name, form in ((group.name, _NAME), (group.topic, _TOPIC)):
        if not form.fullmatch(name):
            raise ConfigurationError(
                f"A group and its topic have names of 1-64 letters, digits, '.', '_' and '-', "
                f"beginning with a letter or digit, a topic may have two with a colon between; "
                f"{name!r} is none."
            )


AT_ONCE: Final = 4
"""How many aggregates are worked on at the same time, as a rule.

Beside a server they share ten connections to PostgreSQL with its requests; more at once handle no
more there, and let requests wait.
"""


@attrs.frozen
class Subscription:
    """A group's reaction to each event of its topic.

    However many processes have the group, each event is handled once, and those of one aggregate in
    their order, unless they are ``unordered``: what comes to the same in any order need not wait
    for each other, however many are of one aggregate. ``around`` wraps the unit that handles
    events, and ``afterwards`` acts on what was handled, at most once. A ``locking`` one takes locks
    on what it decides by, as :class:`~divan_core.kernel.units.Units` tells. ``together`` does the
    same as ``handle`` with those that wait at the same time. ``at_once`` is how many units a
    process has for it at the same time: one for what can wait for others. That may gather, too: for
    ``gather_s`` seconds after it has taken events it takes no more; an ``eager`` one, which has
    somebody who waits, for half as long as these have taken, if that is less: where there is little
    else to do, batches need not be large. What somebody waits for at each step is
    ``urgent``: events of its topic are published at once, where this process has recorded them.
    And it may be handled ``ahead`` of its delivery, by another group of the process that has it as
    ``then``: in the unit that has recorded it, without its own ``around``.

    Raises:
        ConfigurationError: the group or its topic cannot be named so.
    """

    group: Group = attrs.field(validator=_named)
    handle: Handler
    afterwards: Effect | None = None
    around: Around | None = None
    locking: bool = False
    together: Together | None = None
    at_once: int = AT_ONCE
    gather_s: float = 0.0
    eager: bool = False
    urgent: bool = False
    unordered: bool = False
    ahead: Ahead | None = None
    then: Subscription | None = None


def groups_of(subscriptions: Iterable[Subscription]) -> GroupsOfTopics:
    """The names of the groups of each topic.

    Raises:
        ConfigurationError: two subscriptions have the same group.
    """
    found: dict[str, list[str]] = {}
    for group in (one.group for one in subscriptions):
        names = found.setdefault(group.topic, [])
        if group.name in names:
            raise ConfigurationError(
                f"Two subscriptions are of the group {group.name} of {group.topic}."
            )
        names.append(group.name)
    return found
