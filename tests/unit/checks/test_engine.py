"""The engine binds a tenant's settings, groups guards and survives a faulty check."""

import re
from collections.abc import Iterator

import pytest

from lsos.checks.base import Check, Context, Evidence
from lsos.checks.catalogue import CHECKS
from lsos.checks.engine import Bound, CheckSetting, bind, rule_of
from lsos.checks.site import SiteFacts
from lsos.web.facts import PageFacts
from tests.support.facts import host, link, page, site, site_context


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
    if "run_site" not in overrides:
        values["run"] = one
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

    [finding] = bound(check(run=mixed)).run_page(page(), site_context())
    assert finding.severity == "critical"


def test_evidence_lowers_the_severity_only_when_all_of_it_does() -> None:
    def lower(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="low")

    def mixed(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="low")
        yield Evidence()

    out = bound(check("a", run=lower), check("b", run=mixed)).run_page(page(), site_context())
    assert [f.severity for f in out] == ["low", "medium"]


def test_severity_of_the_tenant_holds_for_every_case() -> None:
    def high(_page: PageFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence(severity="critical")

    [finding] = bound(check(run=high), severity="info").run_page(page(), site_context())
    assert finding.severity == "info"


def test_evidence_is_cut_at_twenty_and_counted_in_full() -> None:
    links = [link("/", anchor="", has_name=False)] * 1_000
    out = bind({}).run_page(page(links=links), site_context())
    [finding] = [f for f in out if f.code == "anchor_empty"]
    assert (len(finding.evidence), finding.count) == (20, 1_000)


def test_crashing_check_loses_only_itself() -> None:
    out = bound(check("bad", run=crash), check("good")).run_page(page(), site_context())
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
        yield Evidence(host="www.example.com")
        raise RuntimeError("broken check")

    def good(_facts: SiteFacts, _at: Context) -> Iterator[Evidence]:
        yield Evidence()

    checks = [
        check(code, run_site=run, needs="host", scope="host")
        for code, run in (("bad", bad), ("good", good))
    ]
    out = bound(*checks).run_site(site(host()))
    assert [(f.code, f.subject) for f in out] == [("good", "www.example.com")]
    assert out.failed_checks == ["bad"]


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
