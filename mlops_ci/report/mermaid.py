"""A chart as a Mermaid diagram, which GitHub draws in comments and summaries.

The syntax is that of ``xychart-beta``: https://mermaid.js.org/syntax/xyChart.html
"""

from __future__ import annotations

import re

from mlops_ci.records.chart import Chart

_LONGEST = 60
_HYPHENS = re.compile("-{2,}")  # of which arrows are made
_MARGIN = 0.1  # of the span, above and below the lines
_COLOURS = "#0969da, #9a6700, #1a7f37, #cf222e"
_ALLOWED = frozenset(" _-.,:()/+=")


def render_mermaid(chart: Chart) -> str:
    """The chart as a fenced block; its first line comes last, so that it lies on top."""
    low, high = _range(chart)
    # The theme's colours are pale, and the first series would take the first of them.
    colours = ", ".join(reversed(_COLOURS.split(", ")[: len(chart.series)]))
    settings = (
        f'%%{{init: {{"xyChart": {{"width": 800, "height": 300}}, '
        f'"themeVariables": {{"xyChart": {{"plotColorPalette": "{colours}"}}}}}}}}%%'
    )
    lines = [
        settings,
        "xychart-beta",
        f"title {quoted(chart.title)}",
        f"x-axis {quoted(chart.axis)} [{', '.join(map(quoted, chart.labels))}]",
        f"y-axis {_number(low)} --> {_number(high)}",
        *(f"line [{', '.join(map(_number, series.values))}]" for series in reversed(chart.series)),
    ]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def quoted(text: str) -> str:
    """Foreign text as a string of Mermaid, which knows no escapes: letters, digits and what means nothing to it."""
    kept = "".join(letter if letter.isalnum() or letter in _ALLOWED else " " for letter in text)
    kept = _HYPHENS.sub("-", " ".join(kept.split()))
    return f'"{kept[:_LONGEST] or "-"}"'


def _range(chart: Chart) -> tuple[float, float]:
    values = [value for series in chart.series for value in series.values]
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    return low - _MARGIN * span, high + _MARGIN * span


def _number(value: float) -> str:
    """Digits alone: Mermaid reads no exponent."""
    text = f"{value:.12f}" if abs(value) < 1e15 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
