"""A chart as a Mermaid diagram, which GitHub draws in comments and summaries.

The syntax is that of ``xychart-beta``: https://mermaid.js.org/syntax/xyChart.html
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from mlops_ci.records.chart import Axis, Bars, Chart, Matrix, Plot, Series

_LONGEST = 60
_HYPHENS = re.compile("-{2,}")  # of which arrows are made
_MARGIN = 0.1  # of the span, above and below the lines
_COLOURS = ("#0969da", "#9a6700", "#1a7f37", "#cf222e")
COLOUR_NAMES = ("Blue", "Brown", "Green", "Red")
"""What the colours of lines are called, in the order of a chart's series; pictures have the same."""
_LEFT, _RIGHT = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
# What means something to Mermaid, as what looks nearly the same.
_LIKE = str.maketrans({"<": _LEFT, ">": _RIGHT} | dict.fromkeys("\"'`", "\N{RIGHT SINGLE QUOTATION MARK}"))
_ALLOWED = frozenset(" _-.,:()/+=|").union(*_LIKE.values())
_PLACES = 41  # at which a line over numbers is read: Mermaid wants them evenly spread
_MOST_BARS = 20


def render_mermaid(chart: Chart) -> str | None:
    """The chart as a fenced block, its first line last, so that it lies on top; None for what Mermaid cannot draw."""
    if isinstance(chart, Matrix):
        return None
    return _bars(chart) if isinstance(chart, Bars) else _plot(chart)


def quoted(text: str) -> str:
    """Foreign text as a string of Mermaid, which knows no escapes: letters, digits and what means nothing to it."""
    kept = "".join(letter if letter.isalnum() or letter in _ALLOWED else " " for letter in text.translate(_LIKE))
    kept = _HYPHENS.sub("-", " ".join(kept.split()))
    return f'"{kept[:_LONGEST] or "-"}"'


def _plot(chart: Plot) -> str | None:
    drawn = [series for series in chart.series if series.style != "points" and len(series.x) > 1]
    if not drawn:
        return None
    if chart.x.labels or chart.x.log:  # Mermaid knows no logarithm: the first line's places are named instead
        labels = chart.x.labels or tuple(f"{value:g}" for value in drawn[0].x)
        across = f"[{', '.join(map(quoted, labels))}]"
        lines = [_read(series, drawn[0].x) for series in drawn]
    else:
        low, high = _ends(chart.x, [value for series in drawn for value in series.x])
        across = f"{_number(low)} --> {_number(high)}"
        places = [low + (high - low) * index / (_PLACES - 1) for index in range(_PLACES)]
        lines = [_read(series, places) for series in drawn]
    low, high = _range([value for line in lines for value in line], chart.y)
    return _block(
        chart.title,
        f"x-axis {quoted(chart.x.name)} {across}",
        (low, high),
        [("line", line) for line in reversed(lines)],
        [_COLOURS[index % len(_COLOURS)] for index in reversed(range(len(lines)))],
    )


def _bars(chart: Bars) -> str | None:
    """The first values as bars, the second ones as a line through them: Mermaid would hide one bar behind another."""
    if not 1 <= len(chart.bars) <= _MOST_BARS or len(chart.names) > 2 or any(bar.interval for bar in chart.bars):
        return None
    rows = [[value for value in bar.values if value is not None] for bar in chart.bars]
    if any(len(row) != len(chart.names) for row in rows):
        return None
    columns = list(zip(*rows, strict=True))
    low, high = _range([value for column in columns for value in (*column, 0.0)], chart.axis)
    return _block(
        chart.title,
        f"x-axis [{', '.join(quoted(bar.label) for bar in chart.bars)}]",
        (low, high),
        list(zip(("bar", "line"), columns, strict=False)),
        list(_COLOURS[: len(columns)]),
    )


def _block(
    title: str, across: str, ends: tuple[float, float], drawn: Sequence[tuple[str, Sequence[float]]], colours: list[str]
) -> str:
    # The theme's colours are pale, and the first series would take the first of them.
    settings = (
        f'%%{{init: {{"xyChart": {{"width": 800, "height": 300}}, '
        f'"themeVariables": {{"xyChart": {{"plotColorPalette": "{", ".join(colours)}"}}}}}}}}%%'
    )
    lines = [
        settings,
        "xychart-beta",
        f"title {quoted(title)}",
        across,
        f"y-axis {_number(ends[0])} --> {_number(ends[1])}",
        *(f"{kind} [{', '.join(map(_number, values))}]" for kind, values in drawn),
    ]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def _read(series: Series, places: Sequence[float]) -> list[float]:
    """What a line says at these places."""
    found = []
    for place in places:
        after = bisect_right(series.x, place)
        if after in {0, len(series.x)}:
            found.append(series.y[min(after, len(series.x) - 1)])
            continue
        left, right = series.x[after - 1], series.x[after]
        share = 0.0 if series.style == "steps" else (place - left) / (right - left)
        found.append(series.y[after - 1] + share * (series.y[after] - series.y[after - 1]))
    return found


def _ends(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    low = min(values) if axis.low is None else axis.low
    high = max(values) if axis.high is None else axis.high
    return low, high if high > low else low + (abs(low) or 1.0)


def _range(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    return low - _MARGIN * span if axis.low is None else axis.low, (
        high + _MARGIN * span if axis.high is None else axis.high
    )


def _number(value: float) -> str:
    """Digits alone: Mermaid reads no exponent."""
    text = f"{value:.12f}" if abs(value) < 1e15 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
