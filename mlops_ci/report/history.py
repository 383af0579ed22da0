"""The chart of a metric's history."""

from __future__ import annotations

from mlops_ci.records.chart import Chart, Series
from mlops_ci.records.report import History

_FEWEST = 3  # what fewer points show, the table says as well


def history_chart(model: str, history: History | None) -> Chart | None:
    """The metric of each version, and that of the champion in place then; None where there is too little to see."""
    if history is None or len(history.points) < _FEWEST:
        return None
    values = tuple(point.value for point in history.points)
    champion: list[float] = []
    # Before the first champion there is nothing to compare with, and the line begins with what becomes it.
    level = history.before
    if level is None:
        level = next((point.value for point in history.points if point.champion), None)
    for point in history.points:
        level = point.value if point.champion or level is None else level
        champion.append(level)
    series = [Series("each version", values)]
    if any(point.champion for point in history.points) or history.before is not None:
        series.append(Series("champion", tuple(champion)))
    return Chart(
        title=f"{history.metric} of {model}",
        axis="version",
        labels=tuple(point.label for point in history.points),
        series=tuple(series),
        marks=tuple(index for index, point in enumerate(history.points) if point.champion),
    )
