"""The charts of a report, in the order in which they are looked at: each a function from a report to a chart."""

from __future__ import annotations

from mlops_ci.records.chart import Chart
from mlops_ci.records.report import Report
from mlops_ci.report.charts.classes import confusion_charts, recall_chart
from mlops_ci.report.charts.errors import residual_charts, spread_charts
from mlops_ci.report.charts.importances import importance_chart
from mlops_ci.report.charts.scores import calibration_chart, class_roc_charts, precision_recall_chart, roc_chart
from mlops_ci.report.charts.slices import slice_charts
from mlops_ci.report.history import history_chart


def history_charts(report: Report) -> list[Chart]:
    """How the metrics went on from version to version."""
    histories = (report.history, *report.histories)
    return [chart for history in histories if (chart := history_chart(report.model, history))]


def answer_charts(report: Report) -> list[Chart]:
    """What the answers of the candidate look like beside those of the model that it is compared with."""
    single = (roc_chart(report), precision_recall_chart(report), recall_chart(report), calibration_chart(report))
    return [
        *(chart for chart in single if chart),
        *confusion_charts(report),
        *spread_charts(report),
        *residual_charts(report),
    ]


def comment_charts(report: Report) -> list[Chart]:
    """The few that tell most in a comment: the history, and what fits the task.

    That is ROC curves, the rows found of each class, or how large errors are.
    """
    history = history_chart(report.model, report.history)
    fitting = (roc_chart(report), recall_chart(report), *spread_charts(report))
    chosen = next((chart for chart in fitting if chart), None)
    return [chart for chart in (history, chosen) if chart]


__all__ = ["answer_charts", "class_roc_charts", "comment_charts", "history_charts", "importance_chart", "slice_charts"]
