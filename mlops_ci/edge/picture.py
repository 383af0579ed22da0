"""A chart as a picture, for hosts that draw no diagrams themselves; the one place that knows matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlops_ci.errors import MissingExtraError
from mlops_ci.records.chart import Axis, Bars, Chart, Matrix, Plot, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT, _DOTS = 6.4, 2.8, 200  # inches and dots an inch: sharp where it is shown 640 pixels wide
_TALL = 4.4  # of a matrix
_COLOURS = ("#0969da", "#9a6700", "#1a7f37", "#cf222e")
_LONGEST = 60
_LONGEST_TITLE = 44  # what fits beside the legend
_LONGEST_NAME = 16  # in the legend
_LONGEST_LABEL = 24
_MOST_LETTERS = 84  # along the axis
_MOST_CELLS = 12  # a side of a matrix, with its numbers in it
_MOST_BARS = 24
_INK, _PALE = "#1f2328", "#d1d9e0"


KINDS = (".svg", ".png")
"""What pictures can be, by the ends of their names."""


def draw_png(chart: Chart) -> bytes:
    """The picture as PNG; as of :func:`draw`."""
    return draw(chart, ".png")


def draw(chart: Chart, kind: str) -> bytes:
    """The picture; equal charts give equal bytes. Marked points are filled, the newest one of names has a ring.

    Args:
        chart: what to draw.
        kind: one of ``KINDS``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a picture of a chart", "charts") from error
    # Names are foreign: a dollar sign in one begins no formula. Settings of the user are of no matter.
    with rc_context(
        {
            "text.parse_math": False,
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.unicode_minus": True,
            "svg.hashsalt": "mlops-ci",
        }
    ):
        height = _TALL if isinstance(chart, Matrix) else _HEIGHT
        figure = Figure(figsize=(_WIDTH, height), dpi=_DOTS, facecolor="white", layout="constrained")
        axes = figure.add_subplot()
        if isinstance(chart, Plot):
            _plot(axes, chart)
        elif isinstance(chart, Bars):
            _bars(axes, chart)
        else:
            _matrix(axes, chart)
        axes.set_title(
            _shown(chart.title)[:_LONGEST_TITLE], loc="left", fontsize=10, fontweight="bold", color=_INK, pad=10
        )
        axes.tick_params(color=_PALE, labelcolor=_INK)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(_PALE)
        handles, names = axes.get_legend_handles_labels()
        if names:
            axes.legend(
                *(reversed(items) for items in (handles, names)),
                loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=len(names), frameon=False, borderaxespad=0.2,
            )  # fmt: skip
        picture = BytesIO()
        unknown = {"Software": None} if kind == ".png" else {"Date": None, "Creator": None}
        figure.savefig(picture, format=kind.removeprefix("."), metadata=unknown)
    return picture.getvalue()


def _plot(axes: Axes, chart: Plot) -> None:
    for number, series in reversed(list(enumerate(chart.series))):
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(series.x, series.y, color=colour, label=_shown(series.name)[:_LONGEST_NAME], **_style(series, number))
        if series.sizes:
            axes.scatter(series.x, series.y, s=_areas(series.sizes), color=colour, zorder=4)
    first = chart.series[0]
    if chart.x.labels:
        axes.plot(first.x[-1], first.y[-1], "o", color=_COLOURS[0], markerfacecolor="white", markersize=6, zorder=5)
        _ticks(axes, chart.x)
    if first.marks:
        x, y = ([values[index] for index in first.marks] for values in (first.x, first.y))
        axes.plot(x, y, "o", color=_COLOURS[0], markersize=5, zorder=6)
    if chart.x.log:
        axes.set_xscale("log")
    for axis, limit in ((chart.x, axes.set_xlim), (chart.y, axes.set_ylim)):
        if axis.low is not None or axis.high is not None:
            limit(axis.low, axis.high)
    axes.set_xlabel(_shown(chart.x.name), color=_INK)
    if not chart.x.labels:
        axes.set_ylabel(_shown(chart.y.name), color=_INK)
    axes.grid(axis="y", color=_PALE, linewidth=0.6)


def _style(series: Series, number: int) -> dict[str, Any]:
    if series.style == "points":
        return {"linestyle": "none", "marker": "o" if number == 0 else "x", "markersize": 3, "alpha": 0.7}
    if series.style == "guide":
        return {"linewidth": 0.9, "linestyle": ":", "zorder": 2}
    steps = {"drawstyle": "steps-post"} if series.style == "steps" else {}
    return {"linewidth": 2.0, "zorder": 3} | steps if number == 0 else {"linewidth": 1.4, "linestyle": "--"} | steps


def _areas(sizes: Sequence[float]) -> list[float]:
    largest = max(sizes) or 1.0
    return [6.0 + 60.0 * size / largest for size in sizes]


def _ticks(axes: Axes, axis: Axis) -> None:
    labels = [_shown(label)[:8] for label in axis.labels]
    every = math.ceil(sum(len(label) + 1 for label in labels) / _MOST_LETTERS)
    # The newest is what a reader looks for, so that counting begins there.
    ticks = sorted(range(len(labels) - 1, -1, -every))
    axes.set_xticks(ticks, [labels[index] for index in ticks])


def _bars(axes: Axes, chart: Bars) -> None:
    bars = chart.bars[:_MOST_BARS]
    thick = 0.8 / max(1, len(chart.names))
    for number, name in enumerate(chart.names):
        found = [(place, bar.values[number]) for place, bar in enumerate(bars) if bar.values[number] is not None]
        axes.barh(
            [place + (number - (len(chart.names) - 1) / 2) * thick for place, _ in found],
            [value or 0.0 for _, value in found],
            height=thick,
            color=_COLOURS[number % len(_COLOURS)],
            hatch="//" if number else None,
            edgecolor="white",
            label=_shown(name)[:_LONGEST_NAME] if len(chart.names) > 1 else None,
        )
    for place, bar in enumerate(bars):
        if bar.interval and bar.values[0] is not None:
            low, high = (bar.values[0] if end is None else end for end in bar.interval)
            axes.plot([low, high], [place - (len(chart.names) - 1) / 2 * thick] * 2, color=_INK, linewidth=1.2)
    axes.set_yticks(range(len(bars)), [_shown(bar.label)[:_LONGEST_LABEL] for bar in bars])
    axes.invert_yaxis()
    axes.axvline(0.0, color=_INK, linewidth=0.6)
    if chart.axis.low is not None or chart.axis.high is not None:
        axes.set_xlim(chart.axis.low, chart.axis.high)
    axes.set_xlabel(_shown(chart.axis.name), color=_INK)
    axes.grid(axis="x", color=_PALE, linewidth=0.6)


def _matrix(axes: Axes, chart: Matrix) -> None:
    shares = [[count / (sum(row) or 1.0) for count in row] for row in chart.counts]
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    labels = [_shown(label)[:_LONGEST_LABEL] for label in chart.labels]
    axes.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 6 else 0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel(_shown(chart.columns), color=_INK)
    axes.set_ylabel(_shown(chart.rows), color=_INK)
    if len(labels) <= _MOST_CELLS:
        for row, counts in enumerate(chart.counts):
            for column, count in enumerate(counts):
                colour = "white" if shares[row][column] > 0.6 else _INK
                axes.text(column, row, f"{count:,.6g}", ha="center", va="center", color=colour, fontsize=8)


def _shown(text: str) -> str:
    """Foreign text with the letters that the font has; a legend leaves out what begins with an underscore."""
    plain = "".join(letter if letter.isprintable() and ord(letter) < 0x250 else "?" for letter in text)
    return plain[:_LONGEST].lstrip("_") or "-"
