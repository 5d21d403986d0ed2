"""What to do next, the most urgent first."""

from lsos.domains.reports import charts, texts
from lsos.domains.reports.chapters.pieces import clean, count
from lsos.domains.reports.document import Advice as AdviceBlock
from lsos.domains.reports.document import Block, Text, Theme
from lsos.domains.reports.facts import Advice, Recommendations
from lsos.domains.reports.rules import MAX_PROSE, MAX_SAMPLE


def blocks(facts: Recommendations, theme: Theme) -> list[Block]:
    if not facts.top:
        return [Text(text=texts.ADVICE_NONE)]
    found: list[Block] = [
        Text(text=texts.ADVICE_INTRO.format(shown=len(facts.top), total=count(facts.total)))
    ]
    found += [_advice(number, one) for number, one in enumerate(facts.top, start=1)]
    every = sum(facts.by_state.values())
    if every:
        bars = [
            charts.Bar(
                name.capitalize(),
                n,
                texts.ADVICE_STATE_TEXT.format(count=n, total=every),
            )
            for state, name in texts.ADVICE_STATES.items()
            if (n := facts.by_state.get(state))
        ]
        said = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
        found.append(charts.bars(texts.ADVICE_STATE_TITLE, f"{said}.", bars, theme.mark, every))
    return found


def _advice(number: int, advice: Advice) -> Block:
    meta = [
        texts.ADVICE_META_ROOM.format(room=texts.ROOMS.get(advice.room, clean(advice.room))),
        texts.ADVICE_META_EFFORT.format(effort=advice.effort),
        texts.ADVICE_META_RISK.format(tier=advice.risk_tier),
        texts.ADVICE_META_CONFIDENCE.format(confidence=f"{advice.confidence:.2f}"),
    ]
    if advice.affected is not None and advice.of:
        meta.append(
            texts.ADVICE_META_AFFECTED.format(
                count=count(advice.affected),
                of=count(advice.of),
                unit=clean(advice.unit),
            ).strip()
        )
    state = texts.ADVICE_STATES.get(advice.state, clean(advice.state))
    meta.append(texts.ADVICE_META_STATE.format(state=state[:1].upper() + state[1:]))
    rest = len(advice.sample) - MAX_SAMPLE
    return AdviceBlock(
        number=number,
        title=clean(advice.title),
        meta=meta,
        text=clean(advice.action, MAX_PROSE),
        sample=[clean(item) for item in advice.sample[:MAX_SAMPLE]],
        sample_cut=texts.MORE.format(count=rest) if rest > 0 else "",
    )
