"""Tables of runs, their URLs, the frontier, pages, links, findings and hosts.

`url` rows are only inserted and `todo` rows only deleted when done, so both stay free of dead
versions. Keys are 64-bit hashes of normalised URLs, keyed by campaign (see `urls.url_key`).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import BIGINT, BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of
from lsos.core.db.model import Base, TenantRow
from lsos.domains.crawl.rules import RunState


class CrawlRun(TenantRow, Base):
    __tablename__ = "crawl_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            ondelete="CASCADE",
        ),
        one_of("state", RunState),
        Index("ix_crawl_runs_campaign", "tenant_id", "campaign_id", "created_at", "id"),
        Index(
            "ix_crawl_runs_open",
            "tenant_id",
            "created_at",
            postgresql_where=text("state in ('queued', 'running')"),
        ),
    )

    campaign_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="queued")
    phase: Mapped[str] = mapped_column(default="waiting")
    """waiting | starting | crawling | analysing | ended: what a progress bar says."""
    settings: Mapped[dict[str, object]]
    site: Mapped[dict[str, object] | None]
    """checks.site.SiteContext, once the start URL is resolved."""
    check_settings: Mapped[dict[str, object] | None]
    """The tenant's settings of checks by code when the run began: it is judged by these."""
    previous_run_id: Mapped[UUID | None]
    queue: Mapped[str]
    requested_by: Mapped[UUID | None]
    admitted: Mapped[int] = mapped_column(default=0)
    """URLs taken into the frontier, at most the page budget."""
    done: Mapped[int] = mapped_column(default=0)
    """Admitted URLs that have a result."""
    pages: Mapped[int] = mapped_column(default=0)
    """HTML pages among them."""
    errors: Mapped[int] = mapped_column(default=0)
    """Without any response."""
    unmeasured: Mapped[int] = mapped_column(default=0)
    """Blocked or not allowed to be asked for."""
    reused: Mapped[int] = mapped_column(default=0)
    """Answered 304 in a delta run."""
    bytes: Mapped[int] = mapped_column(BIGINT, default=0)
    is_cut_off: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]
    technical_score: Mapped[float | None]
    score: Mapped[dict[str, object] | None]
    """Formula, inputs and denominator of the score."""
    issue_counts: Mapped[dict[str, object] | None]
    failed_checks: Mapped[dict[str, object]] = mapped_column(default=dict)
    """How often each check crashed, by code; a page check once per page."""


class _OfRun:
    """A row of a run; tenant, run and key are its primary key."""

    tenant_id: Mapped[UUID]
    run_id: Mapped[UUID]


def _run_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "run_id"], ["crawl_runs.tenant_id", "crawl_runs.id"], ondelete="CASCADE"
    )


class CrawlUrl(_OfRun, Base):
    """Every URL that the run has discovered, once: what links and pages point at."""

    __tablename__ = "crawl_urls"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "run_id", "key"), _run_key())

    key: Mapped[int] = mapped_column(BIGINT)
    url: Mapped[str] = mapped_column(Text)
    source: Mapped[int] = mapped_column(SmallInteger)
    """web.discovery.UrlSource: how it was first discovered."""
    in_sitemap: Mapped[bool] = mapped_column(default=False)
    is_internal: Mapped[bool]
    discovery_depth: Mapped[int] = mapped_column(SmallInteger)
    """Links from the start on the way by which it was first discovered, 1 from a sitemap: what
    max_depth is compared with."""


class CrawlTodo(_OfRun, Base):
    """The frontier: admitted URLs without a result yet."""

    __tablename__ = "crawl_todo"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "run_id", "key"),
        _run_key(),
        Index("ix_crawl_todo_order", "tenant_id", "run_id", "discovery_depth", "key"),
    )

    key: Mapped[int] = mapped_column(BIGINT)
    url: Mapped[str] = mapped_column(Text)
    discovery_depth: Mapped[int] = mapped_column(SmallInteger)
    hops: Mapped[int] = mapped_column(SmallInteger)
    """Redirects on the way here; more than 10 are not followed."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    in_sitemap: Mapped[bool] = mapped_column(default=False)
    not_before: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    lease: Mapped[UUID | None]


class CrawlPage(_OfRun, Base):
    """One measured URL: the columns that lists filter by, and all facts as msgpack."""

    __tablename__ = "crawl_pages"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "run_id", "key"), _run_key())

    key: Mapped[int] = mapped_column(BIGINT)
    url: Mapped[str] = mapped_column(Text)
    depth: Mapped[int | None] = mapped_column(SmallInteger)
    """Clicks from the start URL; null before the run was judged, and where no click leads."""
    status: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    redirect_url: Mapped[str | None] = mapped_column(Text)
    content_type: Mapped[str | None]
    is_html: Mapped[bool]
    is_indexable: Mapped[bool]
    is_eligible: Mapped[bool]
    """PageFacts.is_eligible: the pages that scores are about."""
    is_reused: Mapped[bool]
    canonical: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    words: Mapped[int]
    body_bytes: Mapped[int]
    ttfb_ms: Mapped[float | None]
    text_hash: Mapped[int | None] = mapped_column(BIGINT)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    facts: Mapped[bytes] = mapped_column(BYTEA)
    links: Mapped[bytes] = mapped_column(BYTEA)
    """web.stored.PageLinks in msgpack: all links of the page by the keys of their targets."""
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CrawlFinding(_OfRun, Base):
    """A check that fired on one URL or host."""

    __tablename__ = "crawl_findings"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "run_id", "code", "subject"),
        _run_key(),
    )

    code: Mapped[str]
    subject: Mapped[int] = mapped_column(BIGINT)
    """Key of the URL, or of the host's name."""
    severity: Mapped[str]
    scope: Mapped[str]
    url: Mapped[str] = mapped_column(Text)
    """The URL, or the host."""
    count: Mapped[int]
    evidence: Mapped[list[str]]
    """JSON list of checks.base.Evidence."""


class CrawlHost(_OfRun, Base):
    """robots.txt and sitemaps of one host of a run, as web.host_facts.HostFacts in msgpack."""

    __tablename__ = "crawl_hosts"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "run_id", "origin"), _run_key())

    origin: Mapped[str]
    """scheme://host[:port]"""
    facts: Mapped[bytes] = mapped_column(BYTEA)
