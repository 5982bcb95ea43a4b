"""The Falcon application, and the short way that operations take through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from falcon.asgi import App, Request, Response
from falcon.routing import CompiledRouter

from divan_http import problems
from divan_http.exchange import Exchange, Receive, Scope, Send, exchange_of
from divan_http.reply import Reply, fill, give

Answer: TypeAlias = Callable[[Exchange, dict[str, str]], Awaitable[Reply]]
"""Answers a request whose path has these fields. A refusal is an exception of Divan's."""

Responder: TypeAlias = Callable[..., Awaitable[None]]


class Resource:
    """What a path leads to: the answers to its methods, also as Falcon knows them."""

    def __init__(self, path: str, answers: Mapping[str, Answer]) -> None:
        """Answer these methods at ``path``; whoever may GET may ask for the HEAD alone."""
        self.path = path
        self.answers = answers
        for method, answer in answers.items():
            responder = self._responder(answer)
            setattr(self, f"on_{method.lower()}", responder)
            if method == "GET":
                self.on_head = responder

    def _responder(self, answer: Answer) -> Responder:
        async def respond(req: Request, resp: Response, **fields: str) -> None:
            exchange = exchange_of(req.scope)
            exchange.route = self.path
            fill(resp, await answer(exchange, fields))

        return respond


class Application(App[Request, Response]):
    """Falcon's application, which answers its resources' methods without requests and responses.

    Making those took a sixth of a heartbeat, which has no use for them. The router is Falcon's own
    and so is what answers all else: HEAD and OPTIONS, other resources, addresses and methods that
    are not there.
    """

    def __init__(self) -> None:
        """Answer nothing yet."""
        self._paths = CompiledRouter()
        super().__init__(router=self._paths)

    async def __call__(  # type: ignore[override]  # Falcon's types of ASGI are its own
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        found = self._paths.find(scope["path"]) if scope["type"] == "http" else None
        if found is not None:
            resource, _, fields, _ = found
            if isinstance(resource, Resource) and scope["method"] in resource.answers:
                await _answer(resource, fields, scope, send)
                return
        await super().__call__(scope, receive, send)


async def _answer(resource: Resource, fields: dict[str, str], scope: Scope, send: Send) -> None:
    exchange = exchange_of(scope)
    exchange.route = resource.path
    try:
        reply = await resource.answers[scope["method"]](exchange, fields)
    except Exception as fault:  # noqa: BLE001 - a bug is logged, and answered as one
        reply = problems.answered(exchange, fault)
    await give(reply, send)
