"""Links to the site against its competitors', and how well the business can be recognised."""

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import (
    clean,
    columns,
    count,
    cut,
    grade,
    number,
    plain,
)
from lsos.domains.reports.document import Block, Cell, Table, Text, Theme, Tile, Tiles
from lsos.domains.reports.facts import Authority, DomainLinks, Entity, EntityPart
from lsos.domains.reports.rules import MAX_ADVICE, MAX_PROSE


def authority_blocks(facts: Authority, theme: Theme) -> list[Block]:
    own = next((d for d in facts.domains if d.is_own), None)
    found: list[Block] = [
        Tiles(
            items=[
                Tile(
                    label=texts.TILE_AUTHORITY,
                    value=number(facts.score),
                    detail=texts.AUTHORITY_DETAIL.format(count=facts.competitors_measured),
                    tone=grade(facts.score),
                ),
                Tile(
                    label=texts.TILE_DOMAINS,
                    value=count(own.referring_domains if own else None),
                    detail=texts.TILE_DOMAINS_DETAIL,
                ),
                Tile(
                    label=texts.TILE_LINKS,
                    value=count(own.backlinks if own else None),
                    detail=texts.TILE_LINKS_DETAIL,
                ),
            ]
        )
    ]
    if facts.gained is not None and facts.lost is not None:
        found.append(
            Text(
                text=texts.LINKS_CHANGES.format(
                    gained=count(facts.gained), lost=count(facts.lost), days=facts.window_days
                )
            )
        )
    counted = [d for d in facts.domains if d.followed_domains is not None]
    if len(counted) > 1:
        bars = [
            charts.Bar(clean(d.domain), d.followed_domains, count(d.followed_domains))
            for d in counted
        ]
        said = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
        top = max(bar.value or 0 for bar in bars)
        found.append(charts.bars(texts.LINKS_CHART, f"{said}.", bars, theme.mark, top))
    found.append(_domains(facts))
    return found


def _domains(facts: Authority) -> Table:
    return Table(
        caption=texts.LINKS_TITLE,
        columns=columns(texts.LINKS_COLUMNS, (3, 1.2, 1.6, 1.6), "seee"),
        rows=[_domain(domain) for domain in facts.domains],
        cut=cut(len(facts.domains), facts.domains_total),
    )


def _domain(links: DomainLinks) -> list[Cell]:
    head = Cell(text=clean(links.domain), detail=texts.LINKS_OWN if links.is_own else "")
    if links.state not in ("found", "empty"):
        state = Cell(text=texts.STATES.get(links.state, clean(links.state)), tone="muted")
        return [head, state, state, state]
    figures = (links.backlinks, links.referring_domains, links.followed_domains)
    return [head, *(Cell(text=count(figure)) for figure in figures)]


def entity_blocks(facts: Entity, theme: Theme) -> list[Block]:
    bars = [
        charts.Bar(
            texts.ENTITY_PARTS.get(part.name, clean(part.name)),
            None if part.points is None else 100 * part.points / part.of,
            texts.NOT_MEASURED
            if part.points is None
            else texts.ENTITY_BAR.format(points=f"{part.points:.1f}", of=f"{part.of:g}"),
        )
        for part in facts.parts
        if part.of > 0
    ]
    said = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return [
        Tiles(
            items=[
                Tile(
                    label=texts.TILE_ENTITY,
                    value=number(facts.score),
                    detail=texts.ENTITY_DETAIL.format(
                        points=f"{sum(p.of for p in facts.parts if p.points is not None):g}"
                    ),
                    tone=grade(facts.score),
                )
            ]
        ),
        charts.bars(texts.ENTITY_CHART, f"{said}.", bars, theme.mark, 100),
        Table(
            caption=texts.ENTITY_TABLE,
            columns=columns(texts.ENTITY_COLUMNS, (2.2, 1.6, 0.6, 5), "sees"),
            rows=[
                [
                    Cell(text=texts.ENTITY_PARTS.get(part.name, clean(part.name))),
                    Cell(text=number(part.points), tone="muted" if part.points is None else ""),
                    Cell(text=f"{part.of:g}"),
                    plain(_evidence(part), MAX_PROSE),
                ]
                for part in facts.parts
            ],
        ),
    ]


def _evidence(part: EntityPart) -> str:
    said = []
    if part.points is not None and part.count is not None and part.total:
        of = texts.ENTITY_BAR.format(points=f"{part.count:g}", of=f"{part.total:g}")
        said.append(f"{of} {clean(part.basis)}".strip())
    if part.missing:
        names = ", ".join(clean(name) for name in part.missing[:MAX_ADVICE])
        said.append(texts.ENTITY_MISSING.format(names=names))
    return "; ".join(said)
