"""The page's files: what is vendored is what was published, and what is served is guarded."""

import hashlib
import importlib.resources
import re
from collections.abc import Mapping
from typing import Any, cast

import httpx2
import msgspec
import pytest

from divan_cli.demo.files import Page
from divan_http.pages import POLICY

PAGE = importlib.resources.files("divan_cli.demo") / "page"
VENDOR = PAGE / "vendor"
MANIFEST: list[dict[str, Any]] = msgspec.json.decode((VENDOR / "manifest.json").read_bytes())
VENDORED = [one for library in MANIFEST for one in library["files"]]
LICENCES = [name for library in MANIFEST for name in library["licence_files"]]
SCRIPTS = [
    file
    for folder in (PAGE, PAGE / "map", PAGE / "ui")
    for file in folder.iterdir()
    if file.name.endswith(".js")
]


@pytest.mark.parametrize("file", VENDORED, ids=[one["file"] for one in VENDORED])
def test_a_vendored_file_is_the_one_of_the_manifest(file: Mapping[str, str]) -> None:
    content = (VENDOR / file["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_every_vendored_file_is_listed_with_version_and_licence() -> None:
    listed = {"manifest.json", *LICENCES, *(one["file"] for one in VENDORED)}
    assert {file.name for file in VENDOR.iterdir()} == listed
    for library in MANIFEST:
        assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
        assert library["licence"]
    for name in LICENCES:
        assert "copyright" in (VENDOR / name).read_text(encoding="utf-8").lower()


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|<script>|\son\w+=|javascript:", page)
    assert re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(one.startswith("/demo/") for one in re.findall(r'(?:src|href)="([^"]+)"', page))


@pytest.mark.parametrize("script", SCRIPTS, ids=[one.name for one in SCRIPTS])
def test_scripts_never_write_markup(script: Any) -> None:
    text = script.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )
    assert not re.search(r"https?://", text)


async def elsewhere(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"elsewhere"})


async def ask(path: str, method: str = "GET", host: str = "127.0.0.1:8765") -> httpx2.Response:
    transport = httpx2.ASGITransport(cast("Any", Page(elsewhere)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://divan") as client:
        return await client.request(method, path, headers={"Host": host})


@pytest.mark.anyio
async def test_the_page_has_its_type_and_its_policy() -> None:
    answer = await ask("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY
    assert b"/demo/main.js" in answer.content


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/demo/main.js", "text/javascript; charset=utf-8"),
        ("/demo/ui/app.js", "text/javascript; charset=utf-8"),
        ("/demo/style/base.css", "text/css; charset=utf-8"),
        ("/demo/icon.svg", "image/svg+xml"),
        ("/demo/vendor/manifest.json", "application/json"),
        ("/demo/vendor/leaflet.LICENSE.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_files_have_their_types(path: str, content_type: str) -> None:
    answer = await ask(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type


@pytest.mark.anyio
async def test_what_is_no_file_goes_on() -> None:
    for path in (
        "/me",
        "/demo/scene",
        "/demo/index.html",
        "/demo/../plan.json",
        "/demo/nowhere.js",
    ):
        assert (await ask(path)).status_code == 299


@pytest.mark.anyio
async def test_files_are_read_only() -> None:
    head = await ask("/demo/main.js", "HEAD")
    assert head.content == b""
    assert int(head.headers["content-length"]) > 100
    refused = await ask("/demo/main.js", "POST")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD"


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "[::1]", "[::1]:80"])
async def test_this_machine_is_served(host: str) -> None:
    assert (await ask("/", host=host)).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::2]"]
)
async def test_other_names_are_refused_for_everything(host: str) -> None:
    for path in ("/", "/me", "/demo/scene"):
        assert (await ask(path, host=host)).status_code == 421


@pytest.mark.anyio
async def test_a_socket_under_another_name_is_closed() -> None:
    sent = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/socket.io", "headers": [(b"host", b"evil.example")]}
    await Page(elsewhere)(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
