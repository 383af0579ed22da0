"""A report for a terminal or a job's log."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.report import CiOutcome, Report
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.budget import budget_line
from mlops_ci.report.changes import changed, in_line, unchanged
from mlops_ci.report.conversion import conversion_lines
from mlops_ci.report.model_explanation import explanation_line
from mlops_ci.report.seeds import steps_in_short, trainings_lines
from mlops_ci.report.wording import (
    MARKS,
    bound_text,
    change_text,
    duration,
    headline,
    level_text,
    main_results,
    next_steps,
    of_rows,
    of_slice,
    rule_text,
    side_name,
    slices_line,
    value_text,
    visible,
)

_COLOURS: dict[CiOutcome, str] = {
    "promoted": "green", "passed": "green", "refused": "red",
    "inconclusive": "yellow", "unchanged": "cyan", "superseded": "cyan",
}  # fmt: skip
_MARK_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "incomparable": "yellow", "skipped": "dim"}


def render_terminal(report: Report, *, width: int, colour: bool) -> str:
    """The report as lines of at most ``width`` columns."""
    parts: list[RenderableType] = [
        Text.assemble((visible(report.model), "bold"), ": ", (headline(report), f"bold {_COLOURS[report.outcome]}")),
        Text(visible(report.summary)),
    ]
    if report.verdict:
        parts += ["", *_verdict(report.verdict)]
    rest: list[tuple[str, str]] = []
    if report.changes:
        rest += [(f"{kind}:", in_line(kind, texts)) for kind, texts in changed(report.changes)]
        if same := unchanged(report.changes):
            rest.append(("same:", f"{same} as in {visible(report.changes.before)}"))
    if report.conversion:
        rest += [("onnx:", line) for line in conversion_lines(report.conversion)]
    if report.explanation:
        rest.append(("goes by:", explanation_line(report.explanation)))
    rest += [("note:", note.replace("`", "")) for note in report.notes]
    if steps := next_steps(report):
        rest.append(("to go on:", steps))
    rest.append(("steps:", _steps(report)))
    return rendered([*parts, "", _pairs(rest)], width=width, colour=colour)


def render_verdict(verdict: Verdict, *, width: int, colour: bool) -> str:
    """A verdict alone, as lines of at most ``width`` columns."""
    style = {"pass": "green", "fail": "red", "inconclusive": "yellow"}[verdict.outcome]
    notes = [Text(f"  note: {visible(note).replace('`', '')}", "dim") for note in verdict.notes]
    head = Text.assemble((verdict.outcome, f"bold {style}"), ": ", visible(verdict.summary))
    return rendered([head, "", *_verdict(verdict), *notes], width=width, colour=colour)


def note_lines(notes: Iterable[str]) -> list[RenderableType]:
    """Notes, each of which keeps its indentation where it is wrapped."""
    return [Padding(Text(f"note: {visible(note)}", "dim"), (0, 0, 0, 2)) for note in notes]


def rendered(parts: list[RenderableType], *, width: int, colour: bool) -> str:
    """Lines of at most ``width`` columns."""
    output = StringIO()
    console = Console(
        file=output, width=width, force_terminal=colour, no_color=not colour, highlight=False, emoji=False, markup=False
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


def wrapped(text: str, *, width: int) -> str:
    """A paragraph as lines of at most ``width`` columns."""
    return rendered([Text(text)], width=width, colour=False)


def _verdict(verdict: Verdict) -> list[RenderableType]:
    sides = _sides(verdict)
    lines: list[RenderableType] = [Text(sides, "dim")] if sides else []
    told = [*([budget_line(verdict.spent)] if verdict.spent else []), *map(visible, trainings_lines(verdict))]
    return [_table(verdict), *lines, *(Padding(Text(line, "dim"), (0, 0, 0, 4)) for line in told)]


def _table(verdict: Verdict) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("")
    table.add_column("rule", overflow="fold")
    table.add_column("champion" if verdict.baseline is None else visible(side_name(verdict)), justify="right")
    table.add_column("candidate", justify="right")
    table.add_column(f"change at {level_text(verdict.confidence)}", overflow="fold")
    results, groups = main_results(verdict)
    for result in results:
        label = visible(rule_text(result) + (f", {of_slice(result.slice)}" if result.slice else ""))
        mark = Text(MARKS[result.outcome], _MARK_COLOURS[result.outcome])
        table.add_row(mark, Text(label), value_text(result.baseline), value_text(result.candidate), _change(result))
    for group in groups:
        fine = all(result.outcome == "pass" for result in group if result.decides)
        label = visible(f"{rule_text(group[0])}, {slices_line(group)}")
        table.add_row(Text(MARKS["pass"], "green") if fine else "", Text(label), "", "", "")
    return Padding(table, (0, 0, 0, 2))


def _change(result: RuleResult) -> Text:
    bound = bound_text(result)
    if result.change is None:
        return Text(bound or visible(result.reason))
    return Text.assemble(
        (change_text(result.change, result.candidate), "bold" if result.outcome == "pass" else ""),
        f" ({bound or visible(result.reason)})",
    )


def _sides(verdict: Verdict) -> str:
    parts = []
    if verdict.rows:
        parts.append(of_rows(verdict.rows))
    if verdict.disagreement:
        parts.append(
            f"{verdict.disagreement.newly_right:,} newly right, {verdict.disagreement.newly_wrong:,} newly wrong"
        )
    return "    " + ", paired: ".join(parts) if parts else ""


def _steps(report: Report) -> str:
    return f"{', '.join(steps_in_short(report.steps))}; whole job {duration(report.seconds)}"


def _pairs(pairs: list[tuple[str, str]]) -> Padding:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in pairs:
        table.add_row(name, Text(visible(text)))
    return Padding(table, (0, 0, 0, 2))
