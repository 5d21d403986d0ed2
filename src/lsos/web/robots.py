"""robots.txt by RFC 9309, with the leniency that Google documents: parsing and decisions."""

import math
import re
from typing import Literal

from rapidfuzz.distance import OSA

from lsos.web.facts import FetchError
from lsos.web.host_facts import RobotsGroup
from lsos.web.patterns import Glob

MAX_ROBOTS_BYTES = 512_000
"""RFC 9309 section 2.5: at least 500 KiB must be parsed. The rest is ignored, as by Google."""
MAX_INVALID_LINES = 20

Verdict = Literal["parse", "allow_all", "disallow_all"]

_MAX_LINE_BYTES = 16_663  # Google ignores the rest of a longer line.
_FIELDS = frozenset(
    {"user-agent", "allow", "disallow", "sitemap", "crawl-delay"}
    | {"host", "clean-param", "content-signal", "content-usage"}
)
# Misspellings that Google accepts. Other crawlers don't, so these lines count as invalid.
_TYPOS = {
    "useragent": "user-agent",
    "user agent": "user-agent",
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
    "site-map": "sitemap",
}
# RFC 9309 allows letters, _ and -; existing tokens also have digits: MJ12bot, 360Spider.
_TOKEN = re.compile(r"[a-z0-9_-]+")
_NO_RULES = frozenset(("noindex", "nofollow"))
"""Fields that are taken for rules, and that Google stopped reading in 2019."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,40}")
_TRIPLET = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Some write these raw and others encoded; encoding both sides makes them equal.
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in " \"<>`{}^|'\\\t"}
# RFC 9309 section 2.2.3: a literal * or $ of a URL is matched by its percent triplet.
_SPECIAL = {ord("*"): "%2A", ord("$"): "%24"}
_PATH_TABLE = _ENCODED | _SPECIAL
_NORMAL_PATH = re.compile(r"[A-Za-z0-9/_.~?=&;:,+!()@-]*+")
_PATH_AND_QUERY = re.compile(r"(?:[^/?;#:]*+:(?=//))?+(?://)?+[^/?;#]*+([^#]*+)")

_Rule = tuple[str, Glob, bool]
"""Literal prefix (which avoids most glob calls), pattern, whether it is allowed."""


class Robots:
    """The rules of one robots.txt; it can be recreated from stored groups."""

    __slots__ = ("_compiled", "groups", "invalid_lines", "sitemaps")

    def __init__(
        self,
        groups: list[RobotsGroup],
        sitemaps: list[str] | None = None,
        invalid_lines: list[str] | None = None,
    ) -> None:
        self.groups = groups
        self.sitemaps = sitemaps if sitemaps is not None else []
        self.invalid_lines = invalid_lines if invalid_lines is not None else []
        self._compiled: dict[str, list[_Rule]] = {}

    def allows(self, agent_token: str, url: str) -> bool:
        """`agent_token` is a product token, such as Googlebot; `url` is normalised.

        The longest pattern decides, allow wins a tie (RFC 9309 section 2.2.2). Non-ASCII characters
        must already be encoded by the caller (`urls.normalise`).
        """
        path = _path_of(url)
        if path == "/robots.txt":
            return True
        token = agent_token.lower()
        rules = self._compiled.get(token)
        if rules is None:
            rules = self._compiled[token] = _compile(self._groups_of(token))
        for head, glob, is_allowed in rules:
            if path.startswith(head) and glob.matches(path):
                return is_allowed
        return True

    def crawl_delay_s(self, agent_token: str) -> float | None:
        """The largest Crawl-delay in the groups of the agent, else of *; without a limit."""
        groups = self._groups_of(agent_token.lower())
        return max((g.crawl_delay_s for g in groups if g.crawl_delay_s is not None), default=None)

    def _groups_of(self, token: str) -> list[RobotsGroup]:
        own = [group for group in self.groups if token in group.agents]
        return own or [group for group in self.groups if "*" in group.agents]


def parse_robots(source: str | bytes) -> Robots:
    """Never fails: unreadable lines are not rules. The resulting patterns are percent-encoded."""
    parser = _Parser()
    for number, line in enumerate(_lines(source), 1):
        parser.read(number, line)
    return Robots(parser.groups, list(parser.sitemaps), parser.invalid_lines)


def verdict(status: int, error: FetchError | None) -> Verdict:
    """Interpret a response to /robots.txt (RFC 9309 section 2.3.1), after redirects.

    429 counts as a server error, as with Google. A body over the limit is parsed up to it.
    """
    if error == "too_many_redirects":
        return "allow_all"
    if 200 <= status < 300 and error in (None, "too_large"):
        return "parse"
    if error is not None or status < 200 or status == 429 or status >= 500:
        return "disallow_all"
    return "allow_all"


class _Parser:
    def __init__(self) -> None:
        self.groups: list[RobotsGroup] = []
        self.sitemaps: dict[str, None] = {}
        self.invalid_lines: list[str] = []
        self._open: list[RobotsGroup] = []
        self._has_rules = False

    def read(self, number: int, line: str) -> None:
        body = line.partition("#")[0].strip()
        if not body:
            return
        name, value, is_valid = _field(body)
        if name == "user-agent":
            self._agent(value.lower())
        elif name in ("allow", "disallow"):
            is_valid = is_valid and bool(self._open)
            self._rule(name, value)
        elif name == "sitemap" and value:
            self.sitemaps[value] = None
        elif self._open and name == "crawl-delay":
            self._delay(value)
        elif self._open and name == "content-signal":
            self._open[-1].content_signals.extend(_signals(value))
        if not is_valid and len(self.invalid_lines) < MAX_INVALID_LINES:
            self.invalid_lines.append(f"{number}: {line.strip()[:200]}")

    def _agent(self, value: str) -> None:
        """Only a rule ends a sequence of user-agent lines; other lines don't (RFC 9309 section
        2.2.4).

        A delay or signal belongs to the agents above it only, so the lines after it form a separate
        group that shares the following rules.
        """
        if self._has_rules:
            self._open = []
            self._has_rules = False
        last = self._open[-1] if self._open else None
        if last is None or last.crawl_delay_s is not None or last.content_signals:
            last = RobotsGroup(agents=[], rules=[])
            self.groups.append(last)
            self._open.append(last)
        if value[:2].rstrip() == "*":
            last.agents.append("*")
        elif match := _TOKEN.match(value):
            last.agents.append(match[0])

    def _rule(self, name: str, value: str) -> None:
        self._has_rules = bool(self._open)
        pattern = _encoded_pattern(value)
        for group in self._open:
            group.rules.append((name, pattern))

    def _delay(self, value: str) -> None:
        try:
            delay_s = float(value)
        except ValueError:
            return
        if math.isfinite(delay_s) and delay_s >= 0:
            self._open[-1].crawl_delay_s = delay_s


def _lines(source: str | bytes) -> list[str]:
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(data) > MAX_ROBOTS_BYTES:
        # A truncated pattern would forbid more than its author wrote.
        kept = data[:MAX_ROBOTS_BYTES]
        data = kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        data = data.removeprefix(mark)
    # Without its zero bytes, UTF-16 is readable as far as it is ASCII.
    lines = data.replace(b"\0", b"").splitlines()
    return [line[:_MAX_LINE_BYTES].decode("utf-8", "surrogateescape") for line in lines]


def _field(body: str) -> tuple[str, str, bool]:
    """(field, value, whether it is valid by the RFC); the field is "" if unrecognisable."""
    name, colon, value = body.partition(":")
    if not colon:
        # Google treats white space as a missing colon if there are exactly two words.
        words = body.split()
        if len(words) != 2:
            return "", "", False
        name, value = words
    name = name.strip().lower()
    # The RFC lets sites add fields of their own; a misspelt one is ignored without a word.
    is_valid = bool(colon) and (name in _FIELDS or not _is_misspelt(name))
    return _TYPOS.get(name, name), value.strip(), is_valid


def _is_misspelt(name: str) -> bool:
    """Nearly a known field, or nothing that could be the name of one."""
    if name in _TYPOS or name in _NO_RULES or not _NAME.fullmatch(name):
        return True
    return any(OSA.distance(name, known) <= 2 for known in _FIELDS if len(known) > 4)


def _signals(value: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in value.lower().split(",") if part.strip())
    return [(key.strip(), setting.strip()) for key, _, setting in pairs]


def _encoded_pattern(value: str) -> str:
    if not value.isascii():
        raw = value.encode("utf-8", "surrogateescape")
        value = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
    return _TRIPLET.sub(_triplet, value).translate(_ENCODED)


def _triplet(match: re.Match[str]) -> str:
    """RFC 9309 section 2.2.2: unreserved characters are compared decoded, others encoded."""
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _path_of(url: str) -> str:
    match = _PATH_AND_QUERY.match(url)
    path = match[1] if match else ""
    if not path.startswith("/"):
        path = "/" + path
    if _NORMAL_PATH.fullmatch(path):
        return path
    return _TRIPLET.sub(_triplet, path).translate(_PATH_TABLE)


def _compile(groups: list[RobotsGroup]) -> list[_Rule]:
    """Rules sorted so that the first match decides."""
    rules: set[tuple[str, bool]] = set()
    for group in groups:
        for name, pattern in group.rules:
            if not pattern:
                continue
            rules.add((pattern, name == "allow"))
            folder, slash, file = pattern.rpartition("/")
            if name == "allow" and slash and file.startswith("index.htm"):
                # Google: allowing a folder's index page also allows the folder's own URL.
                rules.add((f"{folder}/$", True))
    ordered = sorted(rules, key=lambda rule: (-len(rule[0]), not rule[1], rule[0]))
    globs = ((_glob(pattern), is_allowed) for pattern, is_allowed in ordered)
    return [(glob.head, glob, is_allowed) for glob, is_allowed in globs]


def _glob(pattern: str) -> Glob:
    """A $ that is not at the end is an ordinary character."""
    body = pattern.removesuffix("$")
    return Glob.of(body.replace("$", "%24") + pattern[len(body) :])
