"""`lsos audit`: its options."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lsos.cli.auditing import Options
from lsos.cli.auditing import audit as run_audit
from lsos.core.errors import Invalid


@click.command()
@click.argument("url")
@click.option(
    "--max-pages",
    default=200,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Page budget.",
)
@click.option(
    "--out",
    default="audit-out",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Output folder for summary.json, issues.csv, pages.csv and links.csv.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only the summary, as JSON.")
@click.option("--allow-private", is_flag=True, help="Allow loopback and private addresses.")
@click.option(
    "--min-interval",
    type=click.FloatRange(0, 60),
    help="Minimum seconds between two requests to a host; default 0.2, or 0 for private hosts.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Concurrent requests; default 8, or 32 for private hosts.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 32),
    help="Number of worker processes.",
)
@click.option("--user-agent", help="User-Agent; its first token is matched in robots.txt.")
@click.option("--max-depth", type=click.IntRange(0, 1_000), help="Maximum crawl depth.")
@click.option(
    "--include",
    multiple=True,
    metavar="PATTERN",
    help="Crawl only these paths: a prefix; * matches anything, a final $ the end. Repeatable.",
)
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Exclude these paths. Repeatable."
)
@click.option("--subdomains", is_flag=True, help="Crawl subdomains too.")
@click.option("--no-sitemaps", is_flag=True, help="Do not read URLs from sitemaps.")
def audit(
    *,
    url: str,
    max_pages: int,
    out: Path,
    as_json: bool,
    allow_private: bool,
    min_interval: float | None,
    concurrency: int | None,
    workers: int,
    user_agent: str | None,
    max_depth: int | None,
    include: Sequence[str],
    exclude: Sequence[str],
    subdomains: bool,
    no_sitemaps: bool,
) -> None:
    """Audit one site through the same pipeline as every campaign.

    Exit codes: 0 completed, 1 failed, 2 invalid arguments.
    """
    options = Options(
        url=url,
        max_pages=max_pages,
        out=out,
        as_json=as_json,
        allow_private=allow_private,
        min_interval_s=min_interval,
        concurrency=concurrency,
        workers=workers,
        user_agent=user_agent,
        max_depth=max_depth,
        include=list(include),
        exclude=list(exclude),
        subdomains=subdomains,
        use_sitemaps=not no_sitemaps,
    )
    try:
        sys.exit(run_audit(options))
    except Invalid as error:
        raise click.UsageError(error.message) from error
