"""SQLite files with every migration applied: copies of one that each process migrates once."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path


def migrated(path: Path) -> Path:
    """The file there, which is a copy of a migrated database if there was none."""
    if not path.exists():
        shutil.copyfile(_template(), path)
    return path


@functools.cache
def _template() -> Path:
    from divan_core.stores.sql.migrate import upgrade  # noqa: PLC0415 - most tests need no SQL

    folder = Path(tempfile.mkdtemp(prefix="divan-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    upgrade(f"sqlite:///{folder}/divan.sqlite3")
    return folder / "divan.sqlite3"
