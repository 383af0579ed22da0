"""Charts with their drawings, for the template that writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from mlops_ci.records.chart import Bars, Chart, Plot
from mlops_ci.report.html.bars import DrawnBars, drawn_bars
from mlops_ci.report.html.matrix import DrawnMatrix, drawn_matrix
from mlops_ci.report.html.plot import DrawnPlot, drawn_plot


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of a page, where ``number`` tells it from all others."""

    number: int
    kind: Literal["plot", "bars", "matrix"]
    chart: Chart
    drawing: DrawnPlot | DrawnBars | DrawnMatrix


class Figures:
    """Draws the charts of one page and numbers them."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def of(self, charts: Iterable[Chart]) -> list[Figure]:
        """The figures of some charts."""
        return [self._figure(chart) for chart in charts]

    def _figure(self, chart: Chart) -> Figure:
        if isinstance(chart, Plot):
            return Figure(next(self._numbers), "plot", chart, drawn_plot(chart))
        if isinstance(chart, Bars):
            return Figure(next(self._numbers), "bars", chart, drawn_bars(chart))
        return Figure(next(self._numbers), "matrix", chart, drawn_matrix(chart))
