"""The state of the website: score, findings, worst pages, and what changed."""

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import (
    change,
    clean,
    columns,
    count,
    cut,
    grade,
    history,
    number,
    percent,
    plain,
)
from lsos.domains.reports.document import (
    Block,
    Bullets,
    Cell,
    Subhead,
    Table,
    Text,
    Theme,
    Tile,
    Tiles,
    Tone,
)
from lsos.domains.reports.facts import Technical

SEVERITY_COLOURS = {
    "critical": "#9f1239",
    "high": "#d9480f",
    "medium": "#a16207",
    "low": "#3b6ea5",
    "info": "#7b8794",
}
SEVERITY_TONES: dict[str, Tone] = {"critical": "bad", "high": "bad", "medium": "warn"}


def blocks(facts: Technical, theme: Theme) -> list[Block]:
    found: list[Block] = [_tiles(facts)]
    if facts.is_cut_off:
        found.append(Text(text=texts.TECH_SAMPLED, style="note"))
    found += history(texts.TECH_HISTORY, facts.history, theme.mark)
    if not facts.checks:
        found.append(Text(text=texts.TECH_NO_FINDINGS))
        return found
    found += [_topics(facts), *_changes(facts), _checks(facts)]
    if facts.worst_pages:
        found.append(_pages(facts))
    return found


def _tiles(facts: Technical) -> Tiles:
    moved = change(facts.score, facts.previous_score)
    score = Tile(
        label=texts.TILE_TECHNICAL,
        value=number(facts.score),
        detail=texts.DELTA.format(change=moved) if moved else texts.OUT_OF_100,
        tone=grade(facts.score),
    )
    clean_pages = facts.clean_share
    return Tiles(
        items=[
            score,
            Tile(
                label=texts.TILE_CLEAN,
                value=texts.NOT_MEASURED if clean_pages is None else f"{percent(clean_pages, 1)} %",
                detail=texts.TILE_CLEAN_DETAIL.format(eligible=count(facts.eligible)),
            ),
            Tile(
                label=texts.TILE_MEASURED,
                value=count(facts.measured),
                detail=texts.TILE_MEASURED_DETAIL.format(
                    admitted=count(facts.admitted), pages=count(facts.pages)
                ),
            ),
            Tile(
                label=texts.TILE_SEVERE,
                value=count(_severe(facts)),
                detail=texts.TILE_SEVERE_DETAIL.format(total=count(sum(facts.severities.values()))),
            ),
        ]
    )


def _severe(facts: Technical) -> int:
    return facts.severities.get("critical", 0) + facts.severities.get("high", 0)


def _topics(facts: Technical) -> Block:
    shown = [s for s in texts.SEVERITIES if any(s in c for c in facts.topics.values())]
    rows = sorted(
        facts.topics.items(),
        key=lambda row: ([-row[1].get(s, 0) for s in texts.SEVERITIES], row[0]),
    )[:12]
    words = [
        texts.TECH_TOPICS_SAY.format(
            topic=_topic(topic),
            counts=", ".join(f"{c[s]} {texts.SEVERITIES[s].lower()}" for s in shown if c.get(s)),
        )
        for topic, c in rows
    ]
    return charts.stacked(
        texts.TECH_TOPICS,
        "; ".join(words) + ".",
        [(_topic(topic), [float(c.get(s, 0)) for s in shown]) for topic, c in rows],
        [charts.Series(texts.SEVERITIES[s], SEVERITY_COLOURS[s]) for s in shown],
    )


def _topic(topic: str) -> str:
    return texts.TOPICS.get(topic) or clean(topic).replace("_", " ").capitalize()


def _changes(facts: Technical) -> list[Block]:
    if facts.appeared is None or facts.gone is None:
        return []
    said = [
        sentence.format(names="; ".join(clean(name) for name in names))
        for sentence, names in (
            (texts.TECH_APPEARED, facts.appeared),
            (texts.TECH_GONE, facts.gone),
        )
        if names
    ]
    return [Subhead(text=texts.TECH_CHANGES), Bullets(items=said or [texts.TECH_SAME])]


def _checks(facts: Technical) -> Table:
    rows = [
        [
            plain(check.title),
            Cell(
                text=texts.SEVERITIES.get(check.severity, clean(check.severity)),
                tone=SEVERITY_TONES.get(check.severity, "muted"),
            ),
            Cell(text=count(check.findings)),
            Cell(
                text=texts.NONE
                if check.affected is None
                else texts.TECH_PAGES_AFFECTED.format(
                    affected=count(check.affected), eligible=count(facts.eligible)
                )
            ),
            plain(check.example),
        ]
        for check in facts.checks
    ]
    return Table(
        caption=texts.TECH_CHECKS,
        columns=columns(texts.TECH_CHECK_COLUMNS, (3.2, 1.2, 1.1, 1.5, 3.4), "ssees"),
        rows=rows,
        cut=cut(len(rows), facts.checks_total),
    )


def _pages(facts: Technical) -> Table:
    shown = [s for s in texts.SEVERITIES if any(s in p.counts for p in facts.worst_pages)]
    labels = (texts.TECH_PAGE_COLUMN, *(texts.SEVERITIES[s] for s in shown))
    return Table(
        caption=texts.TECH_PAGES,
        columns=columns(labels, (4, *(1 for _ in shown)), "s" + "e" * len(shown)),
        rows=[
            [plain(page.url), *(Cell(text=count(page.counts.get(s, 0))) for s in shown)]
            for page in facts.worst_pages
        ],
    )
