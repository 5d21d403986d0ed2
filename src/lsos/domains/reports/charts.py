"""Draws bars and lines as SVG: small, of one style, readable without colour, and titled."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lsos.domains.reports.document import Chart
from lsos.domains.reports.facts import Point

WIDTH = 640
FONT = "'Noto Sans','DejaVu Sans','Segoe UI',Helvetica,Arial,sans-serif"
TEXT = "#1f2937"
QUIET = "#5b6472"
GRID = "#d5dae1"
LABEL_WIDTH = 214
LABEL_CHARS = 30


class Bar(NamedTuple):
    label: str
    value: float | None
    """None: not measured, drawn as words."""
    text: str


class Series(NamedTuple):
    name: str
    colour: str


def bars(title: str, description: str, items: Sequence[Bar], colour: str, top: float) -> Chart:
    """Horizontal bars on a scale from 0 to `top`."""
    step, size = 26, 14
    height = len(items) * step + 6
    room = WIDTH - LABEL_WIDTH - 90
    parts = []
    for index, (label, value, text) in enumerate(items):
        y = index * step + 4
        parts.append(_label(label, y + size - 3))
        parts.append(_rect(LABEL_WIDTH, y, room, size, "#eceff3"))
        if value is not None and top > 0:
            length = room * max(0.0, min(1.0, value / top))
            parts.append(_rect(LABEL_WIDTH, y, length, size, colour))
        fill = QUIET if value is None else TEXT
        parts.append(_text(LABEL_WIDTH + room + 8, y + size - 3, text, fill=fill))
    return _chart(title, description, "".join(parts), height)


def stacked(
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    series: Sequence[Series],
) -> Chart:
    """Horizontal bars of parts, with a legend; the total stands at the end of a bar."""
    step, size, head = 26, 14, 26
    height = head + len(rows) * step + 6
    room = WIDTH - LABEL_WIDTH - 90
    top = max((sum(values) for _, values in rows), default=0) or 1
    parts = _legend(series)
    for index, (label, values) in enumerate(rows):
        y, x = head + index * step + 4, float(LABEL_WIDTH)
        parts.append(_label(label, y + size - 3))
        for (_, colour), value in zip(series, values, strict=True):
            length = room * value / top
            if length > 0:
                # A gap of white tells neighbours apart without colour.
                parts.append(_rect(x, y, max(1.0, length - 1), size, colour))
            x += length
        parts.append(_text(x + 7, y + size - 3, f"{sum(values):,.0f}"))
    return _chart(title, description, "".join(parts), height)


def line(title: str, description: str, points: Sequence[Point], colour: str, top: float) -> Chart:
    """A line on a scale from 0 to `top`; a day without a value leaves a gap."""
    height, left, right, upper, lower = 156, 34, 46, 12, 128
    span = max(1, (points[-1].day - points[0].day).days) if points else 1
    parts = []
    for step in range(5):
        value = top * step / 4
        y = lower - (lower - upper) * step / 4
        parts.append(
            f'<line x1="{left}" y1="{y:.1f}" x2="{WIDTH - right}" y2="{y:.1f}" stroke="{GRID}"/>'
        )
        parts.append(_text(left - 6, y + 4, f"{value:g}", anchor="end", fill=QUIET))
    placed = [
        (
            left + (WIDTH - left - right) * (point.day - points[0].day).days / span,
            None if point.value is None else lower - (lower - upper) * min(1, point.value / top),
        )
        for point in points
    ]
    for run in _runs(placed):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [_dot(x, y, colour) for x, y in run]
    if placed and (newest := placed[-1][1]) is not None:
        text = f"{points[-1].value:.1f}"
        parts.append(_text(placed[-1][0] + 8, newest + 4, text, weight="bold"))
    if points:
        parts.append(_text(left, lower + 20, points[0].day.isoformat(), fill=QUIET))
        end = points[-1].day.isoformat()
        parts.append(_text(WIDTH - right, lower + 20, end, anchor="end", fill=QUIET))
    return _chart(title, description, "".join(parts), height)


def _runs(
    placed: Sequence[tuple[float, float | None]],
) -> list[list[tuple[float, float]]]:
    """Stretches of neighbours that have values."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in placed:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], float(LABEL_WIDTH)
    for name, colour in series:
        parts.append(_rect(x, 3, 12, 12, colour))
        parts.append(_text(x + 17, 13.5, name, fill=QUIET))
        x += 34 + 7.2 * len(name)
    return parts


def _chart(title: str, description: str, body: str, height: float) -> Chart:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' font-family="{FONT}" font-size="11.5"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>{body}</svg>"
    )
    return Chart(title=title, description=description, svg=svg, height=height)


def _label(label: str, y: float) -> str:
    short = label if len(label) <= LABEL_CHARS else f"{label[: LABEL_CHARS - 1]}…"
    return _text(LABEL_WIDTH - 8, y, short, anchor="end")


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="2"'
        f' fill="{fill}"/>'
    )


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", fill: str = TEXT, weight: str = ""
) -> str:
    extra = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{extra}>'
        f"{escape(text)}</text>"
    )
