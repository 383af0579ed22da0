"""The chart of a metric's history."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Plot, Series
from mlops_ci.records.report import History

_FEWEST = 3  # what fewer points show, the table says as well


def history_chart(model: str, history: History | None) -> Plot | None:
    """The metric of each version, and that of the champion it met; None where there is too little to see."""
    if history is None or len(history.points) < _FEWEST:
        return None
    places = tuple(map(float, range(len(history.points))))
    values = tuple(point.value for point in history.points)
    champion = _met(history)
    marks = tuple(index for index, point in enumerate(history.points) if point.champion)
    series = [Series("each version", places, values, marks=marks)]
    if champion:
        series.append(Series("champion", places, champion, "steps"))
    metric = history.label or history.metric
    return Plot(
        title=f"{metric} of {model}",
        x=Axis("version", labels=tuple(point.label for point in history.points)),
        y=Axis(metric),
        series=tuple(series),
        caption="The last point is this one; a filled point became the champion. "
        "The champion is the one in place then.",
    )


def _met(history: History) -> tuple[float, ...]:
    """The champion's metric as each version met it; empty where there was none.

    A point that does not say has met the last one before it that became the champion.
    """
    found, level = [], history.before
    for point in history.points:
        level = level if point.met is None else point.met
        found.append(level)
        level = point.value if point.champion else level
    # The first champion met nothing: the line begins with what the next one met.
    first = next((value for value in found if value is not None), None)
    return () if first is None else tuple(first if value is None else value for value in found)
