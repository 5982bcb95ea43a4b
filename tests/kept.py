"""What engines and settings make anew whenever they are made, kept for a process of tests.

An engine compiles each statement once, and nearly every test has an engine of its own. And
typed-settings reads the source of all settings each time they are loaded, for their docstrings.
"""

import functools
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Engine, event
from typed_settings import cls_utils


class Compiled(dict[Any, Any]):
    """Compiled statements by their keys, without the first part: whose engine it was."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


def keep_statements() -> None:
    """Let engines over the same driver share what they compile from now on."""
    kept: dict[type, Compiled] = defaultdict(Compiled)

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=kept[type(connection.dialect)])

    event.listen(Engine, "engine_connect", share)


def keep_settings() -> None:
    """Read the docstrings of each class of settings once."""
    reader: Any = cls_utils
    reader._get_attr_docs = functools.cache(reader._get_attr_docs)  # noqa: SLF001 - no other way
