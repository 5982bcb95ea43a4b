"""The ASGI application."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable

import uuid_utils

from divan_core.divan import Divan
from divan_http import problems
from divan_http.application import Answer, Application, Resource
from divan_http.auth import HeaderCredentials
from divan_http.console import files as console
from divan_http.cors import Cors
from divan_http.endpoint import Endpoint
from divan_http.exchange import Asgi
from divan_http.meter import Meter
from divan_http.middleware import Edge, Surroundings
from divan_http.operation import Operation
from divan_http.requestlog import RequestLog
from divan_http.routes import table
from divan_http.tracing import Traced


def create_app(divan: Divan, extra: Iterable[Operation] = ()) -> Asgi:
    """The HTTP interface of a running Divan, as an ASGI application.

    ``extra`` operations of the caller's own are served as well, and not described. The application
    has no life of its own: whoever opened ``divan`` closes it, after the server has ended.
    """
    settings = divan.settings
    endpoint = Endpoint(divan, HeaderCredentials(divan.identity), settings.http.max_body_bytes)
    app = Application()
    problems.install(app)
    rows = table(dev=settings.dev_credentials, signing_in=settings.auth.enabled)
    _route(app, endpoint, (*rows, *extra))
    console.install(app, settings)
    log = RequestLog(divan.clock, settings.log.sampling_rate_info, random.random)
    surroundings = Surroundings(
        _request_id, time.perf_counter, log, Meter(divan.metrics), divan.foreground
    )
    origins = settings.http.cors_origins
    inner = Cors(app, origins) if origins else app
    return Edge(inner if divan.traces is None else Traced(inner, divan.traces), surroundings)


def _request_id() -> str:
    """A UUIDv4 in hexadecimal digits, made natively: every request needs one."""
    return uuid_utils.uuid4().hex


def _route(app: Application, endpoint: Endpoint, operations: Iterable[Operation]) -> None:
    """Route paths in the table's order, which is that of how much they are asked for.

    Falcon compares one after the other, and so finds first what stands first.
    """
    by_path: defaultdict[str, list[Operation]] = defaultdict(list)
    for row in operations:
        by_path[row.path].append(row)
    for path, rows in by_path.items():
        answers: dict[str, Answer] = {row.method: endpoint.answering(row) for row in rows}
        app.add_route(path, Resource(path, answers))
