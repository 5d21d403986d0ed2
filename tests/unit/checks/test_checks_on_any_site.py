"""Whatever a site sends, no check raises on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.checks.engine import bind
from lsos.checks.helpers.url_parts import path_of, query_names
from lsos.checks.topics.canonical import page_number
from lsos.checks.topics.links import is_valid_mailto, is_valid_tel
from lsos.web.facts import (
    Anchorless,
    Canonical,
    Directives,
    Heading,
    Hreflang,
    Link,
    PageFacts,
)
from tests.support.facts import host, page, site, site_context

words = st.text(max_size=30)
urls = st.one_of(
    st.sampled_from(
        [
            "",
            "https://",
            "http://[::1",
            "https://[::1]:8080/a",
            "https://www.example.com/(S(x))/a;sid=1?&=&a",
            "https://user@www.example.com:443/a//b/%zz",
            "mailto:",
            "javascript:void(0)",
            "//x",
        ]
    ),
    st.builds("https://www.example.com/{}".format, words),
    words,
)
directive = st.one_of(
    st.sampled_from(["noindex", "none", "index", "max-snippet:0", "unavailable_after:"]),
    st.builds("unavailable_after: {}".format, words),
)
pages = st.builds(
    page,
    url=st.builds("https://www.example.com/{}".format, words),
    status=st.sampled_from([0, 200, 204, 301, 404, 429, 503]),
    is_html=st.booleans(),
    in_sitemap=st.booleans(),
    googlebot_allowed=st.booleans(),
    error=st.sampled_from([None, "timeout", "robots_disallowed"]),
    content_type=words,
    sniffed_type=st.sampled_from(["html", "xml", "unknown", "empty", ""]),
    headers=st.dictionaries(st.just("date"), words, max_size=1),
    lang=st.none() | words,
    titles=st.lists(words, max_size=2),
    headings=st.lists(st.builds(Heading, st.just(1), words), max_size=2),
    text=words,
    word_count=st.integers(0, 100),
    rel_next=urls,
    directives=st.lists(
        st.builds(
            Directives,
            bot=st.sampled_from(["", "googlebot"]),
            source=st.sampled_from(["meta", "header"]),
            values=st.lists(directive, max_size=3),
        ),
        max_size=3,
    ),
    canonicals=st.lists(
        st.builds(Canonical, url=urls, raw=urls, in_head=st.booleans()), max_size=3
    ),
    hreflangs=st.lists(
        st.builds(
            Hreflang,
            lang=words.map(str.lower),
            url=urls,
            raw=urls,
            source=st.sampled_from(["html", "header"]),
        ),
        max_size=3,
    ),
    links=st.lists(
        st.builds(Link, url=urls, href=urls, anchor=words, is_http=st.booleans()), max_size=4
    ),
    anchorless=st.lists(st.builds(Anchorless, words, words), max_size=2),
    tel_links=st.lists(words, max_size=2),
    mailto_links=st.lists(words, max_size=2),
)

BOUND = bind({})


@given(pages)
def test_no_check_raises_on_hostile_facts(facts: PageFacts) -> None:
    assert BOUND.run_page(facts, site_context()).failed_checks == []


@given(st.lists(st.tuples(words, words), max_size=5), st.lists(words, max_size=5))
def test_no_host_check_raises(signals: list[tuple[str, str]], lastmods: list[str]) -> None:
    facts = host(invalid_robots_lines=lastmods)
    facts.groups[0].content_signals = signals
    facts.sitemaps[0].lastmods = lastmods
    assert BOUND.run_site(site(facts)).failed_checks == []


@given(words)
def test_tel_and_mailto_take_any_text(value: str) -> None:
    assert isinstance(is_valid_tel(value), bool)
    assert isinstance(is_valid_mailto(value), bool)


@given(st.integers(100, 10**15 - 1))
def test_any_e164_number_is_dialable(number: int) -> None:
    assert is_valid_tel(f"+{number}")


@pytest.mark.parametrize(
    "url, series, number",
    [
        ("https://a.example/b?page=2", "https://a.example/b", 2),
        ("https://a.example/b?x=1&page=3", "https://a.example/b?x=1", 3),
        ("https://a.example/b?page=3&x=1", "https://a.example/b?x=1", 3),
        ("https://a.example/b/page/4/", "https://a.example/b", 4),
        ("https://a.example/b/page/4?x=1", "https://a.example/b?x=1", 4),
        ("https://a.example/b", "https://a.example/b", 1),
        ("https://a.example/b?mypage=2", "https://a.example/b?mypage=2", 1),
        ("https://a.example/b?page=two", "https://a.example/b?page=two", 1),
    ],
)
def test_page_number_is_split_from_its_series(url: str, series: str, number: int) -> None:
    assert page_number(url) == (series, number)


@pytest.mark.parametrize(
    "url, path, names",
    [
        ("https://a.example", "", []),
        ("https://a.example/?b=/c", "/", ["b"]),
        ("https://a.example/x?b&c=1&c=2&&", "/x", ["b", "c", "c"]),
    ],
)
def test_url_parts(url: str, path: str, names: list[str]) -> None:
    assert (path_of(url), query_names(url)) == (path, names)
