"""A chart as a PNG picture, for hosts that draw no diagrams themselves; the one place that knows matplotlib."""

from __future__ import annotations

import math
from io import BytesIO

from mlops_ci.errors import MissingExtraError
from mlops_ci.records.chart import Chart

_WIDTH, _HEIGHT, _DOTS = 6.4, 2.8, 200  # inches and dots an inch: sharp where it is shown 640 pixels wide
_COLOURS = ("#0969da", "#9a6700", "#1a7f37", "#cf222e")
_LONGEST = 60
_LONGEST_TITLE = 44  # what fits beside the legend
_LONGEST_NAME = 16  # in the legend
_MOST_LETTERS = 84  # along the axis
_INK, _PALE = "#1f2328", "#d1d9e0"


KINDS = (".svg", ".png")
"""What pictures can be, by the ends of their names."""


def draw_png(chart: Chart) -> bytes:
    """The picture as PNG; as of :func:`draw`."""
    return draw(chart, ".png")


def draw(chart: Chart, kind: str) -> bytes:
    """The picture; equal charts give equal bytes. Marked points are filled, the newest one has a ring.

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
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS, facecolor="white", layout="constrained")
        axes = figure.add_subplot()
        places = range(len(chart.labels))
        for number, series in reversed(list(enumerate(chart.series))):
            own = {"linewidth": 2.0, "zorder": 3} if number == 0 else {"linewidth": 1.4, "drawstyle": "steps-post"}
            axes.plot(
                places,
                series.values,
                color=_COLOURS[number % len(_COLOURS)],
                label=_shown(series.name)[:_LONGEST_NAME],
                **own,
            )
        first = chart.series[0].values
        axes.plot(places[-1], first[-1], "o", color=_COLOURS[0], markerfacecolor="white", markersize=6, zorder=5)
        if chart.marks:
            axes.plot(
                chart.marks, [first[index] for index in chart.marks], "o", color=_COLOURS[0], markersize=5, zorder=6
            )
        axes.set_title(
            _shown(chart.title)[:_LONGEST_TITLE], loc="left", fontsize=10, fontweight="bold", color=_INK, pad=10
        )
        axes.set_xlabel(_shown(chart.axis), color=_INK)
        labels = [_shown(label)[:8] for label in chart.labels]
        every = math.ceil(sum(len(label) + 1 for label in labels) / _MOST_LETTERS)
        # The newest is what a reader looks for, so that counting begins there.
        ticks = sorted(range(len(labels) - 1, -1, -every))
        axes.set_xticks(ticks, [labels[index] for index in ticks])
        axes.grid(axis="y", color=_PALE, linewidth=0.6)
        axes.tick_params(color=_PALE, labelcolor=_INK)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(_PALE)
        axes.legend(
            *(reversed(items) for items in axes.get_legend_handles_labels()),
            loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=len(chart.series), frameon=False, borderaxespad=0.2,
        )  # fmt: skip
        picture = BytesIO()
        unknown = {"Software": None} if kind == ".png" else {"Date": None, "Creator": None}
        figure.savefig(picture, format=kind.removeprefix("."), metadata=unknown)
    return picture.getvalue()


def _shown(text: str) -> str:
    """Foreign text with the letters that the font has; a legend leaves out what begins with an underscore."""
    plain = "".join(letter if letter.isprintable() and ord(letter) < 0x250 else "?" for letter in text)
    return plain[:_LONGEST].lstrip("_") or "-"
