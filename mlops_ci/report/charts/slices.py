"""Charts of slices: the change in each, with its interval."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Bar, Bars
from mlops_ci.records.report import Report
from mlops_ci.records.verdict import RuleResult
from mlops_ci.report.wording import main_results, of_rows, rule_text, slice_value

MOST_SLICES = 30


def slice_charts(report: Report) -> list[Bars]:
    """For each rule that is asked of slices the change in each, those that keep the model from passing first."""
    if report.verdict is None:
        return []
    charts = []
    for group in main_results(report.verdict)[1]:
        told = [result for result in group if _size(result) is not None]
        told.sort(key=lambda result: (not result.decides, result.outcome == "pass"))
        if not told:
            continue
        compares = told[0].change is not None
        column = told[0].slice[0] if told[0].slice else ""
        more = f" {len(told) - MOST_SLICES:,} more are not shown." if len(told) > MOST_SLICES else ""
        charts.append(
            Bars(
                title=f"{rule_text(told[0])}, by {column}",
                axis=Axis(f"change of {told[0].metric}" if compares else told[0].metric),
                names=("change" if compares else "value",),
                bars=tuple(map(_bar, told[:MOST_SLICES])),
                caption=f"The lines are one-sided bounds. Pale slices are too small to decide.{more}",
            )
        )
    return charts


def _size(result: RuleResult) -> float | None:
    return result.candidate if result.change is None else result.change


def _bar(result: RuleResult) -> Bar:
    return Bar(
        label=slice_value(result.slice[1]) if result.slice else "",
        values=(_size(result),),
        interval=result.interval,
        tip=f"{of_rows(result.rows or 0)}; {result.outcome}",
        faint=not result.decides,
    )
