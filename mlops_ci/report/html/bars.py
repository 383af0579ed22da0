"""Where everything of a bar chart goes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlops_ci.records.chart import Bar, Bars
from mlops_ci.report.html.plot import shortened
from mlops_ci.report.html.scale import Scale, number, scale
from mlops_ci.report.wording import value_text, visible

WIDTH = 420
_LETTER = 7.4
_LONGEST_LABEL = 20
_VALUE = 62  # pixels, for the value at the end of a line
_ROW, _GAP = 12, 8
_TOP, _FOOT = 8, 40


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar's rectangle and what is told of it."""

    number: int
    x: float
    y: float
    width: float
    tip: str


@dataclass(frozen=True, slots=True)
class DrawnGroup:
    """The bars of one label; ``reach`` is the interval's line, at the height of the first bar."""

    label: str
    whole: str
    y: float
    value: str
    bars: tuple[DrawnBar, ...]
    reach: tuple[float, float] | None
    height: float
    faint: bool


@dataclass(frozen=True, slots=True)
class DrawnBars:
    """A bar chart, ready to be written."""

    chart: Bars
    left: float
    right: float
    groups: tuple[DrawnGroup, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    bottom: float
    height: float
    width: int = WIDTH
    bar: int = _ROW


def drawn_bars(chart: Bars) -> DrawnBars:
    """The drawing of a bar chart."""
    labels = [shortened(bar.label, _LONGEST_LABEL) for bar in chart.bars]
    left = 14 + _LETTER * max(map(len, labels), default=1)
    right = WIDTH - _VALUE
    run = scale(chart.axis, [0.0, *_ends(chart)], left, right)
    step = _ROW * len(chart.names) + _GAP
    groups = tuple(
        _group(bar, label, _TOP + place * step, chart, run)
        for place, (bar, label) in enumerate(zip(chart.bars, labels, strict=True))
    )
    bottom = _TOP + step * len(groups)
    return DrawnBars(chart, left, right, groups, tuple(run.ticks(4)), run.at(0.0), bottom, bottom + _FOOT)


def _ends(chart: Bars) -> list[float]:
    values = [value for bar in chart.bars for value in (*bar.values, *(bar.interval or ())) if value is not None]
    return [value for value in values if math.isfinite(value)]


def _group(bar: Bar, label: str, top: float, chart: Bars, run: Scale) -> DrawnGroup:
    zero = run.at(0.0)
    bars = []
    for place, (name, value) in enumerate(zip(chart.names, bar.values, strict=True)):
        if value is None or not math.isfinite(value):
            continue
        end = run.at(value)
        tip = f"{bar.label}, {name}: {number(value)}{_told(bar)}"
        y = top + place * _ROW
        bars.append(DrawnBar(min(place, 3), min(zero, end), y, round(abs(end - zero), 1) or 1.0, visible(tip)))
    reach = None
    if bar.interval and bars:
        low, high = bar.interval
        reach = (run.start if low is None else run.at(low), run.end if high is None else run.at(high))
    first = bar.values[0] if bar.values else None
    written = "" if first is None else value_text(first) if math.isfinite(first) else "–"
    return DrawnGroup(label, visible(bar.label), top, written, tuple(bars), reach, _ROW * len(chart.names), bar.faint)


def _told(bar: Bar) -> str:
    between = ""
    if bar.interval:
        low, high = ("unknown" if end is None else number(end) for end in bar.interval)
        between = f", between {low} and {high}"
    return f"{between} ({bar.tip})" if bar.tip else between
