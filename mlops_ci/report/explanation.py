"""An explanation for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.explanation import ChangedRow, ChangedRows, ExplainedRule, Explanation
from mlops_ci.records.verdict import Side
from mlops_ci.report.terminal import note_lines, rendered
from mlops_ci.report.wording import MARKS, change_text, of_rows, of_slice, value_text, visible

_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
_LONGEST = 24  # letters of an id or a slice


def render_explanation(explanation: Explanation, *, width: int, colour: bool) -> str:
    """The explanation as lines of at most ``width`` columns."""
    outcome = explanation.outcome
    head = Text.assemble(
        (_side(explanation.candidate, "the candidate"), "bold"),
        f" against {_side(explanation.baseline, 'the baseline')}: " if explanation.baseline else ": ",
        (outcome, f"bold {_COLOURS[outcome]}"),
    )
    parts: list[RenderableType] = [head, Text(visible(explanation.summary))]
    told: set[str] = set()
    for rule in explanation.rules:
        parts += ["", *_rule(rule, told)]
    if explanation.changed:
        parts += ["", *_changed(explanation.changed, explanation.baseline)]
    if explanation.notes:
        parts += ["", *note_lines(explanation.notes)]
    return rendered(parts, width=width, colour=colour)


def _side(side: Side | None, otherwise: str) -> str:
    if side is None or (side.version is None and side.name is None):
        return otherwise
    name = side.name or "version"
    if side.version is None:
        return f"the {visible(name)}"
    return f"v{side.version}" if name in {"version", "candidate"} else f"{visible(name)} v{side.version}"


def _rule(rule: ExplainedRule, told: set[str]) -> Iterable[RenderableType]:
    name = f"{rule.label}, {of_slice(rule.slice)}" if rule.slice else rule.label
    only = "" if rule.decides else " (shown only)"
    yield Text.assemble(f"{MARKS[rule.outcome]} ", (visible(name), "bold"), only)
    lines = [("values", _values(rule)), ("estimate", _estimate(rule)), ("asked", _asked(rule))]
    if rule.method and rule.method in told:
        lines.append(("method", f"{rule.method}, as above"))
    elif rule.method:
        lines += [("method", f"{rule.method}. {rule.sentence or ''}".strip()), ("source", rule.source or "")]
        told.add(rule.method)
    lines += [("level", rule.level if rule.quantity else ""), ("settled by", rule.settles)]
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for word, text in lines:
        if text:
            table.add_row(word, Text(visible(text)))
    yield Padding(table, (0, 0, 0, 4))


def _values(rule: ExplainedRule) -> str:
    if rule.candidate is None:
        return ""
    rows = f" on {of_rows(rule.rows)}" if rule.rows else ""
    if rule.baseline is None:
        return f"candidate {value_text(rule.candidate)}{rows}"
    change = change_text(rule.change, rule.candidate)
    return f"candidate {value_text(rule.candidate)}, baseline {value_text(rule.baseline)}, change {change}{rows}"


def _estimate(rule: ExplainedRule) -> str:
    if rule.quantity is None or rule.estimate is None:
        return ""
    error = "" if rule.standard_error is None else f", standard error {rule.standard_error:.3g}"
    return f"{rule.quantity} = {_digits(rule.estimate)}{error}"


def _asked(rule: ExplainedRule) -> str:
    if rule.quantity is None:
        return ""
    low, high = ("unknown" if bound is None else _digits(bound) for bound in (rule.lower, rule.upper))
    return f"{rule.asks}; the bounds are {low} and {high}"


def _changed(changed: ChangedRows, baseline: Side | None) -> Iterable[RenderableType]:
    name = _side(baseline, "baseline")
    if changed.wrong is not None and changed.right is not None:
        beside = f"; beside each answer the score of {_short(changed.score_of)}" if changed.score_of else ""
        yield Text.assemble((f"{of_rows(changed.wrong)} newly wrong, {changed.right:,} newly right", "bold"), beside)
    for title, rows in (
        ("newly wrong", changed.newly_wrong),
        ("newly right", changed.newly_right),
        (f"largest change of {changed.loss}", changed.largest),
    ):
        if rows:
            yield ""
            yield Text(f"  {title}")
            yield _rows(rows, name, changed.loss)


def _rows(rows: tuple[ChangedRow, ...], baseline: str, loss: str | None) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    columns = list(rows[0].columns)
    for heading in ("row", "target", baseline, "candidate", *([f"Δ {loss}"] if loss else []), *columns):
        table.add_column(
            Text(_short(heading)), overflow="fold", justify="right" if heading.startswith("Δ ") else "left"
        )
    for row in rows:
        change = [change_text(row.loss_change, 1.0)] if loss else []
        cells = [row.row, row.target, row.baseline, row.candidate, *change, *row.columns.values()]
        table.add_row(*(Text(_short(cell)) for cell in cells))
    return Padding(table, (0, 0, 0, 4))


def _short(text: str) -> str:
    plain = visible(text)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _digits(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
