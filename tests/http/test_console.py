"""``/console``: files that anybody may have, and what they may do in a browser."""

import hashlib
import importlib.resources
import re
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any

import attrs
import msgspec
import pytest
from typed_settings import SecretStr

from divan_core.settings import AuthSettings, JwtSettings, Settings
from divan_http.console.files import STRICT
from tests.http.world import TEST_SETTINGS, World, open_world, problem

pytestmark = pytest.mark.anyio

SECRET = SecretStr("a secret that is long enough for HS256")
SERIOUS = Settings(env="prod", secret_key=SECRET, jwt=JwtSettings(secret=SECRET))
PAGE = importlib.resources.files("divan_http.console") / "page"
VENDOR = PAGE / "vendor"
MANIFEST: list[dict[str, Any]] = msgspec.json.decode((VENDOR / "manifest.json").read_bytes())
VENDORED = [one for library in MANIFEST for one in library["files"]]
LICENCES = [name for library in MANIFEST for name in library["licence_files"]]


def below(folder: Traversable) -> Iterator[Traversable]:
    """Our own files of a folder and those inside of it."""
    for entry in folder.iterdir():
        if entry.is_file():
            yield entry
        elif entry.name != VENDOR.name:
            yield from below(entry)


SCRIPTS = [file for file in below(PAGE) if file.name.endswith(".js")]


async def test_the_page_is_for_anybody_and_guarded(world: World) -> None:
    for path in ("/console", "/console/"):
        answer = await world.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == STRICT
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-cache"
        assert b"/console/main.js" in answer.content
    assert "unsafe" not in STRICT


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("views/queue.js", "text/javascript; charset=utf-8"),
        ("style/base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/manifest.json", "application/json"),
        ("vendor/socket.io.LICENSE.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_files_have_their_types(world: World, path: str, content_type: str) -> None:
    answer = await world.client.get(f"/console/{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert answer.content == PAGE.joinpath(path).read_bytes()


async def test_what_a_browser_has_is_not_sent_again(world: World) -> None:
    first = await world.client.get("/console/main.js")
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        again = await world.client.get("/console/main.js", headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b""), given
        assert again.headers["etag"] == tag
    other = await world.client.get("/console/main.js", headers={"If-None-Match": '"other"'})
    assert other.content == first.content


async def test_what_is_no_file_is_not_found(world: World) -> None:
    for path in ("index.html", "nowhere.js", "../files.py", "%2e%2e/files.py", "style", "style/"):
        problem(await world.client.get(f"/console/{path}"), 404, "not_found")


async def test_files_are_read_only(world: World) -> None:
    head = await world.client.head("/console/main.js")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 100
    for path in ("/console", "/console/main.js"):
        problem(await world.client.post(path), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("settings", "doors"),
    [
        (TEST_SETTINGS, "password dev"),
        (attrs.evolve(TEST_SETTINGS, auth=AuthSettings(enabled=False)), "dev"),
        (SERIOUS, "password"),
        (attrs.evolve(SERIOUS, auth=AuthSettings(enabled=False)), ""),
    ],
)
async def test_it_offers_the_ways_to_sign_in_that_there_are(settings: Settings, doors: str) -> None:
    async with open_world(settings) as world:
        page = (await world.client.get("/console")).text
    assert f'data-doors="{doors}"' in page


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = PAGE.joinpath("index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|<script>|\son\w+=|javascript:", page)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    assert all(one.startswith("/console/") for one in addresses)


@pytest.mark.parametrize("script", SCRIPTS, ids=[one.name for one in SCRIPTS])
def test_scripts_never_write_markup(script: Traversable) -> None:
    text = script.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage", text
    )
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


@pytest.mark.parametrize("file", VENDORED, ids=[one["file"] for one in VENDORED])
def test_a_vendored_file_is_the_one_of_the_manifest(file: Mapping[str, str]) -> None:
    content = VENDOR.joinpath(file["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_every_vendored_file_is_listed_with_version_and_licence() -> None:
    listed = {"manifest.json", *LICENCES, *(one["file"] for one in VENDORED)}
    assert {file.name for file in VENDOR.iterdir()} == listed
    for library in MANIFEST:
        assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
        assert library["licence"]
    for name in LICENCES:
        assert "copyright" in VENDOR.joinpath(name).read_text(encoding="utf-8").lower()
