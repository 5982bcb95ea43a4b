"""The schema of a deployment's database, for whoever administers it.

All functions block while they use the database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from divan_core.divan import DATABASE_FILE, data_dir
from divan_core.errors import ConfigurationError
from divan_core.settings import IN_MEMORY, Settings
from divan_core.stores.factories import file_address

if TYPE_CHECKING:  # their module loads Alembic, which only these functions need
    from divan_core.stores.sql.migrate import BranchReport, BranchStatus

_SQLITE: Final = "sqlite:///"

CORE: Final = "core"
"""The branch without which nothing works; the others are optional."""


def database_url(settings: Settings) -> str:
    """The address of the database, which for the embedded one is a file in the data folder."""
    return settings.database_url or file_address(data_dir(settings) / DATABASE_FILE)


def is_embedded(settings: Settings) -> bool:
    """Whether the database is SQLite, which migrates itself whenever it is opened."""
    return database_url(settings).startswith("sqlite")


def embedded_file(settings: Settings) -> Path | None:
    """The file of an embedded database; None for one in memory or on a server."""
    url = database_url(settings)
    if url in IN_MEMORY or not url.startswith(_SQLITE):
        return None
    return Path(url.removeprefix(_SQLITE))


def upgrade(settings: Settings, branch: str | None = None) -> tuple[BranchReport, ...]:
    """Apply what is missing of one branch, or of all.

    Raises:
        MigrationFailed: a revision of the core, or of the named branch, failed.
        StoreUnavailable: the database cannot be reached.
        ConfigurationError: the address or the branch is unknown, or the database is in memory.
    """
    from divan_core.stores.sql import migrate  # noqa: PLC0415 - it loads Alembic

    return migrate.upgrade(_lasting_url(settings), branch)


def status(settings: Settings) -> tuple[BranchStatus, ...]:
    """What each branch has and lacks; changes nothing.

    Raises:
        StoreUnavailable: the database cannot be reached.
        ConfigurationError: the address is unknown, or the database is in memory.
    """
    from divan_core.stores.sql import migrate  # noqa: PLC0415 - as above

    return migrate.status(_lasting_url(settings))


def sql(settings: Settings, branch: str | None = None) -> str:
    """The statements that would bring an empty database there; runs none of them.

    Raises:
        ConfigurationError: the address or the branch is unknown.
    """
    from divan_core.stores.sql import migrate  # noqa: PLC0415 - as above

    return migrate.sql(database_url(settings), branch)


def _lasting_url(settings: Settings) -> str:
    url = database_url(settings)
    if url in IN_MEMORY:
        raise ConfigurationError(
            "The database lives in the server's memory and is made anew at every start: "
            "there is nothing to migrate. Set DIVAN_DATABASE_URL to one that lasts."
        )
    return url
