"""What an operation is: one row of the table that routing and the document come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

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
"""Methods whose command comes from the body, unless the path names its fields."""


@attrs.frozen
class Nothing:
    """The command of an operation that takes no input."""


@attrs.frozen(kw_only=True)
class Row(Generic[CommandT, ViewT]):
    """What every operation says of itself.

    ``name`` is the operation's id, its tag before the dot. ``command`` is read from the body, or
    from path and query; ``view`` is the answer's class, ``NoneType`` for an empty one, and text
    where ``media_type`` is not JSON. ``errors`` are those beyond what the operation's shape
    implies.
    """

    method: Method
    path: str
    name: str
    command: type[CommandT]
    view: type[ViewT]
    status: int = 200
    media_type: str = JSON
    errors: tuple[type[DivanError], ...] = ()

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The command's fields that stand in the path."""
        segments = self.path.split("/")
        return tuple(one[1:-1] for one in segments if one.startswith("{"))

    @property
    def has_body(self) -> bool:
        """Whether the command is the request's JSON body."""
        return self.takes_input and self.method in WITH_BODY and not self.path_fields

    @property
    def takes_input(self) -> bool:
        """Whether there is anything to read."""
        return bool(attrs.fields(self.command))  # type: ignore[arg-type]  # an attrs class


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
