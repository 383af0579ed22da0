"""Charts of errors and other values of rows: how large they are, and where."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Plot, Series
from mlops_ci.records.report import Report
from mlops_ci.records.report_details import Curve
from mlops_ci.report.charts.sides import sides

_TAIL = 0.99  # what lies beyond would leave no room for all the others


def spread_charts(report: Report) -> list[Plot]:
    """The share of rows whose value is at most so large, for each value that there is."""
    found = sides(report, lambda answers: answers.spreads)
    if not found:
        return []
    charts = []
    for spread in found[0][1]:
        curves = [(name, curve.curve) for name, of_side in found for curve in of_side if curve.of == spread.of]
        low = min(curve.x[0] for _, curve in curves)
        high = max(_end(curve) for _, curve in curves)
        advice = {"low": " Higher and further left is better.", "high": " Lower and further right is better."}
        charts.append(
            Plot(
                title=f"How large: {spread.of}",
                x=Axis(spread.of, low, high if high > low else None),
                y=Axis("share that is at most so large", 0.0, 1.0),
                series=tuple(Series(name, curve.x, curve.y, "steps") for name, curve in curves),
                caption=f"Up to what 99 % do not exceed.{advice.get(spread.better or '', '')}",
            )
        )
    return charts


def residual_charts(report: Report) -> list[Plot]:
    """The residuals of each model over its predictions."""
    found = sides(report, lambda answers: answers.residuals)
    if not found:
        return []
    every = [value for _, residuals in found for value in residuals.points.y]
    low, high = min(every), max(every)
    charts = []
    for name, residuals in found:
        bands = zip(("half", "a tenth", "nine tenths"), (residuals.median, residuals.low, residuals.high), strict=True)
        lines = [Series(f"{share} below", residuals.middles, values) for share, values in bands]
        charts.append(
            Plot(
                title=f"Residuals, {name}",
                x=Axis("prediction"),
                y=Axis("target − prediction", low, high if high > low else None),
                series=(Series("rows", residuals.points.x, residuals.points.y, "points"), *lines),
                caption="Some of the rows, and the largest errors; the lines are of all rows. Around 0 is better.",
            )
        )
    return charts


def _end(curve: Curve) -> float:
    return next((x for x, y in zip(curve.x, curve.y, strict=True) if y >= _TAIL), curve.x[-1])
