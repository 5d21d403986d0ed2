"""An HTML page with charts of a simulation: latency, queue and state over time, and gates."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tools.load.simulation import Run

WIDTH, HEIGHT, LEFT = 900, 150, 56
COLOURS = {"PASS": "#1a7f37", "WARN": "#9a6700", "FAIL": "#b42318"}
STATES = {"Healthy": "#2da44e", "Degraded": "#d4a72c", "Critical": "#cf222e"}
UNKNOWN = "#8c959f"
NAMES = {
    "A": "P95 API latency",
    "B": "Queue drain",
    "C": "Failure rate",
    "D": "Degraded-state stability",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 980px; margin: 32px auto;
  padding: 0 16px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 16px; margin: 28px 0 6px; }
p.sub { color: #59636e; margin: 2px 0 16px; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 6px 10px;
  border-bottom: 1px solid #d1d9e0; vertical-align: top; }
b.v { display: inline-block; min-width: 44px; } svg { width: 100%; height: auto; display: block; }
text { font: 11px system-ui, sans-serif; fill: #59636e; }
"""


def page(document: Mapping[str, Any], run: Run) -> str:
    performance = document["Performance Metrics"]
    title = "Load simulation"
    sub = (
        f"{run.began_at:%Y-%m-%d %H:%M} UTC, {run.options.load_s:.0f} s of load at"
        f" {run.options.rate:.0f} requests/s, {performance['total_requests']} requests, readiness"
        f" {document['readiness_estimate']}"
    )
    parts = [
        f"<h1>{title}</h1><p class='sub'>{escape(sub)}</p>",
        _gates(document["Gates"]),
        "<h2>Latency from the due time, a second each: P95 and longest, ms</h2>",
        _lines(_latencies(run), run, ("#0969da", "#a8c7ee")),
        "<h2>Queue depth</h2>",
        _lines([[(s.t_s, float(s.depth)) for s in run.samples if s.depth is not None]], run),
        "<h2>Platform state</h2>",
        _states(run),
        "<h2>Advice</h2><ul>",
        *[f"<li>{escape(line)}</li>" for line in document["tuning_advice"]],
        "</ul>",
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _gates(gates: Mapping[str, Any]) -> str:
    rows = []
    for letter, gate in gates.items():
        figures = ", ".join(
            f"{name} {_short(value)}" for name, value in gate["figures"].items() if value != {}
        )
        why = "; ".join(gate["why"]) or figures
        colour = COLOURS[gate["verdict"]]
        rows.append(
            f"<tr><td>{letter}</td><td>{NAMES[letter]}</td>"
            f"<td><b class='v' style='color:{colour}'>{gate['verdict']}</b></td>"
            f"<td>{escape(why)}</td></tr>"
        )
    head = "<tr><th></th><th>SharedLimits</th><th>Verdict</th><th>Because</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return f"of {len(value)} types"
    return str(value)


def _latencies(run: Run) -> list[list[tuple[float, float]]]:
    seconds: dict[int, list[float]] = {}
    for call in run.calls:
        seconds.setdefault(int(call.t_s), []).append(call.ms)
    p95, longest = [], []
    for second, values in sorted(seconds.items()):
        values.sort()
        p95.append((second + 0.5, values[max(0, int(0.95 * len(values)) - 1)]))
        longest.append((second + 0.5, values[-1]))
    return [p95, longest]


def _lines(
    series: Sequence[Sequence[tuple[float, float]]],
    run: Run,
    colours: Sequence[str] = ("#0969da",),
) -> str:
    most = max((value for line in series for _, value in line), default=0.0) or 1.0
    parts = []
    for line, colour in reversed(list(zip(series, colours, strict=True))):
        points = " ".join(f"{_x(t, run):.1f},{_y(value, most):.1f}" for t, value in line)
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='1.6'/>"
        )
    for share in (0.0, 0.5, 1.0):
        y = _y(most * share, most)
        parts.append(
            f"<line x1='{LEFT}' x2='{WIDTH}' y1='{y:.1f}' y2='{y:.1f}' stroke='#d1d9e0'/>"
            f"<text x='{LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{most * share:.4g}</text>"
        )
    return _frame("".join(parts), run, HEIGHT)


def _states(run: Run) -> str:
    parts = []
    ends = [s.t_s for s in run.samples[1:]] + [_length(run)]
    for sample, end in zip(run.samples, ends, strict=True):
        colour = STATES.get(sample.state or "", UNKNOWN)
        x, width = _x(sample.t_s, run), _x(end, run) - _x(sample.t_s, run)
        parts.append(f"<rect x='{x:.1f}' y='8' width='{width + 0.3:.1f}' height='22'")
        parts.append(f" fill='{colour}'><title>{escape(sample.state or 'unknown')}</title></rect>")
    x = LEFT
    for name, colour in (*STATES.items(), ("unknown", UNKNOWN)):
        parts.append(f"<rect x='{x}' y='40' width='10' height='10' fill='{colour}'/>")
        parts.append(f"<text x='{x + 14}' y='49'>{name}</text>")
        x += 90
    return _frame("".join(parts), run, 70)


def _frame(inner: str, run: Run, height: int) -> str:
    x = _x(run.options.load_s, run)
    mark = f"<line x1='{x:.1f}' x2='{x:.1f}' y1='4' y2='{height - 18}' stroke='#59636e'"
    mark += " stroke-dasharray='3 3'/>"
    ticks = "".join(
        f"<text x='{_x(t, run):.1f}' y='{height - 4}' text-anchor='{anchor}'>{label}</text>"
        for t, label, anchor in (
            (0.0, "0 s", "start"),
            (run.options.load_s, f"load ends, {run.options.load_s:.0f} s", "middle"),
            (_length(run), f"{_length(run):.0f} s", "end"),
        )
    )
    return f"<svg viewBox='0 0 {WIDTH} {height}' role='img'>{inner}{mark}{ticks}</svg>"


def _length(run: Run) -> float:
    last = run.samples[-1].t_s if run.samples else 0.0
    return max(last, run.options.load_s * 1.12)


def _x(t_s: float, run: Run) -> float:
    return LEFT + (WIDTH - LEFT - 8) * min(1.0, max(0.0, t_s / _length(run)))


def _y(value: float, most: float) -> float:
    return 8 + (HEIGHT - 32) * (1 - value / most)
