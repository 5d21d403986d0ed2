"""If these fail, one page counts twice, two pages count once, or the crawl leaves its site."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lsos.web.patterns import Glob
from lsos.web.urls import (
    MAX_URL_LENGTH,
    TRACKING_PARAMS,
    Resolver,
    Scope,
    has_public_suffix,
    host_of,
    is_private_name_or_address,
    normalise,
    origin_of,
    registrable_domain,
    url_key,
)

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "url_cases.json").read_text("utf-8")
)
NOT_CRAWLABLE = "not crawlable"


def _identity(href: str) -> str:
    """What the project's rules make of a WHATWG href."""
    href = href.partition("#")[0]
    href = re.sub("%[0-9a-fA-F]{2}", lambda match: match[0].upper(), href)
    return href.removesuffix("?")


@pytest.mark.parametrize("case", CASES["whatwg"], ids=lambda case: case["id"])
def test_browsers_and_we_read_a_url_alike(case: dict[str, Any]) -> None:
    url, _, is_http = Resolver(case["base"] or "").resolve(case["input"])
    if case.get("failure"):
        assert not is_http
        return
    assert (url, is_http) == (_identity(case["href"]), True)
    assert host_of(url) == case["host"]
    if case["base"] is None:
        assert normalise(case["input"]) == url


@pytest.mark.parametrize("case", CASES["normalisation"], ids=lambda case: case["input"].strip())
def test_spellings_of_one_page_are_one_url(case: dict[str, Any]) -> None:
    url, _, is_http = Resolver("http://base/").resolve(case["input"])
    expected = case["expected"]
    if expected.startswith("keep order"):
        expected = case["input"]
    assert is_http == (expected != NOT_CRAWLABLE)
    assert url == (expected if is_http else case["input"])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/x",
        "example.com",
        "ftp://a.test/",
        "http://",
        "http://a b/",
        "http://[::1",
        "http://\ud800.test/",
        "http://a.test/" + "x" * MAX_URL_LENGTH,
        "http://a.test/" + "ü" * (MAX_URL_LENGTH // 3),
    ],
)
def test_what_is_no_http_url_or_too_long_is_none(url: str) -> None:
    assert normalise(url) is None


@pytest.mark.parametrize(
    "query, expected",
    [
        ("?utm_source=x&a=1&gclid=2&b=3", "?a=1&b=3"),
        ("?utm_source=x", ""),
        ("?a=1", "?a=1"),
        ("?utmost=1", "?utmost=1"),
        ("?a=utm_source", "?a=utm_source"),
        ("?a&&b=", "?a&&b="),
        ("?fbclid", ""),
        ("?GCLID=1", "?GCLID=1"),
    ],
)
def test_campaign_parameters_do_not_make_another_page(query: str, expected: str) -> None:
    url = "https://a.test/p" + query
    assert normalise(url, TRACKING_PARAMS) == "https://a.test/p" + expected
    assert Resolver("https://a.test/", TRACKING_PARAMS).resolve("/p" + query)[0] == (
        "https://a.test/p" + expected
    )


@pytest.mark.parametrize(
    "href, expected",
    [
        ("", ("https://www.shop.test/a/b?x=1", "", True)),
        ("#top", ("https://www.shop.test/a/b?x=1", "top", True)),
        ("c", ("https://www.shop.test/a/c", "", True)),
        ("../c#d", ("https://www.shop.test/c", "d", True)),
        ("/c/#d e", ("https://www.shop.test/c/", "d%20e", True)),
        ("?y", ("https://www.shop.test/a/b?y", "", True)),
        ("//other.test/x", ("https://other.test/x", "", True)),
        ("https://www.shop.test/c?#f", ("https://www.shop.test/c", "f", True)),
        (" mailto:a@b.test ", ("mailto:a@b.test", "", False)),
        ("JavaScript:void(0)", ("JavaScript:void(0)", "", False)),
        ("http://[bad/", ("http://[bad/", "", False)),
        ("/" + "x" * MAX_URL_LENGTH, ("/" + "x" * MAX_URL_LENGTH, "", False)),
    ],
)
def test_links_of_a_page(href: str, expected: tuple[str, str, bool]) -> None:
    assert Resolver("https://www.shop.test/a/b?x=1#y").resolve(href) == expected


HREFS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="/.?#%2eEfF:&=@\\ \tab-_~'\"<>^`{}|[]ü", max_size=30).map("/".__add__),
    st.text(alphabet="/.?#%2e&=utm_x1[]'", max_size=30).map("https://u:p@shop.test:81".__add__),
    st.text(alphabet="#%/?'\"<> `ü", max_size=12).map("#".__add__),
)
BASES = st.sampled_from(
    [
        "https://shop.test/a/b?x=1",
        "http://shop.test",
        "https://u:p@shop.test:81/",
        "https://shop.test:81/é?utm_x=1",
        "ftp://shop.test/a",
        "data:text/html,x",
        "mailto:a@b.test",
        "",
        "nonsense",
    ]
)


@example("https://shop.test/a/b?x=1", "/a/.b", True)
@example("https://shop.test/a/b?x=1", "/%2E%2E/x", True)
@example("https://shop.test/a/b?x=1", "/a?%2E", True)
@given(BASES, HREFS, st.booleans())
def test_the_short_cut_never_differs_from_the_parser(
    base: str, href: str, is_dropping: bool
) -> None:
    resolver = Resolver(base, TRACKING_PARAMS if is_dropping else frozenset())
    expected = resolver.resolve_by_parser(href)
    assert resolver.resolve(href) == expected
    assert resolver.resolve(href) == expected


@given(st.one_of(st.text(), HREFS.map("http://a.test/".__add__)))
def test_a_normalised_url_stays_as_it_is(text: str) -> None:
    url = normalise(text, TRACKING_PARAMS)
    if url is not None:
        assert normalise(url, TRACKING_PARAMS) == url
        assert url.isascii()
        assert origin_of(url).endswith(host_of(url))


def test_pages_of_endless_links_fill_no_memory() -> None:
    resolver = Resolver("https://a.test/")
    for number in range(Resolver.MEMO_SIZE + 100):
        resolver.resolve(f"/{number}")
        resolver.resolve(f"{number}")
    assert len(resolver._of_page) == len(resolver._of_origin) == Resolver.MEMO_SIZE
    assert resolver.resolve("/new") == ("https://a.test/new", "", True)
    assert Resolver("https://b.test/").resolve("/new") == ("https://b.test/new", "", True)


@given(st.lists(st.tuples(BASES, HREFS), max_size=8))
def test_what_another_page_resolved_is_never_taken_for_ones_own(
    links: list[tuple[str, str]],
) -> None:
    for page, href in links:
        resolver = Resolver(page)
        assert resolver.resolve(href) == resolver.resolve_by_parser(href)


@pytest.mark.parametrize(
    "host, domain, is_public, is_private",
    [
        ("www.example.co.uk", "example.co.uk", True, False),
        ("a.b.example.com:8080", "example.com", True, False),
        ("Example.COM.", "example.com", True, False),
        ("alice.github.io", "alice.github.io", True, False),
        ("co.uk", "co.uk", True, False),
        ("xn--bcher-kva.de", "xn--bcher-kva.de", True, False),
        ("localhost:8000", "localhost", False, True),
        ("shop.internal", "shop.internal", False, True),
        ("site.test", "site.test", False, True),
        ("8.8.8.8", "8.8.8.8", False, False),
        ("127.0.0.1:80", "127.0.0.1", False, True),
        ("10.1.2.3", "10.1.2.3", False, True),
        ("[::1]:8000", "[::1]", False, True),
        ("fd00::1", "fd00::1", False, True),
        ("[2606:4700::1111]", "[2606:4700::1111]", False, False),
        ("", "", False, True),
    ],
)
def test_hosts(host: str, domain: str, is_public: bool, is_private: bool) -> None:
    assert registrable_domain(host) == domain
    assert has_public_suffix(host) is is_public
    assert is_private_name_or_address(host) is is_private


def test_host_and_origin_leave_credentials_out() -> None:
    assert host_of("https://u:p@a.test:81/x?y=//z") == "a.test:81"
    assert origin_of("https://u:p@a.test:81/x") == "https://a.test:81"


def test_a_key_is_stable_fits_a_bigint_and_needs_the_secret() -> None:
    keys = [url_key(b"s", f"https://a.test/{number}") for number in range(200)]
    assert len(set(keys)) == 200
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0 < max(keys)
    assert url_key(b"s", "https://a.test/0") == keys[0] != url_key(b"t", "https://a.test/0")


@pytest.mark.parametrize(
    "start, subdomains, url, is_inside",
    [
        ("https://example.com/", False, "https://example.com/x", True),
        ("https://example.com/", False, "http://www.example.com/", True),
        ("https://www.example.com/", False, "http://example.com/", True),
        ("https://www.example.com/", False, "https://blog.example.com/", False),
        ("https://www.example.com/", True, "https://blog.example.com/", True),
        ("https://blog.example.com/", True, "https://example.com/", True),
        ("https://example.com/", True, "https://notexample.com/", False),
        ("https://example.com/", True, "https://example.com.evil.test/", False),
        ("https://example.com/", True, "https://evil.test/?https://example.com/", False),
        ("https://example.com/", True, "https://example.com@evil.test/", False),
        ("https://example.com/", False, "https://example.com:8443/", False),
        ("https://example.com/", True, "https://blog.example.com:8443/", False),
        ("http://localhost:8000/", False, "http://localhost:8000/a", True),
        ("http://localhost:8000/", False, "http://localhost:8001/a", False),
        ("http://127.0.0.1:8000/", True, "http://127.0.0.1:8000/a", True),
        ("https://alice.github.io/", True, "https://bob.github.io/", False),
        ("https://github.io/", True, "https://bob.github.io/", False),
        ("https://example.com/", False, "mailto:a@example.com", False),
        ("https://example.com/", False, "ftp://example.com/", False),
    ],
)
def test_scope_by_host(start: str, subdomains: bool, url: str, is_inside: bool) -> None:
    assert Scope.of(start, subdomains=subdomains).contains(url) is is_inside


@pytest.mark.parametrize(
    "include, exclude, path, is_inside",
    [
        (["/blog/"], [], "/blog/a", True),
        (["/blog/"], [], "/shop", False),
        (["/blog$", "/shop"], [], "/shop/x", True),
        (["/blog$"], [], "/blog/x", False),
        ([], ["*?sort="], "/a?sort=1", False),
        ([], ["*?sort="], "/a?page=1", True),
        ([], ["/*/print$"], "/a/b/print", False),
        ([], ["/*/print$"], "/a/print/b", True),
        (["/blog/"], ["/blog/tag/"], "/blog/tag/x", False),
        ([], ["/größe"], "/gr%C3%B6%C3%9Fe", False),
        ([], ["/a%2fb"], "/a%2Fb", False),
    ],
)
def test_scope_by_pattern(
    include: list[str], exclude: list[str], path: str, is_inside: bool
) -> None:
    scope = Scope.of("https://a.test/", include, exclude)
    assert scope.contains("https://a.test" + path) is is_inside


@pytest.mark.parametrize(
    "pattern", ["", "blog", "https://a.test/x", "/a b", "/a\n", "/a#b", "/" + "x" * 5000]
)
def test_a_bad_pattern_is_named(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(pattern[:100])[:-1])):
        Scope.of("https://a.test/", exclude=[pattern])


def test_a_start_that_is_no_url_is_named() -> None:
    with pytest.raises(ValueError, match="not an http"):
        Scope.of("a.test")


@given(st.text(alphabet="ab*$", max_size=8), st.text(alphabet="ab$", max_size=10))
def test_globs_match_what_their_regex_does(pattern: str, text: str) -> None:
    body = pattern.removesuffix("$")
    regex = ".*".join(map(re.escape, body.split("*"))) + (r"\Z" if body != pattern else "")
    assert Glob.of(pattern).matches(text) == bool(re.match(regex, text))


def test_a_pattern_of_stars_does_not_hang() -> None:
    assert not Glob.of("/" + "*a" * 5_000 + "*b$").matches("/" + "a" * 4_000)
