"""The chart of a metric's history."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Plot, Series
from mlops_ci.records.report import History

_FEWEST = 3  # what fewer points show, the table says as well


def history_chart(model: str, history: History | None) -> Plot | None:
    """The metric of each version, and that of the champion in place then; None where there is too little to see."""
    if history is None or len(history.points) < _FEWEST:
        return None
    places = tuple(map(float, range(len(history.points))))
    values = tuple(point.value for point in history.points)
    champion: list[float] = []
    # Before the first champion there is nothing to compare with, and the line begins with what becomes it.
    level = history.before
    if level is None:
        level = next((point.value for point in history.points if point.champion), None)
    for point in history.points:
        level = point.value if point.champion or level is None else level
        champion.append(level)
    marks = tuple(index for index, point in enumerate(history.points) if point.champion)
    series = [Series("each version", places, values, marks=marks)]
    if marks or history.before is not None:
        series.append(Series("champion", places, tuple(champion), "steps"))
    metric = history.label or history.metric
    return Plot(
        title=f"{metric} of {model}",
        x=Axis("version", labels=tuple(point.label for point in history.points)),
        y=Axis(metric),
        series=tuple(series),
        caption="The last point is this one; a filled point became the champion.",
    )
