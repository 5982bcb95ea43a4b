"""How problems travel: their status, their headers, and what becomes of every exception."""

from __future__ import annotations

import logging
from typing import Any, Final

import attrs
import falcon
from falcon.asgi import App, Request, Response
from msgspec import UNSET

from divan_core.codec.problems import Problem, crash, problem, problem_of
from divan_core.codec.reader import encode
from divan_core.errors import DivanError, InvalidRequest
from divan_http.exchange import Headers, exchange_of

PROBLEM: Final = "application/problem+json"

_FALCONS: Final = {
    404: ("not_found", "There is no such address"),
    405: ("method_not_allowed", "The address does not take this method"),
}
_UNREADABLE: Final = (InvalidRequest.code, InvalidRequest.title)

_LOG: Final = logging.getLogger("divan.http")


def headers_of(found: Problem) -> dict[str, str]:
    """The headers that a problem's reply carries."""
    headers = {"content-type": PROBLEM}
    if found.retry_after is not UNSET:
        headers["retry-after"] = str(found.retry_after)
    if found.status == 401:
        headers["www-authenticate"] = "Bearer"
    return headers


def standalone(found: Problem) -> tuple[Headers, bytes]:
    """The headers and the body of a reply that no application makes."""
    body = encode(found)
    headers = [(name.encode(), value.encode()) for name, value in headers_of(found).items()]
    headers.append((b"content-length", str(len(body)).encode()))
    return headers, body


def install(app: App[Request, Response]) -> None:
    """Make every exception of the application a problem."""
    app.add_error_handler(Exception, _on_crash)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    app.add_error_handler(DivanError, _on_refusal)


async def _on_refusal(
    req: Request, resp: Response, refusal: DivanError, _params: dict[str, Any]
) -> None:
    _answer(resp, req, problem_of(refusal, exchange_of(req.scope).request_id))


async def _on_http_error(
    req: Request, resp: Response, error: falcon.HTTPError, _params: dict[str, Any]
) -> None:
    """Falcon's own refusals: no such route, no such method, a header that cannot be."""
    status = error.status_code
    code, title = _FALCONS.get(status, _UNREADABLE)
    resp.set_headers(error.headers or {})
    found = problem(status, code, title, exchange_of(req.scope).request_id)
    _answer(resp, req, attrs.evolve(found, detail=error.description or title))


async def _on_crash(
    req: Request, resp: Response, error: Exception, _params: dict[str, Any]
) -> None:
    """A bug: the log learns everything, the client nothing."""
    exchange = exchange_of(req.scope)
    _LOG.error(
        "unexpected exception",
        exc_info=error,
        extra={
            "facts": {
                "request_id": exchange.request_id,
                "trace_id": exchange.trace_id,
                "route": exchange.route,
            }
        },
    )
    _answer(resp, req, crash(exchange.request_id))


def _answer(resp: Response, req: Request, found: Problem) -> None:
    exchange_of(req.scope).code = found.code
    resp.status = found.status
    resp.set_headers(headers_of(found))
    resp.data = encode(found)
