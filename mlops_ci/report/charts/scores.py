"""Charts of scores: how well they tell the classes apart, and whether they are the probabilities they say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mlops_ci.records.chart import Axis, Plot, Series
from mlops_ci.records.report import Report
from mlops_ci.records.report_details import Answers, Calibration, Curve
from mlops_ci.report.charts.sides import sides

_DIAGONAL = ((0.0, 1.0), (0.0, 1.0))


def roc_chart(report: Report) -> Plot | None:
    """The ROC curves, with the diagonal of a model that guesses."""
    series = _curves(report, lambda answers: answers.roc)
    return _roc(f"ROC{_of_class(report)}", series) if series else None


def class_roc_charts(report: Report) -> list[Plot]:
    """The ROC curves of each class against all others, of a task of several: a chart for each class."""
    own = report.details.candidate.class_rocs if report.details and report.details.candidate else ()
    return [_roc(f"ROC of {each.of} against the rest", _curves(report, partial(_roc_of, each.of))) for each in own]


def _roc_of(name: str, answers: Answers) -> Curve | None:
    return next((each.roc for each in answers.class_rocs if each.of == name), None)


def _roc(title: str, series: list[Series]) -> Plot:
    return Plot(
        title=title,
        x=Axis("share of the others taken for it", 0.0, 1.0),
        y=Axis("share of its rows found", 0.0, 1.0),
        series=(*series, Series("guessing", *_DIAGONAL, "guide")),
        caption="Higher and further left is better. A point is a threshold on the score.",
    )


def precision_recall_chart(report: Report) -> Plot | None:
    """Precision over recall."""
    series = _curves(report, lambda answers: answers.precision_recall)
    if not series:
        return None
    return Plot(
        title=f"Precision and recall{_of_class(report)}",
        x=Axis("recall: share of its rows found", 0.0, 1.0),
        y=Axis("precision: share of answers right", 0.0, 1.0),
        series=tuple(series),
        caption="Higher is better. Unlike the ROC curve it tells when a class is rare.",
    )


def calibration_chart(report: Report) -> Plot | None:
    """The share of rows that are positive, over what the scores say."""
    found = sides(report, lambda answers: answers.calibration)
    if not found:
        return None
    multiclass = report.details is not None and report.details.task == "multiclass"
    what = "right" if multiclass else "positive"
    return Plot(
        title="Calibration of the answered class" if multiclass else f"Calibration{_of_class(report)}",
        x=Axis("mean score", 0.0, 1.0),
        y=Axis(f"share of rows that are {what}", 0.0, 1.0),
        series=(*(_bins(name, bins) for name, bins in found), Series("as it should be", *_DIAGONAL, "guide")),
        caption=f"On the diagonal, of rows with a score of 0.7 seven in ten are {what}. Larger points are more rows.",
    )


def _curves(report: Report, part: Callable[[Answers], Curve | None]) -> list[Series]:
    return [
        Series(name if curve.area is None else f"{name}, area {curve.area:.4f}", curve.x, curve.y)
        for name, curve in sides(report, part)
    ]


def _bins(name: str, bins: Calibration) -> Series:
    return Series(
        name, bins.predicted, bins.observed, sizes=tuple(map(float, bins.rows)),
        tips=tuple("1 row" if rows == 1 else f"{rows:,} rows" for rows in bins.rows),
    )  # fmt: skip


def _of_class(report: Report) -> str:
    return f" of {report.details.positive}" if report.details and report.details.positive else ""
