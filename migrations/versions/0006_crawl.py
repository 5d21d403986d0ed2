"""Crawl runs: URLs, pages, hosts and findings."""

from migrations import tables as t

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    t.begin()
    t.tenant_table(
        "crawl_runs",
        t.required("campaign_id", t.ID),
        t.required("state", t.TEXT),
        t.required("phase", t.TEXT),
        t.required("settings", t.JSON),
        t.optional("site", t.JSON),
        t.optional("check_settings", t.JSON),
        t.optional("previous_run_id", t.ID),
        t.required("queue", t.TEXT),
        t.optional("requested_by", t.ID),
        t.required("admitted", t.NUMBER),
        t.required("done", t.NUMBER),
        t.required("pages", t.NUMBER),
        t.required("errors", t.NUMBER),
        t.required("unmeasured", t.NUMBER),
        t.required("reused", t.NUMBER),
        t.required("bytes", t.BIG),
        t.required("is_cut_off", t.FLAG),
        t.optional("started_at", t.TIME),
        t.optional("finished_at", t.TIME),
        t.optional("reason_code", t.TEXT),
        t.optional("technical_score", t.REAL),
        t.optional("score", t.JSON),
        t.optional("issue_counts", t.JSON),
        t.required("failed_checks", t.JSON),
        t.belongs_to("campaigns", "campaign_id"),
        t.check(
            "state",
            "state in ('queued', 'running', 'completed', 'completed_with_errors', 'failed', 'cancelled')",
        ),
        viewed_by="campaign_id",
    )
    t.index("ix_crawl_runs_campaign", "crawl_runs", "tenant_id", "campaign_id", "created_at", "id")
    t.index(
        "ix_crawl_runs_open",
        "crawl_runs",
        "tenant_id",
        "created_at",
        where="state in ('queued', 'running')",
    )
    t.tenant_table(
        "crawl_hosts",
        t.required("origin", t.TEXT),
        t.required("facts", t.BYTES),
        t.required("run_id", t.ID),
        t.belongs_to("crawl_runs", "run_id"),
        key=("run_id", "origin"),
    )
    t.tenant_table(
        "crawl_findings",
        t.required("code", t.TEXT),
        t.required("subject", t.BIG),
        t.required("severity", t.TEXT),
        t.required("scope", t.TEXT),
        t.required("url", t.LONG_TEXT),
        t.required("count", t.NUMBER),
        t.required("evidence", t.JSON),
        t.required("run_id", t.ID),
        t.belongs_to("crawl_runs", "run_id"),
        key=("run_id", "code", "subject"),
    )
    t.tenant_table(
        "crawl_pages",
        t.required("key", t.BIG),
        t.required("url", t.LONG_TEXT),
        t.optional("depth", t.SMALL),
        t.required("status", t.SMALL),
        t.optional("error", t.TEXT),
        t.optional("redirect_url", t.LONG_TEXT),
        t.optional("content_type", t.TEXT),
        t.required("is_html", t.FLAG),
        t.required("is_indexable", t.FLAG),
        t.required("is_eligible", t.FLAG),
        t.required("is_reused", t.FLAG),
        t.optional("canonical", t.LONG_TEXT),
        t.optional("title", t.LONG_TEXT),
        t.required("words", t.NUMBER),
        t.required("body_bytes", t.NUMBER),
        t.optional("ttfb_ms", t.REAL),
        t.optional("text_hash", t.BIG),
        t.optional("etag", t.TEXT),
        t.optional("last_modified", t.TEXT),
        t.required("facts", t.BYTES),
        t.required("links", t.BYTES),
        t.created_at("fetched_at"),
        t.required("run_id", t.ID),
        t.belongs_to("crawl_runs", "run_id"),
        key=("run_id", "key"),
    )
    t.tenant_table(
        "crawl_todo",
        t.required("key", t.BIG),
        t.required("url", t.LONG_TEXT),
        t.required("discovery_depth", t.SMALL),
        t.required("hops", t.SMALL),
        t.required("attempts", t.SMALL),
        t.required("in_sitemap", t.FLAG),
        t.optional("not_before", t.TIME),
        t.optional("lease_until", t.TIME),
        t.optional("lease", t.ID),
        t.required("run_id", t.ID),
        t.belongs_to("crawl_runs", "run_id"),
        key=("run_id", "key"),
    )
    t.index("ix_crawl_todo_order", "crawl_todo", "tenant_id", "run_id", "discovery_depth", "key")
    t.tenant_table(
        "crawl_urls",
        t.required("key", t.BIG),
        t.required("url", t.LONG_TEXT),
        t.required("source", t.SMALL),
        t.required("in_sitemap", t.FLAG),
        t.required("is_internal", t.FLAG),
        t.required("discovery_depth", t.SMALL),
        t.required("run_id", t.ID),
        t.belongs_to("crawl_runs", "run_id"),
        key=("run_id", "key"),
    )


def downgrade() -> None:
    t.begin()
    t.drop(
        "crawl_urls",
        "crawl_todo",
        "crawl_pages",
        "crawl_findings",
        "crawl_hosts",
        "crawl_runs",
    )
