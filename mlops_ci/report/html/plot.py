"""Where everything of a plot goes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlops_ci.records.chart import Plot, Series
from mlops_ci.report.html.scale import Scale, number, scale
from mlops_ci.report.wording import visible

WIDTH, HEIGHT = 420, 280
_TOP, _BOTTOM, _RIGHT = 26, HEIGHT - 42, WIDTH - 12
_LETTER = 6.4  # pixels
_LONGEST_LABEL = 8
_MOST_TIPS = 40  # of a line; pointing between two of them finds the nearer one
_MOST_DOTS = 30  # more of them hide the line
_LARGEST_DOT, _SMALLEST_DOT = 9.0, 2.5


@dataclass(frozen=True, slots=True)
class Dot:
    """A place with what is told of it; ``size`` is its radius, 0 where nothing is to be seen."""

    x: float
    y: float
    tip: str
    size: float = 0.0
    filled: bool = True


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    """A line as a path, and its dots; ``number`` chooses colour and dashes."""

    name: str
    number: str
    path: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class DrawnPlot:
    """A plot, ready to be written."""

    chart: Plot
    left: float
    series: tuple[DrawnSeries, ...]
    across: tuple[tuple[float, str], ...]
    along: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    top: int = _TOP
    bottom: int = _BOTTOM
    right: int = _RIGHT


def drawn_plot(chart: Plot) -> DrawnPlot:
    """The drawing of a plot."""
    finite = [_finite(series) for series in chart.series]
    ys = [value for series in finite for value in series.y]
    rise = scale(chart.y, ys, _BOTTOM, _TOP)
    along = tuple(rise.ticks(5))
    left = 14.0 + _LETTER * max((len(text) for _, text in along), default=1)
    run = scale(chart.x, [value for series in finite for value in series.x], left, _RIGHT)
    across = _names(chart.x.labels, run, _RIGHT - left) if chart.x.labels else tuple(run.ticks(6))
    drawn = []
    solid = 0
    for series in finite:
        name = "guide" if series.style == "guide" else str(min(solid, 3))
        solid += series.style != "guide"
        drawn.append(DrawnSeries(visible(series.name), name, _path(series, run, rise), _dots(series, chart, run, rise)))
    return DrawnPlot(chart, left, tuple(drawn), across, along)


def _finite(series: Series) -> Series:
    kept = [index for index, pair in enumerate(zip(series.x, series.y, strict=True)) if all(map(math.isfinite, pair))]
    if len(kept) == len(series.x):
        return series
    marks = tuple(kept.index(mark) for mark in series.marks if mark in kept)
    x, y = (tuple(values[index] for index in kept) for values in (series.x, series.y))
    sizes, tips = (tuple(values[index] for index in kept) if values else () for values in (series.sizes, series.tips))
    return Series(series.name, x, y, series.style, marks, sizes, tips)  # type: ignore[arg-type]  # floats and texts


def _path(series: Series, run: Scale, rise: Scale) -> str:
    if series.style == "points" or not series.x:
        return ""
    places = [(run.at(x), rise.at(y)) for x, y in zip(series.x, series.y, strict=True)]
    parts = [f"M{places[0][0]:g} {places[0][1]:g}"]
    for x, y in places[1:]:
        parts.append(f"H{x:g}V{y:g}" if series.style == "steps" else f"L{x:g} {y:g}")
    return "".join(parts)


def _dots(series: Series, chart: Plot, run: Scale, rise: Scale) -> tuple[Dot, ...]:
    if series.style == "guide":
        return ()
    count = len(series.x)
    every = 1 if series.style == "points" else max(1, math.ceil(count / _MOST_TIPS))
    shown = sorted({*range(0, count, every), *series.marks, *([count - 1] if count else [])})
    return tuple(
        Dot(
            run.at(series.x[index]),
            rise.at(series.y[index]),
            _tip(series, chart, index),
            _radius(series, chart, index),
            index in series.marks or not chart.x.labels,
        )
        for index in shown
    )


def _radius(series: Series, chart: Plot, index: int) -> float:
    if series.sizes:
        return round(max(_SMALLEST_DOT, _LARGEST_DOT * math.sqrt(series.sizes[index] / (max(series.sizes) or 1.0))), 1)
    if series.style == "points":
        return _SMALLEST_DOT
    named = bool(chart.x.labels) and series.style == "line" and len(series.x) <= _MOST_DOTS
    return 3.5 if named or index in series.marks else 0.0


def _tip(series: Series, chart: Plot, index: int) -> str:
    x = chart.x.labels[index] if chart.x.labels and index < len(chart.x.labels) else number(series.x[index])
    more = f" ({series.tips[index]})" if series.tips else ""
    return visible(f"{series.name}: {chart.x.name} {x}, {chart.y.name} {number(series.y[index])}{more}")


def _names(labels: tuple[str, ...], run: Scale, room: float) -> tuple[tuple[float, str], ...]:
    """The names of places, as many as fit; counting begins with the last, which is what a reader looks for."""
    short = [shortened(label, _LONGEST_LABEL) for label in labels]
    every = math.ceil(len(short) * (max(map(len, short), default=1) + 1) * _LETTER / room) or 1
    return tuple((run.at(index), short[index]) for index in sorted(range(len(short) - 1, -1, -every)))


def shortened(text: str, most: int) -> str:
    """Foreign text of at most so many letters."""
    text = visible(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
