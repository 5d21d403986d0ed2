"""Rows of the checks of head, content, image, security, structured data and local."""

from typing import Any

from lsos.checks.site import Place, SiteContext
from lsos.web.facts import Cookie, Form, Heading, Image, Link, PageFacts, Resource
from tests.support.facts import ORIGIN, item, link, page, site_context

Row = tuple[str, PageFacts, SiteContext | None, bool]

_HTTP = "http://www.example.com/plumbing"
_PRIVATE = site_context(start_url="http://localhost/", host="localhost", is_private_host=True)
_HTTP_SITE = site_context(start_url="http://www.example.com/")
_WORDS = " ".join(f"word{number}" for number in range(300))
_FILLER = " ".join(f"filler{number}" for number in range(380))
_HEADERS = page().headers
_ADDRESS = {
    "@type": "PostalAddress",
    "streetAddress": "12 Main Street",
    "addressLocality": "Springfield",
    "addressRegion": "IL",
    "postalCode": "62701",
    "addressCountry": "US",
}
_HARD = (
    "Institutional heterogeneity necessitates interdisciplinary methodological considerations "
    "regarding organizational accountability. "
) * 30
_EASY = "We fix your tap. We come fast. You pay one price. Call us and we will be there. " * 15
_BUSINESS = {
    "name": "Example Plumbing",
    "address": _ADDRESS,
    "geo": {"latitude": 39.79951, "longitude": -89.64410},
    "openingHours": "Mo-Fr 09:00-17:00",
    "telephone": "+1-217-555-0123",
    "url": f"{ORIGIN}/",
}


def _headers(**changed: str | None) -> dict[str, str]:
    headers: dict[str, str | None] = {
        **_HEADERS,
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return {name: value for name, value in headers.items() if value is not None}


def _business(*types: str, **changed: Any) -> PageFacts:
    """A page with one complete LocalBusiness; a property of None is left out."""
    data = {key: val for key, val in {**_BUSINESS, **changed}.items() if val is not None}
    return page(items=[item(*(types or ("Plumber",)), data=data)])


def _address(**changed: Any) -> PageFacts:
    parts = {key: val for key, val in {**_ADDRESS, **changed}.items() if val is not None}
    return _business(address=parts)


def _spec(*specs: dict[str, Any]) -> PageFacts:
    return _business(openingHoursSpecification=list(specs))


def _hours(opens: object, closes: object, day: object = "Monday", **more: Any) -> dict[str, Any]:
    return {"dayOfWeek": day, "opens": opens, "closes": closes, **more}


def _images(*names: str, **values: Any) -> list[Image]:
    return [Image(src=f"{ORIGIN}/{n}", alt="A van", has_size=True, **values) for n in names]


def _stuffed(count: int, word: str = "boiler") -> str:
    """400 words, `count` of them the same."""
    filler = _FILLER.split() + [f"more{number}" for number in range(20)]
    return " ".join([word] * count + filler[: 400 - count])


def _text(value: str, **more: Any) -> PageFacts:
    return page(text=value, word_count=len(value.split()), **more)


def _rows(code: str, *cases: tuple[PageFacts, bool], site: SiteContext | None = None) -> list[Row]:
    return [(code, facts, site, fires) for facts, fires in cases]


_TITLES = [
    *_rows(
        "title_missing",
        (page(titles=[]), True),
        (page(titles=[""]), True),
        (page(titles=[" "]), True),
        (page(), False),
        (page(titles=[], status=404), False),
        (page(titles=[], is_html=False), False),
    ),
    *_rows(
        "title_multiple",
        (page(titles=["One", "Two"]), True),
        (page(titles=["One"]), False),
        (page(titles=["One"], body_titles=["Two"]), False),
    ),
    *_rows(
        "title_long",
        (page(titles=["x" * 61]), True),
        (page(titles=["x" * 60]), False),
        (page(titles=["水" * 31]), True),
        (page(titles=["水" * 30]), False),
        (page(titles=["e\u0301" * 60]), False),
        (page(titles=["é" * 1_000_000]), True),
        (page(titles=[]), False),
    ),
    *_rows(
        "title_short",
        (page(titles=["x" * 14]), True),
        (page(titles=["x" * 15]), False),
        (page(titles=["水" * 8]), False),
        (page(titles=["水" * 7]), True),
        (page(titles=[""]), False),
    ),
    *_rows(
        "title_eq_h1",
        (page(titles=["Plumbers in Springfield"]), True),
        (page(titles=["PLUMBERS IN  Springfield"]), True),
        (page(), False),
        (page(titles=[""], headings=[Heading(1, "")]), False),
    ),
]
_DESCRIPTIONS = [
    *_rows(
        "desc_missing",
        (page(descriptions=[]), True),
        (page(descriptions=["  "]), True),
        (page(), False),
        (page(descriptions=[], status=404), False),
        (page(descriptions=[], googlebot_allowed=False), False),
    ),
    *_rows(
        "desc_multiple",
        (page(descriptions=["One", "Two"]), True),
        (page(descriptions=["One"]), False),
    ),
    *_rows(
        "desc_long",
        (page(descriptions=["x" * 156]), True),
        (page(descriptions=["x" * 155]), False),
        (page(descriptions=["水" * 100]), False),
    ),
    *_rows(
        "desc_short",
        (page(descriptions=["x" * 69]), True),
        (page(descriptions=["x" * 70]), False),
        (page(descriptions=["水" * 35]), False),
        (page(descriptions=["水" * 34]), True),
        (page(descriptions=[""]), False),
    ),
]
_HEADINGS = [
    *_rows(
        "h1_missing",
        (page(headings=[]), True),
        (page(headings=[Heading(1, ""), Heading(2, "Boilers")]), True),
        (page(), False),
    ),
    *_rows(
        "h1_multiple",
        (page(headings=[Heading(1, "One"), Heading(1, "Two")]), True),
        (page(headings=[Heading(1, "One"), Heading(1, "")]), False),
    ),
    *_rows(
        "h1_long",
        (page(headings=[Heading(1, "x" * 71)]), True),
        (page(headings=[Heading(1, "x" * 70)]), False),
    ),
    *_rows(
        "heading_skip",
        (page(headings=[Heading(1, "One"), Heading(3, "Three")]), True),
        (page(headings=[Heading(1, "One"), Heading(2, "Two"), Heading(3, "Three")]), False),
        (page(headings=[Heading(3, "Three"), Heading(1, "One")]), False),
        (page(headings=[]), False),
    ),
    *_rows(
        "og_missing",
        (page(og={}), True),
        (page(og={"og:title": "T", "og:description": "D", "og:image": ""}), True),
        (page(og={"og:title": "T", "og:description": "D", "og:image:url": "/i.png"}), False),
        (page(), False),
    ),
    *_rows(
        "twitter_missing",
        (page(twitter={}, og={}), True),
        (page(twitter={}), False),
        (page(), False),
    ),
]
_DOCUMENT = [
    *_rows(
        "lang_missing",
        (page(lang=None), True),
        (page(lang=""), True),
        (page(lang="en"), False),
    ),
    *_rows(
        "lang_invalid",
        *((page(lang=tag), True) for tag in ("en_US", "e", "englishes", "en-", " en", "de-a", "x")),
        *((page(lang=tag), True) for tag in ("123", "en--US", "en-US-", "zh-Hans-x", "a" * 9_999)),
        *(
            (page(lang=tag), False)
            for tag in ("en", "en-GB", "zh-Hans", "sr-Latn-RS", "fil", "x-default", "X-Default")
        ),
        *(
            (page(lang=tag), False)
            for tag in ("de-CH-1996", "sl-rozaj-biske", "es-419", "en-a-bbb-x-a", "zh-cmn-Hans-CN")
        ),
        *((page(lang=tag), False) for tag in ("i-klingon", "en-GB-oed", "art-lojban", "da")),
        (page(lang=None), False),
        (page(lang=""), False),
    ),
    *_rows(
        "charset_missing",
        (page(charset_source="default", charset="windows-1252"), True),
        (page(charset_source="meta"), False),
        (page(charset_source="bom"), False),
    ),
    *_rows("doctype_missing", (page(has_doctype=False), True), (page(), False)),
    *_rows("viewport_missing", (page(viewport=None), True), (page(), False)),
    *_rows(
        "html_structure_bad",
        (page(structure_faults=["head_closed_early:div"]), True),
        (page(structure_faults=["two_bodies"]), True),
        (page(), False),
    ),
    *_rows("dup_ids", (page(duplicate_ids=["menu"]), True), (page(), False)),
    *_rows("dom_large", (page(element_count=1501), True), (page(element_count=1500), False)),
]
_CONTENT = [
    *_rows(
        "thin_content",
        (page(word_count=199), True),
        (page(word_count=200), False),
        (page(word_count=10, url=f"{ORIGIN}/locations/springfield"), True),
        (page(word_count=10, url=f"{ORIGIN}/blog/boiler-care"), True),
        (page(word_count=10, url=f"{ORIGIN}/contact-lenses"), True),
        *(
            (page(word_count=10, url=f"{ORIGIN}{path}"), False)
            for path in (
                "/contact",
                "/de/Kontakt.html",
                "/mentions-legales/",
                "/datenschutzerkl%C3%A4rung",
                "/my-account/orders",
                "/blog",
                "/category/pipes",
                "/wp/galerie/",
            )
        ),
        (page(word_count=10, titles=["Impressum | Example Plumbing"]), False),
        (page(word_count=10, titles=["Example Plumbing – Contact us"]), False),
        (page(word_count=10, status=404), False),
    ),
    *_rows(
        "lorem_placeholder",
        (page(text="Our team. Lorem Ipsum dolor sit amet."), True),
        (page(titles=["Plumber in [City] | Example"]), True),
        (page(text="Plumber in {{ city }} and around"), True),
        (page(headings=[Heading(1, "Your headline here")]), True),
        (page(text="Write your text in the box [sic] and press send {now}."), False),
        (page(text="Look at sys.modules[name] or print {name} with print(f'{name}')"), False),
        (page(text="Dear [first name], we repair pipes"), True),
        (page(text="Write [Service] Type=notify into the unit file"), False),
        (page(), False),
    ),
    *_rows(
        "mojibake",
        (page(text="Caf\ufffd opening hours"), True),
        (page(text="CafÃ© du Nord"), True),
        (page(titles=["Itâ€™s our plumber"]), True),
        (page(text="ÐŸÑ€Ð¸Ð²ÐµÑ‚"), True),
        (page(text="Â© 2024 Example"), True),
        (page(text="SÃO PAULO, CHÂTEAU, ÂGE, Ñandú, café, naïve, it’s “fine” – €5"), False),
        (page(text="Привет, 東京, ἀλφα"), False),
    ),
    *_rows(
        "keyword_stuffing",
        (_text(_stuffed(21)), True),
        (_text(_stuffed(20)), False),
        (_text(_stuffed(40, "plumbing")), False),
        (_text(_stuffed(40, "the")), False),
        (_text(_stuffed(40, "und"), lang="de-AT"), False),
        (_text(_stuffed(40, "ve"), lang="tr"), False),
        (_text(_stuffed(40, "2024")), False),
        (_text("boiler " * 199), False),
        (page(text="", word_count=300), False),
    ),
    *_rows(
        "reading_hard",
        (_text(_HARD), True),
        (_text(_HARD, lang="EN-us"), True),
        (_text(_EASY), False),
        (_text(_HARD, lang="de"), False),
        (_text(_HARD.replace(".", "")), False),
        (page(text="", word_count=300), False),
    ),
    *_rows(
        "date_disagreement",
        (
            page(
                text="Published on March 12, 2024. Pipes.",
                items=[item("Article", data={"datePublished": "2024-01-01"})],
            ),
            True,
        ),
        (
            page(
                text="Aktualisiert am 12. März 2024. Rohre.",
                items=[item("Article", data={"datePublished": "2023-03-12"})],
            ),
            True,
        ),
        (
            page(
                text="Published on March 12, 2024. Pipes.",
                items=[item("Article", data={"dateModified": "2024-03-12T23:30:00-06:00"})],
            ),
            False,
        ),
        (
            page(
                text="Updated 03/04/2024",
                items=[item("Article", data={"dateModified": ["2024-04-03", None, 5]})],
            ),
            False,
        ),
        (
            page(
                text="Open since March 12, 1990.",
                items=[item("Article", data={"datePublished": "2024-01-01"})],
            ),
            False,
        ),
        (
            page(
                text="Posted 2024-01-01 A. Posted 2024-02-01 B. Posted 2024-03-01 C.",
                items=[item("Blog", data={"dateModified": "2024-05-01"})],
            ),
            False,
        ),
        (page(text="Published on March 12, 2024."), False),
        (
            page(
                text="Published on March 12, 2024.",
                items=[item("Article", data={"datePublished": "2024-13-45"})],
            ),
            False,
        ),
    ),
    *_rows(
        "text_ratio_low",
        (page(text_bytes=99, body_bytes=1000), True),
        (page(text_bytes=100, body_bytes=1000), False),
        (page(text_bytes=0, body_bytes=0), False),
        (page(text_bytes=1, body_bytes=1000, is_truncated=True), False),
    ),
]
_IMAGE = [
    *_rows(
        "img_alt_missing",
        (page(images=[Image(src="/a.png", alt=None, has_size=True)]), True),
        (page(images=[Image(src="/a.png", alt="", has_size=True)]), False),
        (page(images=[Image(src="/a.png", alt=None, has_size=True, is_hidden=True)]), False),
        (page(images=[Image(src="/a.png", alt=None, has_size=True, is_pixel=True)]), False),
        (page(images=[]), False),
    ),
    *_rows(
        "img_alt_long",
        (page(images=[Image(src="/a.png", alt="x" * 101, has_size=True)]), True),
        (page(images=[Image(src="/a.png", alt="x" * 100, has_size=True)]), False),
        (page(images=[Image(src="/a.png", alt=None, has_size=True)]), False),
    ),
    *_rows(
        "img_no_size",
        (page(images=[Image(src=f"{ORIGIN}/a.png", alt="", has_size=False)]), True),
        (page(images=[Image(src="data:image/gif;base64,R0lG", alt="", has_size=False)]), True),
        (page(images=[Image(src=f"{ORIGIN}/a.SVG?v=2", alt="", has_size=False)]), False),
        (page(images=[Image(src="data:image/svg+xml,<svg/>", alt="", has_size=False)]), False),
        (page(images=[Image(src="", alt="", has_size=False)]), False),
        (page(), False),
    ),
    *_rows(
        "img_format_legacy",
        (page(images=_images("a.jpg", "b.PNG", "c.jpeg?w=300")), True),
        (page(images=_images("a.jpg", "b.png")), False),
        (page(images=_images("a.jpg", "b.png", "logo.svg")), False),
        (page(images=_images("a.jpg", "b.png", "c.jpg", "d.webp")), False),
        (page(images=_images("a.jpg", "b.png", "c.jpg", srcset="/c.avif 2x")), False),
        (page(images=_images("a.jpg?auto=compress,format", "b.png", "c.jpg")), False),
    ),
    *_rows("picture_no_img", (page(pictures_without_img=1), True), (page(), False)),
]
_TRANSPORT = [
    *_rows("https_missing", (page(url=_HTTP), True), site=_HTTP_SITE),
    *_rows("https_missing", (page(url=_HTTP), False), (page(), False)),
    *_rows("https_missing", (page(url="http://localhost/"), False), site=_PRIVATE),
    *_rows(
        "https_missing",
        (page(url=_HTTP, status=301, is_html=False), False),
        site=_HTTP_SITE,
    ),
    *_rows(
        "mixed_content",
        (page(resources=[Resource("http://cdn.example.net/a.js", "script")]), True),
        (page(images=[Image(src="http://cdn.example.net/a.png", alt="", has_size=True)]), True),
        (
            page(
                images=[
                    Image(src="", alt="", has_size=True, srcset="/a.png 1x, http://x.net/b.png 2x")
                ]
            ),
            True,
        ),
        (page(resources=[Resource("https://cdn.example.net/a.js", "script")]), False),
        (page(resources=[Resource("http://localhost:3000/a.js", "script")]), False),
        (
            page(
                resources=[Resource("http://cdn.example.net/a.js", "script")],
                headers=_headers(content_security_policy="Upgrade-Insecure-Requests"),
            ),
            False,
        ),
        (page(url=_HTTP, resources=[Resource("http://x.net/a.js", "script")]), False),
        (page(links=[link("http://x.net/")]), False),
    ),
    *_rows(
        "form_insecure",
        (page(forms=[Form(action="http://www.example.com/send")]), True),
        (page(url=_HTTP, forms=[Form(action="https://www.example.com/send")]), True),
        (page(forms=[Form(action=f"{ORIGIN}/send", method="post")]), False),
        (page(url=_HTTP, forms=[Form(action=_HTTP, method="dialog")]), False),
        (page(url=_HTTP), False),
    ),
    *_rows(
        "form_insecure",
        (page(url="http://localhost/", forms=[Form(action="http://localhost/send")]), False),
        site=_PRIVATE,
    ),
    *_rows(
        "protocol_relative",
        (page(resources=[Resource("https://x.net/a.js", "script", "//x.net/a.js")]), True),
        (page(links=[link("//x.net/a", is_http=True)]), True),
        (page(links=[link("/a//b")]), False),
    ),
    *_rows(
        "blank_no_noopener",
        (page(links=[link("https://x.net/", target="_blank", rel="opener")]), True),
        (page(links=[link("https://x.net/", target="_blank")]), False),
        (page(links=[link("https://x.net/", target="_blank", rel="noopener opener")]), False),
        (page(links=[link("/a", target="_blank", rel="opener")]), False),
        (page(links=[link("https://b.example.com/", target="_BLANK", rel="opener")]), False),
    ),
]
_HEADER_ROWS = [
    *_rows(
        "hsts_missing",
        (page(headers=_headers(strict_transport_security=None)), True),
        (page(headers=_headers(strict_transport_security="max-age=0")), True),
        (page(headers=_headers(strict_transport_security="includeSubDomains")), True),
        (page(headers=_headers(strict_transport_security='Max-Age="300"')), False),
        (page(), False),
        (page(url=_HTTP, headers={}), False),
        (page(status=502, headers={}), False),
    ),
    *_rows("hsts_missing", (page(headers={}), False), site=_PRIVATE),
    *_rows(
        "csp_missing",
        (page(headers=_headers(content_security_policy=None)), True),
        (page(headers=_headers(content_security_policy=" ; ")), True),
        (page(), False),
        (page(headers={}, is_html=False), False),
    ),
    *_rows(
        "xcto_missing",
        (page(headers=_headers(x_content_type_options=None)), True),
        (page(headers=_headers(x_content_type_options="none")), True),
        (page(headers=_headers(x_content_type_options="NoSniff")), False),
        (page(headers=_headers(x_content_type_options="nosniff, nosniff")), False),
    ),
    *_rows(
        "xfo_missing",
        (page(headers={}), True),
        (page(headers={"x-frame-options": "ALLOW-FROM https://x.net"}), True),
        (page(headers={"x-frame-options": "deny"}), False),
        (page(headers={"content-security-policy": "frame-ancestors 'self'"}), False),
        (page(headers={"content-security-policy": "img-src *; Frame-Ancestors *"}), False),
    ),
    *_rows(
        "referrer_policy_weak",
        (page(headers={}), True),
        (page(headers={"referrer-policy": "unsafe-url"}), True),
        (page(headers={"referrer-policy": "origin, unsafe-url"}), True),
        (page(headers={"referrer-policy": "unsafe-url, strict-origin"}), False),
        (page(headers={"referrer-policy": "no-referrer"}), False),
    ),
    *_rows(
        "cookie_flags",
        (page(cookies=[Cookie("PHPSESSID", False, True, "lax")]), True),
        (page(cookies=[Cookie("auth_token", True, False, "lax")]), True),
        (page(cookies=[Cookie("theme", False, False, "none")]), True),
        (page(cookies=[Cookie("csrftoken", False, False, "lax")]), True),
        (page(cookies=[Cookie("csrftoken", True, False, "lax")]), False),
        (page(cookies=[Cookie("sidebar", False, False, "lax")]), False),
        (page(cookies=[Cookie("connect.sid", True, True, "none")]), False),
        (page(cookies=[Cookie("theme", False, False, "")]), False),
        (page(url=_HTTP, cookies=[Cookie("PHPSESSID", False, False, "")]), False),
    ),
]
_STRUCTURED = [
    *_rows(
        "jsonld_parse_error",
        (page(jsonld_errors=["unexpected end of data: {"]), True),
        (page(), False),
    ),
    *_rows(
        "sd_missing",
        (page(), True),
        (page(items=[item("WebPage")]), False),
        (page(has_rdfa=True), False),
        (page(jsonld_errors=["bad"]), False),
        (page(status=404), False),
    ),
    *_rows(
        "site_name_missing",
        (page(is_start=True), True),
        (page(is_start=True, items=[item("WebSite", data={"name": " "})]), True),
        (page(is_start=True, items=[item("WebSite", data={"name": "Example"})]), False),
        (page(is_start=True, og={"og:site_name": "Example"}), False),
        (page(is_start=False), False),
    ),
    *_rows(
        "lb_self_rating",
        (_business(aggregateRating={"ratingValue": 5}), True),
        (page(items=[item("Organization", data={"review": [{"reviewRating": 5}]})]), True),
        (
            page(items=[item("Review", data={"itemReviewed": {"@type": "Plumber", "name": "Ex"}})]),
            True,
        ),
        (_business(aggregateRating=[], review=None), False),
        (_business(aggregateRating={"ratingValue": 5}, url="https://other.net/"), False),
        (page(items=[item("Product", data={"aggregateRating": {"ratingValue": 5}})]), False),
        (page(items=[item("Review", data={"itemReviewed": {"@type": "Movie"}})]), False),
        (page(items=[item("Review", data={"itemReviewed": [5, None, "x"]})]), False),
    ),
]
_BUSINESSES = [
    *_rows(
        "lb_required",
        (_business(name=None), True),
        (_business(name=""), True),
        (_business(name=[None, {}]), True),
        (_business(address=None), True),
        (_business(address={}), True),
        (_business(address=None, areaServed="Springfield"), True),
        (_business(), False),
        (_business(name=5), False),
        (_business(address=["x", None]), False),
        (_business(address={"@id": "#elsewhere"}), False),
        (_business(name={"@value": "Example", "@language": "en"}), False),
        (page(items=[item("Plumber", id=f"{ORIGIN}/#b")]), False),
        (page(items=[item("Plumber", data={"name": "x"}, is_top=False)]), False),
        (page(items=[item("Organization")]), False),
        (
            page(
                items=[
                    item("Plumber", id="#b", data={"name": "Example"}),
                    item("Thing", id="#b", data={"address": _ADDRESS}),
                ]
            ),
            False,
        ),
    ),
    *_rows(
        "lb_address_incomplete",
        (_business(address="12 Main Street, Springfield"), True),
        (_business(address=["x", None]), True),
        (_address(addressLocality=None), True),
        (_address(addressCountry=None), True),
        (_address(streetAddress=""), True),
        (_address(postalCode=None), True),
        (_address(addressRegion=None), True),
        (_address(addressRegion=None, addressCountry={"name": "Canada"}), True),
        (_address(addressRegion=None, addressCountry="DE"), False),
        (_address(addressRegion=None, postalCode=None, addressCountry="HK"), False),
        (_address(postalCode=62701), False),
        (_business(), False),
        (_business(address=None), False),
        (_business(address={"@id": "#elsewhere"}), False),
        (
            _business(
                areaServed="Springfield",
                address={key: val for key, val in _ADDRESS.items() if key != "streetAddress"},
            ),
            False,
        ),
        (
            page(
                items=[
                    item("Plumber", data={**_BUSINESS, "address": {"@id": "#a"}}),
                    item("PostalAddress", id=f"{ORIGIN}/plumbing#a", data=_ADDRESS),
                ]
            ),
            False,
        ),
    ),
    *_rows(
        "lb_recommended",
        (_business(geo=None, telephone=None), True),
        (_business(openingHours=None, url=""), True),
        (_business(geo=None), False),
        (_business(openingHours=None, openingHoursSpecification=[_hours("09:00", "17:00")]), False),
        (_business(geo=None, latitude="39.79951", longitude="-89.64410"), False),
        (_business(), False),
    ),
    *_rows(
        "lb_geo_precision",
        (_business(geo={"latitude": 39.799, "longitude": -89.644}), True),
        (_business(geo={"latitude": "39.799", "longitude": "-89"}), True),
        (_business(geo={"latitude": 39.7995, "longitude": -89.6}), False),
        (_business(geo={"latitude": 0.00001, "longitude": 0.00001}), False),
        (_business(geo={"latitude": "north", "longitude": None}), False),
        (_business(geo=[5, None, {"latitude": [], "longitude": {}}]), False),
        (_business(geo={"latitude": 10**30, "longitude": True}), False),
        (_business(), False),
    ),
    *_rows(
        "lb_phone_no_cc",
        (_business(telephone="(217) 555-0123"), True),
        (_business(telephone=2175550123), True),
        (_business(telephone=["+1 217 555 0123", "030 1234567"]), True),
        (_business(telephone="+49 30 1234567"), False),
        (_business(telephone="0049 30 1234567"), False),
        (_business(telephone="（＋81）3-1234-5678"), False),
        (_business(telephone="1-800-555-0123"), False),
        (_business(telephone="call us"), False),
        (_business(telephone=None), False),
        (_business(telephone={"x": 5}), False),
    ),
    *_rows(
        "lb_price_range_long",
        (_business(priceRange="$" * 100), True),
        (_business(priceRange="$" * 99), False),
        (_business(priceRange=5), False),
        (_business(priceRange=[None, {}]), False),
    ),
]
_BAD_HOURS: tuple[object, ...] = (
    "Mo-Fr 9am-5pm",
    "Mo-Fr 25:00-26:00",
    "Mo-Fr 24:00-09:00",
    "Monday-Friday 09:00-17:00",
    "Xx 09:00-17:00",
    "09:00-17:00",
    "Mo 09:00-12:00,11:00-14:00",
    ["Mo-We 09:00-12:00", "We 11:00-14:00"],
    "Mo " * 5_000,
    5,
    "Mo-Su 00:00-24:00",
)
_GOOD_HOURS: tuple[object, ...] = (
    "Mo-Fr 09:00-17:00",
    "Mo-Su",
    "Mo,We,Fr 09:00-12:00",
    "Mo-Fr 09:00-12:00,13:00-17:00",
    "Mo-Fr 09:00-17:00, Sa 10:00-14:00",
    ["Mo-Th 18:00-02:00", "Sa-Mo 00:00-00:00"],
    "Mo-Su 00:00-23:59",
    "Sa-Tu 09:00:00-17:00:00",
    ["Mo 09:00-12:00", "Mo 09:00-12:00"],
    [],
    [None, {}, True],
)
_HOURS = [
    *_rows(
        "lb_hours_invalid",
        *((_business(openingHours=hours), True) for hours in _BAD_HOURS),
        *((_business(openingHours=hours), False) for hours in _GOOD_HOURS),
        *(
            (_spec(*specs), True)
            for specs in (
                [_hours("9:00", "17:00")],
                [_hours("09:00", "17:60")],
                [_hours("09:00", None)],
                [_hours("09:00", "17:00", "Mo")],
                [_hours("09:00", "17:00", ["Monday", "Moonday"])],
                [_hours("09:00", "17:00", validFrom="2024-02-30")],
                [_hours("09:00", "17:00", validFrom="2024-12-31", validThrough="2024-01-01")],
                [_hours("09:00", "13:00"), _hours("12:59", "17:00")],
                [_hours("18:00", "03:00"), _hours("20:00", "22:00")],
                [_hours(900, 1700)],
            )
        ),
        *(
            (_spec(*specs), False)
            for specs in (
                [_hours("09:00", "17:00")],
                [_hours("09:00:00", "17:00:00+02:00", "https://schema.org/Monday")],
                [_hours("09:00", "17:00", {"@id": "http://schema.org/Tuesday"})],
                [_hours("18:00", "03:00")],
                [_hours("00:00", "00:00")],
                [_hours("00:00", "23:59", ["Saturday", "Sunday", "PublicHolidays"])],
                [_hours("09:00", "13:00"), _hours("13:00", "17:00")],
                [_hours("09:00", "13:00"), _hours("09:00", "17:00", "Tuesday")],
                [
                    _hours("09:00", "17:00"),
                    _hours("10:00", "12:00", validFrom="2024-12-24", validThrough="2024-12-24"),
                ],
                [{"dayOfWeek": "Sunday"}],
                [{"@id": "#hours"}, {}],
                [_hours("09:00", "17:00", [])],
            )
        ),
    ),
]
_POSSIBLE = [
    *_rows(
        "lb_phone_invalid",
        (_business(telephone="+7034340199"), True),  # +1 is missing: 703 is the area code
        (_business(telephone="+1-217-555"), True),
        (_business(telephone="217-555-01234"), True),
        (_business(telephone="+1-217-555-0123"), False),
        (_business(telephone="(217) 555-0123"), False),
        (_business(telephone="12175550123"), False),
        (_business(telephone="0049 30 901820"), False),
        (_business(telephone="call us"), False),
        (_business(telephone=None), False),
    ),
    *_rows(
        "lb_geo_impossible",
        *(
            (_business(geo={"latitude": latitude, "longitude": longitude}), fires)
            for latitude, longitude, fires in (
                (39.78, 89.65, True),  # the minus is missing: China
                (-89.65, 39.78, True),  # swapped
                ("-95.12345", "39.78172", True),
                (0, 0, True),
                (39.78, -89.65, False),
                ("39,78", "-89,65", False),
                (21.3, -157.85, False),  # Hawaii
                (13.45, 144.78, False),  # Guam
                ("north", "west", False),
                (None, None, False),
            )
        ),
        (_address(addressCountry="Atlantis"), False),
    ),
]
_MISMATCH = [
    *_rows(
        "sd_text_mismatch",
        (page(items=_business().items, phones=["(217) 555-9999"]), True),
        (page(items=_business().items, text="12 Main St, Springfield, IL 62704"), True),
        (page(items=_business().items, text="Visit us: 14 Main St., Springfield"), True),
        (page(items=_business().items, chrome_text="14 Main St., Springfield"), True),
        (
            page(
                items=_business().items,
                text="We worked at 14 Main St., Springfield",
                chrome_text="12 Main St., Springfield",
            ),
            False,
        ),
        (
            page(
                items=_address(
                    streetAddress="Hauptstr. 12", postalCode="10115", addressLocality="Berlin"
                ).items,
                text="Hauptstraße 21, 10115 Berlin",
            ),
            True,
        ),
        (page(items=_business(name="Acme Bakery").items, titles=["Pipes"]), False),
        (page(items=_business(name="Acme Bakery").items, text="Example Plumbing repairs."), True),
        (page(items=_business().items, phones=["217.555.0123", "(217) 555-9999"]), False),
        (page(items=_business(faxNumber="2175559999").items, phones=["217 555 9999"]), False),
        (page(items=_business(telephone=None).items, phones=["217 555 9999"]), False),
        (page(items=_business().items, text="12 Main Street, Springfield, IL 62701-1234"), False),
        (page(items=_business().items, text="We laid 62704 pipes; 5 main reasons"), False),
        (
            page(
                items=_address(
                    streetAddress="Hauptstr. 12", postalCode="10115", addressLocality="Berlin"
                ).items,
                text="Hauptstraße 12, 10115 Berlin",
            ),
            False,
        ),
        (_business(address=["x", None], name=[{}], telephone=[{}]), False),
        (_business(), False),
    ),
]


def _call(
    phones: list[str], tels: list[str], fires: bool, text: str = "", place: str = "+12175550123"
) -> Row:
    facts = page(phones=phones, tel_links=tels, text=text)
    return "click_to_call_missing", facts, site_context(places=(Place(phone=place),)), fires


def _tel(href: str, anchor: str, fires: bool, **facts: object) -> Row:
    link = Link(href, href, anchor, is_http=False)
    tels = [href.removeprefix("tel:")]
    return "tel_text_differs", page(links=[link], tel_links=tels, **facts), None, fires


_SCRIPT = Resource(f"{ORIGIN}/app.js", "script", "/app.js")
_SHELL = {"text": "Please enable JavaScript", "word_count": 3, "links": [], "resources": [_SCRIPT]}
_RENDERING = _rows(
    "script_built",
    (page(**_SHELL), True),
    (page(**{**_SHELL, "resources": []}), False),
    (page(**{**_SHELL, "word_count": 120}), False),
    (page(**{**_SHELL, "links": [link("/a")]}), False),
    (page(**{**_SHELL, "chrome_text": "word " * 60}), False),
    (page(**{**_SHELL, "status": 404}), False),
)
_LOCAL = [
    _tel("tel:+12175550123", "(217) 555-0199", True),
    _tel("tel:+12175550123", "(217) 555-0123", False),
    _tel("tel:+12175550123;ext=4", "Call 217.555.0123", False),
    _tel("tel:+12175550123", "Call us", True, phones=["(217) 555-0199"]),
    _tel("tel:+12175550123", "Call us", False, phones=["(217) 555-0199", "(217) 555-0123"]),
    _tel("tel:+12175550123", "Call us", False, phones=["(217) 555-0199", "(217) 555-0188"]),
    _tel(
        "tel:+12175550123",
        "Call us",
        False,
        phones=["(217) 555-0199"],
        text="Fax (217) 555-0199",
    ),
    _tel("tel:110", "Emergency", False, phones=["(217) 555-0199"]),
    _call(["(217) 555-0123"], [], True),
    _call(["(217) 555-0123"], ["+12175559999"], True),
    _call(["(217) 555-0123"], ["217-555-0123"], False),
    _call(["+1 217 555 0123"], ["+12175550123;ext=5"], False),
    _call(["(217) 555-9999"], [], False),
    _call([], [], False),
    _call(["(217) 555-0123"], [], False, text="Fax: (217) 555-0123"),
    _call(["(217) 555-0123"], [], True, text="Fax: (217) 555-0123 Phone (217) 555-0123"),
    _call(["030 / 1234567"], [], True, place="+49 (0)30 1234567"),
    _call(["06 1234567"], [], True, place="+39 06 1234567"),
    _call(["", "x"], [""], False, place="12"),
    ("click_to_call_missing", page(phones=["217 555 0123"]), None, False),
    (
        "click_to_call_missing",
        page(phones=["217 555 0123"], chrome_text="Fax 217 555 0123"),
        site_context(places=(Place(phone="+12175550123"),)),
        False,
    ),
]

ROWS: list[Row] = [
    *_TITLES,
    *_DESCRIPTIONS,
    *_HEADINGS,
    *_DOCUMENT,
    *_CONTENT,
    *_IMAGE,
    *_TRANSPORT,
    *_HEADER_ROWS,
    *_STRUCTURED,
    *_BUSINESSES,
    *_HOURS,
    *_POSSIBLE,
    *_RENDERING,
    *_MISMATCH,
    *_LOCAL,
]
