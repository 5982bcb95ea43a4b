from tests.observability.collector import collecting

from .conftest import Command

ON = {"OBS_TRACING_ENABLED": "true"}
TRACE_ID_DIGITS = 32


def test_the_collector_takes_the_trace(divan: Command) -> None:
    with collecting() as collector:
        ended = divan("trace", "test", "--json", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **ON)
    assert (ended.status, ended.json["status"]) == (0, "ok")
    assert collector.named("divan.trace.test").trace_id == ended.json["trace_id"]


def test_it_fails_where_no_trace_arrives(divan: Command) -> None:
    nowhere = divan(
        "trace", "test", "--json", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", **ON
    )
    assert (nowhere.status, nowhere.json["status"]) == (1, "lost")
    unsent = divan("trace", "test", "--json", **ON)
    assert (unsent.status, unsent.json["status"]) == (1, "unsent")
    assert len(unsent.json["trace_id"]) == TRACE_ID_DIGITS
    off = divan("trace", "test")
    assert (off.status, off.out) == (1, "There are no traces. Set OBS_TRACING_ENABLED=true.\n")
