"""Every page that is made, by its place in the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from docsite import command, errors, http, library, settings, sockets

ROOT: Final = Path(__file__).parents[1]

_LINK: Final = re.compile(r"\]\((?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_REFERENCE: Final = {
    "http": http.page,
    "sockets": sockets.page,
    "command": command.page,
    "settings": settings.page,
    "errors": errors.page,
}
_OF_THE_CHECKOUT: Final = {"ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md"}
_SHOWN: Final = ("examples/*.py", "examples/clients/*", "deploy/**/*.yml", "deploy/haproxy.cfg")


def generated() -> dict[str, str]:
    """The texts of all made pages."""
    made = {f"reference/{name}.md": page() for name, page in _REFERENCE.items()}
    made |= {f"reference/library/{name}.md": page for name, page in library.pages().items()}
    made |= {page: within_docs(_read(name), name) for name, page in _OF_THE_CHECKOUT.items()}
    return made | {_page_of(name): _shown(name) for name in _files()}


def within_docs(text: str, page: str) -> str:
    """A page's text, with links to files of the checkout leading to the pages that show them.

    ``page`` is the file as it stands in the checkout, ``docs/chat.md``.
    """
    folder = (ROOT / page).parent

    def leading(found: re.Match[str]) -> str:
        target = (folder / found["path"]).resolve()
        if "://" in found["path"] or not target.is_relative_to(ROOT) or not target.is_file():
            return found[0]
        shown = _place(target.relative_to(ROOT).as_posix())
        here = Path(_place(page)).parent
        path = _relative(shown, here) if shown else found["path"]
        return f"]({path}{found['anchor'] or ''})"

    return _LINK.sub(leading, text)


def _place(name: str) -> str:
    """Where a file of the checkout stands in the documentation; empty where it does not."""
    if name in _OF_THE_CHECKOUT:
        return _OF_THE_CHECKOUT[name]
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    return _page_of(name) if name in _files() else ""


def _relative(place: str, folder: Path) -> str:
    depth = len(folder.parts)
    return "../" * depth + place


def _files() -> tuple[str, ...]:
    found = (path for pattern in _SHOWN for path in ROOT.glob(pattern) if path.is_file())
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found))


def _page_of(name: str) -> str:
    return f"files/{name}.md"


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _shown(name: str) -> str:
    language = {".py": "python", ".mjs": "javascript", ".yml": "yaml", ".cfg": "text"}
    return f"# {name}\n\n```{language[Path(name).suffix]}\n{_read(name)}```\n"
