"""Around the Falcon application: what every reply has, whatever it answers.

Plain ASGI rather than Falcon's middleware, because it is cheaper and also sees what Falcon does
not answer by itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from divan_core.codec.problems import Problem, crash, problem
from divan_core.codec.reader import encode
from divan_http.exchange import KEY, Asgi, Body, Event, Exchange, Headers, Receive, Scope, Send
from divan_http.meter import Meter
from divan_http.problems import headers_of
from divan_http.requestlog import RequestLog

REQUEST_ID: Final = b"x-request-id"

_NONE: Final[frozenset[bytes]] = frozenset()
_SANE: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_ALWAYS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_PRIVATE: Final = (*_ALWAYS, (b"cache-control", b"no-store"))


@attrs.frozen
class Surroundings:
    """What the edge needs: new request ids, a stopwatch in seconds, a log, a meter."""

    new_id: Callable[[], str]
    stopwatch: Callable[[], float]
    log: RequestLog
    meter: Meter


class Edge:
    """The outermost layer: request ids, security headers, the request log, the last resort."""

    def __init__(self, app: Asgi, surroundings: Surroundings) -> None:
        """Stand around ``app``."""
        self._app = app
        self._new_id = surroundings.new_id
        self._stopwatch = surroundings.stopwatch
        self._log = surroundings.log
        self._meter = surroundings.meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"] = list(map(tuple, scope["headers"]))  # may be any iterables
        exchange = scope[KEY] = self._opened(headers, receive)

        def reply(event: Event) -> Awaitable[None]:  # no coroutine of its own, being on every way
            if event["type"] == "http.response.start":
                exchange.status = event["status"]
                event["headers"] = [
                    *event["headers"],
                    *(_PRIVATE if exchange.private else _ALWAYS),
                    (REQUEST_ID, exchange.request_id.encode()),
                ]
            return send(event)

        try:
            if scope["query_string"].isascii():
                await self._app(scope, exchange.body, reply)
            else:  # Falcon itself cannot take an address that is not ASCII
                await _refuse(exchange, reply)
        except Exception:
            if not exchange.status:
                await _send(exchange, reply, crash(exchange.request_id))
            raise
        finally:
            del scope[KEY]  # else scope, exchange, body and server would hold each other
            now = self._stopwatch()
            self._meter.add(scope["method"], exchange, now)
            self._log.add(exchange, now)

    def _opened(self, headers: Headers, receive: Receive) -> Exchange:
        found = dict(headers)
        given = found.get(REQUEST_ID)
        return Exchange(
            given.decode() if given and _SANE.fullmatch(given) else self._new_id(),
            found,
            _NONE if len(found) == len(headers) else _repeated(headers),
            self._stopwatch(),
            Body(receive),
        )


def _repeated(headers: Headers) -> frozenset[bytes]:
    names = [name for name, _ in headers]
    return frozenset(name for name in names if names.count(name) > 1)


async def _refuse(exchange: Exchange, reply: Send) -> None:
    title = "The address is not ASCII"
    await _send(exchange, reply, problem(400, "bad_request", title, exchange.request_id))


async def _send(exchange: Exchange, reply: Send, found: Problem) -> None:
    exchange.code = found.code
    body = encode(found)
    headers = [(name.encode(), value.encode()) for name, value in headers_of(found).items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await reply({"type": "http.response.start", "status": found.status, "headers": headers})
    await reply({"type": "http.response.body", "body": body})
