"""The revisions that this version of Divan knows, and what a database has of them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from divan_core.errors import ConfigurationError


def script_folder() -> Path:
    """Where the scripts are: in the installed package, else beside it in a checkout.

    Raises:
        ConfigurationError: in neither.
    """
    package = Path(__file__).parents[2]
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise ConfigurationError("The installation is damaged: it has no migrations.")


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(script_folder()).replace("%", "%%"))
    config.set_main_option("recursive_version_locations", "true")
    return config


class Revisions:
    """The known revisions by branch. A process reads the same scripts once."""

    def __init__(self) -> None:
        """Read the scripts, unless that was done before."""
        folder = script_folder()
        self._scripts = _scripts(folder, frozenset(folder.rglob("*.py")))
        heads = self._scripts.get_heads()
        self.newest: Mapping[str, str] = {head.partition("_")[0]: head for head in heads}

    def current(self, heads: Collection[str]) -> dict[str, str]:
        """The revision of each branch in a database whose version table holds ``heads``.

        Branches that are not there are left out. A revision that only a later version of Divan
        knows, which may have been started beside this one, is told by its name: that begins with
        its branch, and implies all of the core that is known here.
        """
        known = tuple(head for head in heads if self._knows(head))
        current: dict[str, str] = {}
        for script in self._scripts.iterate_revisions(known, "base") if known else ():
            current.setdefault(script.revision.partition("_")[0], script.revision)
        for head in set(heads).difference(known):
            current[head.partition("_")[0]] = head
            current.setdefault("core", self.newest["core"])
        return current

    def _knows(self, revision: str) -> bool:
        try:
            self._scripts.get_revision(revision)
        except CommandError:
            return False
        return True


@functools.lru_cache(maxsize=1)
def _scripts(_folder: Path, _scripts: frozenset[Path]) -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
