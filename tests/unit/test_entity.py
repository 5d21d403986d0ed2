"""An entity report that flatters or blames without facts would send an agency the wrong way."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.entity import rules, same_as
from lsos.domains.entity.analysis import Analyser, Subject
from lsos.domains.entity.places import Place
from lsos.domains.entity.rules import Analysis
from lsos.domains.entity.topics import Keyword, Topics, wanted_stems
from lsos.web.facts import Heading, PageFacts, StructuredItem
from lsos.web.html.structured_data import jsonld_items
from tests.support import facts

ORIGIN = "https://www.example.com"
ORG_ID = f"{ORIGIN}/#organization"
PLACE = Place(
    name="Example Plumbing Springfield",
    street="12 Main Street",
    city="Springfield",
    region="IL",
    postcode="62701",
    country="US",
    phone="+1 217 555 0142",
    landing_url=f"{ORIGIN}/springfield/",
)
ORGANIZATION: dict[str, Any] = {
    "@type": "Organization",
    "@id": ORG_ID,
    "name": "Example Plumbing",
    "url": f"{ORIGIN}/",
    "logo": f"{ORIGIN}/logo.png",
    "telephone": "+1-217-555-0142",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "12 Main Street",
        "addressLocality": "Springfield",
        "addressRegion": "IL",
        "postalCode": "62701",
        "addressCountry": "US",
    },
    "sameAs": [
        "https://www.facebook.com/exampleplumbing",
        "https://www.yelp.com/biz/example-plumbing",
        "https://www.linkedin.com/company/example-plumbing",
    ],
}
PLUMBER = ORGANIZATION | {
    "@type": "Plumber",
    "@id": f"{ORIGIN}/springfield/#plumber",
    "parentOrganization": {"@id": ORG_ID},
}
FOOTER = "Example Plumbing, 12 Main St, Springfield, IL 62701"


def items(*nodes: dict[str, Any]) -> list[StructuredItem]:
    """As `parse` reads them from a script element."""
    return [item for node in nodes for item in jsonld_items(_json(node))[0]]


def _json(node: object) -> str:
    return msgspec.json.encode(node).decode()


def page(path: str, *nodes: dict[str, Any], h1: str = "Plumbers", **more: Any) -> PageFacts:
    values: dict[str, Any] = {
        "url": ORIGIN + path,
        "titles": [h1],
        "headings": [Heading(1, h1)],
        "items": items(*nodes),
        "chrome_text": FOOTER,
        "phones": ["(217) 555-0142"],
    }
    return facts.page(**(values | more))


def analyse(*pages: PageFacts, **subject: Any) -> Analysis:
    values: dict[str, Any] = {"start_url": f"{ORIGIN}/", "business_name": "Example Plumbing"}
    analyser = Analyser(Subject(**(values | subject)))
    for one in pages:
        analyser.add(one)
    return analyser.finish()


def whole_site() -> tuple[PageFacts, ...]:
    service = {"@type": "Service", "name": "Boiler repair", "provider": {"@id": ORG_ID}}
    return (
        page("/", ORGANIZATION),
        page("/springfield/", PLUMBER, h1="Plumbers in Springfield"),
        page("/services/boiler-repair/", service, h1="Boiler repair"),
    )


def test_a_complete_site_has_all_points() -> None:
    found = analyse(
        *whole_site(),
        places=[PLACE],
        services=["Boiler repairs"],
        keywords=[Keyword("boiler repairs near me"), Keyword("plumber springfield")],
    )
    assert {name: p.points for name, p in found.parts.items()} == dict(rules.WEIGHTS)
    assert found.score == 100.0
    assert found.graph["conflict_count"] == 0
    assert found.graph["dangling_count"] == 0
    assert found.graph["main"] == ORG_ID


def test_without_facts_a_part_is_null_and_the_rest_counts_fully() -> None:
    found = analyse(page("/", ORGANIZATION))
    assert {name for name, p in found.parts.items() if p.points is None} == {
        "agreement",
        "coverage",
        "topics",
    }
    assert rules.measured_points(found.parts) == 45
    assert found.score is None, "under 50 points measured"
    with_keywords = analyse(page("/", ORGANIZATION), keywords=[Keyword("plumbers")])
    assert with_keywords.score == 100.0


def test_a_run_without_pages_gives_no_part() -> None:
    found = analyse()
    assert {p.points for p in found.parts.values()} == {None}
    assert found.score is None


def test_a_site_without_structured_data_has_no_identity() -> None:
    """That is a measurement, unlike an absent crawl."""
    identity = analyse(page("/")).parts["identity"]
    assert identity.points == 0
    assert identity.evidence["missing"] == ["name", "address", "telephone", "url", "image", "id"]


@pytest.mark.parametrize(
    "lacks, missing",
    [
        ("telephone", "telephone"),
        ("address", "address"),
        ("logo", "image"),
        ("@id", "id"),
        ("url", "url"),
    ],
)
def test_identity_names_what_is_missing(lacks: str, missing: str) -> None:
    node = {key: value for key, value in ORGANIZATION.items() if key != lacks}
    identity = analyse(page("/", node)).parts["identity"]
    assert (identity.points, identity.evidence["missing"]) == (25.0, [missing])


def test_area_served_stands_for_the_address_only_without_a_public_one() -> None:
    node = {k: v for k, v in ORGANIZATION.items() if k != "address"} | {"areaServed": "Springfield"}
    visiting = Place(name="Example Plumbing", phone=PLACE.phone)
    assert analyse(page("/", node), places=[visiting]).parts["identity"].points == 30
    assert analyse(page("/", node), places=[PLACE]).parts["identity"].points == 25


def test_the_main_entity_is_the_one_of_the_business() -> None:
    agency = {"@type": "Organization", "@id": f"{ORIGIN}/#agency", "name": "Web Wizards Ltd"}
    found = analyse(
        *(
            page(f"/{n}", agency, ORGANIZATION if n == 9 else {"@type": "WebPage"})
            for n in range(9)
        ),
        page("/", ORGANIZATION),
    )
    assert found.graph["main"] == ORG_ID


def test_values_that_contradict_each_other_between_pages_are_conflicts() -> None:
    other = {"@type": "Organization", "@id": ORG_ID, "name": "Riverside Drains"}
    written = {"@type": "Organization", "@id": ORG_ID, "telephone": "(217) 555-0142"}
    found = analyse(page("/", ORGANIZATION), page("/a", other), page("/b", written), places=[PLACE])
    assert [(c["id"], c["property"]) for c in found.graph["conflicts"]] == [(ORG_ID, "name")]  # type: ignore[attr-defined,union-attr]  # a list of dicts


def test_dangling_ids_are_not_judged_when_the_crawl_was_cut_off() -> None:
    node = {"@type": "Article", "publisher": {"@id": ORG_ID}, "about": {"@id": "https://a.org/#x"}}
    found = analyse(page("/a", node)).graph
    assert found["dangling"] == [{"id": ORG_ID, "references": 1, "page": f"{ORIGIN}/a"}]
    cut = analyse(page("/a", node), is_cut_off=True).graph
    assert (cut["dangling"], cut["dangling_count"]) == (None, None)


def test_another_phone_in_the_markup_disagrees() -> None:
    wrong = PLUMBER | {"telephone": "+1-217-555-0999"}
    part = analyse(page("/", ORGANIZATION), page("/springfield/", wrong), places=[PLACE]).parts[
        "agreement"
    ]
    assert part.evidence["wrong_locations"] == 1
    assert part.evidence["matches"]["wrong"] == 1  # type: ignore[index]  # a dict
    assert part.points == pytest.approx(20 * 5 / 6, abs=0.01)
    first = part.evidence["comparisons"][0]  # type: ignore[index]  # a list
    assert (first["surface"], first["field"], first["match"]) == ("structured", "phone", "wrong")


def test_a_location_without_its_page_is_unmeasured_on_visible_text() -> None:
    """The page may be blocked: that is no contradiction."""
    elsewhere = Place(name="Example Plumbing Shelbyville", city="Shelbyville", phone="+12175550177")
    part = analyse(page("/"), places=[elsewhere]).parts["agreement"]
    assert (part.total, part.evidence["unmeasured"]) == (2, 2)
    cut = analyse(page("/"), places=[elsewhere], is_cut_off=True).parts["agreement"]
    assert cut.points is None


def test_a_location_page_is_found_by_town_and_contact_without_a_landing_page() -> None:
    place = Place(name="Example Plumbing", city="Springfield", phone=PLACE.phone)
    found = analyse(
        page("/blog/a-day-in-springfield/", h1="A day in Springfield", depth=4),
        page("/springfield/", PLUMBER, h1="Plumbers in Springfield"),
        page("/", ORGANIZATION),
        places=[place],
    )
    urls = {c["url"] for c in found.parts["agreement"].evidence["comparisons"]}  # type: ignore[attr-defined,union-attr]  # a list of dicts
    assert f"{ORIGIN}/springfield/" in urls
    assert f"{ORIGIN}/blog/a-day-in-springfield/" not in urls


def test_pages_that_are_not_linked_to_the_main_entity_are_listed() -> None:
    lonely = {"@type": "Service", "name": "Drains"}
    part = analyse(
        page("/", ORGANIZATION),
        page("/services/drains/", lonely, h1="Drains"),
        page("/services/", h1="Services"),
        page("/blog/services/drains/", h1="Drains in the news"),
    ).parts["coverage"]
    assert (part.points, part.total) == (0.0, 1)
    assert part.evidence["missing"] == [f"{ORIGIN}/services/drains/"]


def test_service_pages_by_pattern() -> None:
    part = analyse(
        page("/", ORGANIZATION),
        page("/what-we-do/taps", {"@type": "Product", "brand": {"@id": ORG_ID}}),
        page("/what-we-do-not", h1="No"),
        services=["/what-we-do/*"],
    ).parts["coverage"]
    assert (part.count, part.total) == (1, 1)


@pytest.mark.parametrize(
    "url, verdict",
    [
        ("https://www.facebook.com/exampleplumbing", "valid"),
        ("https://de.wikipedia.org/wiki/Beispiel", "valid"),
        ("https://www.google.com/maps?cid=123", "valid"),
        ("https://maps.google.com/?cid=123", "valid"),
        ("https://www.facebook.com/profile.php?id=100", "valid"),
        ("http://www.facebook.com/exampleplumbing", "not_https"),
        ("https://www.facebook.com/", "no_profile"),
        ("https://twitter.com/intent/tweet?text=a", "no_profile"),
        ("https://www.facebook.com/sharer/sharer.php?u=x", "no_profile"),
        ("https://www.google.com/search?q=example", "unknown_kind"),
        ("https://social.example.org/us", "unknown_kind"),
        ("https://facebook.com.evil.example/x", "unknown_kind"),
        ("https://notfacebook.com/x", "unknown_kind"),
        ("https://www.example.com/about", "own_site"),
        ("@example", "malformed"),
        ("https://user@facebook.com/x", "malformed"),
        ("https://[::1/x", "malformed"),
        ("javascript:alert(1)", "malformed"),
    ],
)
def test_which_same_as_counts(url: str, verdict: str) -> None:
    assert same_as.judge(url, "www.example.com").verdict == verdict


def test_one_profile_in_two_spellings_counts_once() -> None:
    values = [
        "https://facebook.com/Example/",
        "https://www.facebook.com/example",
        "https://x.com/e",
    ]
    assert len(same_as.profiles(values)) == 2
    node = ORGANIZATION | {"sameAs": values}
    assert analyse(page("/", node)).parts["same_as"].points == 10


@pytest.mark.parametrize(
    "language, keyword, text, is_covered",
    [
        ("en", "emergency dentists near me", "An emergency dentist for you", True),
        ("en", "emergency dentist", "A dentist", False),
        ("de", "Zahnärzte in Köln", "Der Zahnärztin Praxis Köln: Zahnärzte", True),
        ("es", "fontaneros baratos", "Fontanero barato en Madrid", True),
        ("fr", "plombiers parisiens", "Un plombier parisien", True),
        ("en-US", "crowns", "Dental crown", True),
        ("ja", "歯医者", "東京の歯医者です", True),
        ("xx", "zubar", "zubar praha", True),
    ],
)
def test_keywords_meet_pages_by_their_stems(
    language: str, keyword: str, text: str, is_covered: bool
) -> None:
    topics = Topics([Keyword(keyword, language)])
    topics.add(facts.page(titles=[""], headings=[], text=text))
    assert bool(topics.covered) is is_covered


def test_a_better_place_replaces_a_worse_one_and_a_keyword_counts_once() -> None:
    topics = Topics([Keyword("boiler repair"), Keyword("Boiler  Repair"), Keyword("drains")])
    topics.add(
        facts.page(url="https://a.example/1", titles=["x"], headings=[], text="repair boilers")
    )
    topics.add(
        facts.page(url="https://a.example/2", titles=["Boiler repairs"], headings=[], text="")
    )
    ((_, cover),) = topics.covered
    assert (topics.total, cover.place, cover.url) == (2, "title", "https://a.example/2")
    assert [keyword.text for keyword in topics.missing] == ["drains"]


def test_a_keyword_of_stop_words_alone_is_still_looked_for() -> None:
    assert wanted_stems("near me", "en")


def test_signals_ask_only_for_what_was_measured_and_is_short() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    good = analyse(*whole_site(), places=[PLACE], keywords=[Keyword("boiler repair")])
    assert rules.signals_of(good.parts, at) == []
    wrong = {"@type": "Plumber", "name": "Riverside Drains", "telephone": "+1-217-555-0999"}
    bad = analyse(
        page("/springfield/", wrong, h1="Springfield"),
        places=[PLACE],
        keywords=[Keyword("solar panels")],
    )
    codes = [signal.code for signal in rules.signals_of(bad.parts, at)]
    assert codes == [kind.code for kind in rules.SIGNALS]
    empty = analyse()
    assert rules.signals_of(empty.parts, at) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "@type", "name", "address", "telephone", "sameAs", "url", "location", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(
    st.lists(
        st.builds(
            lambda data, kind, name: StructuredItem([kind], name, data),
            st.dictionaries(
                st.sampled_from(["name", "address", "telephone", "sameAs", "url"]), _JSON
            ),
            st.sampled_from(["Organization", "Plumber", "Service"]),
            st.none() | st.text(max_size=6),
        ),
        max_size=5,
    )
)
def test_no_markup_breaks_the_analysis(nodes: list[StructuredItem]) -> None:
    found = analyse(page("/springfield/", items=nodes), places=[PLACE])
    for part in found.parts.values():
        assert part.points is None or 0 <= part.points <= part.of
    assert found.score is None or 0 <= found.score <= 100
