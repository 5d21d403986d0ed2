"""What a page says is what the audit sees: a wrong fact here is a false or a missed finding."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lsos.web.facts import Directives, PageFacts
from lsos.web.html.directives import from_header
from lsos.web.html.parse import parse
from lsos.web.html.shown_phones import find_phones
from lsos.web.html.source import MAX_DEPTH, sniff
from lsos.web.html.text import fold_page

DATA = Path(__file__).parents[2] / "data"
URL = "https://example.com/dir/page"
ROBOTS_CASES = json.loads((DATA / "meta_robots.json").read_text())["cases"]


def facts(html: str | bytes, **fields: Any) -> PageFacts:
    fields.setdefault("url", URL)
    fields.setdefault("status", 200)
    fields.setdefault("content_type", "text/html; charset=utf-8")
    body = html.encode() if isinstance(html, str) else html
    return parse(PageFacts(**fields), body)


def in_body(html: str) -> PageFacts:
    return facts(f"<!doctype html><title>t</title><body>{html}")


def in_head(html: str, **fields: Any) -> PageFacts:
    return facts(f"<!doctype html><html><head>{html}</head><body><p>x</body></html>", **fields)


# Response and type


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"<!DOCTYPE html><p>", "html"),
        (b"  \n<!-- c --><HTML>", "html"),
        (b"\xef\xbb\xbf<html>", "html"),
        ("<html>".encode("utf-16"), "html"),
        ("<html>".encode("utf-16-le"), "html"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html>', "html"),
        (b"warning: x<br>\n<!doctype html>", "html"),
        (b'<?xml version="1.0"?><urlset>', "xml"),
        (b"<rss version=2.0>", "xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "xml"),
        (b'{"a": "<html>"}', "json"),
        (b'[{"a":1}]', "json"),
        (b"%PDF-1.7", "pdf"),
        (b"\x89PNG\r\n\x1a\n\0", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"RIFF....WEBPVP8 ", "image"),
        (b"\0\0\0 ftypavif", "image"),
        (b"BMW dealers", "text"),
        (b"hello", "text"),
        (b" \n", "empty"),
        (b"", "empty"),
        (b"\x01\x02\x03", "unknown"),
    ],
)
def test_content_is_sniffed(body: bytes, kind: str) -> None:
    assert sniff(body) == kind


@pytest.mark.parametrize(
    "content_type, body, status, is_html",
    [
        ("text/html", b"<html><p>moved</p></html>", 301, False),
        ("text/html", b"<p>x", 200, True),
        ("application/xhtml+xml; charset=utf-8", b"<html>", 200, True),
        ("", b"<html>", 200, True),
        ("", b"plain", 200, False),
        ("text/html", b"plain", 200, True),
        ("text/html", b"", 200, True),
        ("text/html", b"", 301, False),
        ("text/html", b"<p>gone", 404, True),
        ("text/html", b"%PDF-1.7", 200, False),
        ("text/plain", b"<html>", 200, False),
        ("text/html", b"<html>", 0, False),
    ],
)
def test_only_html_is_parsed(content_type: str, body: bytes, status: int, is_html: bool) -> None:
    assert facts(body, content_type=content_type, status=status).is_html is is_html


# Head


def test_head_fields() -> None:
    page = facts(
        """<!doctype html><html lang="en-GB"><head>
        <title> A
          title </title><title>B</title>
        <meta name=Description content="d  1"><meta name=viewport content="width=device-width">
        <meta property="og:title" content="o1"><meta property="og:title" content="o2">
        <meta name="twitter:card" content="summary">
        <link rel="shortcut icon" href=/f.ico><link rel=next href=?p=2><link rel=prev href=?p=0>
        <link rel=stylesheet href=//cdn.example.net/a.css><script src=http://x.test/a.js></script>
        <link rel=preload as=font href=/f.woff2></head><body></body></html>"""
    )
    assert page.has_doctype
    assert page.lang == "en-GB"
    assert page.titles == ["A title", "B"]
    assert page.descriptions == ["d 1"]
    assert page.viewport == "width=device-width"
    assert page.og == {"og:title": "o1"}
    assert page.twitter == {"twitter:card": "summary"}
    assert page.icons == ["https://example.com/f.ico"]
    assert (page.rel_next, page.rel_prev) == (f"{URL}?p=2", f"{URL}?p=0")
    assert [(r.url, r.kind, r.raw) for r in page.resources] == [
        ("https://example.com/f.ico", "icon", "/f.ico"),
        ("https://cdn.example.net/a.css", "style", "//cdn.example.net/a.css"),
        ("http://x.test/a.js", "script", "http://x.test/a.js"),
        ("https://example.com/f.woff2", "font", "/f.woff2"),
    ]
    assert page.structure_faults == []


def test_what_is_absent_is_absent() -> None:
    page = facts("<p>x")
    assert not page.has_doctype
    assert page.lang is None
    assert page.viewport is None
    assert (page.titles, page.descriptions, page.canonicals) == ([], [], [])
    assert facts('<html lang="">').lang == ""


def test_canonicals_of_markup_and_header() -> None:
    page = in_head(
        '<link rel="canonical" href="/a#top"><link rel=canonical href="">'
        "<link rel=canonical href=mailto:a@b>",
        headers={"link": '</b>; rel="canonical", <https://x.test/c,d>; rel=preload; as=style'},
    )
    assert [(c.url, c.raw, c.source) for c in page.canonicals] == [
        ("https://example.com/b", "/b", "header"),
        ("https://example.com/a", "/a#top", "html"),
        ("", "", "html"),
        ("", "mailto:a@b", "html"),
    ]


def test_hreflangs_of_markup_and_header() -> None:
    page = in_head(
        '<link rel=alternate hreflang=" EN-us " href=en><link rel=alternate type=rss href=/f>',
        headers={"link": '<https://example.com/de>; rel="alternate"; hreflang="de"'},
    )
    assert [(h.lang, h.url, h.source, h.in_head) for h in page.hreflangs] == [
        ("de", "https://example.com/de", "header", True),
        ("en-us", "https://example.com/dir/en", "html", True),
    ]


@pytest.mark.parametrize(
    "content, target",
    [
        ("0;url=/new", "https://example.com/new"),
        ("5; URL='https://x.test/a' ", "https://x.test/a"),
        ('0, url = "new"', "https://example.com/dir/new"),
        ("0; /new", "https://example.com/new"),
        ("30", ""),
        ("0;url=page", ""),
        (f"0;url={URL}#x", ""),
        ("0;url=javascript:x()", ""),
        ("", ""),
    ],
)
def test_meta_refresh_to_another_url(content: str, target: str) -> None:
    page = in_head(f"<meta http-equiv=Refresh content='{content.replace(chr(39), '&#39;')}'>")
    assert page.meta_refresh == target


def test_refresh_for_browsers_without_scripts_is_none() -> None:
    markup = "<noscript><meta http-equiv=refresh content='0;url=/nojs'></noscript>"
    assert in_head(markup).meta_refresh == ""


def test_first_base_with_href_counts_for_the_whole_page() -> None:
    page = in_head('<link rel=canonical href=c><base target=x><base href="/b/"><base href="/c/">')
    assert page.base_href == "https://example.com/b/"
    assert page.canonicals[0].url == "https://example.com/b/c"
    assert in_head("<base href='javascript:x'><link rel=canonical href=c>").canonicals[0].url == (
        "https://example.com/dir/c"
    )


def test_dropped_parameters_make_no_other_url() -> None:
    body = b"<a href='/x?a=1&utm_source=y'>x</a>"
    page = PageFacts(url=URL, status=200, content_type="text/html")
    parse(page, body, drop_params=frozenset(["utm_source"]))
    assert page.links[0].url == "https://example.com/x?a=1"


# Robots directives


def _strictest(values: set[str]) -> list[str]:
    """nosnippet beats max-snippet, as the reader of the facts has to know."""
    return sorted(v for v in values if not (v.startswith("max-snippet") and "nosnippet" in values))


@pytest.mark.parametrize("case", ROBOTS_CASES, ids=lambda case: case["id"])
def test_robots_directives(case: dict[str, Any]) -> None:
    metas = "".join(f'<meta name=robots content="{c}">' for c in case.get("meta_robots", []))
    headers = {"x-robots-tag": ", ".join(case.get("x_robots_tag_headers", []))}
    page = in_head(case.get("html", metas), headers=headers)
    assert _strictest(page.robots_values(case.get("as_bot", "googlebot"))) == case["expected"]


@pytest.mark.parametrize(
    "header, expected",
    [
        ("noindex", [("", ["noindex"])]),
        ("NoIndex ,nofollow,, noindex", [("", ["noindex", "nofollow"])]),
        ("none, max-snippet: -1", [("", ["none", "max-snippet:-1"])]),
        ("googlebot: noindex, nofollow", [("googlebot", ["noindex", "nofollow"])]),
        ("a: noindex, b: nofollow", [("a", ["noindex"]), ("b", ["nofollow"])]),
        ("noarchive, googlebot: noindex", [("", ["noarchive"]), ("googlebot", ["noindex"])]),
        ("googlebot: noindex\nnofollow", [("googlebot", ["noindex"]), ("", ["nofollow"])]),
        (
            "unavailable_after: Wed, 03 Aug 2022 17:00:00 GMT, noindex",
            [("", ["unavailable_after: wed, 03 aug 2022 17:00:00 gmt", "noindex"])],
        ),
        (
            "a: unavailable_after: 25 Jun 2010 15:00:00 PST, b: nofollow",
            [("a", ["unavailable_after: 25 jun 2010 15:00:00 pst"]), ("b", ["nofollow"])],
        ),
        ("googlebot: max-snippet : 0", [("googlebot", ["max-snippet:0"])]),
        ("", []),
        (" , ", []),
    ],
)  # fmt: skip
def test_x_robots_tag(header: str, expected: list[tuple[str, list[str]]]) -> None:
    assert from_header(header) == [Directives(bot, "header", values) for bot, values in expected]


def test_header_directives_hold_for_files_too() -> None:
    page = facts(b"%PDF-1.7", content_type="application/pdf", headers={"x-robots-tag": "noindex"})
    assert page.is_noindex


def test_meta_directives_of_one_bot() -> None:
    page = in_head("<meta name=GoogleBot content=NOINDEX><meta name=bingbot content=nofollow>")
    assert page.directives == [
        Directives("googlebot", "meta", ["noindex"]),
        Directives("bingbot", "meta", ["nofollow"]),
    ]


# Head that ends too early


def test_what_follows_an_early_end_of_head_is_in_the_body() -> None:
    page = in_head(
        "<title>t</title><div></div><meta name=robots content=noindex><meta name=description>"
        "<link rel=canonical href=/c><link rel=alternate hreflang=en href=/e><title>u</title>"
    )
    assert page.titles == ["t"]
    assert page.body_titles == ["u"]
    assert page.body_metas == ["robots", "description"]
    assert [c.in_head for c in page.canonicals] == [False]
    assert [h.in_head for h in page.hreflangs] == [False]
    assert page.structure_faults == ["head_closed_early:div"]
    assert page.is_noindex


@pytest.mark.parametrize(
    "html, faults",
    [
        ("<head><iframe></iframe><link rel=canonical href=/></head>", ["head_closed_early:iframe"]),
        ("<head><img src=x><title>t</title></head><body>", ["head_closed_early:img"]),
        ("<head><title>t</title><img src=x></head><body>", []),
        ("<head><p>x<link rel=stylesheet href=x></head><body>", []),
        ("<head><title>t</title></head><body><title>u</title></body>", []),
        ("<head><title>t</title></head><head></head><body>", ["two_heads"]),
        ("<head></head><body><header></header><BODY class=x>", ["two_bodies"]),
        ("<head></head><body><header></header><header></header>", []),
        ("<head><!-- <p><head> --><title>t</title></head><body><!--<body>-->", []),
        ("<head><script>'<p><body>'</script><title>t</title></head><body>", []),
        ("<head><template><p><body></template><title>t</title></head><body>", []),
        ("<head><noscript><img src=x></noscript><title>t</title></head><body>", []),
        ("<title>t</title><p>x", []),
        ("<head><title>t</title><body>x", []),
        ("<head><svg><title>s</title></svg></head><body>", []),
    ],
)
def test_structure_faults(html: str, faults: list[str]) -> None:
    assert facts("<!doctype html><html>" + html).structure_faults == faults


def test_titles_of_drawings_are_no_page_titles() -> None:
    page = in_body("<svg><title>icon</title><g><title>part</title></g></svg>")
    assert (page.titles, page.body_titles, page.text) == (["t"], [], "")


# Links


@pytest.mark.parametrize(
    "html, anchor, has_name",
    [
        ("<a href=/x> a <b>b</b>, c</a>", "a b, c", True),
        ("<a href=/x><div>a</div><div>b</div></a>", "a b", True),
        ("<a href=/x><img alt='an image'></a>", "an image", True),
        ("<a href=/x><svg><title>drawn</title></svg></a>", "drawn", True),
        ("<a href=/x aria-label=label><i></i></a>", "label", True),
        ("<a href=/x title=tip></a>", "tip", True),
        ("<a href=/x aria-labelledby='no l'></a><p id=l>x</p>", "", True),
        ("<a href=/x aria-labelledby=no></a>", "", False),
        ("<a href=/x><img alt=''></a>", "", False),
        ("<a href=/x> \u00a0 </a>", "", False),
        ("<area href=/x alt=map>", "map", True),
        ("<area href=/x>", "", False),
        ("<iframe src=/x title=frame></iframe>", "frame", True),
    ],
)
def test_accessible_name_of_a_link(html: str, anchor: str, has_name: bool) -> None:
    link = in_body(html).links[0]
    assert (link.anchor, link.has_name) == (anchor, has_name)
    assert link.url == "https://example.com/x"


def test_link_attributes() -> None:
    page = in_body(
        "<a href=' /a?b=1#c\n' rel='NoFollow noopener' target=_blank role=button>x</a>"
        "<a href='' rel=ugc>y</a><a href>z</a><a href='javascript:void(0)'>j</a>"
        "<a href='http://[bad'>b</a><svg><a xlink:href=/s><text>s</text></a></svg>"
    )
    first, second, third, script, bad, drawn = page.links
    assert (first.url, first.href, first.fragment) == (
        "https://example.com/a?b=1", "/a?b=1#c", "c",
    )  # fmt: skip
    assert first.is_nofollow
    assert (first.rel, first.target, first.role) == ("nofollow noopener", "_blank", "button")
    assert second.url == third.url == URL
    assert second.is_nofollow
    assert not third.is_nofollow
    assert (script.url, script.is_http) == ("javascript:void(0)", False)
    assert (bad.url, bad.is_http) == ("http://[bad", False)
    assert (drawn.url, drawn.anchor) == ("https://example.com/s", "s")


def test_links_that_robots_cannot_follow() -> None:
    page = in_body(
        "<a onclick=go()>one</a><a data-href=/x>two</a><a routerLink=/y>three</a>"
        "<a onclick=go() id=x>anchor</a><a name=y>anchor</a><a onclick=go()></a><a>plain</a>"
    )
    assert [(a.text, a.hook) for a in page.anchorless] == [
        ("one", "onclick"), ("two", "data-href"), ("three", "routerlink"),
    ]  # fmt: skip
    assert page.links == []


def test_contact_links() -> None:
    page = in_body(
        "<a href='tel:+49%20221%201234'>c</a><a href='TEL:'>c</a>"
        "<a href='mailto:a%40b.test?subject=x'>m</a><a href='tel:%00'>n</a>"
    )
    assert page.tel_links == ["+49 221 1234", "", "\ufffd"]
    assert page.mailto_links == ["a@b.test"]


# Other elements


@pytest.mark.parametrize(
    "html, fields",
    [
        ("<img src=/i.png>", {"alt": None, "has_size": False}),
        ("<img src=/i.png alt>", {"alt": ""}),
        ("<img src=/i.png alt=' a '>", {"alt": " a "}),
        ("<img src=/i.png width=1 height=1px>", {"is_pixel": True, "has_size": True}),
        ("<img src=/i.png width=10>", {"has_size": False, "is_pixel": False}),
        ("<img src=/i.png style='width:10px;HEIGHT: 3px'>", {"has_size": True}),
        ("<img src=/i.png style='max-width:10px;height:3px'>", {"has_size": False}),
        ("<img src=/i.png style='aspect-ratio:1/2'>", {"has_size": True}),
        ("<img src=/i.png aria-hidden=true>", {"is_hidden": True}),
        ("<img src=/i.png role=presentation>", {"is_hidden": True}),
        (
            "<picture><source srcset='a.avif'><img src=/i.png srcset='b.png 2x'></picture>",
            {"in_picture": True, "srcset": "b.png 2x a.avif"},
        ),
    ],
)
def test_images(html: str, fields: dict[str, object]) -> None:
    (image,) = in_body(html).images
    assert image.src == "https://example.com/i.png"
    assert {name: getattr(image, name) for name in fields} == fields


def test_images_without_a_url_load_nothing() -> None:
    page = in_body("<img alt=x><img src='data:image/gif;base64,AA'><picture></picture>")
    assert [image.src for image in page.images] == ["", "data:image/gif;base64,AA"]
    assert page.resources == []
    assert page.pictures_without_img == 1


def test_forms_media_and_frames() -> None:
    page = in_body(
        "<form><input type=PASSWORD></form><form action=/s method=POST><input></form>"
        "<video src=v.mp4 poster=/p.jpg><source src=w.mp4></video><object data=o.swf></object>"
    )
    assert [(f.action, f.method, f.has_password) for f in page.forms] == [
        (URL, "get", True), ("https://example.com/s", "post", False),
    ]  # fmt: skip
    assert [(r.url.rpartition("/")[2], r.kind) for r in page.resources] == [
        ("v.mp4", "media"), ("p.jpg", "image"), ("w.mp4", "media"), ("o.swf", "frame"),
    ]  # fmt: skip


def test_headings_ids_and_elements() -> None:
    page = in_body("<h1>A <small>b</small></h1><h3></h3><p id=x></p><p id=x></p><!-- c -->")
    assert [(h.level, h.text) for h in page.headings] == [(1, "A b"), (3, "")]
    assert page.duplicate_ids == ["x"]
    assert page.element_count == 9


# Text


def test_main_text_leaves_out_what_every_page_repeats() -> None:
    page = in_body(
        "<header>H <nav>N</nav></header><main>Main <b>text</b>, here.<script>s()</script>"
        "<style>c{}</style><template>t</template><noscript>no</noscript>\u00a0 End</main>"
        "<aside>A</aside><footer>F 030 1234567</footer>"
    )
    assert page.text == "Main text, here. End"
    assert page.word_count == 4
    assert page.chrome_text == "H N A F 030 1234567"
    assert page.text_bytes == len(page.text) + len(page.chrome_text)
    assert page.phones == ["030 1234567"]


def test_words_of_minified_blocks_are_apart() -> None:
    page = in_body("<ul><li>one</li><li>two</li></ul><p>three<br>four</p>")
    assert page.text == "one two three four"


@pytest.mark.parametrize(
    "text, count",
    [
        ("", 0), ("one  two\n", 2), ("日本語の歯科医院", 4), ("牙科 clinic 诊所", 3),
        ("ทันตกรรม", 4), ("Стоматология в Киеве", 3), ("치과 병원", 2),
    ],
)  # fmt: skip
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    assert fold_page(text).word_count == count


def test_hash_ignores_case_and_white_space_only() -> None:
    one, same, other = (
        in_body(f"<p>{text}</p>").text_hash for text in ("A  b\nc", "a B <i>C</i>", "a b d")
    )
    assert one == same != other
    assert in_body("").text_hash == 0
    assert -(2**63) <= one < 2**63


@given(st.text(alphabet=" \t\n\r\x0b\x1e\x85\u00a0\u2003\u3000ab,é日.", max_size=40))
def test_folding_is_the_same_on_both_paths(text: str) -> None:
    folded = fold_page(text)
    assert folded.text == " ".join(folded.text.split())
    assert folded.text.replace(" ", "") == "".join(text.replace("\x1e", "").split())


@pytest.mark.parametrize(
    "text, phones",
    [
        ("Call 030/123 45 67 now", ["030/123 45 67"]),
        ("(555) 010-0199, +1 555 0100", ["(555) 010-0199", "+1 555 0100"]),
        ("+49 (0)221 12345-0", ["+49 (0)221 12345-0"]),
        ("01.23.45.67.89 or 612 345 678", ["01.23.45.67.89", "612 345 678"]),
        ("tel 5550100199.", ["5550100199"]),
        ("+49\u00a030\u20111234567", ["+49\u00a030\u20111234567"]),
        ("2024-01-31 31.01.2024 2019-2024 2019\u20132024", []),
        ("192.168.10.10 20.4.4.25.1.2 12 34 56 78 90", []),
        ("SKU12345678 39985967 $1234567 1234567890123456", []),
        ("03012345671, 03012345671", ["03012345671"]),
        ("Springfield, IL 62701 (555) 010-0199", ["(555) 010-0199"]),
        ("Boston, MA 02139-1234 (617) 555-0100", ["(617) 555-0100"]),
        ("Alder Bay, ME 04872. (207) 555-0100", ["(207) 555-0100"]),
        ("Opened in 2010. 030 1234567", ["030 1234567"]),
        ("IL 62701 555-010-0199", ["555-010-0199"]),
        ("since 2010 030 1234567", ["030 1234567"]),
        ("31.01.2024 030 1234567", ["030 1234567"]),
        ("0170 1234567 030 7654321", ["0170 1234567", "030 7654321"]),
        ("(030) 1234567 (040) 7654321", ["(030) 1234567", "(040) 7654321"]),
        ("0118 496 0123 and +44 20 7946 0958", ["0118 496 0123", "+44 20 7946 0958"]),
        ("1 (555) 010-0199", ["1 (555) 010-0199"]),
        ("06 12 34 05 67", ["06 12 34 05 67"]),
    ],
)
def test_phones(text: str, phones: list[str]) -> None:
    assert find_phones(text.encode()) == phones


@given(st.text(alphabet="0159 +()-./\u00a0\u2011\u2013\u202féa", max_size=60))
def test_phones_are_parts_of_the_text(text: str) -> None:
    assert all(phone in text for phone in find_phones(text.encode()))


# Structured data


def jsonld(*blocks: str) -> PageFacts:
    scripts = (f"<script type='application/ld+json'>{block}</script>" for block in blocks)
    return in_body("".join(scripts))


def test_jsonld_is_flattened() -> None:
    page = jsonld(
        """{"@context": "https://schema.org", "@graph": [
        {"@type": ["Dentist", "http://schema.org/Place"], "@id": "#d",
         "geo": {"@type": "schema:GeoCoordinates"}, "review": [{"@type": "Review"}]},
        {"@id": "#ref"}]}""",
        '[{"@type": "https://schema.org/WebSite"}, {"name": "untyped"}, 5, null]',
    )
    assert [(i.types, i.id, i.is_top) for i in page.items] == [
        (["Dentist", "Place"], "#d", True),
        (["GeoCoordinates"], None, False),
        (["Review"], None, False),
        (["WebSite"], None, True),
        ([], None, True),
    ]
    assert page.items[0].data["geo"] == {"@type": "schema:GeoCoordinates"}
    assert page.jsonld_errors == []


@pytest.mark.parametrize(
    "block", ['{"a": 1,}', "{'a': 1}", '{"a": "x\ny"}', "{", "NaN", "[" * 3000]
)
def test_invalid_jsonld_is_reported(block: str) -> None:
    page = jsonld(block, '{"@type": "A"}')
    assert len(page.jsonld_errors) == 1
    assert [i.types for i in page.items] == [["A"]]


def test_blank_jsonld_is_nothing() -> None:
    page = jsonld(" \n")
    assert (page.items, page.jsonld_errors) == ([], [])


def test_jsonld_strings_can_be_stored() -> None:
    page = jsonld(r'{"name": "a\u0000b\ud800c\ud83d\ude00d\\u0000"}')
    assert page.items[0].data == {"name": "a\ufffdb\ufffdc😀d\\u0000"}


def test_microdata() -> None:
    page = in_body(
        """<div itemscope itemtype="https://schema.org/Dentist" itemid="#d">
        <span itemprop="name">Dr <b>A</b></span><a itemprop="url sameAs" href="/x#y">z</a>
        <div itemprop=address itemscope itemtype="http://schema.org/PostalAddress">
          <span itemprop=postalCode content=123>x</span></div>
        <time itemprop=opens datetime=09:00>nine</time><img itemprop=image src=/i.png></div>"""
    )
    assert page.has_microdata
    assert [(i.types, i.id, i.is_top, i.source) for i in page.items] == [
        (["Dentist"], "#d", True, "microdata"),
        (["PostalAddress"], None, False, "microdata"),
    ]
    assert page.items[0].data == {
        "@type": ["Dentist"],
        "@id": "#d",
        "name": ["Dr A"],
        "url": ["https://example.com/x#y"],
        "sameAs": ["https://example.com/x#y"],
        "address": [{"@type": ["PostalAddress"], "postalCode": ["123"]}],
        "opens": ["09:00"],
        "image": ["https://example.com/i.png"],
    }


def test_rdfa_is_noticed() -> None:
    assert in_body("<div vocab=https://schema.org/ typeof=Dentist>").has_rdfa
    assert not in_body("<script>typeof x</script>").has_rdfa


# Hostile input


def assert_storable(page: PageFacts) -> None:
    packed = msgspec.msgpack.encode(page)
    assert b"\0" not in "".join(_strings(msgspec.msgpack.decode(packed))).encode()


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for pair in value.items() for part in pair for s in _strings(part)]
    return [s for part in value for s in _strings(part)] if isinstance(value, list) else []


PIECES = [
    b"<html>", b"<head>", b"</head>", b"<body>", b"<title>", b"<svg>", b"</svg>", b"<p>", b"text ",
    b"<a href='/x\0'>", b"<a href=tel:%00%ff>", b"</a>", b"<meta name=robots content='no\0index'>",
    b"<link rel=canonical href='\xff'>", b"<script type=application/ld+json>", b"</script>",
    b'{"@type":"\\ud800\\u0000"}', b"<div itemscope itemprop='a\0'>", b"</div>", b"&#0;&#xD800;",
    b"<table>", b"<td>", b"<nav>", b"<header>", b"<template>", b"<noscript>", b"<iframe src=x>",
    b"<!--", b"-->", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"<frameset>", b"<select>",
    b"<img alt=\0>",
    b"<base href='//[' >", b"<h1>", b"<style>", b"0301234567 ", b"'", b'"', b"<", b">",
    b"<meta http-equiv=refresh content='0;url=\0'>", b"<form action='http://\0'>", b"<math><a>",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
@example(b"<svg><nav><script><style><a href=x>")
@example(b"<nav><header><nav></header><style></nav>")
def test_any_markup_gives_facts_that_can_be_stored(body: bytes) -> None:
    assert_storable(facts(body, content_type="text/html"))


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "utf-16", "gbk", "iso-2022-jp", "x"]))
def test_any_bytes_give_facts_that_can_be_stored(body: bytes, charset: str) -> None:
    assert_storable(facts(b"<html>" + body, content_type=f"text/html; charset={charset}"))


@given(st.text(max_size=80), st.text(max_size=80))
@example("caf\udce9: noindex", "<\udce9>; rel=canonical; hreflang=\0")
def test_any_header_gives_facts_that_can_be_stored(robots: str, link: str) -> None:
    headers = {"x-robots-tag": robots, "link": link}
    page = facts("<p>", headers=headers)
    page.headers = {}
    assert_storable(page)


@pytest.mark.parametrize("tag", ["<div>", "<svg><a href=x>", "<nav>", "<h1><div>", "<x></y>"])
def test_deep_trees_are_cut(tag: str) -> None:
    page = facts("<title>t</title>" + tag * 100_000)
    assert page.is_truncated
    assert page.titles == ["t"]
    assert page.element_count <= MAX_DEPTH + 10


def test_tags_with_thousands_of_attributes_are_cut() -> None:
    attributes = " ".join(f"a{i}=1" for i in range(200_000))
    page = facts(f"<title>t</title><p>before</p><div {attributes}>after")
    assert page.is_truncated
    assert page.text == "before"


def test_large_plain_pages_are_whole() -> None:
    rows = "<tr><td>a<td><a href=/x>b</a><br><p>c<p>d" * 10_000
    page = facts(f"<table>{rows}</table>")
    assert not page.is_truncated
    assert len(page.links) == 10_000


def test_a_line_of_ten_megabytes() -> None:
    page = facts(b"<title>t</title><p>" + b"x" * 10_000_000)
    assert page.titles == ["t"]
    assert len(page.text) == 100_000
