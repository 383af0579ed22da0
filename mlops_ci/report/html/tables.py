"""The tables of a report's page, as rows of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlops_ci.records.difference import DatasetChange
from mlops_ci.records.explanation import ChangedRow, ChangedRows
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.wording import (
    MARKS,
    bound_text,
    change_text,
    main_results,
    of_rows,
    of_slice,
    rule_text,
    slice_value,
    slices_line,
    value_text,
)

MOST_SLICES = 100
MOST_COLUMNS = 50
Row = dict[str, Any]


def rule_rows(verdict: Verdict) -> list[Row]:
    """A row for each rule, and one for each that is asked of slices."""
    results, groups = main_results(verdict)
    rows = [_row(result, _name(result)) for result in results]
    for group in groups:
        fine = all(result.outcome == "pass" for result in group if result.decides)
        rows.append(
            {
                "outcome": "pass" if fine else "", "mark": MARKS["pass"] if fine else "", "strong": False,
                "name": f"{rule_text(group[0])}, {slices_line(group)}", "baseline": "", "candidate": "", "change": "",
            }
        )  # fmt: skip
    return rows


def slice_tables(verdict: Verdict) -> list[Row]:
    """A table of each rule that is asked of slices, those that keep the model from passing first."""
    tables = []
    for group in main_results(verdict)[1]:
        first = sorted(group, key=lambda result: (not result.decides, result.outcome == "pass"))
        rows = [
            _row(result, slice_value(result.slice[1])) | {"count": f"{result.rows or 0:,}", "decides": result.decides}
            for result in first[:MOST_SLICES]
            if result.slice
        ]
        # What keeps the model from passing is to be seen at once.
        trouble = any(row["decides"] and row["outcome"] not in {"pass", "skipped"} for row in rows)
        for row in rows:
            row["mark"] = row["mark"] if row["decides"] else "·"
        tables.append(
            {
                "title": f"{rule_text(group[0])}, {slices_line(group)}",
                "column": group[0].slice[0] if group[0].slice else "",
                "rows": rows,
                "trouble": trouble,
                "more": f"{len(group) - MOST_SLICES:,}" if len(group) > MOST_SLICES else "",
            }
        )
    return tables


def changed_tables(changed: ChangedRows, baseline: str) -> Row | None:
    """The rows that changed most; None where none did."""
    kinds = (
        ("newly wrong", changed.newly_wrong),
        ("newly right", changed.newly_right),
        (f"largest change of {changed.loss}", changed.largest),
    )
    tables = [_changed(title, rows, baseline, changed.loss) for title, rows in kinds if rows]
    counted = ""
    if changed.wrong is not None and changed.right is not None:
        counted = f"{of_rows(changed.wrong)} newly wrong, {changed.right:,} newly right."
        if changed.score_of:
            counted += f" Beside each answer stands the score of {changed.score_of}."
    return {"tables": tables, "counted": counted} if tables or counted else None


def dataset_tables(datasets: Iterable[DatasetChange]) -> list[Row]:
    """What is different in each dataset that is not the same."""
    return [
        {
            "name": dataset.name,
            "told": _told(dataset),
            "columns": dataset.columns[:MOST_COLUMNS],
            "more": f"{len(dataset.columns) - MOST_COLUMNS:,}" if len(dataset.columns) > MOST_COLUMNS else "",
        }
        for dataset in datasets
    ]


def _name(result: RuleResult) -> str:
    return rule_text(result) + (f", {of_slice(result.slice)}" if result.slice else "")


def _row(result: RuleResult, name: str) -> Row:
    bound = bound_text(result)
    if result.change is None:
        change = bound or result.reason
    else:
        change = f"{change_text(result.change, result.candidate)} ({bound or result.reason})"
    return {
        "outcome": result.outcome,
        "mark": MARKS[result.outcome],
        "name": name,
        "baseline": value_text(result.baseline),
        "candidate": value_text(result.candidate),
        "change": change,
        "strong": result.outcome == "pass" and result.change is not None and result.interval is not None,
    }


def _changed(title: str, rows: tuple[ChangedRow, ...], baseline: str, loss: str | None) -> Row:
    columns = list(rows[0].columns)
    headings = ["row", "target", baseline, "candidate", *([f"Δ {loss}"] if loss else []), *columns]
    cells = [
        [
            row.row, row.target, row.baseline, row.candidate,
            *([change_text(row.loss_change, 1.0)] if loss else []),
            *(row.columns.get(column, "") for column in columns),
        ]
        for row in rows
    ]  # fmt: skip
    return {"title": title, "headings": headings, "rows": cells}


def _told(dataset: DatasetChange) -> str:
    before, after = dataset.before, dataset.after
    if before is None or after is None:
        return "is new" if before is None else "is no more used"
    rows = [side.profile.rows if side.profile else None for side in (before, after)]
    if rows[0] is None or rows[1] is None:
        return f"another content, {after.size:,} bytes after {before.size:,}"
    return f"{rows[1]:,} rows after {rows[0]:,}" if rows[0] != rows[1] else f"other content in {rows[1]:,} rows"
