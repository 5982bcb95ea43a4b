import pytest
from prometheus_client.parser import text_string_to_metric_families

from divan_core.kernel.telemetry import Counter, Gauge, Histogram, Readings
from divan_core.observability.metrics import Metrics
from divan_core.observability.snapshot import read, written

SENT = Counter("divan_sent_total", "What was sent", ("kind",))
LOST = Counter("divan_lost_total", "What was lost")
OPEN = Gauge("divan_open", "What is open")
LAG = Gauge("divan_lag", "How far behind", across="most")
UP = Gauge("divan_up", "Whether it is up", across="least")
TOOK = Histogram("divan_took_seconds", "How long it took", ("kind",), (0.1, 1.0))


def samples(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.exposition())
    return {
        " ".join((one.name, *one.labels.values())): one.value
        for family in families
        for one in family.samples
    }


def busy() -> Metrics:
    metrics = Metrics()
    metrics.count(SENT, "a")
    metrics.set(OPEN, 2)
    metrics.set(LAG, 5)
    metrics.set(UP, 1)
    for seconds in (0.1, 0.2, 7):
        metrics.series(TOOK, "a").add(seconds)
    return metrics


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


def test_a_histogram_counts_up_to_each_bound_and_beyond() -> None:
    found = samples(busy())
    assert found["divan_took_seconds_bucket a 0.1"] == 1
    assert found["divan_took_seconds_bucket a 1.0"] == 2
    assert found["divan_took_seconds_bucket a +Inf"] == 3
    assert found["divan_took_seconds_count a"] == 3
    assert found["divan_took_seconds_sum a"] == pytest.approx(7.3)


def test_who_counts_alone_is_asked_each_time_and_added_up() -> None:
    metrics, counted = busy(), [1]

    def tell(readings: Readings) -> None:
        readings.total(LOST, counted[0])
        readings.set(OPEN, 3)

    metrics.watch(tell)
    metrics.watch(tell)
    assert samples(metrics)["divan_lost_total"] == 2
    counted[0] = 5
    assert samples(metrics)["divan_lost_total"] == 10
    assert samples(metrics)["divan_open"] == 8


def test_processes_are_summed_each_level_in_its_own_way() -> None:
    here, there = busy(), busy()
    there.set(LAG, 3)
    there.set(UP, 0)
    here.others = lambda: [read(written(there.snapshot()))]
    found = samples(here)
    assert found["divan_sent_total a"] == 2
    assert found["divan_open"] == 4
    assert found["divan_lag"] == 5
    assert found["divan_up"] == 0
    assert found["divan_took_seconds_bucket a 1.0"] == 4


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"counts": 1}'])
def test_what_is_no_snapshot_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="no measurements"):
        read(text)
