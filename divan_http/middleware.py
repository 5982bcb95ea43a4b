"""Around the Falcon application: what every reply has, whatever it answers.

Plain ASGI rather than Falcon's middleware, because it is cheaper and also sees what Falcon does
not answer by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from divan_core.codec.problems import Problem, crash, problem
from divan_core.codec.requestid import sane
from divan_core.kernel.urgency import Foreground
from divan_http.exchange import KEY, Asgi, Body, Event, Exchange, Headers, Receive, Scope, Send
from divan_http.meter import Meter
from divan_http.problems import reply_of
from divan_http.reply import give
from divan_http.requestlog import RequestLog

REQUEST_ID: Final = b"x-request-id"

_NONE: Final[frozenset[bytes]] = frozenset()
MOST_HEADERS: Final = 100
"""Headers of a request."""

_ALWAYS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
PRIVATE: Final = (*_ALWAYS, (b"cache-control", b"no-store"))

_MANY: Final = (431, "head_too_large", f"A request has at most {MOST_HEADERS} headers")
_NOT_ASCII: Final = (400, "bad_request", "The address is not ASCII")


@attrs.frozen
class Surroundings:
    """What the edge needs: new request ids, a stopwatch in seconds, a log, a meter.

    Workers of the process make way for what is of the ``foreground``.
    """

    new_id: Callable[[], str]
    stopwatch: Callable[[], float]
    log: RequestLog
    meter: Meter
    foreground: Foreground


class Edge:
    """The outermost layer: request ids, security headers, the request log, the last resort."""

    def __init__(self, app: Asgi, surroundings: Surroundings) -> None:
        """Stand around ``app``."""
        self._app = app
        self._new_id = surroundings.new_id
        self._stopwatch = surroundings.stopwatch
        self._log = surroundings.log
        self._meter = surroundings.meter
        self._foreground = surroundings.foreground

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"] = list(map(tuple, scope["headers"]))  # may be any iterables
        exchange = scope[KEY] = self._opened(headers, scope["query_string"], receive)

        def reply(event: Event) -> Awaitable[None]:  # no coroutine of its own, being on every way
            if event["type"] == "http.response.start":
                exchange.status = event["status"]
                event["headers"] = [
                    *event["headers"],
                    *(PRIVATE if exchange.private else _ALWAYS),
                    (REQUEST_ID, exchange.request_id.encode()),
                ]
            return send(event)

        try:
            with self._foreground:
                if len(headers) > MOST_HEADERS:
                    await _refuse(exchange, reply, _MANY)
                elif scope["query_string"].isascii():
                    await self._app(scope, exchange.body, reply)
                else:  # Falcon itself cannot take an address that is not ASCII
                    await _refuse(exchange, reply, _NOT_ASCII)
        except Exception:
            if not exchange.status:
                await _send(exchange, reply, crash(exchange.request_id))
            raise
        finally:
            del scope[KEY]  # else scope, exchange, body and server would hold each other
            now = self._stopwatch()
            self._meter.add(scope["method"], exchange, now)
            self._log.add(exchange, now)

    def _opened(self, headers: Headers, query: bytes, receive: Receive) -> Exchange:
        found = dict(headers)
        return Exchange(
            sane(found.get(REQUEST_ID)) or self._new_id(),
            query,
            headers,
            found,
            _NONE if len(found) == len(headers) else _repeated(headers),
            self._stopwatch(),
            Body(receive),
        )


def _repeated(headers: Headers) -> frozenset[bytes]:
    found = Counter(name for name, _ in headers)
    return frozenset(name for name, count in found.items() if count > 1)


async def _refuse(exchange: Exchange, reply: Send, told: tuple[int, str, str]) -> None:
    await _send(exchange, reply, problem(*told, exchange.request_id))


async def _send(exchange: Exchange, reply: Send, found: Problem) -> None:
    exchange.code = found.code
    await give(reply_of(found), reply)
