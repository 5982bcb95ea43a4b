"""What an operation is: one row of the table that routing and the document come from."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, get_type_hints

import attrs

from divan_core.divan import Divan
from divan_core.errors import DivanError
from divan_core.kernel.actor import Actor
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.settings import Settings
from divan_http.codec import JSON

CommandT = TypeVar("CommandT")
ViewT = TypeVar("ViewT")

Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]

WITH_BODY: Final = frozenset({"POST", "PATCH"})
"""Methods whose command comes from the body, but for those of its fields that the path names."""


@attrs.frozen
class Nothing:
    """The command of an operation that takes no input."""


@attrs.frozen(kw_only=True)
class Row(Generic[CommandT, ViewT]):
    """What every operation says of itself.

    ``name`` is the operation's id, its tag before the dot. ``command`` is read from the body, or
    from path and query; ``view`` is the answer's class, ``NoneType`` for an empty one, and text
    where ``media_type`` is not JSON. ``errors`` are those beyond what the operation's shape
    implies. ``banned_too``: it is open to people who were banned.
    """

    method: Method
    path: str
    name: str
    command: type[CommandT]
    view: type[ViewT]
    status: int = 200
    media_type: str = JSON
    errors: tuple[type[DivanError], ...] = ()
    banned_too: bool = False

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The command's fields that stand in the path."""
        segments = self.path.split("/")
        return tuple(one[1:-1] for one in segments if one.startswith("{"))

    @property
    def has_body(self) -> bool:
        """Whether there is more of the command than the path names, in the request's JSON body."""
        fields = len(attrs.fields(self.command))  # type: ignore[arg-type]  # an attrs class
        return self.method in WITH_BODY and fields > len(self.path_fields)

    @property
    def body(self) -> type[Any]:
        """What the request's JSON body holds: the command without what the path names."""
        return _without(self.command, self.path_fields)  # type: ignore[arg-type]  # it is hashable

    @property
    def path_command(self) -> type[Any]:
        """What the path names of the command."""
        named = [field.name for field in attrs.fields(self.body)]
        return _without(self.command, tuple(named))  # type: ignore[arg-type]  # it is hashable

    @property
    def takes_input(self) -> bool:
        """Whether there is anything to read."""
        return bool(attrs.fields(self.command))  # type: ignore[arg-type]  # an attrs class


@functools.cache
def _without(command: Hashable, names: tuple[str, ...]) -> type[Any]:
    """A class of the fields of another that do not have these names; itself without names."""
    if not names:
        return command  # type: ignore[return-value]  # it is a class
    hints = get_type_hints(command, include_extras=True)
    rest = {
        field.name: attrs.field(default=field.default, type=hints[field.name])
        for field in attrs.fields(command)  # type: ignore[arg-type]  # an attrs class
        if field.name not in names
    }
    made: type[Any] = attrs.make_class(f"{command.__name__}Body", rest, frozen=True)  # type: ignore[attr-defined]
    made.__doc__ = command.__doc__
    return made


@attrs.frozen(kw_only=True)
class PersonOperation(Row[CommandT, ViewT]):
    """An operation of somebody who has shown who they are."""

    perform: Callable[[Divan, Actor, CommandT], Awaitable[ViewT]]


@attrs.frozen(kw_only=True)
class KeyedOperation(Row[CommandT, ViewT]):
    """A write of somebody who has shown who they are, done once for each ``Idempotency-Key``.

    ``perform`` passes the key on; None says that there is none. ``name`` is the operation that
    the service gives its attempts as well.
    """

    perform: Callable[[Divan, Actor, CommandT, IdempotencyKey | None], Awaitable[Done[ViewT]]]
    status: int = 201


@attrs.frozen(kw_only=True)
class PublicOperation(Row[CommandT, ViewT]):
    """An operation of anybody.

    ``status_of`` decides the status from the view where there are ``other_statuses``. The answer
    may be kept by caches unless it is ``private``.
    """

    perform: Callable[[Divan, CommandT], Awaitable[ViewT]]
    other_statuses: tuple[int, ...] = ()
    status_of: Callable[[ViewT], int] | None = None
    private: bool = False


@attrs.frozen(kw_only=True)
class OperatorOperation(Row[CommandT, ViewT]):
    """An operation of the deployment's operator; of anybody, once ``is_public`` says so."""

    perform: Callable[[Divan, CommandT], Awaitable[ViewT]]
    is_public: Callable[[Settings], bool]


Operation: TypeAlias = (
    PersonOperation[Any, Any]
    | KeyedOperation[Any, Any]
    | PublicOperation[Any, Any]
    | OperatorOperation[Any, Any]
)
OF_PEOPLE: Final = (PersonOperation, KeyedOperation)
"""Operations of somebody who has shown who they are."""
