"""If these fail, listed pages are never seen, or a hostile sitemap takes the worker down."""

import gzip
import json
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.web.sitemaps import (
    MAX_LASTMODS,
    MAX_SITEMAP_URLS,
    Entry,
    parse_lastmod,
    parse_sitemap,
)

CASES: dict[str, dict[str, Any]] = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[2] / "data" / "sitemap_cases.json").read_text("utf-8")
    )["cases"]
}
URL = "https://ex.test/maps/sitemap.xml"
OPEN = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def urlset(inner: str, head: str = "") -> bytes:
    return f"{head}{OPEN}{inner}</urlset>".encode()


def locs(body: bytes) -> list[str]:
    return [entry.loc for entry in parse_sitemap(body, URL).entries]


@pytest.mark.parametrize(
    "case_id, expected, fault",
    [
        ("sm-01", ["https://ex.test/a", "https://ex.test/b"], ""),
        ("sm-06", ["https://ex.test/?a=1&b=2"], "malformed"),
        ("sm-08", ["https://ex.test/a"], "truncated"),
        ("sm-10", ["https://ex.test/a", "https://ex.test/a"], ""),
        ("sm-11", ["https://evil.test/a"], ""),
        ("sm-13", ["https://ex.test/a"], ""),
        ("sm-14", [], ""),
        ("sm-21", [], "dtd"),
    ],
)
def test_known_cases(case_id: str, expected: list[str], fault: str) -> None:
    sitemap = parse_sitemap(CASES[case_id]["content"].encode(), URL)
    assert [entry.loc for entry in sitemap.entries] == expected
    assert sitemap.fault == fault


def test_one_url_too_many_is_flagged() -> None:
    urls = "".join(f"<url><loc>/{number}</loc></url>" for number in range(MAX_SITEMAP_URLS + 1))
    sitemap = parse_sitemap(gzip.compress(urlset(urls), 1), URL)
    assert len(sitemap.entries) == MAX_SITEMAP_URLS
    assert sitemap.is_over_limit
    assert sitemap.fault == ""
    assert not parse_sitemap(urlset("<url><loc>/1</loc></url>" * 5), URL, max_urls=5).is_over_limit


def zipped(data: bytes) -> bytes:
    """Without the time, since a row's name must be the same in every process that collects it."""
    return gzip.compress(data, mtime=0)


def bomb(head: bytes, fill: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    block = fill * ((1 << 20) // len(fill))
    parts = [packer.compress(head), *(packer.compress(block) for _ in range(megabytes))]
    return b"".join(parts) + packer.flush()


@pytest.mark.parametrize(
    "head, fill, megabytes, fault",
    [
        (b"", b"\0", 1_024, "too_large"),
        (b"", b" ", 60, "too_large"),
        (b"", b"x", 60, "too_large"),
        (OPEN.encode() + b"<url><loc>", b"a", 60, "too_large"),
        (OPEN.encode() + b"<url x='", b"a", 60, "malformed"),
        (OPEN.encode() + b"<!--", b"a", 60, "malformed"),
        (OPEN.encode(), b"<a>", 60, "malformed"),
    ],
)
def test_bombs_end_in_a_typed_fault_and_little_memory(
    head: bytes, fill: bytes, megabytes: int, fault: str
) -> None:
    body = bomb(head, fill, megabytes)
    tracemalloc.start()
    try:
        sitemap = parse_sitemap(body, URL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sitemap.fault == fault
    assert sitemap.is_over_limit is (fault == "too_large")
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://evil.test/x.dtd"> %p;]>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ATTLIST url a CDATA "aaaa">]>',
        "<!DOCTYPE x []>",
    ],
)
def test_nothing_can_be_declared(declaration: str) -> None:
    sitemap = parse_sitemap(urlset("<url><loc>/a&e;</loc></url>", declaration), URL)
    assert (sitemap.fault, sitemap.entries) == ("dtd", [])


def test_an_external_document_type_is_not_fetched() -> None:
    body = urlset("<url><loc>/a</loc></url>", '<!DOCTYPE x SYSTEM "file:///etc/passwd">')
    assert locs(body) == ["https://ex.test/a"]


ONE = "<url><loc>/a</loc></url>"


@pytest.mark.parametrize(
    "body, expected, fault",
    [
        (urlset(ONE, "\ufeff"), 1, ""),
        (urlset(ONE, "\n <!-- x -->"), 1, ""),
        (urlset(ONE, '\n<?xml version="1.0"?>'), 1, "malformed"),
        (urlset(ONE, '\ufeff\n<?xml version="1.0"?>'), 1, "malformed"),
        (urlset(ONE).decode().encode("utf-16"), 1, ""),
        (urlset(ONE, '<?xml version="1.0" encoding="windows-1252"?>'), 1, ""),
        (urlset(ONE).decode().encode("utf-16-le"), 1, ""),
        (urlset(ONE).decode().encode("utf-16-be"), 1, ""),
        (urlset(ONE, '<?xml version="1.0" encoding="gb2312"?>'), 1, ""),
        (urlset(ONE, '<?xml version="1.0" encoding="iso-8859-99"?>'), 0, "malformed"),
        (urlset(ONE) + b"<script/>", 1, "malformed"),
        (urlset(ONE + "<url><loc>/b</url>" + ONE), 1, "malformed"),
        (urlset(ONE + "<url><loc>/b?x&nbsp;y</loc></url>" + ONE), 3, "malformed"),
        (urlset(ONE + "<url><loc>/" + "x" * 9_000 + "</loc></url>" + ONE), 2, ""),
        (urlset("<url><loc>mailto:a@b.test</loc></url><url/>" + ONE), 1, ""),
        (urlset(f"<x>{ONE}</x>" + ONE), 1, ""),
        (f"<urlset>{ONE}</urlset>".encode(), 1, "namespace"),
        (f"<urlset xmlns='http://wrong.test/'>{ONE}</urlset>".encode(), 1, "namespace"),
        (b"", 0, "empty"),
        (b" \n ", 0, "empty"),
        (b"<!doctype html><title>Not found</title>", 0, "html"),
        (b"<!DOCTYPE html><p>Not found", 0, "html"),
        (b"\n<html><body>Not found", 0, "html"),
        (b"<opml/>", 0, "unknown"),
        (b"Not found", 0, "unknown"),
        (b'{"urls": []}', 0, "unknown"),
        (zipped(urlset(ONE)), 1, ""),
        (zipped(urlset(ONE)[:50]) + zipped(urlset(ONE)[50:]), 1, ""),
        (zipped(urlset(ONE)) + b"\0" * 100, 1, ""),
        (zipped(urlset(ONE))[:-8], 1, "truncated"),
        (b"\x1f\x8b", 0, "truncated"),
        (b"\x1f\x8bnot gzip", 0, "bad_gzip"),
    ],
)
def test_what_sites_really_send(body: bytes, expected: int, fault: str) -> None:
    sitemap = parse_sitemap(body, URL)
    assert (len(sitemap.entries), sitemap.fault) == (expected, fault)


def test_a_declared_encoding_is_read_as_such() -> None:
    head = '<?xml version="1.0" encoding="Windows-1252"?>'
    body = urlset("<url><loc>/ä€</loc></url>", head).decode().encode("cp1252")
    assert locs(body) == ["https://ex.test/%C3%A4%E2%82%AC"]


def test_bytes_are_counted_uncompressed() -> None:
    assert parse_sitemap(gzip.compress(urlset(ONE)), URL).bytes == len(urlset(ONE))
    sitemap = parse_sitemap(urlset(ONE * 9_000), URL, max_bytes=100_000)
    assert sitemap.is_over_limit
    assert sitemap.fault == "too_large"
    assert sitemap.entries


def test_extensions_are_told_from_the_url_itself() -> None:
    sitemap = parse_sitemap(
        urlset(
            "<url><image:image><image:loc>/i.png</image:loc></image:image>"
            "<video:loc>/v</video:loc><loc> /a <!-- x --></loc><loc>/second</loc>"
            '<xhtml:link rel="alternate" hreflang="DE" href="/de#x"/>'
            '<xhtml:link rel="alternate" hreflang="x-default" href="https://ex.test/"/>'
            '<xhtml:link rel="alternate" href="/nolang"/>'
            '<xhtml:link rel="stylesheet" hreflang="fr" href="/css"/>'
            '<xhtml:link rel="alternate" hreflang="fr" href="mailto:a@b.test"/>'
            "<lastmod> 2024-05-01 </lastmod></url>"
        ),
        URL,
    )
    alternates = [("de", "https://ex.test/de"), ("x-default", "https://ex.test/")]
    assert sitemap.entries == [Entry("https://ex.test/a", "2024-05-01", alternates)]
    assert sitemap.fault == ""


def test_prefixed_names_and_cdata() -> None:
    body = (
        '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<s:url><s:loc><![CDATA[/a?b&c]]></s:loc></s:url></s:urlset>"
    )
    sitemap = parse_sitemap(body.encode(), URL)
    assert [entry.loc for entry in sitemap.entries] == ["https://ex.test/a?b&c"]
    assert sitemap.fault == ""


def test_elements_of_another_prefix_are_not_ours() -> None:
    body = (
        '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<s:url><loc>/x</loc><s:loc>/a</s:loc></s:url><url><s:loc>/y</s:loc></url></s:urlset>"
    )
    assert locs(body.encode()) == ["https://ex.test/a"]


def test_an_index_names_children() -> None:
    body = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>a.xml</loc><lastmod>yesterday</lastmod></sitemap>"
        "<sitemap><loc>https://ex.test/b.xml.gz</loc><lastmod>2024</lastmod></sitemap>"
        "</sitemapindex>"
    )
    sitemap = parse_sitemap(body.encode(), URL)
    assert sitemap.kind == "index"
    assert sitemap.children == ["https://ex.test/maps/a.xml", "https://ex.test/b.xml.gz"]
    assert sitemap.entries == []
    assert (sitemap.lastmods, sitemap.invalid_lastmods) == ([], ["yesterday"])


def test_rss() -> None:
    body = (
        '<rss version="2.0"><channel><link>/home</link><atom:link href="/feed"/>'
        "<item><title>x</title><link>/a</link>"
        "<pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate></item>"
        "<item><guid>1</guid></item></channel></rss>"
    )
    sitemap = parse_sitemap(body.encode(), URL)
    assert sitemap.kind == "rss"
    assert sitemap.entries == [Entry("https://ex.test/a", "Mon, 01 Jan 2024 00:00:00 GMT")]
    assert (sitemap.fault, sitemap.lastmods, sitemap.invalid_lastmods) == ("", [], [])


def test_atom() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/home"/>'
        '<entry><link rel="enclosure" href="/f.mp3"/><link href="/a"/><link href="/b"/>'
        "<updated>2024-01-01T00:00:00Z</updated></entry></feed>"
    )
    sitemap = parse_sitemap(body.encode(), URL)
    assert sitemap.kind == "atom"
    assert sitemap.entries == [Entry("https://ex.test/a", "2024-01-01T00:00:00Z")]


@pytest.mark.parametrize(
    "body, expected, fault",
    [
        (b"https://ex.test/a\nhttps://ex.test/b", 2, ""),
        (b"\xef\xbb\xbf\r\nHTTPS://ex.test/a\r\n\r\nhttps://ex.test/b\r", 2, ""),
        (b"https://ex.test/a\n/b\n", 1, "malformed"),
        (b"https://ex.test/a\n" + b"x" * 200_000 + b"\nhttps://ex.test/b", 2, "malformed"),
        ("https://ex.test/ä".encode("latin-1"), 1, ""),
    ],
)
def test_text(body: bytes, expected: int, fault: str) -> None:
    sitemap = parse_sitemap(body, URL)
    assert (sitemap.kind, len(sitemap.entries), sitemap.fault) == ("text", expected, fault)


def test_dates_are_kept_as_written_and_bad_ones_keep_their_url() -> None:
    bad = CASES["sm-29"]["content"].split(" | ")
    urls = "".join(f"<url><loc>/x</loc><lastmod>{text}</lastmod></url>" for text in [*bad, "2024"])
    sitemap = parse_sitemap(urlset(urls), URL)
    assert sitemap.lastmods == [*bad, "2024"]
    assert sitemap.invalid_lastmods == bad
    assert len(sitemap.entries) == 4
    many = urlset("<url><loc>/x</loc><lastmod>no</lastmod></url>" * (MAX_LASTMODS + 1))
    assert len(parse_sitemap(many, URL).invalid_lastmods) == MAX_LASTMODS


@pytest.mark.parametrize("text", CASES["sm-28"]["content"].split(" | "))
def test_every_form_of_a_date_is_read(text: str) -> None:
    parsed = parse_lastmod(text)
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1997-07", datetime(1997, 7, 1, tzinfo=UTC)),
        (" 1997-07-16T19:20+01:00\n", datetime(1997, 7, 16, 18, 20, tzinfo=UTC)),
        ("1997-07-16T19:20:30.45-01:30", datetime(1997, 7, 16, 20, 50, 30, 450_000, UTC)),
        ("2024-02-29T00:00:00.1234567Z", datetime(2024, 2, 29, 0, 0, 0, 123_456, UTC)),
        *((text, None) for text in CASES["sm-29"]["content"].split(" | ")),
        ("2023-02-29", None),
        ("2024-01-01T10:00:00", None),
        ("2024-01-01 10:00:00Z", None),
        ("2024-01-01T24:00Z", None),
        ("2024-01-01T10:00+24:00", None),
        ("2024-01-01T10:00+01:60", None),
        ("0001-01-01T00:00+01:00", None),
        ("9999-12-31T23:59-01:00", None),
        ("2024-1-1", None),
        ("２０２４", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: datetime | None) -> None:
    assert parse_lastmod(text) == expected


MARKUP = """\
<?xml version='1.0'?>|<?xml version='1.0' encoding='utf-7'?>|<?xml version='1.0' encoding='idna'?>
<?xml version='1.0' encoding='unicode_escape'?>|<!DOCTYPE x>|<!DOCTYPE html>|<!--|-->|</urlset>
<sitemapindex>|<rss>|<feed>|<url>|</url>|<loc>|</loc>|/a&b|&amp;|<![CDATA[|]]>|<a:b:c>| |\0|ü
<lastmod>2024</lastmod>|<xhtml:link hreflang='x' href='/y'/>|http://a.test/"""
PIECES = st.lists(
    st.sampled_from([OPEN, "http://a.test/\n", *MARKUP.replace("\n", "|").split("|")])
).map(lambda pieces: "".join(pieces).encode("latin-1"))


@given(st.one_of(st.binary(), PIECES), st.sampled_from(["plain", "gzip", "cut"]), st.text())
def test_no_bytes_raise(body: bytes, packing: str, url: str) -> None:
    if packing != "plain":
        body = gzip.compress(body)
    if packing == "cut":
        body = body[: len(body) * 2 // 3]
    sitemap = parse_sitemap(body, url)
    assert sitemap.fault or sitemap.kind


def test_a_file_of_control_characters_is_empty() -> None:
    assert parse_sitemap(b"\x0b", "https://ex.test/sitemap.xml").fault == "empty"


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_a_date_survives_its_spelling(moment: datetime, offset_min: int) -> None:
    sign, offset = "-" if offset_min < 0 else "+", abs(offset_min)
    zone = f"{sign}{offset // 60:02}:{offset % 60:02}"
    parsed = parse_lastmod(f"{moment.isoformat()}{zone}")
    if parsed is not None:
        shift_s = (moment.replace(tzinfo=UTC) - parsed).total_seconds()
        assert shift_s == offset_min * 60


@given(st.text())
def test_no_date_raises(text: str) -> None:
    parse_lastmod(text)
