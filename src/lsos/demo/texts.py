"""The demo business and its copy, read from `content/` and turned from markup into HTML."""

import re
from html import escape
from importlib.resources import files
from string import Template
from typing import TypeVar

import msgspec

T = TypeVar("T")

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


class Location(msgspec.Struct, frozen=True):
    slug: str
    city: str
    street: str
    region: str
    postcode: str
    phone: str
    """International form, as a tel: link has it."""
    shown_phone: str
    latitude: str
    longitude: str
    hours: list[tuple[str, str]]
    spans: list[tuple[list[str], str, str]]
    """Weekdays, opening and closing time, for structured data."""

    @property
    def path(self) -> str:
        return f"/locations/{self.slug}/"


class Business(msgspec.Struct, frozen=True):
    name: str
    tagline: str
    email: str
    copyright_year: int
    same_as: list[str]
    locations: list[Location]


class Copy(msgspec.Struct, frozen=True):
    """Text of one page: `body` holds paragraphs, `## headings` and `- list items`."""

    title: str
    description: str
    body: list[str]
    h1: str = ""
    path: str = ""
    lang: str = "en"


class Service(Copy, frozen=True, kw_only=True):
    slug: str
    name: str
    summary: str


class Office(Copy, frozen=True, kw_only=True):
    review: list[str] = []
    """What was said and by whom, or nothing."""


class Post(Copy, frozen=True, kw_only=True):
    slug: str
    date: str
    author: str
    summary: str

    @property
    def url_path(self) -> str:
        return f"/blog/{self.slug}/"


class Places(msgspec.Struct, frozen=True, rename="kebab"):
    alder_bay: Office
    fenwick_harbor: Office
    millbrook: Office
    emergency_dentist: dict[str, Copy]
    teeth_whitening: Copy
    """One text for every town: {city}, {street} and {slug} are filled in."""

    def office(self, slug: str) -> Office:
        return {
            "alder-bay": self.alder_bay,
            "fenwick-harbor": self.fenwick_harbor,
            "millbrook": self.millbrook,
        }[slug]


def read(name: str) -> bytes:
    return files("lsos.demo").joinpath("content", name).read_bytes()


def _load(name: str, kind: type[T]) -> T:
    return msgspec.json.decode(read(name), type=kind)


BUSINESS = _load("business.json", Business)
SERVICES = _load("services.json", list[Service])
PAGES = _load("pages.json", list[Copy])
PLACES = _load("places.json", Places)
POSTS = _load("posts.json", list[Post])
"""Newest first."""
TEMPLATE = Template(read("page.html").decode())
CSS = read("site.css")


def link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def to_html(body: list[str]) -> str:
    """Blocks of copy as HTML."""
    out: list[str] = []
    items: list[str] = []
    for block in [*body, ""]:
        if block.startswith("- "):
            items.append(f"<li>{_inline(block[2:])}</li>")
            continue
        if items:
            out.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if block.startswith("## "):
            out.append(f"<h2>{_inline(block[3:])}</h2>")
        elif block:
            out.append(f"<p>{_inline(block)}</p>")
    return "\n".join(out)


def _inline(text: str) -> str:
    return _LINK.sub(r'<a href="\2">\1</a>', escape(text, quote=False))
