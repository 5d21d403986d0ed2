"""A wrong status takes a working API out of service, or leaves a broken one in it."""

import pytest

from lsos.core.db.schema_version import HEAD
from lsos.core.settings.settings import Settings
from lsos.domains.health.doctor import (
    judge_postgresql_version,
    judge_redis,
    judge_settings,
    judge_skew,
)
from lsos.domains.health.queries import Server, judge_revisions
from lsos.domains.health.rules import overall


@pytest.mark.parametrize(
    "postgresql, migrations, redis, status",
    [
        (True, True, True, "ok"),
        (True, True, False, "degraded"),
        (True, False, True, "unavailable"),
        (False, False, True, "unavailable"),
        (False, False, False, "unavailable"),
    ],
)
def test_redis_alone_does_not_stop_the_api(
    postgresql: bool, migrations: bool, redis: bool, status: str
) -> None:
    assert overall(postgresql=postgresql, migrations=migrations, redis=redis) == status


@pytest.mark.parametrize(
    "revisions, is_ok",
    [([HEAD], True), (["9999"], True), ([], False), (["0000"], False), ([HEAD, "0000"], False)],
)
def test_revisions(revisions: list[str], is_ok: bool) -> None:
    assert judge_revisions(revisions)[0] is is_ok


@pytest.mark.parametrize(
    "version_num, is_ok, has_hint",
    [
        (140_019, False, True),
        (150_000, True, False),
        (180_006, True, False),
        (190_000, True, True),
    ],
)
def test_versions_of_postgresql(version_num: int, is_ok: bool, has_hint: bool) -> None:
    found = judge_postgresql_version(Server(version_num, "x", 0.0, "somebody"))
    assert (found.ok, bool(found.hint)) == (is_ok, has_hint)


@pytest.mark.parametrize("skew_s, is_ok", [(0.0, True), (2.0, True), (2.1, False), (-90.0, False)])
def test_clocks_that_differ_are_a_fault(skew_s: float, is_ok: bool) -> None:
    assert judge_skew(skew_s).ok is is_ok


def test_an_evicting_redis_is_advised_against_but_no_fault() -> None:
    found = judge_redis(
        "redis",
        {"redis_version": "7.2.4", "maxmemory_policy": "allkeys-lru", "aof_enabled": 0},
    )
    assert [f.ok for f in found] == [True, True, True]
    assert "noeviction" in found[1].hint
    assert "appendonly" in found[2].hint


def test_an_old_redis_is_a_fault_and_a_silent_one_is_not() -> None:
    assert not judge_redis("redis", {"redis_version": "6.2.0"})[0].ok
    assert judge_redis("redis", {})[0].ok
    assert judge_redis("redis", {"redis_version": "7.2.4", "valkey_version": "9.1.0"})[
        0
    ].detail == ("Valkey 9.1.0")


def test_every_faulty_setting_is_its_own_finding() -> None:
    assert [f.ok for f in judge_settings(Settings())] == [True]
    found = judge_settings(Settings(smtp_port=0, crawl_concurrency=0))
    assert len(found) == 2
    assert all(not f.ok and f.hint for f in found)
