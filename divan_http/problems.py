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
from divan_http.exchange import Exchange, Headers, exchange_of
from divan_http.reply import Reply, fill

PROBLEM: Final = "application/problem+json"
_PROBLEM: Final = PROBLEM.encode()

_FALCONS: Final = {
    404: ("not_found", "There is no such address"),
    405: ("method_not_allowed", "The address does not take this method"),
}
_UNREADABLE: Final = (InvalidRequest.code, InvalidRequest.title)

_LOG: Final = logging.getLogger("divan.http")


def reply_of(found: Problem) -> Reply:
    """The reply that tells of a problem."""
    more: Headers = []
    if found.retry_after is not UNSET:
        more.append((b"retry-after", str(found.retry_after).encode()))
    if found.status == 401:
        more.append((b"www-authenticate", b"Bearer"))
    return Reply(found.status, encode(found), _PROBLEM, more)


def answered(exchange: Exchange, fault: Exception) -> Reply:
    """The reply to a request that ended in an exception: of a bug, the log alone learns more."""
    if isinstance(fault, DivanError):
        return _told(exchange, problem_of(fault, exchange.request_id))
    facts = {
        "request_id": exchange.request_id,
        "trace_id": exchange.trace_id,
        "route": exchange.route,
    }
    _LOG.error("unexpected exception", exc_info=fault, extra={"facts": facts})
    return _told(exchange, crash(exchange.request_id))


def install(app: App[Request, Response]) -> None:
    """Make every exception that reaches Falcon a problem."""
    app.add_error_handler(Exception, _on_fault)
    app.add_error_handler(falcon.HTTPError, _on_http_error)


async def _on_fault(
    req: Request, resp: Response, fault: Exception, _params: dict[str, Any]
) -> None:
    fill(resp, answered(exchange_of(req.scope), fault))


async def _on_http_error(
    req: Request, resp: Response, error: falcon.HTTPError, _params: dict[str, Any]
) -> None:
    """Falcon's own refusals: no such route, no such method, a header that cannot be."""
    exchange = exchange_of(req.scope)
    code, title = _FALCONS.get(error.status_code, _UNREADABLE)
    resp.set_headers(error.headers or {})
    found = problem(error.status_code, code, title, exchange.request_id)
    fill(resp, _told(exchange, attrs.evolve(found, detail=error.description or title)))


def _told(exchange: Exchange, found: Problem) -> Reply:
    exchange.code = found.code
    return reply_of(found)
