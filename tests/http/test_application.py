"""What an operation answers by the short way, it answers by Falcon's own as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from falcon.asgi import App

from divan_core.errors import NotFound
from divan_http import problems
from divan_http.application import Application, Resource
from divan_http.exchange import Asgi, Exchange
from divan_http.reply import Reply
from tests.http.test_middleware import edge
from tests.http.world import asgi_client

pytestmark = pytest.mark.anyio


async def echo(exchange: Exchange, fields: dict[str, str]) -> Reply:
    body = await exchange.body.read(None, 100)
    if fields["name"] == "nobody":
        raise NotFound("There is nobody.")
    if fields["name"] == "gone":
        return Reply(204, b"")
    said = b"%b %b %b" % (fields["name"].encode(), exchange.query, body)
    return Reply(201, said, b"text/plain", [(b"x-more", exchange.route.encode())])


def short(app: Application) -> Asgi:
    return app


def by_falcon(app: Application) -> Asgi:
    return partial(App.__call__, app)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["ana", "nobody", "gone"])
async def test_both_ways_answer_the_same(method: str, name: str) -> None:
    async def asked(way: Callable[[Application], Asgi]) -> tuple[int, bytes, dict[str, str]]:
        app = Application()
        problems.install(app)
        app.add_route("/people/{name}", Resource("/people/{name}", {"GET": echo, "POST": echo}))
        async with asgi_client(edge(way(app))) as client:
            path, content = f"/people/{name}?a=1", b"hello" if method == "POST" else b""
            answer = await client.request(method, path, content=content)
        return answer.status_code, answer.content, dict(answer.headers)

    status, content, headers = await asked(short)
    assert (status, content, headers) == await asked(by_falcon)
    assert status == {"ana": 201, "nobody": 404, "gone": 204}[name]
    assert headers.get("x-more") == ("/people/{name}" if name == "ana" else None)
