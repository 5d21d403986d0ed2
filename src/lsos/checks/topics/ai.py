"""Checks of what robots.txt says to the crawlers of AI products."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.robots_rules import blocked_bots, blocks_root
from lsos.checks.site import SiteFacts
from lsos.web.host_facts import HostFacts, RobotsGroup

MAIN_SEARCH_BOTS = ("OAI-SearchBot", "Claude-SearchBot", "PerplexityBot", "bingbot")
SEARCH_BOTS = (
    *MAIN_SEARCH_BOTS,
    "DuckAssistBot",
    "YouBot",
    "MistralAI-Index",
    "meta-webindexer",
    "Amzn-SearchBot",
    "Applebot",
)
USER_FETCHERS = (
    "ChatGPT-User",
    "Claude-User",
    "Perplexity-User",
    "MistralAI-User",
    "meta-externalfetcher",
    "Amzn-User",
)
TRAINING_BOTS = (
    "GPTBot",
    "ClaudeBot",
    "Google-Extended",
    "Applebot-Extended",
    "CCBot",
    "meta-externalagent",
    "Bytespider",
    "Amazonbot",
    "MistralAI-Training",
    "cohere-training-data-crawler",
)
_JUDGED_SIGNALS = ("search", "ai-input", "ai-train")


def _evidence(value: str) -> Evidence:
    return Evidence(value=text(value), selector="robots.txt")


def _ai_search_bot_blocked(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if blocked := blocked_bots(host, SEARCH_BOTS):
        found = _evidence(", ".join(blocked))
        if not set(blocked).intersection(MAIN_SEARCH_BOTS):
            found.severity = "low"
        yield found


def _ai_user_fetch_blocked(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if blocked := blocked_bots(host, USER_FETCHERS):
        yield _evidence(", ".join(blocked))


def _signals(group: RobotsGroup) -> dict[str, list[str]]:
    """Distinct values of each key, in order of appearance."""
    signals: dict[str, list[str]] = {}
    for key, value in group.content_signals:
        values = signals.setdefault(key.strip().lower(), [])
        if (word := value.strip().lower()) not in values:
            values.append(word)
    return signals


def _ai_training_policy(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    named = {agent for group in host.groups for agent in group.agents}
    blocked = set(blocked_bots(host, TRAINING_BOTS))
    said = [
        f"{bot}: {'blocked' if bot in blocked else 'allowed'}"
        for bot in TRAINING_BOTS
        if bot in blocked or bot.lower() in named
    ]
    said += [
        f"ai-train={value} for {', '.join(group.agents)}"
        for group in host.groups
        for value in _signals(group).get("ai-train", ())
    ]
    if said:
        yield _evidence("; ".join(said))


def _conflicts(group: RobotsGroup) -> Iterator[str]:
    signals = _signals(group)
    for key in _JUDGED_SIGNALS:
        values = signals.get(key, [])
        if len(values) > 1:
            yield f"{key} is both {' and '.join(values)}"
        for value in values:
            if value not in ("yes", "no"):
                yield f"{key} has the unknown value {value!r}"
    if "yes" in signals.get("search", ()) and blocks_root(group):
        yield "search=yes beside Disallow: /"


def _content_signal_conflict(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    for group in host.groups:
        if group.content_signals:
            for conflict in _conflicts(group):
                yield _evidence(f"{', '.join(group.agents)}: {conflict}")


CHECKS = (
    Check(
        code="ai_search_bot_blocked",
        topic="ai",
        severity="medium",
        scope="host",
        title="robots.txt blocks a bot of an AI search product",
        why="Pages that the bot can't read are not cited or linked in that product's answers; "
        "these bots serve search, not training.",
        fix="Allow the named bots in groups of their own, or take Disallow: / out of the * group; "
        "keep the rules for training bots separate.",
        run_host=_ai_search_bot_blocked,
        source="RFC 9309 section 2.2.1; the vendors' crawler pages",
    ),
    Check(
        code="ai_user_fetch_blocked",
        topic="ai",
        severity="info",
        scope="host",
        title="robots.txt blocks an assistant's user-triggered fetcher",
        why="An assistant that a customer asks about the business may not open its pages. Several "
        "vendors say that robots.txt may not apply to such fetches.",
        fix="Allow the fetcher if customers should be able to have pages read to them; a firm "
        "refusal needs a firewall rule.",
        run_host=_ai_user_fetch_blocked,
        source="RFC 9309 section 2.2.1; the vendors' crawler pages",
    ),
    Check(
        code="ai_training_policy",
        topic="ai",
        severity="info",
        scope="host",
        title="What robots.txt says to AI training crawlers",
        why="Whether content may be used to train models is the owner's choice; it doesn't affect "
        "ranking in Google Search.",
        fix="Check that the policy is the one you want; nothing has to change for search.",
        run_host=_ai_training_policy,
        source="Google Search Central: Google-Extended; Content Signals Policy",
    ),
    Check(
        code="content_signal_conflict",
        topic="ai",
        severity="low",
        scope="host",
        title="Content-Signal contradicts itself or the rules",
        why="A signal with two values, an unknown value, or search=yes in a group that may fetch "
        "nothing can't be honoured: each crawler picks its own reading.",
        fix="Give each group one Content-Signal line with yes or no for a key, in line with its "
        "Disallow rules.",
        run_host=_content_signal_conflict,
        source="Content Signals Policy (contentsignals.org)",
    ),
)
