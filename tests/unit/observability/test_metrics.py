from divan_core.kernel.telemetry import Counter
from divan_core.observability.metrics import Metrics

SENT = Counter("divan_sent_total", "What was sent", ("kind",))
LOST = Counter("divan_lost_total", "What was lost")


def test_counts_are_told_by_label() -> None:
    metrics = Metrics()
    for kind in ("b", 'a"\\', "b"):
        metrics.count(SENT, kind)
    metrics.count(LOST)
    assert metrics.exposition() == (
        "# HELP divan_lost_total What was lost\n"
        "# TYPE divan_lost_total counter\n"
        "divan_lost_total 1.0\n"
        "# HELP divan_sent_total What was sent\n"
        "# TYPE divan_sent_total counter\n"
        'divan_sent_total{kind="a\\"\\\\"} 1.0\n'
        'divan_sent_total{kind="b"} 2.0\n'
    )


def test_nothing_counted_is_nothing_told() -> None:
    assert Metrics().exposition() == ""
