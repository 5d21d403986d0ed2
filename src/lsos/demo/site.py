"""The demo site as bytes: every URL that it answers, for a given base URL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from email.utils import format_datetime
from xml.sax.saxutils import escape

from lsos.demo.images import FAVICON, png, scene
from lsos.demo.pages import drafts
from lsos.demo.plant import plant
from lsos.demo.render import Draft, absolute, render
from lsos.demo.texts import CSS

HTML = "text/html; charset=utf-8"
ASSETS_CHANGED = "2025-01-06"
FORM_TARGET = "/contact/send/"

REDIRECTS: Mapping[str, tuple[int, str]] = {
    "/fees/": (301, "/prices/"),
    "/offers/": (301, "/special-offers/"),
    "/special-offers/": (302, "/services/teeth-whitening/"),
    "/booking/online/": (302, "/booking/confirm/"),
    "/booking/confirm/": (302, "/booking/online/"),
    "/locations/old-town/": (301, "/locations/old-town-closed/"),
    FORM_TARGET: (303, "/thank-you/"),
}
ABSENT = (
    "/services/orthodontics/",
    "/team/dr-lowell/",
    "/locations/old-town-closed/",
    "/blog/fluoride/",
)
"""Paths that the site names somewhere and that answer 404."""

LISTED_TOO = ("/fees/", "/team/dr-lowell/", "https://www.pinecovedental.example/specials/")
"""Entries of the sitemap in addition to the pages."""
LASTMOD = {"/careers/": "14.03.2025", "/blog/sports-mouthguards/": "2025-06-02"}
"""Wrong dates in the sitemap."""

ROBOTS = """\
User-agent: *
Disallow: /patient-portal/
Disallow: /js/
Noindex: /thank-you/
Content-Signal: search=yes, ai-train=no, ai-train=yes

User-agent: PerplexityBot
Disallow: /

User-agent: GPTBot
User-agent: CCBot
Disallow: /

Sitemap: {base_url}/sitemap.xml
"""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole response; Content-Length, ETag and coding are the server's business."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def build(base_url: str) -> dict[str, Page]:
    """All responses, by path as in a request line; a key may include a query.

    `base_url` has no trailing slash, such as http://127.0.0.1:8080.
    """
    site = drafts()
    plant(site)
    pages = {path: _page(draft, base_url) for path, draft in site.items()}
    for path, (status, target) in REDIRECTS.items():
        pages[path] = Page(status, {"Location": target, "Content-Type": HTML})
    pages["/appointments/status/"] = _message(base_url, 500, "Something broke", _BROKEN)
    pages["/robots.txt"] = _asset("text/plain; charset=utf-8", ROBOTS.format(base_url=base_url))
    pages["/sitemap.xml"] = _asset("application/xml", _sitemap(site.values(), base_url))
    pages["/downloads/price-list.pdf"] = _asset("text/plain", _PDF)
    pages |= _assets()
    return pages


def not_found(base_url: str) -> Page:
    """The answer to every other path."""
    return _message(base_url, 404, "Page not found", _LOST)


_LOST = (
    "<p>This page has moved or never was. Try our <a href='/services/'>services</a>, the "
    "<a href='/locations/'>three offices</a> or the <a href='/'>home page</a>.</p>"
)
_BROKEN = "<p>The appointment book did not answer. Please call the desk instead.</p>"
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def _page(draft: Draft, base_url: str) -> Page:
    headers = {"Content-Type": HTML, "Last-Modified": _http_date(draft.updated)} | {
        name: value.replace("{base_url}", base_url) for name, value in draft.headers.items()
    }
    return Page(draft.status, headers, render(draft, base_url))


def _message(base_url: str, status: int, title: str, main: str) -> Page:
    draft = Draft(path="/", title=title, h1=title, description=title, main=main)
    draft.left_out |= {"canonical", "og", "twitter", "description", "crumbs"}
    return Page(status, {"Content-Type": HTML}, render(draft, base_url))


def _asset(content_type: str, body: str | bytes) -> Page:
    data = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": content_type, "Last-Modified": _http_date(ASSETS_CHANGED)}
    return Page(200, headers, data)


def _assets() -> dict[str, Page]:
    files = {
        "/css/site.css": _asset("text/css; charset=utf-8", CSS),
        "/js/badge.js": _asset("text/javascript; charset=utf-8", 'console.log("open today");\n'),
        "/favicon.svg": _asset("image/svg+xml", FAVICON),
        "/img/share.png": _asset("image/png", png(1200, 630, 1)),
        "/img/scene-home.svg": _asset("image/svg+xml", scene(7)),
    }
    for seed in (*range(8), 20, 21, 22):
        files[f"/img/scene-{seed}.svg"] = _asset("image/svg+xml", scene(seed))
    for number in (1, 2, 3):
        files[f"/img/pair-{number}.png"] = _asset("image/png", png(640, 200, number))
    return files


def _sitemap(site: Iterable[Draft], base_url: str) -> str:
    listed = [(page.path, page.updated) for page in site if page.is_listed]
    listed += [(path, ASSETS_CHANGED) for path in LISTED_TOO]
    rows = "\n".join(
        f"<url><loc>{escape(absolute(base_url, path))}</loc>"
        f"<lastmod>{LASTMOD.get(path, date)}</lastmod></url>"
        for path, date in listed
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}\n</urlset>\n'
    )


def _http_date(date: str) -> str:
    moment = datetime.combine(datetime.fromisoformat(date), time(6), UTC)
    return format_datetime(moment, usegmt=True)
