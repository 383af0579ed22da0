"""Charts of classes: who is taken for whom, and how many rows of each class are found."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Bar, Bars, Matrix
from mlops_ci.records.report import Report
from mlops_ci.records.report_details import Confusion
from mlops_ci.report.charts.sides import sides


def confusion_charts(report: Report) -> list[Matrix]:
    """A matrix for each model."""
    return [
        Matrix(
            title=f"Confusion, {name}",
            rows="truth",
            columns="answer",
            labels=found.classes,
            counts=found.counts,
            caption="A row is a true class, and its cells what its rows are taken for: on the diagonal rightly.",
        )
        for name, found in sides(report, lambda answers: answers.confusion)
    ]


def recall_chart(report: Report) -> Bars | None:
    """The share of each class's rows that are answered right, of a task of many classes."""
    if report.details is None or report.details.task != "multiclass":
        return None
    found = sides(report, lambda answers: answers.confusion)
    if not found:
        return None
    recalls = [_recalls(confusion) for _, confusion in found]
    own = found[0][1]
    named = list(zip(own.classes, own.counts, strict=True))
    told = named[: len(named) - bool(own.others)]
    return Bars(
        title="Rows found of each class",
        axis=Axis("share of its rows", 0.0, 1.0),
        names=tuple(name for name, _ in found),
        bars=tuple(
            Bar(label, tuple(side.get(label) for side in recalls), tip=f"{sum(counts):,.6g} rows")
            for label, counts in told
        ),
        caption="The recall of each class.",
    )


def _recalls(confusion: Confusion) -> dict[str, float]:
    return {
        label: counts[index] / total
        for index, (label, counts) in enumerate(zip(confusion.classes, confusion.counts, strict=True))
        if (total := sum(counts))
    }
