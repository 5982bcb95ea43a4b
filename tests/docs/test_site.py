"""The documentation's made pages are whole, and every link of every page leads somewhere.

``python3 noxfile.py -s docs`` builds the site itself, strictly.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
import yaml

from divan_core import errors
from divan_core.chat import messages as chat
from divan_core.configuration import describe, load
from divan_core.moderation.appealmessages import APPEAL_UPDATE
from divan_http.routes import table
from divan_rt.catalogue import TOLD
from divan_rt.packet import NAMESPACES
from docsite import sockets
from docsite.pages import ROOT, generated, within_docs

EVENT = re.compile(r'"([a-z]+:[a-z]+)"')
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+?)(?: \{ #([\w.:-]+) \})?$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# Where names of events that sockets are sent stand.
NAMED_IN = ("chat/messages.py", "social/messages.py", "activities/messages.py")


@functools.cache
def site() -> dict[str, str]:
    """Every page by its place."""
    written = {
        path.relative_to(ROOT / "docs").as_posix(): path.read_text("utf-8")
        for path in (ROOT / "docs").rglob("*.md")
    }
    return {name: within_docs(text, f"docs/{name}") for name, text in written.items()} | generated()


def navigated(entries: object) -> Iterator[str]:
    """Every page that the navigation names."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, dict | list):
        for one in entries.values() if isinstance(entries, dict) else entries:
            yield from navigated(one)


def anchors(text: str) -> set[str]:
    """What can be linked to on a page, as Python-Markdown names it."""
    found = HEADING.findall(FENCED.sub("", text))
    return {given or slug(title) for title, given in found}


def slug(title: str) -> str:
    plain = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)).strip().lower()
    return re.sub(r"[-\s]+", "-", plain)


def test_the_navigation_has_every_page() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    files = {name for name in site() if name.startswith("files/")}
    assert sorted(navigated(config["nav"])) == sorted(set(site()) - files)


def test_every_link_leads_somewhere() -> None:
    lost = []
    for name, text in site().items():
        for target in LINK.findall(FENCED.sub("", text)):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            place = joined(PurePosixPath(name).parent, path) if path else name
            if place not in site() or (anchor and anchor not in anchors(site()[place])):
                lost.append(f"{name}: {target}")
    assert lost == []


def joined(folder: PurePosixPath, path: str) -> str:
    parts: list[str] = []
    for part in (folder / path).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_the_references_have_everything() -> None:
    made = generated()
    for row in table(dev=False):
        assert f"`{row.method} {row.path}` {{ #{row.name} }}" in made["reference/http.md"]
    for view in describe(load({})):
        assert f"| `{view.name}` |" in made["reference/settings.md"]
    for refusal in (errors.NotFound, errors.RateLimited, errors.RoundOver):
        assert f"## `{refusal.code}`" in made["reference/errors.md"]
    assert "## `divan workers run`" in made["reference/command.md"]


def test_the_socket_reference_has_every_event() -> None:
    assert set(sockets.ASKED) == NAMESPACES
    asked = {name for asked in sockets.ASKED.values() for name in asked}
    told = {one.name for one in TOLD}
    page = generated()["reference/sockets.md"]
    assert all(f"| `{name}` |" in page for name in asked | told)
    files = [*(ROOT / "divan_rt").rglob("*.py"), *(ROOT / "divan_core" / one for one in NAMED_IN)]
    files.append(ROOT / "divan_core" / "moderation" / "watching.py")
    named = {name for path in files for name in EVENT.findall(path.read_text("utf-8"))}
    named.add(APPEAL_UPDATE)  # which stands among topics of the same form
    reloads = {name for name in told if name.endswith(":reload")}
    assert named == asked | told
    assert {one.namespace for one in TOLD if one.name in reloads} <= NAMESPACES
    assert {chat.DELIVERED, chat.READ} <= told


@pytest.mark.parametrize("name", ["architecture.md", "changelog.md", "index.md"])
def test_links_out_of_docs_lead_to_pages(name: str) -> None:
    assert "](docs/" not in site()[name]
    assert "](../" not in site()[name]
