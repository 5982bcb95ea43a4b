"""What SQLAlchemy makes of statements, kept for all engines of a process.

An engine compiles each statement once, and nearly every test has an engine of its own.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Engine, event


class Compiled(dict[Any, Any]):
    """Compiled statements by their keys, without the first part: whose engine it was."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


def keep() -> None:
    """Let engines over the same driver share what they compile from now on."""
    kept: dict[type, Compiled] = defaultdict(Compiled)

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=kept[type(connection.dialect)])

    event.listen(Engine, "engine_connect", share)
