"""``/console``: the page of the staff, which asks the same interface as everybody.

It is served to anybody: there is nothing in it. Who is of the staff is asked by what it asks.
"""

from __future__ import annotations

import importlib.resources
from typing import Final

from falcon import HTTP_304
from falcon.asgi import App, Request, Response

from divan_core.errors import NotFound
from divan_core.settings import Settings
from divan_http.exchange import exchange_of
from divan_http.pages import POLICY, PageFile, files_of

ROOT: Final = "/console"

STRICT: Final = f"{POLICY}; require-trusted-types-for 'script'; trusted-types 'none'"
"""Besides, no text of anybody can become markup."""

_INDEX: Final = "index.html"
_DOORS: Final = b'data-doors=""'


class Console:
    """Answers the page and its files, which browsers keep and ask after by their tags."""

    def __init__(self, doors: str) -> None:
        """Read the files, once; ``doors`` are the ways to sign in, as words."""
        folder = importlib.resources.files(__package__) / "page"
        self._files = {name: (one, one.tag) for name, one in files_of(folder)}
        page, _ = self._files.pop(_INDEX)
        page = PageFile(page.content_type, page.body.replace(_DOORS, _said(doors)))
        self._files[""] = page, page.tag

    async def on_get(self, req: Request, resp: Response, path: str = "") -> None:
        """Answer a file; the page itself without a path."""
        exchange = exchange_of(req.scope)
        exchange.route = ROOT
        if path not in self._files:
            raise NotFound("There is no such page.")
        exchange.private = False
        file, resp.etag = self._files[path]
        resp.set_headers({"cache-control": "no-cache", "content-security-policy": STRICT})
        if any(tag in {"*", resp.etag.strip('"')} for tag in req.if_none_match or ()):
            resp.status = HTTP_304
            return
        resp.data, resp.content_type = file.body, file.content_type

    on_head = on_get


def install(app: App[Request, Response], settings: Settings) -> None:
    """Serve the page, with the ways to sign in that there are here."""
    doors = {"password": settings.auth.enabled, "dev": settings.dev_credentials}
    console = Console(" ".join(name for name, is_open in doors.items() if is_open))
    for path in (ROOT, f"{ROOT}/", f"{ROOT}/{{path:path}}"):
        app.add_route(path, console)


def _said(doors: str) -> bytes:
    return f'data-doors="{doors}"'.encode()
