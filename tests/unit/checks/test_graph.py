"""If these fail, depth, inlinks and PageRank are not those of the site that was crawled."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.checks.graph import DAMPING, UNREACHED, Edge, LinkGraph, NodeFlag
from tests.support.graphs import ORIGIN, PAGE, Target, graph

F, N, REF, RE, META = (
    Edge.FOLLOWED, Edge.NOFOLLOW, Edge.REFERENCE, Edge.REDIRECT, Edge.REFRESH,
)  # fmt: skip
FAILED = NodeFlag.READ


def by_path(drawn: LinkGraph, values: object) -> dict[str, object]:
    return {
        drawn.url(at).removeprefix(ORIGIN): value
        for at, value in enumerate(values.tolist())  # type: ignore[attr-defined]  # an array
    }


def test_inlinks_by_follow_state_count_each_page_once() -> None:
    drawn = graph(
        {
            "/": ["/t", "/t", ("/t", N)],
            "/a": [("/t", N), ("/t", REF)],
            "/b": [("/t", REF)],
            "/c": [("/t", RE)],
            "/t": ["/t", ("/t", REF)],
        }
    )
    assert by_path(drawn, drawn.followed_inlinks)["/t"] == 1
    assert by_path(drawn, drawn.nofollow_inlinks)["/t"] == 1
    assert by_path(drawn, drawn.other_references)["/t"] == 3


@pytest.mark.parametrize(
    "links, expected",
    [
        ({"/": ["/a"], "/a": ["/b"], "/b": ["/"]}, {"/": 0, "/a": 1, "/b": 2}),
        ({"/": ["/a", "/b"], "/a": ["/b"], "/b": []}, {"/": 0, "/a": 1, "/b": 1}),
        ({"/": [], "/a": ["/"]}, {"/": 0, "/a": UNREACHED}),
        # A redirect and a refresh take the visitor on without a click, chains and loops too.
        ({"/": [("/en", RE)], "/en": ["/a"], "/a": []}, {"/": 0, "/en": 0, "/a": 1}),
        (
            {"/": ["/a"], "/a": [("/b", RE)], "/b": [("/c", META)], "/c": ["/d"], "/d": []},
            {"/": 0, "/a": 1, "/b": 1, "/c": 1, "/d": 2},
        ),
        (
            {"/": ["/a"], "/a": [("/b", RE)], "/b": [("/a", RE)]},
            {"/": 0, "/a": 1, "/b": 1},
        ),
        # Nobody sees the links of a redirect; those of a page that refreshes can be clicked.
        ({"/": ["/a"], "/a": [("/b", RE), "/c"], "/b": [], "/c": []},
         {"/": 0, "/a": 1, "/b": 1, "/c": UNREACHED}),
        ({"/": ["/a"], "/a": [("/b", META), "/c"], "/b": [], "/c": []},
         {"/": 0, "/a": 1, "/b": 1, "/c": 2}),
        ({"/": [("/a", REF)], "/a": []}, {"/": 0, "/a": UNREACHED}),
    ],
)  # fmt: skip
def test_depth_is_counted_in_clicks(links: dict[str, list[Target]], expected: object) -> None:
    drawn = graph(links)
    assert by_path(drawn, drawn.clicks) == expected


def test_a_visitor_clicks_nofollow_links_and_a_search_engine_does_not() -> None:
    drawn = graph({"/": [("/a", N)], "/a": ["/b"], "/b": []})
    assert by_path(drawn, drawn.clicks) == {"/": 0, "/a": 1, "/b": 2}
    assert by_path(drawn, drawn.followed_clicks) == {"/": 0, "/a": UNREACHED, "/b": UNREACHED}


def test_a_run_without_its_start_or_without_anything_has_no_depth() -> None:
    assert len(graph({}).clicks) == 1
    drawn = graph({"/": ["/a"], "/a": []})
    drawn.start = -1
    assert set(drawn.clicks.tolist()) == {UNREACHED}


def test_known_ranks() -> None:
    """Two pages that link to each other share all; a page that both link to and is a dead end."""
    drawn = graph({"/": ["/a"], "/a": ["/"]})
    assert drawn.page_rank.tolist() == pytest.approx([0.5, 0.5])
    drawn = graph({"/": ["/c"], "/a": ["/c"], "/c": []})
    # r = (1 - d) / 3 + d * c / 3 for / and /a; c gets d * 2r on top.
    low = 1 / (3 + 2 * DAMPING)
    assert drawn.page_rank.tolist() == pytest.approx([low, low, 1 - 2 * low], abs=1e-6)


def test_links_through_redirects_and_canonicals_count_for_the_page_at_the_end() -> None:
    through = graph(
        {"/": ["/old"], "/old": [("/mid", RE)], "/mid": [("/new", RE)], "/new": ["/"]},
        flags={"/old": FAILED, "/mid": FAILED},
    )
    direct = graph({"/": ["/new"], "/new": ["/"]})
    ranks = by_path(through, through.page_rank)
    assert (ranks["/old"], ranks["/mid"]) == (0, 0)
    assert [ranks["/"], ranks["/new"]] == pytest.approx(direct.page_rank.tolist())
    named = graph({"/": ["/a?x=1"], "/a?x=1": ["/"], "/a": ["/"]}, canonicals={"/a?x=1": "/a"})
    assert by_path(named, named.page_rank)["/a?x=1"] == 0
    assert by_path(named, named.page_rank)["/a"] == pytest.approx(0.5)


def test_loops_end_and_a_canonical_that_is_no_page_is_ignored() -> None:
    loop = graph({"/": ["/a"], "/a": ["/"], "/b": []}, canonicals={"/a": "/b", "/b": "/a"})
    ranks = by_path(loop, loop.page_rank)
    assert all(ranks.values()), "pages of a loop keep their own"
    drawn = graph({"/": ["/a"], "/a": [], "/gone": []}, canonicals={"/a": "/gone"},
                  flags={"/gone": FAILED})  # fmt: skip
    assert by_path(drawn, drawn.page_rank)["/a"]


def test_sources_are_the_eligible_pages_that_refer_to_a_url() -> None:
    drawn = graph(
        {"/": ["/gone"], "/a": [("/gone", REF)], "/noindex": ["/gone"], "/b": ["/a"]},
        flags={"/noindex": NodeFlag.READ | NodeFlag.PAGE},
    )
    keys = {drawn.url(at).removeprefix(ORIGIN): int(key) for at, key in enumerate(drawn.keys)}
    sources = drawn.sources_of([keys["/gone"], 10**9])
    assert sources(keys["/gone"]) == [keys["/"], keys["/a"]]
    assert sources(keys["/b"]) == sources(10**9) == []


SIZE = 12
PATHS = ["/", *(f"/{n}" for n in range(SIZE - 1))]
sites = st.dictionaries(
    st.sampled_from(PATHS),
    st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from([F, N, REF, RE, META])), max_size=6),
)


@given(sites)
def test_depth_is_that_of_a_plain_search(links: dict[str, list[tuple[str, Edge]]]) -> None:
    drawn = graph(links)
    found, level, distance = {"/": 0}, ["/"], 0
    while level:
        for path in level:  # grows by what hops reach
            hops = [t for t, kind in links.get(path, ()) if kind in (RE, META) and t not in found]
            found.update(dict.fromkeys(hops, distance))
            level.extend(dict.fromkeys(hops))
        distance += 1
        following = []
        for path in level:
            edges = links.get(path, [])
            if any(kind == RE and target != path for target, kind in edges):
                continue
            following += [t for t, kind in edges if kind in (F, N) and t not in found]
        level = list(dict.fromkeys(following))
        found.update(dict.fromkeys(level, distance))
    clicks = by_path(drawn, drawn.clicks)
    assert clicks == {path: found.get(path, UNREACHED) for path in clicks}


@given(sites, st.dictionaries(st.sampled_from(PATHS), st.sampled_from(PATHS), max_size=4))
def test_ranks_sum_to_one_and_every_ranked_page_has_some(
    links: dict[str, list[tuple[str, Edge]]], canonicals: dict[str, str]
) -> None:
    pages = {path: links.get(path, []) for path in PATHS}
    drawn = graph(pages, canonicals=canonicals, flags=dict.fromkeys(PATHS, PAGE))
    assert drawn.page_rank.sum() == pytest.approx(1)
    least = (1 - DAMPING) / len(PATHS)
    assert all(rank == 0 or rank >= least * 0.999 for rank in drawn.page_rank.tolist())


def test_page_checks_and_the_api_do_not_load_numpy() -> None:
    code = (
        "import sys, lsos.checks.engine, lsos.web.html.parse, lsos.api, lsos.worker;"
        " sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
