"""What the rooms join: baseline steps, followers, signals, and parts of the score."""

from collections.abc import Mapping, Sequence

from lsos.checks.catalogue import BY_CODE
from lsos.domains.authority import measurement as authority_measurement
from lsos.domains.authority import queries as authority
from lsos.domains.authority import rules as authority_rules
from lsos.domains.campaigns.rules import BaselineStep
from lsos.domains.crawl import findings
from lsos.domains.entity import queries as entity_queries
from lsos.domains.entity import rules as entity_rules
from lsos.domains.intelligence.rules import REFRESH
from lsos.domains.intelligence.sources import ScoreSource, SignalSource, Sources
from lsos.domains.local import measurement as local_measurement
from lsos.domains.local import queries as local
from lsos.domains.local import rules as local_rules
from lsos.domains.measuring.kind import Kinds
from lsos.domains.rank import measurement as rank_measurement
from lsos.domains.rank import queries as rank
from lsos.domains.rank import rules as rank_rules
from lsos.domains.reference.signals import SignalKind
from lsos.domains.reviews import measurement as reviews_measurement
from lsos.domains.reviews import queries as reviews
from lsos.domains.reviews import rules as reviews_rules

KINDS = Kinds(
    (
        rank_measurement.KIND,
        local_measurement.KIND,
        reviews_measurement.KIND,
        authority_measurement.KIND,
    )
)
"""What the engine of measurements serves."""

BASELINE_STEPS: Sequence[BaselineStep] = (
    BaselineStep(name="crawl", task="crawl.baseline"),
    BaselineStep(name="rank", task="rank.baseline"),
    BaselineStep(name="local", task="local.baseline"),
    BaselineStep(name=entity_rules.BASELINE_STEP, task="entity.baseline"),
)

CRAWL_FOLLOWERS: Sequence[str] = (REFRESH, "local.match_site")
"""Tasks that are enqueued with the run's id when a crawl has been judged."""

MEASUREMENT_FOLLOWERS: Sequence[str] = (REFRESH,)
"""Tasks that are enqueued for the campaign when a room has finished a measurement."""

SIGNAL_KINDS: Sequence[SignalKind] = (
    *rank_rules.SIGNALS,
    *local_rules.SIGNALS,
    *reviews_rules.SIGNALS,
    *authority_rules.SIGNALS,
    *entity_rules.SIGNALS,
)
"""Every signal that a room may emit."""

SIGNAL_SOURCES: Sequence[SignalSource] = (
    SignalSource("rank", rank.signals, rank.find_measured_at),
    SignalSource(
        "local",
        local.signals,
        local.find_measured_at,
        dict.fromkeys(local_rules.NAP_SIGNALS, local.find_nap_measured_at),
    ),
    SignalSource("reviews", reviews.signals, reviews.find_measured_at),
    SignalSource("authority", authority.signals, authority.find_measured_at),
    SignalSource(entity_rules.ROOM, entity_queries.signals, entity_queries.measured_at),
)

SCORE_SOURCES: Sequence[ScoreSource] = (
    ScoreSource("technical", findings.find_technical_score),
    ScoreSource("visibility", rank.find_visibility),
    ScoreSource("local", local.find_health_score),
    ScoreSource("reviews", reviews.find_quality),
    ScoreSource("authority", authority.find_score),
    ScoreSource("entity", entity_queries.find_score),
)

SOURCES = Sources(SIGNAL_SOURCES, SCORE_SOURCES)

KNOWN_CODES: frozenset[str] = frozenset(BY_CODE) | {kind.code for kind in SIGNAL_KINDS}
"""Check codes and signals: the reference library must have advice for each."""

CHECK_NEEDS: Mapping[str, str] = {code: check.needs for code, check in BY_CODE.items()}
