"""Which sameAs values name a profile of the business, judged by the URL alone.

Nothing is fetched: a well-formed profile URL of a known kind counts, so one that blocks robots
counts as reachable.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

Verdict = Literal["valid", "malformed", "not_https", "unknown_kind", "no_profile", "own_site"]

_KINDS = {
    "facebook": "facebook.com fb.com fb.me",
    "instagram": "instagram.com",
    "threads": "threads.net threads.com",
    "linkedin": "linkedin.com",
    "x": "x.com twitter.com",
    "youtube": "youtube.com youtu.be",
    "tiktok": "tiktok.com",
    "pinterest": "pinterest.com pinterest.co.uk pinterest.de pinterest.fr pinterest.es",
    "bluesky": "bsky.app",
    "mastodon": "mastodon.social",
    "github": "github.com",
    "xing": "xing.com",
    "google": "maps.google.com maps.app.goo.gl g.page g.co goo.gl business.google.com",
    "apple": "maps.apple.com",
    "bing": "bing.com",
    "openstreetmap": "openstreetmap.org",
    "wikipedia": "wikipedia.org",
    "wikidata": "wikidata.org",
    "crunchbase": "crunchbase.com",
    "yelp": "yelp.com yelp.co.uk yelp.de yelp.fr yelp.es yelp.ca yelp.ie yelp.com.au",
    "tripadvisor": "tripadvisor.com tripadvisor.co.uk tripadvisor.de tripadvisor.fr tripadvisor.es",
    "trustpilot": "trustpilot.com",
    "foursquare": "foursquare.com",
    "bbb": "bbb.org",
    "nextdoor": "nextdoor.com nextdoor.co.uk",
    "yellowpages": "yellowpages.com yellowpages.ca yell.com gelbeseiten.de pagesjaunes.fr"
    " paginasamarillas.es",
    "opentable": "opentable.com opentable.co.uk",
    "healthgrades": "healthgrades.com",
    "zocdoc": "zocdoc.com",
    "doctolib": "doctolib.de doctolib.fr",
    "jameda": "jameda.de",
    "avvo": "avvo.com",
    "justia": "justia.com",
    "houzz": "houzz.com houzz.co.uk houzz.de houzz.fr houzz.es",
    "angi": "angi.com",
    "thumbtack": "thumbtack.com",
    "checkatrade": "checkatrade.com",
    "zillow": "zillow.com",
}
_BY_DOMAIN = {domain: kind for kind, domains in _KINDS.items() for domain in domains.split()}
_GOOGLE_MAPS = re.compile(r"(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?")
_ACTIONS = re.compile(
    r"/(?:sharer?|share|dialog|intent|home|login|signup|sharing|shareArticle|search|hashtag|watch"
    r"|pin/create|explore|feed|messages|groups)(?:[/.]|$)",
    re.IGNORECASE,
)
"""Paths that share, search or log in: of no business."""
_QUERY_PROFILES = {"google": ("cid", "q", "place_id"), "facebook": ("id",), "bing": ("ypid", "ss")}
MAX_CHARS = 2_048


class Profile(NamedTuple):
    url: str
    kind: str
    """"" when it is none that we know."""
    verdict: Verdict
    key: str
    """Equal for spellings of one profile."""


def judge(value: str, own_host: str = "") -> Profile:
    url = value.strip()
    try:
        parts = urlsplit(url[:MAX_CHARS])
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return Profile(url, "", "malformed", url)
    if len(url) > MAX_CHARS or parts.scheme not in ("http", "https") or "." not in host:
        return Profile(url, "", "malformed", url)
    if any(char.isspace() for char in url) or parts.username is not None:
        return Profile(url, "", "malformed", url)
    bare = host.removeprefix("www.")
    path = parts.path.rstrip("/")
    key = f"{bare}{path.casefold()}"
    if own_host and bare == own_host.removeprefix("www."):
        return Profile(url, "", "own_site", key)
    kind = _kind(bare, parts.path)
    if not kind:
        return Profile(url, "", "unknown_kind", key)
    is_named = [n for n in _QUERY_PROFILES.get(kind, ()) if parse_qs(parts.query).get(n)]
    if is_named:
        key += "?" + parts.query
    elif not path or _ACTIONS.match(parts.path):
        return Profile(url, kind, "no_profile", key)
    return Profile(url, kind, "valid" if parts.scheme == "https" else "not_https", key)


def profiles(values: Iterable[str], own_host: str = "") -> list[Profile]:
    """Each profile once, in order."""
    found: dict[str, Profile] = {}
    for value in values:
        profile = judge(value, own_host)
        known = found.get(profile.key)
        if known is None or (profile.verdict == "valid" and known.verdict != "valid"):
            found[profile.key] = profile
    return list(found.values())


def _kind(host: str, path: str) -> str:
    if _GOOGLE_MAPS.fullmatch(host):
        return "google" if path.startswith("/maps") else ""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if kind := _BY_DOMAIN.get(".".join(labels[start:])):
            return kind
    return ""
