"""The first page in plain words: the same facts always give the same sentences."""

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import (
    change,
    clean,
    count,
    day,
    grade,
    history,
    number,
    percent,
)
from lsos.domains.reports.document import Block, Bullets, Text, Theme, Tile, Tiles
from lsos.domains.reports.facts import Local, Rank, Score, Snapshot, Technical


def blocks(facts: Snapshot, theme: Theme) -> list[Block]:
    tiles, said = _tiles(facts), _sentences(facts)
    if not said:
        return [Text(text=texts.SAY_NOTHING, style="lead")]
    found: list[Block] = [Tiles(items=tiles), Bullets(items=said)]
    if facts.score:
        found += history(texts.SCORE_HISTORY, facts.score.history, theme.mark)
        found.append(_parts(facts.score, theme))
    absent = [
        texts.SECTIONS[name].lower()
        for name in facts.sections
        if name not in ("summary", "method") and getattr(facts, name) is None
    ]
    if absent:
        found.append(Text(text=texts.SAY_ABSENT.format(names=", ".join(absent)), style="note"))
    return found


def _tiles(facts: Snapshot) -> list[Tile]:
    scores: list[tuple[str, float | None, str]] = []
    if facts.score:
        scores.append((texts.TILE_SCORE, facts.score.score, texts.OUT_OF_100))
    if facts.technical:
        moved = change(facts.technical.score, facts.technical.previous_score)
        detail = texts.DELTA.format(change=moved) if moved else texts.OUT_OF_100
        scores.append((texts.TILE_TECHNICAL, facts.technical.score, detail))
    tiles = [_tile(label, score, detail) for label, score, detail in scores]
    if rank := facts.visibility:
        shown = texts.NOT_MEASURED if rank.visibility is None else f"{number(rank.visibility)} %"
        detail = texts.PERCENT_OF.format(count=rank.denominator)
        tiles.append(Tile(label=texts.TILE_VISIBILITY, value=shown, detail=detail))
        if rank.pack_measured:
            detail = texts.PACK_SHOWN.format(measured=rank.pack_measured)
            tiles.append(Tile(label=texts.TILE_PACK, value=count(rank.pack_present), detail=detail))
    if facts.local:
        tiles.append(_mean(texts.TILE_PROFILES, facts.local.scores, facts.local.locations_total))
    if facts.reviews:
        known = facts.reviews.qualities
        tiles.append(_mean(texts.TILE_REVIEWS, known, facts.reviews.locations_total))
    if facts.authority:
        tiles.append(_tile(texts.TILE_AUTHORITY, facts.authority.score, texts.OUT_OF_100))
    if facts.entity:
        tiles.append(_tile(texts.TILE_ENTITY, facts.entity.score, texts.OUT_OF_100))
    return tiles


def _tile(label: str, score: float | None, detail: str) -> Tile:
    return Tile(label=label, value=number(score), detail=detail, tone=grade(score))


def _mean(label: str, known: list[float], total: int) -> Tile:
    mean = sum(known) / len(known) if known else None
    return _tile(label, mean, texts.MEAN_OF.format(count=len(known), total=total))


def _sentences(facts: Snapshot) -> list[str]:
    said: list[str] = []
    if facts.score and facts.score.score is not None:
        known = sum(part.value is not None for part in facts.score.parts)
        said.append(
            texts.SAY_SCORE.format(
                score=number(facts.score.score), parts=known, of=len(facts.score.parts)
            )
        )
    if facts.technical:
        said += _technical(facts.technical)
    if facts.visibility:
        said += _visibility(facts.visibility)
    if facts.local:
        said += _local(facts.local)
    if facts.reviews and facts.reviews.total:
        waiting = sum(not review.is_answered for review in facts.reviews.newest)
        said.append(
            texts.SAY_REVIEWS.format(
                count=count(facts.reviews.total),
                unanswered=waiting,
                newest=len(facts.reviews.newest),
            )
        )
    if facts.authority and facts.authority.score is not None:
        said.append(
            texts.SAY_AUTHORITY.format(
                score=number(facts.authority.score),
                competitors=facts.authority.competitors_measured,
            )
        )
    if facts.entity and facts.entity.score is not None:
        said.append(texts.SAY_ENTITY.format(score=number(facts.entity.score)))
    if facts.recommendations and facts.recommendations.top:
        said.append(texts.SAY_NEXT.format(title=clean(facts.recommendations.top[0].title)))
    return said


def _technical(facts: Technical) -> list[str]:
    urls = {"measured": count(facts.measured), "admitted": count(facts.admitted)}
    if facts.score is None:
        return [texts.SAY_NO_TECHNICAL.format(**urls)]
    moved = change(facts.score, facts.previous_score)
    said = [
        texts.SAY_TECHNICAL.format(
            score=number(facts.score),
            change=texts.SAY_CHANGE.format(change=moved) if moved else "",
            **urls,
        )
    ]
    if facts.clean_share is not None:
        said.append(
            texts.SAY_CLEAN.format(
                clean=count(round(facts.clean_share * facts.eligible)),
                eligible=count(facts.eligible),
                percent=percent(facts.clean_share, 1),
            )
        )
    if facts.checks and facts.checks[0].severity in ("critical", "high"):
        worst = facts.checks[0]
        said.append(
            texts.SAY_WORST.format(
                title=clean(worst.title), severity=worst.severity, findings=count(worst.findings)
            )
        )
    return said


def _visibility(facts: Rank) -> list[str]:
    said = []
    if facts.visibility is not None:
        moved = change(facts.visibility, facts.previous_visibility)
        when = day(facts.visibility_day) if facts.visibility_day else ""
        said.append(
            texts.SAY_VISIBILITY.format(
                value=number(facts.visibility),
                change=texts.SAY_VISIBILITY_CHANGE.format(change=moved, day=when)
                if moved and when
                else "",
                denominator=count(facts.denominator),
            )
        )
    measured = sum(facts.buckets.values())
    if measured:
        top3 = facts.buckets.get("1-3", 0)
        top10 = top3 + facts.buckets.get("4-10", 0)
        said.append(texts.SAY_TOP.format(top3=top3, top10=top10, measured=measured))
    if facts.pack_measured:
        said.append(texts.SAY_PACK.format(present=facts.pack_present, measured=facts.pack_measured))
    return said


def _local(facts: Local) -> list[str]:
    said = []
    shown = [(s, loc.location) for loc in facts.locations if (s := loc.score) is not None]
    if facts.scores and shown:
        low, where = min(shown)
        said.append(
            texts.SAY_PROFILES.format(
                count=len(facts.scores),
                total=facts.locations_total,
                mean=number(sum(facts.scores) / len(facts.scores)),
                location=clean(where),
                low=number(low),
            )
        )
    if facts.nap_judged:
        said.append(texts.SAY_NAP.format(agree=facts.nap_agree, compared=facts.nap_judged))
    return said


def _parts(score: Score, theme: Theme) -> Block:
    bars = [
        charts.Bar(
            texts.SCORE_PARTS.get(part.name, clean(part.name)), part.value, number(part.value)
        )
        for part in score.parts
    ]
    said = "; ".join(texts.PARTS_SAY.format(name=bar.label, value=bar.text) for bar in bars)
    return charts.bars(texts.PARTS_TITLE, f"{said}.", bars, theme.mark, 100)
