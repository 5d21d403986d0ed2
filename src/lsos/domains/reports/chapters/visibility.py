"""How the business is found in search: visibility, places, movers, keywords."""

from collections.abc import Sequence

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import (
    change,
    clean,
    columns,
    count,
    cut,
    day,
    history,
    number,
    plain,
)
from lsos.domains.reports.document import Block, Cell, Table, Text, Theme, Tile, Tiles
from lsos.domains.reports.facts import Mover, Rank


def blocks(facts: Rank, theme: Theme) -> list[Block]:
    measured = sum(facts.buckets.values())
    found: list[Block] = [_tiles(facts, measured)]
    uncounted = {s: n for s in ("error", "unmeasured") if (n := facts.states.get(s))}
    if uncounted:
        said = ", ".join(f"{n} {texts.STATES[s]}" for s, n in uncounted.items())
        total = sum(facts.states.values())
        found.append(
            Text(
                text=texts.RANK_UNCOUNTED.format(
                    count=sum(uncounted.values()), total=total, states=said
                ),
                style="note",
            )
        )
    found += history(texts.RANK_HISTORY, facts.history, theme.mark)
    if measured:
        found.append(_buckets(facts, measured, theme))
    found += _moves(facts)
    if facts.keywords:
        found.append(_keywords(facts))
    return found


def _tiles(facts: Rank, measured: int) -> Tiles:
    moved = change(facts.visibility, facts.previous_visibility)
    return Tiles(
        items=[
            Tile(
                label=texts.TILE_VISIBILITY,
                value=texts.NOT_MEASURED
                if facts.visibility is None
                else f"{number(facts.visibility)} %",
                detail=texts.PERCENT_OF.format(count=facts.denominator)
                + (texts.POINTS.format(change=moved) if moved else ""),
            ),
            Tile(
                label=texts.TILE_TOP_3,
                value=count(facts.buckets.get("1-3", 0)),
                detail=texts.PACK_OF.format(measured=measured),
            ),
            Tile(
                label=texts.TILE_TOP_10,
                value=count(facts.buckets.get("1-3", 0) + facts.buckets.get("4-10", 0)),
                detail=texts.PACK_OF.format(measured=measured),
            ),
            Tile(
                label=texts.TILE_PACK,
                value=count(facts.pack_present) if facts.pack_measured else texts.NOT_MEASURED,
                detail=texts.PACK_SHOWN.format(measured=facts.pack_measured),
            ),
        ]
    )


def _buckets(facts: Rank, measured: int, theme: Theme) -> Block:
    shown = [(said, facts.buckets[n]) for n, said in texts.BUCKETS.items() if n in facts.buckets]
    return charts.bars(
        texts.RANK_BUCKETS,
        "; ".join(f"{name}: {n} of {measured}" for name, n in shown) + ".",
        [
            charts.Bar(name, n, texts.RANK_BUCKET_TEXT.format(count=n, total=measured))
            for name, n in shown
        ],
        theme.mark,
        measured,
    )


def _moves(facts: Rank) -> list[Block]:
    if facts.previous_day is None:
        return [Text(text=texts.RANK_FIRST, style="note")]
    if not facts.up and not facts.down:
        said = texts.RANK_NO_MOVES.format(previous=day(facts.previous_day), day=day(facts.day))
        return [Text(text=said)]
    pairs = ((texts.RANK_UP, facts.up), (texts.RANK_DOWN, facts.down))
    return [_movers(caption, movers) for caption, movers in pairs if movers]


def _movers(caption: str, movers: Sequence[Mover]) -> Table:
    return Table(
        caption=caption,
        columns=columns(texts.RANK_MOVE_COLUMNS, (2.4, 3.2, 1, 1, 1.6), "sseee"),
        rows=[
            [
                plain(m.keyword),
                plain(_where(m.place, m.device)),
                _position(m.previous),
                _position(m.position),
                _moved(m),
            ]
            for m in movers
        ],
    )


def _moved(mover: Mover) -> Cell:
    if mover.previous is None:
        return Cell(text=texts.RANK_ENTERED, tone="good")
    if mover.position is None:
        return Cell(text=texts.RANK_LEFT, tone="bad")
    steps = mover.previous - mover.position
    return Cell(
        text=(texts.UP if steps > 0 else texts.DOWN).format(steps=abs(steps)),
        tone="good" if steps > 0 else "bad",
    )


def _position(position: int | None) -> Cell:
    if position is None:
        return Cell(text=texts.NOT_FOUND, tone="muted")
    return Cell(text=count(position))


def _where(place: str, device: str) -> str:
    return ", ".join(part for part in (clean(place, 80), clean(device)) if part)


def _keywords(facts: Rank) -> Table:
    return Table(
        caption=texts.RANK_KEYWORDS,
        columns=columns(texts.RANK_KEYWORD_COLUMNS, (2.4, 3.4, 0.9, 1.1, 1.3), "sseee"),
        rows=[
            [
                plain(row.keyword),
                plain(_where(row.place, row.device)),
                Cell(text=texts.UNKNOWN if row.volume is None else count(row.volume)),
                _outcome(row.state, row.position),
                Cell(text=texts.NO_PACK, tone="muted")
                if row.pack_state == "empty"
                else _outcome(row.pack_state, row.pack_position),
            ]
            for row in facts.keywords
        ],
        cut=cut(len(facts.keywords), facts.keywords_total),
    )


def _outcome(state: str, position: int | None) -> Cell:
    if state == "found" and position is not None:
        return Cell(text=count(position))
    return Cell(text=texts.STATES.get(state, clean(state)), tone="muted")
