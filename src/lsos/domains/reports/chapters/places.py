"""Local profiles, NAP and reviews, by location."""

from collections.abc import Sequence

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import (
    clean,
    columns,
    count,
    cut,
    day,
    number,
    percent,
    plain,
    score_cell,
)
from lsos.domains.reports.document import Block, Cell, Table, Theme, Tone
from lsos.domains.reports.facts import (
    HealthPart,
    Local,
    LocationHealth,
    Reviews,
    ReviewStats,
)
from lsos.domains.reports.rules import MAX_PROSE

MATCH_TONES: dict[str, Tone] = {
    "exact": "good",
    "format_only": "good",
    "minor": "warn",
    "review": "warn",
    "wrong": "bad",
    "missing": "bad",
}


def local_blocks(facts: Local, theme: Theme) -> list[Block]:
    found: list[Block] = []
    scored = [loc for loc in facts.locations if loc.score is not None]
    if len(scored) > 1:
        found.append(_health_chart(scored, theme))
    found.append(_health(facts))
    if facts.nap:
        found.append(_nap(facts))
    return found


def _health_chart(scored: Sequence[LocationHealth], theme: Theme) -> Block:
    bars = [charts.Bar(clean(s.location), s.score, number(s.score)) for s in scored[:15]]
    said = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return charts.bars(texts.LOCAL_HEALTH, f"{said}.", bars, theme.mark, 100)


def _health(facts: Local) -> Table:
    names = list(texts.HEALTH_PARTS)
    names = [n for n in names if any(p.name == n for loc in facts.locations for p in loc.parts)]
    labels = (texts.LOCAL_COLUMN, texts.LOCAL_SCORE, *(texts.HEALTH_PARTS[n] for n in names))
    return Table(
        caption=texts.LOCAL_PARTS,
        columns=columns(
            labels,
            (2.2, 1.1, *(max(1.15, 0.6 + len(texts.HEALTH_PARTS[n]) / 10) for n in names)),
            "se" + "e" * len(names),
        ),
        rows=[
            [
                plain(loc.location),
                score_cell(loc.score)
                if loc.state == "found"
                else Cell(text=texts.STATES.get(loc.state, clean(loc.state)), tone="muted"),
                *(_part(loc.parts, name) for name in names),
            ]
            for loc in facts.locations
        ],
        cut=cut(len(facts.locations), facts.locations_total),
    )


def _part(parts: Sequence[HealthPart], name: str) -> Cell:
    part = next((p for p in parts if p.name == name), None)
    if part is None or part.points is None:
        return Cell(text=texts.NOT_MEASURED, tone="muted")
    return Cell(
        text=texts.ENTITY_BAR.format(points=f"{round(part.points, 1):g}", of=f"{part.of:g}")
    )


def _nap(facts: Local) -> Table:
    return Table(
        caption=texts.NAP_TITLE,
        columns=columns(texts.NAP_COLUMNS, (2.4, 1.5, 2, 2, 2), "sssss"),
        rows=[
            [
                plain(row.location),
                Cell(text=texts.SURFACES.get(row.surface, clean(row.surface))),
                *(_match(match) for match in (row.name, row.address, row.phone)),
            ]
            for row in facts.nap
        ],
        cut=cut(len(facts.nap), facts.nap_total),
    )


def _match(match: str | None) -> Cell:
    if match is None:
        return Cell(text=texts.NOT_MEASURED, tone="muted")
    return Cell(text=texts.MATCHES.get(match, clean(match)), tone=MATCH_TONES.get(match, ""))


def review_blocks(facts: Reviews, theme: Theme) -> list[Block]:
    found: list[Block] = []
    total = sum(facts.ratings.values())
    if total:
        bars = [
            charts.Bar(
                texts.STAR if stars == "1" else texts.STARS.format(count=stars),
                n,
                texts.RANK_BUCKET_TEXT.format(count=n, total=total),
            )
            for stars in ("5", "4", "3", "2", "1")
            if (n := facts.ratings.get(stars, 0)) is not None
        ]
        said = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
        found.append(charts.bars(texts.REVIEW_RATINGS, f"{said}.", bars, theme.mark, total))
    found.append(_review_table(facts))
    if facts.newest:
        found.append(_newest(facts))
    return found


def _review_table(facts: Reviews) -> Table:
    return Table(
        caption=texts.REVIEW_TABLE,
        columns=columns(texts.REVIEW_COLUMNS, (2.2, 1.2, 1.2, 1.3, 1.6, 1.2), "seeeee"),
        rows=[
            [
                plain(stats.location),
                Cell(text=number(stats.rating)),
                Cell(text=count(stats.reviews) if measured(stats) else texts.NOT_MEASURED),
                Cell(text=number(stats.velocity)),
                _answered(stats),
                score_cell(stats.quality),
            ]
            for stats in facts.locations
        ],
        cut=cut(len(facts.locations), facts.locations_total),
    )


def measured(stats: ReviewStats) -> bool:
    return stats.state in ("found", "empty")


def _answered(stats: ReviewStats) -> Cell:
    if stats.responded is None or not stats.responded_of:
        return Cell(text=texts.NOT_MEASURED, tone="muted")
    share = percent(stats.responded, stats.responded_of)
    of = texts.ENTITY_BAR.format(points=stats.responded, of=stats.responded_of)
    return Cell(text=of, detail=f"{share} %")


def _newest(facts: Reviews) -> Table:
    return Table(
        caption=texts.REVIEW_NEWEST,
        columns=columns(texts.REVIEW_NEWEST_COLUMNS, (4.4, 1.8, 0.8, 1.8, 1.1), "ssess"),
        rows=[
            [
                Cell(
                    text=clean(review.text, MAX_PROSE // 2) or texts.NO_WORDS,
                    detail=clean(review.author, 80),
                ),
                plain(review.location),
                Cell(text=f"{review.rating:g}"),
                Cell(text=day(review.published_at)),
                Cell(text=texts.YES) if review.is_answered else Cell(text=texts.NO, tone="warn"),
            ]
            for review in facts.newest
        ],
    )
