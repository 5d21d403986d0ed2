"""Wrong figures wake people at night, or let them sleep through it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.metrics.histogram import BOUNDS_MS, BUCKETS, bucket_of, count_over, quantile
from lsos.core.metrics.metrics import API_REQUEST, CRAWL_RUN, JOB_WAIT, TASK, route_class
from lsos.domains.health import prometheus
from lsos.domains.health.figures import levels_of, metrics_of, readings_of
from lsos.domains.health.rollup import Raw, Sum, Sums
from lsos.domains.health.rules import (
    ALERTS,
    SLOS,
    AlertStatus,
    Measured,
    Reading,
    firing_of,
    judge_alert,
    judge_level,
    platform_state,
)
from lsos.domains.health.schemas import Health

AT = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
BY_NAME = {alert.name: alert for alert in ALERTS}


def histogram(*values: float) -> Sum:
    buckets = [0] * BUCKETS
    for value in values:
        buckets[bucket_of(value)] += 1
    return Sum(len(values), sum(values), buckets)


def counted(number: int) -> Sum:
    return Sum(number, 0.0, [])


def raw_of(sums: Sums, **changes: object) -> Raw:
    values: dict[str, object] = {
        "at": AT,
        "since": AT - timedelta(minutes=5),
        "recent": sums,
        "hour": sums,
        "jobs_due": 0,
        "oldest_due_s": None,
        "runs_waiting": 0,
        "schedules_failed": 0,
        "evaluated_epoch_s": AT.timestamp(),
        "reports_due": 0,
        "reports_on_time": 0,
        "workers": 2,
        **changes,
    }
    return Raw(**values)  # type: ignore[arg-type]  # a test names fields as it likes


# Histograms


@given(st.lists(st.floats(0, 400_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_lies_in_the_bucket_of_the_true_value(values: list[float], q: float) -> None:
    found = quantile(histogram(*values).buckets, q)
    rank = max(1, -(-q * len(values) // 1))
    true = sorted(values)[int(rank) - 1]
    assert found is not None
    assert found == BOUNDS_MS[-1] or bucket_of(found) == bucket_of(true) or abs(found - true) < 1e-6


def test_nothing_measured_has_no_quantile() -> None:
    assert quantile([0] * BUCKETS, 0.95) is None


@pytest.mark.parametrize("bound", [1_200, 60_000])
def test_what_meets_a_threshold_is_not_over_it(bound: int) -> None:
    counts = histogram(bound, bound + 0.1, bound - 1, 400_000).buckets
    assert count_over(counts, bound) == 2


@pytest.mark.parametrize(
    "template, label",
    [
        ("/api/v1/crawl/runs/{run_id:uuid}", "crawl"),
        ("/api/v1/campaigns", "campaigns"),
        ("/metrics", "metrics"),
        ("/", "root"),
        ("", "unmatched"),
        (None, "unmatched"),
    ],
)
def test_routes_have_as_many_labels_as_there_are_rooms(template: str | None, label: str) -> None:
    assert route_class(template, "/api/v1") == label


# Figures


def test_what_was_not_measured_is_null_and_never_zero() -> None:
    metrics, basis = metrics_of(raw_of({}), 300)
    assert metrics.queue_latency_ms is None
    assert metrics.worker_success_rate is None
    assert metrics.crawl_failure_rate is None
    assert metrics.api_error_rate is None
    assert metrics.report_on_time_rate is None
    assert metrics.api_latency_ms.p95 is None
    assert metrics.failure_rate_by_task_type == {}
    assert metrics.queue_backlog_tasks == 0
    assert set(basis) == set(metrics.__struct_fields__)
    assert all(level.value is None and level.ok is None for level in levels_of(raw_of({})))


def test_each_rate_has_its_own_denominator() -> None:
    sums: Sums = {
        API_REQUEST: {
            "crawl:2xx": histogram(*[40.0] * 97),
            "crawl:5xx": histogram(2_500.0, 2_500.0, 2_500.0),
            "health:5xx": histogram(9_000.0),  # a probe
            "unmatched:4xx": histogram(1.0),
        },
        JOB_WAIT: {"default": histogram(10.0, 20.0)},
        TASK: {
            "crawl.slice:done": counted(95),
            "crawl.slice:dead": counted(1),
            "crawl.slice:exceeded": counted(4),
            "crawl.slice:retried": counted(7),
            "rank.measure:waited": counted(3),
            "reports.generate:done": counted(10),
        },
        CRAWL_RUN: {"completed": counted(80), "completed_with_errors": counted(15)},
    }
    metrics, basis = metrics_of(raw_of(sums, jobs_due=3, runs_waiting=2), 300)
    assert metrics.queue_backlog_tasks == 5
    assert metrics.api_error_rate == 0.03
    assert (basis["api_error_rate"].denominator, basis["worker_success_rate"].denominator) == (
        100,
        110,
    )
    assert metrics.worker_success_rate == pytest.approx(105 / 110, abs=1e-6)
    assert metrics.failure_rate_by_task_type == {
        "crawl.slice": 0.05,
        "rank.measure": None,
        "reports.generate": 0.0,
    }
    assert metrics.retry_count_by_task_type == {"crawl.slice": 7}
    assert metrics.tasks_exceeded_retry_cap == {"crawl.slice": 4}
    assert metrics.crawl_failure_rate == 0.05
    assert metrics.api_latency_ms.p50 is not None
    assert 30 < metrics.api_latency_ms.p50 <= 50


# Service levels


@pytest.mark.parametrize(
    "name, value, events, bad, ok, left",
    [
        ("worker_success_rate", 0.98, 100, 2, True, 0.0),
        ("worker_success_rate", 0.979, 1_000, 21, False, -0.05),
        ("worker_success_rate", 1.0, 100, 0, True, 1.0),
        ("api_latency_p95_ms", 1_200.0, 100, 5, True, 0.0),
        ("api_latency_p95_ms", 1_200.1, 100, 6, False, -0.2),
        ("queue_latency_p95_ms", None, 0, 0, None, None),
        ("report_on_time_rate", 0.99, 100, 1, True, 0.0),
    ],
)
def test_levels_at_their_bounds(
    name: str, value: float | None, events: int, bad: int, ok: bool | None, left: float | None
) -> None:
    (slo,) = [slo for slo in SLOS if slo.name == name]
    level = judge_level(slo, Measured(value, events, bad))
    assert (level.ok, level.error_budget_remaining) == (ok, pytest.approx(left) if left else left)


# Alerts


def play(name: str, values: list[float | None], step_s: int = 5) -> list[str]:
    status: AlertStatus | None = None
    states = []
    for index, value in enumerate(values):
        at = AT + timedelta(seconds=index * step_s)
        status = judge_alert(BY_NAME[name], Reading(value), status, at)
        states.append(status.state)
    return states


def test_an_alert_is_pending_before_it_fires() -> None:
    states = play("api_latency", [1_200.0, *[1_300.0] * 14])
    assert states == ["ok", *["pending"] * 12, "firing", "firing"]


def test_one_dip_begins_the_wait_again() -> None:
    states = play("api_latency", [1_300.0] * 8 + [1_100.0] + [1_300.0] * 12)
    assert "firing" not in states


def test_it_fires_until_the_value_is_well_below_and_for_a_minute_at_least() -> None:
    values: list[float | None] = [1_300.0] * 13 + [1_000.0] * 30 + [900.0]
    states = play("api_latency", values)
    assert states[12:] == ["firing"] * 31 + ["ok"]
    short: list[float | None] = [1_300.0] * 13 + [100.0] * 13
    assert play("api_latency", short)[12:] == ["firing"] * 12 + ["ok"] * 2


def test_too_few_events_say_nothing() -> None:
    status = judge_alert(BY_NAME["worker_failures"], Reading(1.0, 3), None, AT)
    assert (status.state, status.value) == ("ok", None)


@given(st.lists(st.floats(961, 1_500), min_size=40, max_size=200))
def test_a_value_that_hovers_at_its_threshold_does_not_flap(values: list[float]) -> None:
    states = play("api_latency", list(values))
    firing = [state == "firing" for state in states]
    assert sum(a != b for a, b in itertools.pairwise(firing)) <= 1


@given(st.lists(st.one_of(st.none(), st.floats(0, 3_000)), min_size=60, max_size=400))
def test_whatever_the_values_a_state_changes_at_most_each_minute(
    values: list[float | None],
) -> None:
    states = play("api_latency", values)
    firing = [state == "firing" for state in states]
    changes = [i for i, (a, b) in enumerate(itertools.pairwise(firing)) if a != b]
    assert all(later - earlier >= 12 for earlier, later in itertools.pairwise(changes))


def test_the_worst_alert_that_fires_is_the_state() -> None:
    assert platform_state([]) == "Healthy"
    assert platform_state(["api_latency"]) == "Degraded"
    assert platform_state(["api_latency", "workers_missing"]) == "Critical"


def test_every_alert_has_a_reading_and_a_way_back() -> None:
    assert set(readings_of(raw_of({}))) == set(BY_NAME)
    for alert in ALERTS:
        assert alert.clear <= alert.threshold


def test_no_worker_and_no_redis_are_told_apart() -> None:
    none = readings_of(raw_of({}, workers=0))
    away = readings_of(raw_of({}, workers=None))
    assert (none["workers_missing"].value, none["redis_away"].value) == (1.0, 0.0)
    assert (away["workers_missing"].value, away["redis_away"].value) == (None, 1.0)


# Prometheus


def test_prometheus_text_has_no_sample_for_what_was_not_measured() -> None:
    metrics, basis = metrics_of(raw_of({TASK: {"a.b:done": counted(4)}}), 300)
    status = AlertStatus("firing", AT, 2_000.0, 1_200.0)
    health = Health(
        platform_state="Degraded",
        metrics=metrics,
        basis=basis,
        slos=levels_of(raw_of({})),
        alert_state={"api_latency": status},
        transitions=[],
        generated_at=AT,
    )
    lines = prometheus.text(health).splitlines()
    assert 'lsos_task_failure_rate{task="a.b"} 0' in lines
    assert 'lsos_alert_state{alert="api_latency",severity="degraded"} 2' in lines
    assert 'lsos_platform_state{state="Degraded"} 1' in lines
    assert "lsos_workers_alive 2" in lines
    assert not any(line.startswith("lsos_queue_latency_ms") for line in lines)
    assert len({line for line in lines if line.startswith("# TYPE")}) == sum(
        line.startswith("# TYPE") for line in lines
    )
    assert firing_of(health.alert_state) == ["api_latency"]
