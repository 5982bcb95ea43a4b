"""Files that browsers are shown: read once, with their types, and what a page may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import Final

import attrs

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
"""Content Security Policy: nothing from elsewhere, nothing inline."""

TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}


@attrs.frozen
class PageFile:
    """A file's type and content."""

    content_type: str
    body: bytes

    @property
    def tag(self) -> str:
        """What an ETag says of the content."""
        return hashlib.sha256(self.body).hexdigest()[:32]


def files_of(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, PageFile]]:
    """Every file below a folder, by its path."""
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            yield from files_of(entry, f"{name}/")
        else:
            yield name, PageFile(TYPES[name.rpartition(".")[2]], entry.read_bytes())
