"""Each check fires where its definition says so, and nowhere else."""

import json
from pathlib import Path
from typing import get_args

import pytest

from lsos.checks.base import Needs, Scope, Severity
from lsos.checks.catalogue import BY_CODE, CHECKS, _by_code
from lsos.checks.engine import CheckSetting, Finding, bind
from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import PageFacts
from tests.support.facts import host, hreflang, page, site, site_context, sitemap
from tests.unit.checks import rows_crawlability, rows_link_graph, rows_page_content

DATA = Path(__file__).parents[2] / "data"
BOUND = bind({})

Row = tuple[str, PageFacts | SiteFacts, SiteContext | None, bool]


ROWS: list[Row] = [*rows_crawlability.ROWS, *rows_link_graph.ROWS, *rows_page_content.ROWS]


def findings(facts: PageFacts | SiteFacts, context: SiteContext | None = None) -> list[Finding]:
    if isinstance(facts, SiteFacts):
        out = BOUND.run_site(facts)
    else:
        out = BOUND.run_page(facts, context or site_context())
    assert out.failed_checks == []
    return out


def find(code: str, facts: PageFacts | SiteFacts, context: SiteContext | None = None) -> Finding:
    return next(finding for finding in findings(facts, context) if finding.code == code)


@pytest.mark.parametrize(
    "code, facts, context, fires",
    [pytest.param(*row, id=f"{i}-{row[0]}-{row[3]}") for i, row in enumerate(ROWS)],
)
def test_check_fires_exactly_where_defined(
    code: str, facts: PageFacts | SiteFacts, context: SiteContext | None, fires: bool
) -> None:
    assert (code in {finding.code for finding in findings(facts, context)}) is fires


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_every_check_has_a_row_that_fires_and_one_that_does_not(code: str) -> None:
    assert {row[3] for row in ROWS if row[0] == code} == {True, False}


def test_no_row_names_an_unknown_check() -> None:
    assert {row[0] for row in ROWS} <= set(BY_CODE)


def test_a_good_page_and_a_good_host_have_no_finding() -> None:
    topics = {"fetch", "indexability", "canonical", "links", "url", "sitemap", "hreflang", "ai"}
    found = [*findings(page()), *findings(site(host()))]
    assert [f.code for f in found if BY_CODE[f.code].topic in topics] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_check_is_described(check: object) -> None:
    found = BY_CODE[check.code]  # type: ignore[attr-defined]  # parametrize gives object
    assert found.severity in get_args(Severity)
    assert found.scope in get_args(Scope)
    assert found.needs in get_args(Needs)
    assert len(found.title) <= 100
    assert not found.title.endswith(".")
    assert found.why.endswith(".")
    assert found.fix.endswith(".")


def test_two_checks_of_one_code_are_an_error() -> None:
    with pytest.raises(ValueError, match=CHECKS[0].code):
        _by_code((CHECKS[0], CHECKS[0]))


SEVERITIES = [
    ("http_4xx", page(status=404), None, "high"),
    ("http_4xx", page(status=404, is_start=True), None, "critical"),
    ("http_4xx", page(status=404), rows_crawlability.LANDING, "critical"),
    ("html_large", page(body_bytes=2_000_000), None, "medium"),
    ("html_large", page(body_bytes=2_000_001), None, "high"),
    ("robots_blocked", rows_crawlability.failed(error="robots_disallowed"), None, "info"),
    (
        "robots_blocked",
        rows_crawlability.failed(error="robots_disallowed"),
        rows_crawlability.LANDING,
        "medium",
    ),
    (
        "index_signals_conflict",
        page(directives=[rows_crawlability.meta("noindex")], hreflangs=rows_crawlability.SET),
        None,
        "low",
    ),
    (
        "index_signals_conflict",
        page(
            directives=[rows_crawlability.meta("noindex")],
            canonicals=[rows_crawlability.canonical("/other")],
        ),
        None,
        "high",
    ),
    ("canonical_missing", page(canonicals=[]), None, "low"),
    ("canonical_missing", rows_crawlability.at("/?a=1", canonicals=[]), None, "medium"),
    ("robots_txt_invalid", site(host(invalid_robots_lines=["1: x"])), None, "low"),
    ("robots_txt_invalid", site(host(robots_is_html=True)), None, "medium"),
    (
        "ai_search_bot_blocked",
        rows_crawlability.robots(rows_crawlability.group("YouBot", disallow="/")),
        None,
        "low",
    ),
    (
        "ai_search_bot_blocked",
        rows_crawlability.robots(rows_crawlability.group("bingbot", disallow="/")),
        None,
        "medium",
    ),
    ("hreflang_invalid_code", page(hreflangs=[hreflang("uk-uk", "/")]), None, "high"),
    ("hreflang_invalid_code", page(hreflangs=[hreflang("iw", "/")]), None, "low"),
    ("hreflang_invalid_code", page(hreflangs=[hreflang("es-419", "/")]), None, "low"),
]


@pytest.mark.parametrize("code, facts, context, severity", SEVERITIES)
def test_severity_follows_the_case(
    code: str, facts: PageFacts | SiteFacts, context: SiteContext | None, severity: str
) -> None:
    assert find(code, facts, context).severity == severity


@pytest.mark.parametrize("count, severity", [(499, "low"), (500, "medium")])
def test_missing_sitemap_weighs_more_on_a_large_site(count: int, severity: str) -> None:
    facts = site(host(robots_sitemaps=[], sitemaps=[]), indexable_count=count)
    assert find("sitemap_missing", facts).severity == severity


CODES = json.loads((DATA / "hreflang_bcp47.json").read_text())


@pytest.mark.parametrize("tag", CODES["valid"])
def test_valid_hreflang_code_is_accepted(tag: str) -> None:
    facts = page(hreflangs=[hreflang(tag, "/plumbing")])
    assert "hreflang_invalid_code" not in {f.code for f in findings(facts)}


@pytest.mark.parametrize("case", CODES["invalid_or_warn"], ids=lambda case: case["tag"])
def test_invalid_hreflang_code_is_reported(case: dict[str, str]) -> None:
    facts = page(hreflangs=[hreflang(case["tag"], "/plumbing")])
    assert find("hreflang_invalid_code", facts).evidence


def test_ai_training_policy_lists_bots_and_signals() -> None:
    groups = [
        rows_crawlability.group("GPTBot", disallow="/"),
        rows_crawlability.group("*", content_signals=[("ai-train", "no")]),
    ]
    evidence = find("ai_training_policy", site(host(groups=groups))).evidence
    assert evidence[0].value == "GPTBot: blocked; ai-train=no for *"


def test_host_findings_name_their_host() -> None:
    facts = site(host(), host(host="shop.example.com", robots_status=500, is_start=False))
    assert find("robots_txt_5xx", facts).subject == "shop.example.com"


def test_tenant_limit_replaces_the_default() -> None:
    bound = bind({"url_long": CheckSetting(limits={"chars": 20})})
    codes = [f.code for f in bound.run_page(page(), site_context())]
    assert "url_long" in codes


def test_sitemap_evidence_names_the_file() -> None:
    broken = sitemap(url="https://www.example.com/broken.xml", kind="")
    evidence = find("sitemap_invalid", site(host(sitemaps=[sitemap(), broken]))).evidence
    assert [e.urls for e in evidence] == [["https://www.example.com/broken.xml"]]
