"""Robots directives of meta elements and X-Robots-Tag, and the links of a Link header."""

import re
from collections.abc import Iterator

from lsos.web.facts import Directives


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


BOTS = _words(
    "robots adsbot-google applebot baiduspider bingbot duckduckbot googlebot googlebot-image",
    "googlebot-news googlebot-video google-inspectiontool googleother gptbot msnbot",
    "oai-searchbot otherbot slurp storebot-google yandex yandexbot",
)
"""Names of meta elements that carry robots directives."""

_WITH_VALUE = frozenset(
    ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
)
_PLAIN = _words(
    "all none index noindex follow nofollow noarchive nocache nosnippet noimageindex",
    "notranslate noodp noydir indexifembedded noai noimageai nositelinkssearchbox",
)
_NAMED = re.compile(r"([a-z][a-z0-9_.*-]*)\s*:\s*(.*)", re.DOTALL)


def from_meta(name: str, content: str) -> Directives | None:
    """Directives of a meta element; None if its content is blank."""
    values: list[str] = []
    for _, value in _split(content, has_bots=False):
        if value not in values:
            values.append(value)
    return Directives("" if name == "robots" else name, "meta", values) if values else None


def from_header(value: str) -> list[Directives]:
    """Directives of X-Robots-Tag, one entry per bot.

    A bot's name applies up to the next name. Repeated headers joined by a line feed instead of a
    comma are distinguished: each line starts with all bots.
    """
    by_bot: dict[str, list[str]] = {}
    for line in value.split("\n"):
        for bot, directive in _split(line, has_bots=True):
            values = by_bot.setdefault(bot, [])
            if directive not in values:
                values.append(directive)
    return [Directives(bot, "header", values) for bot, values in by_bot.items()]


def _split(text: str, *, has_bots: bool) -> Iterator[tuple[str, str]]:
    """(bot, directive) pairs; commas in the date of unavailable_after do not split."""
    bot = date = ""
    for part in text.lower().split(","):
        token = part.strip()
        named = _NAMED.fullmatch(token)
        name = named[1] if named else token
        if date and not named and token not in _PLAIN:
            date = f"{date}, {token}"
            continue
        if date:
            yield bot, date
            date = ""
        if named and name == "unavailable_after":
            date = f"unavailable_after: {named[2]}"
            continue
        if named and name in _WITH_VALUE:
            token = f"{name}:{named[2]}"
        elif named and has_bots:
            bot, token = ("" if name in ("*", "robots") else name), named[2]
            if token.startswith("unavailable_after"):
                date = "unavailable_after: " + token.partition(":")[2].strip()
                continue
            if inner := _NAMED.fullmatch(token):
                token = f"{inner[1]}:{inner[2]}"
        if token:
            yield bot, token
    if date:
        yield bot, date


# RFC 8288 section 3.
_LINK = re.compile(r"<([^<>]*)>((?:[^,\"<]|\"[^\"]*\")*)")
_PARAM = re.compile(r";\s*([A-Za-z*-]+)\s*(?:=\s*(?:\"([^\"]*)\"|([^\s;,\"]+)))?")


def links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The target as written and the parameters (lower-case names, first value) of each link."""
    for match in _LINK.finditer(header):
        params: dict[str, str] = {}
        for param in _PARAM.finditer(match[2]):
            params.setdefault(param[1].lower(), param[2] or param[3] or "")
        yield match[1].strip(), params
