"""The engine binds a tenant's settings, groups guards and survives a faulty check."""

import re
from collections.abc import Iterator

import pytest

from lsos.checks.base import Check, Context, Evidence
from lsos.checks.catalogue import CHECKS
from lsos.checks.engine import Bound, CheckSetting, bind, rule_of, usable
from lsos.checks.site import SiteFacts
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts
from tests.support.facts import ORIGIN, host, link, page, site, site_context


def check(code: str = "made_up", **overrides: object) -> Check:
    values: dict[str, object] = {
        "code": code,
        "topic": "test",
        "severity": "medium",
        "scope": "page",
        "title": "t",
        "why": "w.",
        "fix": "f.",
    }
    if not overrides.keys() & {"run_host", "run_site"}:
        values["run_page"] = one
    values.update(overrides)
    return Check(**values)  # type: ignore[arg-type]  # open keywords


def bound(*checks: Check, **setting: object) -> Bound:
    made = CheckSetting(**setting)  # type: ignore[arg-type]  # open keywords
    return Bound([rule_of(c, made) for c in checks])


def one(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
    yield Evidence(value=1)


def crash(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
    yield Evidence(value=1)
    raise RuntimeError("broken check")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"no_such_check": CheckSetting()}, "no_such_check: no such check"),
        ({"url_long": CheckSetting(limits={"words": 1})}, "url_long: no limit 'words'"),
        ({"noindex": CheckSetting(limits={"words": 1})}, "noindex: no limit 'words'"),
        ({"url_long": CheckSetting(limits={"chars": -1})}, "url_long: limit chars = -1"),
        ({"url_long": CheckSetting(limits={"chars": float("nan")})}, "url_long: limit chars"),
        ({"url_long": CheckSetting(limits={"chars": float("inf")})}, "url_long: limit chars"),
        (
            {"sitemap_lastmod_uniform": CheckSetting(limits={"same_day_share": 1.1})},
            "same_day_share = 1.1 is not within 0 to 1",
        ),
        (
            {"url_long": CheckSetting(severity="grave")},  # type: ignore[arg-type]  # on purpose
            "severity 'grave'",
        ),
    ],
)
def test_setting_that_can_not_hold_is_refused(
    settings: dict[str, CheckSetting], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        bind(settings)


def test_all_faults_are_told_at_once() -> None:
    settings = {"nope": CheckSetting(), "url_long": CheckSetting(limits={"chars": -1})}
    with pytest.raises(ValueError, match=r"nope.*url_long"):
        bind(settings)


def test_disabled_check_does_not_run() -> None:
    codes = bind({"dead_end": CheckSetting(is_enabled=False)}).codes
    assert "dead_end" not in codes
    assert len(codes) == len(CHECKS) - 1


def test_evidence_raises_the_severity() -> None:
    def mixed(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="low")
        yield Evidence(severity="critical")

    [finding] = bound(check(run_page=mixed)).run_page(page(), site_context())
    assert finding.severity == "critical"


def test_evidence_lowers_the_severity_only_when_all_of_it_does() -> None:
    def lower(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="low")

    def mixed(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="low")
        yield Evidence()

    out = bound(check("a", run_page=lower), check("b", run_page=mixed)).run_page(
        page(), site_context()
    )
    assert [f.severity for f in out] == ["low", "medium"]


def test_severity_of_the_tenant_holds_for_every_case() -> None:
    def high(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="critical")

    [finding] = bound(check(run_page=high), severity="info").run_page(page(), site_context())
    assert finding.severity == "info"


def test_evidence_is_cut_at_twenty_and_counted_in_full() -> None:
    links = [link("/", anchor="", has_name=False)] * 1_000
    out = bind({}).run_page(page(links=links), site_context())
    [finding] = [f for f in out if f.code == "anchor_empty"]
    assert (len(finding.evidence), finding.count) == (20, 1_000)


def test_crashing_check_loses_only_itself() -> None:
    out = bound(check("bad", run_page=crash), check("good")).run_page(page(), site_context())
    assert [f.code for f in out] == ["good"]
    assert out.failed_checks == ["bad"]


def test_crashing_guard_loses_only_its_checks() -> None:
    def guard(_page: PageFacts, _at: Context) -> bool:
        raise RuntimeError("broken guard")

    out = bound(check("bad", applies=guard), check("good")).run_page(page(), site_context())
    assert [f.code for f in out] == ["good"]
    assert out.failed_checks == ["bad"]


def test_crashing_site_check_loses_only_itself() -> None:
    def bad(_facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence()
        raise RuntimeError("broken check")

    def bad_host(_host: HostFacts, _facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence()
        raise RuntimeError("broken check")

    def good(_facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence()

    out = bound(
        check("bad", run_site=bad),
        check("bad_host", run_host=bad_host, scope="host"),
        check("good", run_site=good),
    ).run_site(site(host()))
    assert [(f.code, f.subject) for f in out] == [("good", f"{ORIGIN}/")]
    assert out.failed_checks == ["bad", "bad_host"]


def test_a_site_check_files_each_finding_under_its_own_page() -> None:
    def found(_facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        for path, value in (("/a", 1), ("/b", 2), ("/a", 3)):
            yield Evidence(subject=ORIGIN + path, value=value)

    out = bound(check(run_site=found)).run_site(site(host()))
    by_page = {f.subject: [e.value for e in f.evidence] for f in out}
    assert by_page == {f"{ORIGIN}/a": [1, 3], f"{ORIGIN}/b": [2]}
    assert {e.subject for f in out for e in f.evidence} == {""}, "the finding says it once"
    [of_host] = bound(check(run_site=found, scope="host")).run_site(site(host()))
    assert (of_host.subject, of_host.count) == ("www.example.com", 3)


def test_origins_of_one_host_share_a_finding() -> None:
    def found(facts: HostFacts, _facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(value=facts.scheme)

    hosts = {f"{s}://www.example.com": host(scheme=s) for s in ("http", "https")}
    out = bound(check(run_host=found, scope="host")).run_site(site(hosts=hosts))
    assert [(f.subject, f.count) for f in out] == [("www.example.com", 2)]


@pytest.mark.parametrize(
    "overrides",
    [
        {"run_site": lambda _f, _a: iter(()), "run_page": one},
        {"run_site": None},
        {"run_host": lambda _h, _f, _a: iter(()), "scope": "page"},
        {"run_site": lambda _f, _a: iter(()), "applies": lambda _p, _a: True},
    ],
)
def test_a_check_that_could_not_run_is_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="made_up"):
        check(**overrides)


def test_settings_of_an_older_release_do_not_stop_a_run() -> None:
    kept = CheckSetting(severity="low")
    settings = {
        "url_long": kept,
        "gone": CheckSetting(),
        "noindex": CheckSetting(limits={"gone": 1.0}),
    }
    assert usable(settings) == {"url_long": kept}


def test_shared_guard_is_asked_once_a_page() -> None:
    asked = []

    def guard(facts: PageFacts, _at: Context) -> bool:
        asked.append(facts.url)
        return True

    engine = bound(check("a", applies=guard), check("b", applies=guard), check("c"))
    assert len(engine.run_page(page(), site_context())) == 3
    assert len(asked) == 1


def test_guards_see_the_limits_of_their_own_check() -> None:
    def guard(facts: PageFacts, at: Context) -> bool:
        return facts.word_count > at.limits["words"]

    engine = bound(
        check("few", applies=guard, limits={"words": 1}),
        check("many", applies=guard, limits={"words": 1e6}),
    )
    assert [f.code for f in engine.run_page(page(), site_context())] == ["few"]


def test_check_without_guard_is_silent_on_unmeasured_urls() -> None:
    engine = bound(check())
    for facts in (page(status=403), PageFacts(url="https://a.example/", error="robots_disallowed")):
        assert engine.run_page(facts, site_context()) == []


def test_host_check_on_a_page_is_about_the_host() -> None:
    [finding] = bound(check(scope="host")).run_page(page(), site_context())
    assert finding.subject == "www.example.com"


def test_many_sites_share_one_engine() -> None:
    engine = bound(check())
    for number in range(200):
        context = site_context(host=f"{number}.example.com")
        assert len(engine.run_page(page(), context)) == 1
