"""The applications of docs/idempotency.md and of the example, through their own test clients."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from flask import Flask
from httpx2 import Response
from sqlalchemy.engine import Engine
from starlette.types import ASGIApp

from tests.packaging.fences import blocks

ROOT = Path(__file__).parents[2]
PAGE = blocks(ROOT / "docs" / "idempotency.md", "python")

Post = Callable[..., Response]


def snippet(word: str) -> dict[str, Any]:
    """The names of the page's only program that has this word."""
    (found,) = (block.text for block in PAGE if word in block.text)
    names: dict[str, Any] = {"__name__": word}
    exec(found, names)  # noqa: S102 - the page is ours
    return names


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["fastapi", "flask", "asgi"])
def post(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Post]:
    """POST /orders of a running application, whose database is in an empty folder."""
    monkeypatch.chdir(tmp_path)
    if request.param == "flask":
        yield from flask_post()
    else:
        app = snippet("FastAPI")["app"] if request.param == "fastapi" else asgi()
        with TestClient(app) as client:
            yield lambda item, *keys: client.post(
                "/orders", json={"item": item}, headers=[("Idempotency-Key", key) for key in keys]
            )


def asgi() -> ASGIApp:
    app: ASGIApp = example("asgi_idempotency").app
    return app


def flask_post() -> Iterator[Post]:
    names = snippet("Flask(")
    app: Flask = names["app"]
    engine: Engine = names["engine"]

    def post(item: str, *keys: str) -> Response:
        headers = [("Idempotency-Key", key) for key in keys]
        done = app.test_client().post("/orders", json={"item": item}, headers=headers)
        return Response(done.status_code, headers=list(done.headers), content=done.data)

    yield post
    engine.dispose()


def test_once_and_replayed(post: Post) -> None:
    first, second = post("tea", "k"), post("tea", "k")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Idempotent-Replayed"] == "false"
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.content == second.content
    assert post("tea", "another").json()["id"] == first.json()["id"] + 1


def test_refusals(post: Post) -> None:
    post("tea", "k")
    reused = post("coffee", "k")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    for keys in (("two words",), ("a", "b"), ("",)):
        refused = post("tea", *keys)
        assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_invalid")
    assert post("tea").status_code == 201
    assert post("tea", "later").json()["id"] == 3
