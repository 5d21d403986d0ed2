"""One page of the demo site: a draft in which defects can be planted, rendered to HTML."""

from dataclasses import dataclass, field
from html import escape
from typing import Literal

import msgspec

from lsos.demo.texts import BUSINESS, TEMPLATE, link

Part = Literal[
    "doctype", "charset", "viewport", "title", "brand", "h1", "description", "canonical",
    "og", "twitter", "chrome", "crumbs",
]  # fmt: skip

NAV = (
    ("/services/", "Services"),
    ("/locations/", "Locations"),
    ("/prices/", "Prices"),
    ("/about/", "About"),
    ("/blog/", "Blog"),
    ("/contact/", "Contact"),
)
FOOT = (
    *((place.path, place.city) for place in BUSINESS.locations),
    ("/new-patients/", "New patients"),
    ("/insurance/", "Insurance"),
    ("/smile-gallery/", "Smile gallery"),
    ("/es/nuevos-pacientes/", "Español"),
    ("/privacy/", "Privacy"),
    ("/patient-portal/", "Patient portal"),
)


@dataclass(slots=True)
class Draft:
    """A page before it is rendered."""

    path: str
    title: str
    h1: str
    description: str
    main: str
    """HTML below the H1."""
    lang: str = "en"
    updated: str = "2025-03-03"
    """ISO date of the last change, for Last-Modified and the sitemap's lastmod."""
    crumbs: list[tuple[str, str]] = field(default_factory=list)
    """Path and name of each ancestor, without the home page."""
    graph: list[dict[str, object]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    """Additional markup for the end of head."""
    canonical: str = ""
    """Path, or absolute URL; empty for the page itself."""
    left_out: set[Part] = field(default_factory=set)
    is_listed: bool = True
    """Whether it is in the sitemap."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def absolute(base_url: str, path: str) -> str:
    return base_url + path if path.startswith("/") else path


def render(draft: Draft, base_url: str) -> bytes:
    out = draft.left_out
    h1 = "" if "h1" in out else f"<h1>{escape(draft.h1)}</h1>\n"
    html = TEMPLATE.substitute(
        doctype="" if "doctype" in out else "<!doctype html>\n",
        lang=f' lang="{draft.lang}"' if draft.lang else "",
        head="\n".join(_head(draft, base_url)),
        header="" if "chrome" in out else _header() + _crumbs(draft),
        main=h1 + draft.main,
        footer="" if "chrome" in out else _footer(),
    )
    plain_url = base_url.replace("https://", "http://", 1)
    return html.replace("{base_url}", base_url).replace("{http_url}", plain_url).encode()


def _head(draft: Draft, base_url: str) -> list[str]:
    out = draft.left_out
    url = absolute(base_url, draft.path)
    title = draft.title if "brand" in out else f"{draft.title} | {BUSINESS.name}"
    description = escape(draft.description)
    parts: list[tuple[Part, str]] = [
        ("charset", '<meta charset="utf-8">'),
        ("viewport", '<meta name="viewport" content="width=device-width, initial-scale=1">'),
        ("title", f"<title>{escape(title, quote=False)}</title>"),
        ("description", f'<meta name="description" content="{description}">'),
        ("canonical", f'<link rel="canonical" href="{_canonical(draft, base_url)}">'),
        ("og", f'<meta property="og:title" content="{escape(draft.h1)}">'),
        ("og", f'<meta property="og:description" content="{description}">'),
        ("og", f'<meta property="og:image" content="{base_url}/img/share.png">'),
        ("og", f'<meta property="og:url" content="{escape(url)}">'),
        ("twitter", '<meta name="twitter:card" content="summary_large_image">'),
    ]
    lines = [line for part, line in parts if part not in out]
    lines.append('<link rel="icon" href="/favicon.svg" type="image/svg+xml">')
    lines.append('<link rel="stylesheet" href="/css/site.css">')
    lines += draft.head
    graph = [*draft.graph, *_breadcrumb_list(draft, base_url)]
    if graph:
        data = msgspec.json.encode({"@context": "https://schema.org", "@graph": graph}).decode()
        lines.append(f'<script type="application/ld+json">{data}</script>')
    return lines


def _canonical(draft: Draft, base_url: str) -> str:
    return escape(absolute(base_url, draft.canonical or draft.path))


def _breadcrumb_list(draft: Draft, base_url: str) -> list[dict[str, object]]:
    if draft.path == "/" or "crumbs" in draft.left_out:
        return []
    trail = [("/", "Home"), *draft.crumbs, (draft.path, draft.h1)]
    return [
        {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "name": name,
                    "item": absolute(base_url, path),
                }
                for position, (path, name) in enumerate(trail, 1)
            ],
        }
    ]


def _header() -> str:
    items = " ".join(link(path, name) for path, name in NAV)
    return (
        '<header class="site-head"><div class="bar">'
        f'<a class="brand" href="/">{escape(BUSINESS.name)}</a>'
        f'<nav aria-label="Main">{items}</nav></div></header>\n'
    )


def _crumbs(draft: Draft) -> str:
    if not draft.crumbs:
        return ""
    trail = " › ".join(link(path, name) for path, name in [("/", "Home"), *draft.crumbs])
    return f'<nav class="crumbs" aria-label="Breadcrumb">{trail}</nav>\n'


def _footer() -> str:
    items = "".join(f"<li>{link(path, name)}</li>" for path, name in FOOT)
    return (
        f'<footer class="site-foot"><div class="foot"><ul>{items}</ul>'
        f"<p>© {BUSINESS.copyright_year} {escape(BUSINESS.name)}. {escape(BUSINESS.tagline)}."
        "</p></div></footer>"
    )
