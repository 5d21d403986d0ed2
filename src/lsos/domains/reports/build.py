"""Makes a report from a snapshot: which sections it has, and what stands on its cover."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from lsos.domains.reports import texts
from lsos.domains.reports.chapters import (
    advice,
    links,
    method,
    places,
    summary,
    technical,
    visibility,
)
from lsos.domains.reports.chapters.pieces import clean, day, origin
from lsos.domains.reports.colours import theme
from lsos.domains.reports.document import Block, Report, Section, Theme
from lsos.domains.reports.facts import SYNTHETIC, Snapshot
from lsos.domains.reports.rules import MAX_LINES


class Made(NamedTuple):
    """Blocks of a section, and where its figures come from."""

    blocks: Sequence[Block]
    at: datetime
    source: str = ""


def build(snapshot: Snapshot) -> Report:
    """The same snapshot gives the same report."""
    colours = theme(snapshot.brand.primary, snapshot.brand.accent)
    measured = _measured(snapshot, colours)
    sections = [
        section
        for name in snapshot.sections
        if (section := _section(name, snapshot, measured, colours)) is not None
    ]
    campaign = snapshot.campaign
    agency = clean(snapshot.brand.name) or texts.DEFAULT_AGENCY
    return Report(
        title=texts.TITLE,
        subtitle=clean(campaign.business_name) or clean(campaign.name),
        agency=agency,
        sender=clean(snapshot.brand.sender),
        footer="\n".join(clean(line) for line in snapshot.brand.footer.splitlines()[:MAX_LINES]),
        logo=snapshot.brand.logo,
        language=snapshot.locale,
        date=day(snapshot.generated_at),
        about=_about(snapshot, measured),
        labels=texts.LABELS,
        notice=texts.SYNTHETIC if any(s.is_synthetic for s in sections) else "",
        theme=colours,
        sections=sections,
        generated_at=snapshot.generated_at,
        snapshot=snapshot.sha256,
    )


def _measured(facts: Snapshot, colours: Theme) -> dict[str, Made]:
    """Sections of the rooms that were measured."""
    made: dict[str, Made] = {}
    if facts.recommendations:
        about = facts.recommendations
        made["recommendations"] = Made(advice.blocks(about, colours), about.measured_at)
    if facts.technical:
        about_site = facts.technical
        made["technical"] = Made(technical.blocks(about_site, colours), about_site.measured_at)
    if rank := facts.visibility:
        made["visibility"] = Made(visibility.blocks(rank, colours), rank.measured_at, rank.source)
    if local := facts.local:
        made["local"] = Made(places.local_blocks(local, colours), local.measured_at, local.source)
    if reviews := facts.reviews:
        found = places.review_blocks(reviews, colours)
        made["reviews"] = Made(found, reviews.measured_at, reviews.source)
    if authority := facts.authority:
        found = links.authority_blocks(authority, colours)
        made["authority"] = Made(found, authority.measured_at, authority.source)
    if entity := facts.entity:
        made["entity"] = Made(links.entity_blocks(entity, colours), entity.measured_at)
    return made


def _section(
    name: str, snapshot: Snapshot, measured: dict[str, Made], colours: Theme
) -> Section | None:
    any_synthetic = any(SYNTHETIC in made.source for made in measured.values())
    if name == "summary":
        found, said, marked = summary.blocks(snapshot, colours), texts.OF_INPUTS, any_synthetic
    elif name == "method":
        found, said, marked = method.blocks(snapshot), "", False
    elif made := measured.get(name):
        found, said = list(made.blocks), origin(made.at, made.source)
        # Advice is drawn from all rooms, so it is as synthetic as any of them.
        marked = SYNTHETIC in made.source or (name == "recommendations" and any_synthetic)
    else:
        return None
    return Section(
        id=name, title=texts.SECTIONS[name], origin=said, is_synthetic=marked, blocks=found
    )


def _about(snapshot: Snapshot, measured: dict[str, Made]) -> list[tuple[str, str]]:
    campaign = snapshot.campaign
    days = sorted(made.at.date() for made in measured.values())
    span = ""
    if days:
        first, last = day(days[0]), day(days[-1])
        span = first if first == last else texts.DATA_SPAN.format(first=first, last=last)
    rows = (
        ("business", clean(campaign.business_name) or clean(campaign.name)),
        ("site", clean(campaign.site_url)),
        ("category", clean(campaign.category)),
        ("date", day(snapshot.generated_at)),
        ("data", span),
    )
    return [(texts.ABOUT[name], text) for name, text in rows if text]
