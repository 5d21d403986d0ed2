"""A report tells a client what was measured, in words that hold, whatever the data holds."""

import io
import json
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from lsos.checks.catalogue import CHECKS
from lsos.domains.reports import facts, glyphs, render, texts
from lsos.domains.reports.build import build
from lsos.domains.reports.chapters.pieces import change, clean, percent
from lsos.domains.reports.colours import contrast, parse, theme
from lsos.domains.reports.document import Chart, Report, Table
from lsos.domains.reports.rules import MAX_CELL, SECTIONS, chosen
from tests.support import reports

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></svg><svg onload=alert(1)>",
    "{{ 7*7 }} {% raw %}",
    '#eval("1") $x$ #read("/etc/passwd") #import "@preview/x:1.0.0"',
    '\\u{41} ] ) } " \\ `raw` *bold* _it_ @ref <label> = Heading',
    "line\r\nBcc: all@example.com",
    "\u202eevil\u202c \u2066x\u2069 \x00\x07\x1b[31m",
    "שלום עולם مرحبا بالعالم",
    "👩‍👩‍👧‍👦 😀 🇱🇻 中文 한국어",
    "e\u0301\u0301\u0301\u0489\u0489" * 30,
    "a" * 5_000,
    "&amp;&lt;b&gt;",
)


@pytest.fixture(scope="module")
def full() -> Report:
    return build(reports.full())


@pytest.fixture(scope="module")
def page(full: Report) -> LexborHTMLParser:
    return LexborHTMLParser(render.html(full).decode())


@pytest.fixture(scope="module")
def paper(full: Report) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(render.pdf(full))) as opened:
        yield opened


def test_a_report_has_the_sections_that_were_asked_for_and_measured() -> None:
    def ids(snapshot: facts.Snapshot) -> list[str]:
        return [section.id for section in build(snapshot).sections]

    assert ids(reports.full()) == list(SECTIONS)
    assert ids(reports.full(sections=["method", "reviews"])) == ["method", "reviews"]
    assert ids(reports.full(visibility=None)) == [s for s in SECTIONS if s != "visibility"]
    assert ids(reports.empty()) == ["summary"]


def test_a_report_of_nothing_says_so_and_shows_no_figure() -> None:
    report = build(reports.empty())
    assert texts.SAY_NOTHING in render.html(report).decode()
    assert report.notice == ""
    assert not re.search(r'class="value"', render.html(report).decode())
    assert render.pdf(report).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "asked, given_",
    [
        ([], list(SECTIONS)),
        (["local", "local", "nonsense"], ["local"]),
        (["method", "summary"], ["method", "summary"]),
    ],
)
def test_chosen_sections(asked: list[str], given_: list[str]) -> None:
    assert chosen(asked) == given_


def test_what_was_not_measured_is_named_and_never_zero() -> None:
    technical = msgspec.structs.replace(
        reports.technical(), score=None, clean_share=None, measured=12
    )
    report = build(reports.full(technical=technical, visibility=None))
    said = text_of(report, "summary")
    assert "12 of 161 URLs could be measured" in said
    assert "0.0 of 100" not in said
    assert texts.NOT_MEASURED in text_of(report, "technical")


def test_every_percentage_says_what_it_is_a_share_of(full: Report) -> None:
    for found in re.finditer(r"\d %.{0,90}", text_of(full, "summary")):
        assert re.search(r" of |\(\d+ %\)|share", found[0]) or found[0].startswith("0 %)"), found[0]


def test_synthetic_figures_are_marked_where_they_stand_and_on_the_cover() -> None:
    marked = {s.id for s in build(reports.full()).sections if s.is_synthetic}
    assert marked == {"summary", "recommendations", "visibility", "local", "reviews", "authority"}
    real = {
        "visibility": reports.rank("serpapi"),
        "local": reports.local("provider"),
        "reviews": reports.reviews("provider"),
        "authority": reports.authority("provider"),
    }
    report = build(reports.full(**real))
    assert not report.notice
    assert not any(section.is_synthetic for section in report.sections)
    assert "ynthetic" not in render.html(report).decode()


def test_the_page_can_be_walked_by_headings_and_tables(page: LexborHTMLParser) -> None:
    html = page.css_first("html")
    assert html is not None
    assert html.attributes["lang"] == "en"
    assert len(page.css("h1")) == 1
    levels = [int(node.tag[1]) for node in page.css("h1, h2, h3")]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(page.css("main h2")) == len(SECTIONS)
    for table in page.css("table"):
        assert table.css_first("caption") is not None
        assert all(th.attributes.get("scope") == "col" for th in table.css("thead th"))
        for row in table.css("tbody tr"):
            assert [th.attributes.get("scope") for th in row.css("th")] == ["row"]
    for svg in page.css("svg"):
        assert svg.attributes["role"] == "img"
        assert svg.css_first("title") is not None
        assert svg.css_first("desc") is not None
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    assert {a.attributes["href"] for a in page.css("nav a")} == {f"#{name}" for name in SECTIONS}


def test_the_page_needs_no_network_and_runs_no_script(page: LexborHTMLParser) -> None:
    assert not page.css("script, link, iframe, object, embed, form, base")
    for node in page.css("*"):
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert (value or "").startswith(("#", "data:image/"))
    policy = page.css_first('meta[http-equiv="Content-Security-Policy"]')
    assert policy is not None
    assert "default-src 'none'" in (policy.attributes["content"] or "")


def test_the_pdf_is_tagged_and_can_be_found_the_way_in(paper: pikepdf.Pdf) -> None:
    root: Any = paper.Root
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang).startswith("en")
    assert root.ViewerPreferences.DisplayDocTitle
    assert "Bluebell Dental Care" in str(paper.docinfo.Title)
    with paper.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
    with paper.open_outline() as outline:
        assert [item.title for item in outline.root] == [texts.SECTIONS[s] for s in SECTIONS]
    tags = [str(node.S) for node in structure(root.StructTreeRoot)]
    assert tags.count("/H1") == len(SECTIONS)
    report = build(reports.full())
    tables = [b for s in report.sections for b in s.blocks if isinstance(b, Table)]
    charts = [b for s in report.sections for b in s.blocks if isinstance(b, Chart)]
    assert tags.count("/Table") == len(tables)
    assert {"/TH", "/TD", "/L", "/LI", "/Caption"} <= set(tags)
    described = [n for n in structure(root.StructTreeRoot) if str(n.S) == "/Figure" and "/Alt" in n]
    assert len(described) == len(charts)
    assert 6 <= len(paper.pages) <= 14


def test_the_pdf_brings_its_fonts_with_it(paper: pikepdf.Pdf) -> None:
    names = set()
    for page in paper.pages:
        for font in page.Resources.get("/Font", {}).values():
            descendant = font.DescendantFonts[0]
            assert {"/FontFile2", "/FontFile3"} & set(descendant.FontDescriptor.keys())
            assert "/ToUnicode" in font
            names.add(str(font.BaseFont).partition("+")[2].partition("-")[0])
    assert {"NotoSans", "DejaVuSans"} <= names


def test_the_same_snapshot_gives_the_same_bytes_also_from_the_database() -> None:
    snapshot = reports.full()
    column = json.dumps(facts.stored(snapshot), sort_keys=True)  # JSONB keeps no order of keys
    stored = facts.read(json.loads(column))
    assert stored == snapshot
    assert stored.sha256 == snapshot.sha256
    one, other = build(snapshot), build(stored)
    assert render.html(one) == render.html(other)
    assert render.pdf(one) == render.pdf(other)


def test_another_input_is_another_hash() -> None:
    other = reports.full(campaign=facts.Campaign(name="Bluebell", site_url="https://x.example/"))
    assert other.sha256 != reports.full().sha256


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_texts(text: str) -> None:
    report = build(poisoned(text))
    html = render.html(report).decode()
    tree = LexborHTMLParser(html)
    assert not tree.css("script, img, iframe")
    assert not [n for n in tree.css("*") if any(a.startswith("on") for a in n.attributes)]
    assert not set("\u202e\u2066\x00\x07\x1b") & set(html)
    assert clean(text) in (tree.body.text() if tree.body else "")
    with pikepdf.open(io.BytesIO(render.pdf(report))) as opened:
        assert "/JavaScript" not in (opened.Root.get("/Names") or {})
        with opened.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1", "fell back to an untagged profile"


@settings(max_examples=25)
@given(st.text(max_size=80))
def test_any_text_can_be_set(text: str) -> None:
    report = build(poisoned(text))
    LexborHTMLParser(render.html(report).decode())
    assert render.pdf(report).startswith(b"%PDF-")


@given(st.text(max_size=400))
def test_cleaned_text_is_one_short_line(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_CELL
    assert cleaned == clean(cleaned)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", cleaned)


def test_characters_without_a_glyph_are_replaced_and_named() -> None:
    report = build(reports.full(campaign=facts.Campaign(name="中文 Dental", site_url="")))
    with pikepdf.open(io.BytesIO(render.pdf(report))) as opened:
        assert "\N{REPLACEMENT CHARACTER}" in str(opened.docinfo.Title)
    assert "中文 Dental" in render.html(report).decode()
    missing: set[str] = set()
    found = glyphs.settable("Ωβ Жы שלום مرحبا 😀 中", glyphs.coverage(), missing)
    assert found == "Ωβ Жы שלום مرحبا 😀 \N{REPLACEMENT CHARACTER}"
    assert glyphs.named(missing) == ["U+4E2D CJK UNIFIED IDEOGRAPH-4E2D"]
    assert glyphs.named("中文字", 2)[-1] == "1 more"


def test_long_lists_are_cut_with_a_count() -> None:
    rank = msgspec.structs.replace(reports.rank(), keywords_total=9_999)
    report = build(reports.full(visibility=rank))
    assert "20 of 9,999 shown." in render.html(report).decode()


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_any_brand_colour_can_be_read(primary: int, accent: int) -> None:
    made = theme(f"#{primary:06x}", f"#{accent:06x}")
    white = (255, 255, 255)

    def rgb(colour: str) -> tuple[int, int, int]:
        return parse(colour, white)

    assert contrast(rgb(made.on_cover), rgb(made.cover)) >= 4.5
    assert contrast(rgb(made.ink), white) >= 4.5
    assert contrast(rgb(made.mark), white) >= 3
    assert contrast(rgb(made.accent), white) >= 3
    # Dark and quiet text on the tinted ground of tiles.
    assert contrast((0x4B, 0x55, 0x63), rgb(made.tint)) >= 4.5


def test_words_of_the_page_have_contrast_on_their_grounds() -> None:
    white, notice = (255, 255, 255), parse("#fdf2d0", (0, 0, 0))
    style = render.STYLE
    assert contrast(parse("#5c3d02", white), notice) >= 4.5
    for colour in set(re.findall(r"[^-]color: (#[0-9a-f]{6})", style)):
        assert contrast(parse(colour, white), white) >= 4.5, colour


def test_a_logo_is_shown_only_when_it_is_a_picture() -> None:
    brand = facts.Brand(name="Agency", logo=f"data:image/png;base64,{b64encode(png()).decode()}")
    report = build(reports.full(brand=brand))
    assert 'alt="Agency"' in render.html(report).decode()
    assert render.pdf(report) != render.pdf(build(reports.full(brand=facts.Brand(name="Agency"))))
    for logo in (
        "javascript:alert(1)",
        "data:image/svg+xml;base64,AAAA",
        "https://x.example/a.png",
    ):
        html = render.html(build(reports.full(brand=facts.Brand(logo=logo)))).decode()
        assert "<img" not in html
        assert logo not in html


@pytest.mark.parametrize(
    "now, before, said",
    [(5, 3.5, "up 1.5"), (3, 5, "down 2.0"), (3, 3.04, "unchanged"), (None, 1, ""), (1, None, "")],
)
def test_change_only_between_measured_values(
    now: float | None, before: float | None, said: str
) -> None:
    assert change(now, before) == said


@pytest.mark.parametrize(
    "part, whole, said", [(0, 7, "0"), (7, 7, "100"), (1, 1_000, "0.1"), (999, 1_000, "99.9")]
)
def test_percent_says_none_and_all_only_when_it_is_so(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said


def test_every_topic_of_the_audit_has_a_name() -> None:
    assert {check.topic for check in CHECKS} == set(texts.TOPICS)


def text_of(report: Report, section: str) -> str:
    tree = LexborHTMLParser(render.html(report).decode())
    node = tree.css_first(f'section[aria-labelledby="{section}"]')
    assert node is not None
    return node.text(separator=" ")


def structure(node: Any) -> Iterator[Any]:
    """Elements of a PDF's structure tree."""
    children = node.get("/K")
    if children is None:
        return
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield child
            yield from structure(child)


def poisoned(text: str) -> facts.Snapshot:
    """Foreign text wherever a site, a provider or a user may put some."""
    replace = msgspec.structs.replace
    technical, rank, local = reports.technical(), reports.rank(text), reports.local(text)
    reviews = reports.reviews()
    check = replace(technical.checks[0], title=text, example=text, topic=text, severity=text)
    return reports.full(
        campaign=facts.Campaign(name=text, business_name=text, site_url=text, category=text),
        brand=facts.Brand(name=text, sender=text, footer=text, primary=text, accent=text),
        technical=replace(
            technical,
            checks=[check, *technical.checks[1:]],
            topics={text: {"high": 1}},
            worst_pages=[facts.PageCount(url=text, counts={"high": 1})],
            appeared=[text],
        ),
        visibility=replace(
            rank,
            up=[replace(rank.up[0], keyword=text, place=text, device=text)],
            keywords=[replace(rank.keywords[0], keyword=text, place=text, state=text)],
            formula=text,
        ),
        local=replace(local, locations=[replace(local.locations[0], location=text)]),
        reviews=replace(reviews, newest=[replace(reviews.newest[0], text=text, author=text)]),
    )


def png() -> bytes:
    """A red dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\x00\x00")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
