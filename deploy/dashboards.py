"""Grafana's dashboards, from one source: ``python -m deploy.dashboards`` writes them anew.

A dashboard is rows of panels, a panel is a title, a unit and what Prometheus is asked; places and
ids follow from the order. A test holds what is committed equal to what is made here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

FOLDER: Final = Path(__file__).parent / "grafana" / "dashboards"

SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
WIDTH: Final = 24
HEIGHT: Final = 8

Json = dict[str, Any]


@attrs.frozen
class Panel:
    """One graph. ``asks`` has what each line is called, and its query; names have labels in them.

    ``unit`` is one of Grafana's: ``short``, ``reqps``, ``s``, ``percentunit``, ``bool``.
    """

    title: str
    unit: str
    asks: Mapping[str, str]


@attrs.frozen
class Dashboard:
    """A page of graphs: its name in addresses, its title and its rows."""

    uid: str
    title: str
    rows: tuple[tuple[Panel, ...], ...]


def rate(metric: str, *by: str, where: str = "") -> str:
    """What happens a second, told apart by labels."""
    grouped = f" by ({', '.join(by)})" if by else ""
    return f"sum{grouped} (rate({metric}{where}[$__rate_interval]))"


def quantile(part: float) -> str:
    """The seconds within which this part of the requests was answered."""
    buckets = rate("divan_http_request_duration_seconds_bucket", "le")
    return f"histogram_quantile({part}, {buckets})"


OVERVIEW: Final = Dashboard(
    "divan-overview",
    "Divan: overview",
    (
        (
            Panel("Servers", "short", {"answering": 'sum(up{job="divan"})'}),
            Panel("Errors", "percentunit", {"of all requests": "divan:http_errors:ratio5m"}),
            Panel("Sockets", "short", {"connected": "sum(divan_sockets_connected)"}),
        ),
        (
            Panel("Requests", "reqps", {"{{status}}": rate("divan_http_requests_total", "status")}),
            Panel(
                "Time to answer",
                "s",
                {"half": quantile(0.5), "95 %": quantile(0.95), "99 %": quantile(0.99)},
            ),
        ),
        (
            Panel(
                "Busiest routes",
                "reqps",
                {
                    "{{method}} {{route}}": "topk(8, "
                    + rate("divan_http_requests_total", "method", "route")
                    + ")"
                },
            ),
            Panel(
                "Routes with errors",
                "reqps",
                {
                    "{{method}} {{route}}": rate(
                        "divan_http_requests_total", "method", "route", where='{status="5xx"}'
                    )
                },
            ),
        ),
        (
            Panel(
                "Reached",
                "bool",
                {"{{dependency}}": "min by (dependency) (divan_dependency_up)"},
            ),
            Panel(
                "Time to reach",
                "s",
                {"{{dependency}}": "max by (dependency) (divan_dependency_latency_seconds)"},
            ),
            Panel(
                "Connections to the database",
                "short",
                {"{{state}}": "sum by (state) (divan_sql_pool_connections)"},
            ),
        ),
    ),
)

DELIVERY: Final = Dashboard(
    "divan-delivery",
    "Divan: events and workers",
    (
        (
            Panel(
                "Outbox",
                "short",
                {
                    "waiting": "max(divan_outbox_waiting)",
                    "not settled": "max(divan_outbox_unsettled)",
                },
            ),
            Panel("Oldest waiting event", "s", {"age": "max(divan_outbox_oldest_seconds)"}),
            Panel("Given up", "short", {"dead letters": "max(divan_outbox_given_up)"}),
        ),
        (
            Panel(
                "Before each group",
                "short",
                {"{{topic}}:{{group}}": "max by (topic, group) (divan_group_undelivered)"},
            ),
            Panel(
                "In each group's hands",
                "short",
                {"{{topic}}:{{group}}": "max by (topic, group) (divan_group_pending)"},
            ),
        ),
        (
            Panel(
                "Tried again",
                "reqps",
                {"{{topic}}:{{group}}": rate("divan_event_retries_total", "topic", "group")},
            ),
            Panel(
                "Workers that failed",
                "reqps",
                {"{{worker}}": rate("divan_worker_failures_total", "worker")},
            ),
            Panel(
                "Workers that waited for a store",
                "reqps",
                {"{{worker}}": rate("divan_worker_outages_total", "worker")},
            ),
        ),
    ),
)

CAMPUS: Final = Dashboard(
    "divan-campus",
    "Divan: what people do",
    (
        (
            Panel("Heartbeats", "reqps", {"accepted": rate("divan_heartbeats_total")}),
            Panel("Who is near?", "reqps", {"answered": rate("divan_nearby_total")}),
            Panel("What happens", "reqps", {"{{event}}": rate("divan_events_total", "event")}),
        ),
        (
            Panel(
                "To sockets",
                "reqps",
                {
                    "sent": rate("divan_socket_emitted_total"),
                    "dropped": rate("divan_socket_dropped_total"),
                    "sent whole again": rate("divan_socket_resyncs_total"),
                },
            ),
            Panel(
                "From sockets",
                "reqps",
                {"{{outcome}}": rate("divan_socket_events_total", "outcome")},
            ),
            Panel(
                "Sockets that closed",
                "reqps",
                {"{{reason}}": rate("divan_sockets_closed_total", "reason")},
            ),
        ),
        (
            Panel(
                "Writes with a key",
                "reqps",
                {"{{outcome}}": rate("divan_idempotency_total", "outcome")},
            ),
            Panel(
                "Decided by machine",
                "reqps",
                {"{{action}}": rate("divan_decisions_total", "action")},
            ),
            Panel(
                "Cases that wait",
                "short",
                {"{{status}}": "max by (status) (divan_cases_waiting)"},
            ),
        ),
    ),
)

ALL: Final = (OVERVIEW, DELIVERY, CAMPUS)


def page(dashboard: Dashboard) -> Json:
    """A dashboard as Grafana reads it."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["divan"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "panels": list(_panels(dashboard)),
    }


def _panels(dashboard: Dashboard) -> Iterator[Json]:
    number = 0
    for row, panels in enumerate(dashboard.rows):
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            number += 1
            place = {"x": column * width, "y": row * HEIGHT, "w": width, "h": HEIGHT}
            yield _panel(panel, number, place)


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> Json:
    lines = enumerate(panel.asks.items())
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": dict(place),
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": ask, "legendFormat": name}
            for at, (name, ask) in lines
        ],
    }


def files() -> dict[Path, str]:
    """What is to stand in each file."""
    return {
        FOLDER / f"{one.uid}.json": json.dumps(page(one), indent=2, ensure_ascii=False) + "\n"
        for one in ALL
    }


def write() -> None:
    """Write every file."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
