"""An operator who mistypes a provider's settings is told where, and never reads a secret back."""

import json
from typing import Any

import pytest

from lsos.core.settings.provider_config import (
    parse_json_source,
    parse_proxies,
    provider_faults,
    secrets_of,
)
from lsos.domains.providers.base import as_float, as_int, as_text, as_url
from lsos.domains.providers.breaker import BreakerLimits, LocalCircuit

SECRET = "hunter2-hunter2"


def faults(*proxies: Any) -> list[str]:
    return parse_proxies(json.dumps(proxies))[1]


def test_credentials_may_stand_in_the_url_or_beside_it() -> None:
    raw = [
        {"url": "http://user:p%40ss@proxy.example:3128"},
        {"url": "https://10.0.0.7:8080/", "username": "u", "password": SECRET, "weight": 2.5},
        {"url": "http://[2001:db8::1]:3128", "country": "lv"},
    ]
    proxies, wrong = parse_proxies(json.dumps(raw))
    assert wrong == []
    assert [p.url for p in proxies] == [
        "http://proxy.example:3128",
        "https://10.0.0.7:8080",
        "http://[2001:db8::1]:3128",
    ]
    assert (proxies[0].username, proxies[0].password) == ("user", "p@ss")
    assert (proxies[1].weight, proxies[2].country) == (2.5, "LV")


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": "proxy.example:3128"}, "http"),
        ({"url": "socks5://proxy.example:1080"}, "http"),
        ({"url": "http://proxy.example"}, "port"),
        ({"url": "http://proxy.example:99999"}, "URL"),
        ({"url": "http://:3128"}, "http"),
        ({"url": f"http://proxy.example:3128/{SECRET}"}, "end after the port"),
        ({"url": "http://p.example:1", "weight": 0}, "weight"),
        ({"url": "http://p.example:1", "weight": -1}, "weight"),
        ({"url": "http://p.example:1", "country": "USA"}, "country"),
        ({"url": "http://p.example:1", "password": SECRET}, "without `username`"),
        ({"url": f"http://a:{SECRET}@p.example:1", "username": "b"}, "keep one"),
        ({"url": "http://p.example:1", "username": "a:b"}, "colon"),
        ({"url": "http://p.example:1", "user": "a"}, "user"),
        ("http://p.example:1", "object"),
    ],
)
def test_every_fault_is_named_by_its_index(proxy: Any, says: str) -> None:
    good = {"url": "http://good.example:1"}
    (found,) = faults(good, proxy, good | {"username": "x"})
    assert found.startswith("[1]: ")
    assert says in found
    assert SECRET not in found


def test_all_faults_are_listed_at_once() -> None:
    found = faults({"url": "x"}, {"url": "http://a.example:1"}, {"url": "http://b.example"})
    assert [fault[:3] for fault in found] == ["[0]", "[2]"]
    assert faults({"url": "http://a.example:1"}, {"url": "http://a.example:1/"}) == [
        "[1]: duplicates [0]"
    ]
    for raw in ("{}", "[", "null", "[" * 10_000):
        assert parse_proxies(raw) == ([], ["must be a JSON list"])


SOURCE: dict[str, Any] = {
    "url": "https://ranks.example/?q={keyword}&api_key=" + SECRET,
    "headers": {"Authorization": f"Bearer {SECRET}-2"},
    "fields": {"results": "items"},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "ftp://x/{keyword}"}, "http"),
        ({"url": "https://ranks.example/"}, "{keyword}"),
        ({"url": "https://ranks.example/{keyword}/{town}"}, "town"),
        ({"method": "PUT"}, "method"),
        ({"body": {"q": "{keyword}"}}, "POST"),
        ({"fields": {}}, "results"),
        ({"fields": {"results": ""}}, "results"),
        ({"fields": {"results": "a..b"}}, "dots"),
        ({"fields": {"results": "a", "rank": "b"}}, "rank"),
        ({"headers": {"X Key": "a"}}, "headers"),
        ({"headers": {"X-Key": "a\r\nHost: b"}}, "headers"),
        ({"retries": 5}, "retries"),
    ],
)
def test_a_faulty_source_says_what_is_wrong(change: dict[str, Any], says: str) -> None:
    _, found = parse_json_source(json.dumps({**SOURCE, **change}))
    assert found
    assert says in " ".join(found)
    assert SECRET not in " ".join(found)


def test_a_source_knows_whether_it_may_be_asked_again() -> None:
    for change, repeats in (
        ({}, True),
        ({"method": "POST"}, False),
        ({"method": "POST", "is_idempotent": True}, True),
        ({"is_idempotent": False}, False),
    ):
        source, found = parse_json_source(json.dumps({**SOURCE, **change}))
        assert found == []
        assert source is not None
        assert source.repeats is repeats


def test_secrets_of_all_providers_are_known_to_the_log() -> None:
    proxies = json.dumps([{"url": f"http://u:{SECRET}-3@p.example:1"}])
    body = {"api_key": SECRET + "-4", "q": "{keyword}"}
    source = json.dumps({**SOURCE, "method": "POST", "body": body})
    found = secrets_of(proxies, source)
    assert {SECRET, SECRET + "-2", SECRET + "-3", SECRET + "-4"} <= set(found)
    assert secrets_of("nonsense", "nonsense") == []


def test_a_backend_needs_what_it_asks_with() -> None:
    given = {
        "proxies": "",
        "rank_source": "",
        "serpapi_key": "",
        "serpapi_url": "https://s.example",
    }
    assert provider_faults(**given, rank_backend="synthetic") == []
    (fault,) = provider_faults(**given, rank_backend="http")
    assert fault.startswith("RANK_HTTP_PROVIDER_CONFIG_JSON: ")
    (fault,) = provider_faults(**given, rank_backend="serpapi")
    assert fault.startswith("SERPAPI_API_KEY: ")
    (fault,) = provider_faults(**{**given, "proxies": "{}"}, rank_backend="")
    assert fault == "PROXY_PROVIDER_CONFIG_JSON: must be a JSON list"
    (fault,) = provider_faults(**{**given, "serpapi_url": "serpapi"}, rank_backend="")
    assert fault.startswith("SERPAPI_BASE_URL: ")


# Reading answers


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (5.0, 5), (5.5, None), (True, None), (-1, None), (2**31, None),
     (2**400, None), ("", None), ("٣", None), ("9" * 30, None), (None, None), ([], None),
     (float("inf"), None), (1e300, None)],
)  # fmt: skip
def test_whole_numbers_fit_their_column(value: object, number: int | None) -> None:
    assert as_int(value) == number


def test_other_values_are_read_or_left() -> None:
    assert as_text("a\x00b", 2) == "ab"
    assert as_text(10**30) == str(10**30)
    assert as_text(10**5_000) == as_text(True) == as_text(None) == as_text({}) == ""
    assert as_float(2**5_000) is as_float("1") is as_float(float("nan")) is None
    assert as_float(3) == 3.0
    assert as_url("javascript:alert(1)") == as_url(7) == ""
    assert as_url("HTTPS://a.example") == "HTTPS://a.example"


# The breaker of one process


LIMITS = BreakerLimits(window_s=10, least_calls=4, failure_rate=0.5, pause_s=5, probe_s=30)


def test_a_circuit_opens_at_a_rate_and_closes_by_a_probe() -> None:
    circuit = LocalCircuit(LIMITS)
    for is_ok in (True, False, False):
        circuit.record(0.0, is_ok=is_ok, is_probe=False)
    assert circuit.allow(0.1).is_allowed, "too few calls say nothing"
    circuit.record(0.2, is_ok=False, is_probe=False)
    refused = circuit.allow(1.2)
    assert (refused.is_allowed, refused.wait_s) == (False, pytest.approx(4.0))
    probe = circuit.allow(5.3)
    assert (probe.is_allowed, probe.is_probe) == (True, True)
    assert not circuit.allow(5.4).is_allowed, "one probe at a time"
    circuit.record(6.0, is_ok=False, is_probe=True)
    assert circuit.allow(6.0).wait_s == pytest.approx(10.0), "twice as long"
    assert circuit.allow(16.1).is_probe
    circuit.record(16.2, is_ok=True, is_probe=True)
    assert circuit.allow(16.3) == circuit.allow(16.4)
    assert circuit.allow(16.3).is_allowed


def test_old_failures_and_late_answers_count_for_nothing() -> None:
    circuit = LocalCircuit(LIMITS)
    for at in (0.0, 0.1, 0.2, 11.0):
        circuit.record(at, is_ok=False, is_probe=False)
    assert circuit.allow(11.1).is_allowed
    for at in (11.2, 11.3, 11.4):
        circuit.record(at, is_ok=False, is_probe=False)
    assert not circuit.allow(11.5).is_allowed
    circuit.record(11.6, is_ok=True, is_probe=False)
    assert not circuit.allow(11.7).is_allowed, "a call from before does not close it"
