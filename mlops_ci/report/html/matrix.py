"""Where everything of a matrix goes."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.chart import Matrix
from mlops_ci.report.html.plot import shortened
from mlops_ci.report.wording import visible

_WIDTH = 420
_SIDE = 300  # pixels of all cells together
_LARGEST_CELL = 84
_MOST_NUMBERS = 10  # classes, in whose cells numbers can be read
_LONGEST_LABEL = 12
_LETTER = 6.4
_SMALL_CELL = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: which share of its row is in it, and the number written in it; ``right`` ones are the diagonal."""

    x: float
    y: float
    share: float
    right: bool
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class DrawnMatrix:
    """A matrix, ready to be written. ``steep`` says that the names of columns are turned."""

    chart: Matrix
    cells: tuple[Cell, ...]
    size: float
    left: float
    top: float
    labels: tuple[tuple[float, str, str], ...]
    steep: bool
    tiny: bool
    width: float
    height: float


def drawn_matrix(chart: Matrix) -> DrawnMatrix:
    """The drawing of a matrix."""
    count = max(1, len(chart.labels))
    size = min(_LARGEST_CELL, _SIDE / count)
    short = [shortened(label, _LONGEST_LABEL) for label in chart.labels]
    longest = max(map(len, short), default=1) * _LETTER
    steep = longest > size - 4
    side = size * count
    left = longest + 26.0 + max(0.0, (_WIDTH - longest - 34.0 - side) / 2)
    top = (longest if steep else 14.0) + 26.0
    cells = []
    for row, counts in enumerate(chart.counts):
        total = sum(counts)
        for column, rows in enumerate(counts):
            share = rows / total if total else 0.0
            who = f"{chart.rows} {chart.labels[row]}, {chart.columns} {chart.labels[column]}"
            told = f"{who}: {rows:,.6g} rows, {share:.1%} of the {chart.rows}"
            text = _compact(rows) if count <= _MOST_NUMBERS else ""
            cells.append(
                Cell(left + column * size, top + row * size, round(share, 3), row == column, text, visible(told))
            )
    places = tuple(
        ((index + 0.5) * size, label, visible(whole))
        for index, (label, whole) in enumerate(zip(short, chart.labels, strict=True))
    )
    return DrawnMatrix(
        chart,
        tuple(cells),
        size,
        left,
        top,
        places,
        steep,
        size < _SMALL_CELL,
        max(_WIDTH, left + side + 8),
        top + side + 6,
    )


def _compact(rows: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if rows >= size:
            return f"{rows / (1e3 if letter == 'k' else size):.3g} {letter}"
    return f"{rows:.4g}"
