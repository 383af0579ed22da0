"""A report as Markdown, for a comment or a job's summary."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

from mlops_ci.records.chart import Bars, Chart, Plot
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.digest import short
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.report import Report
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.budget import budget_line
from mlops_ci.report.changes import Marking, changed, in_line, unchanged
from mlops_ci.report.charts import comment_charts
from mlops_ci.report.conversion import conversion_lines
from mlops_ci.report.mermaid import COLOUR_NAMES, render_mermaid
from mlops_ci.report.model_explanation import explanation_line
from mlops_ci.report.section import PARTS, Part, part
from mlops_ci.report.seeds import step_lines, trainings_lines
from mlops_ci.report.wording import (
    MARKS,
    bound_text,
    change_text,
    duration,
    headline,
    level_text,
    main_results,
    method_lines,
    next_steps,
    of_rows,
    rule_text,
    side_name,
    slice_value,
    slices_line,
    value_text,
    visible,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&~])")
_MARKER = re.compile(r"^(\d*)([-+=.)])")  # would begin a list or underline a heading
# GitHub looks for mentions and references in the rendered text, where a backslash is gone; a character without
# width keeps the name from following the sign.
_CALLING = re.compile(r"[@#](?=\w)")
_APART = r"\g<0>&#8203;"
_CODE = re.compile(r"`([^`]*)`")

_FIXED_SPACE = "\N{NO-BREAK SPACE}"
_LONGEST_LINK = 500
_NAMED_KINDS = frozenset({"data", "gate rules"})  # of the others each item says what it is
_FOLDED_COLUMNS = 20
_FOLDED_SLICES = 50  # a comment has a limit, and a reader too


def render_markdown(report: Report, *, diagrams: bool = True) -> str:
    """The report as Markdown: first screen the decision, why, and what to do; details folded.

    Args:
        report: the report.
        diagrams: whether Mermaid is drawn where this is shown.
    """
    return "\n\n".join(text for _, text in markdown_parts(report, mermaid_charts(report) if diagrams else ())) + "\n"


Shown = Sequence[tuple[Chart, str]]
"""Charts, each with how it is shown, as Markdown."""


def mermaid_charts(report: Report) -> Shown:
    """The charts of a comment that Mermaid can draw."""
    return [(chart, drawn) for chart in comment_charts(report) if (drawn := render_mermaid(chart))]


def markdown_parts(report: Report, shown: Shown, *, merged: bool = False) -> tuple[Part, ...]:
    """The same by parts, for a section of a comment.

    Args:
        report: the report.
        shown: the charts, and how each is shown.
        merged: whether the pull request that the comment stands in has become this commit.
    """
    verdict = report.verdict
    steps = next_steps(report)
    texts = {
        "headline": f"### {escape(report.model)}: {escape(headline(report))}",
        "why": f"{bold(report.summary)}\n{_sides(report)}{_budget(verdict)}",
        "rules": _rules_table(verdict) if verdict else "",
        "notes": "\n\n".join(_notes(report)),
        "changes": _changes(report) or "",
        "onnx": _onnx(report.conversion) if report.conversion else "",
        "next": f"**To go on:** {escape(steps)}." if steps else "",
        "slices": "\n\n".join(map(_slices, main_results(verdict)[1])) if verdict else "",
        "charts": _charts(shown) if shown else "",
        "explanation": _explanation(report.explanation) if report.explanation else "",
        "details": _details(report),
        "foot": _foot(report, merged=merged),
    }
    return tuple(part(name, texts[name]) for name in PARTS if texts.get(name))


def escape(text: str) -> str:
    """Foreign text as plain text: nothing of it is markup, mentions anybody, or breaks a table."""
    return _without_markup(visible(text))


def _without_markup(text: str) -> str:
    return _CALLING.sub(_APART, _MARKER.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text)))


def escape_html(text: str) -> str:
    """The same inside an HTML element, where Markdown's escapes do not count."""
    return _CALLING.sub(_APART, html.escape(visible(text), quote=False))


def bold(text: str) -> str:
    """Foreign text in bold."""
    return f"**{escape(text)}**" if visible(text) else ""


def code(text: str) -> str:
    """Foreign text as a code span."""
    text = visible(text).replace("|", "¦").replace("`", "'")
    return f"`{text}`" if text else ""


def _keeping_code(text: str) -> str:
    """Our own sentences, in which names stand between backticks."""
    parts = _CODE.split(visible(text))
    return "".join(code(part) if index % 2 else _without_markup(part) for index, part in enumerate(parts))


def _sides(report: Report) -> str:
    candidate = f"Candidate {code(report.commit.short)}"
    if report.version:
        candidate += f" (v{report.version})"
    verdict = report.verdict
    if verdict is None or verdict.baseline is None:
        return candidate + "."
    baseline = f"**{escape(side_name(verdict))}**"
    if verdict.baseline.commit:
        baseline += f" ({code(verdict.baseline.commit[:7])})"
    text = f"{candidate} against {baseline}"
    if verdict.rows:
        text += f", on {of_rows(verdict.rows)}"
    if verdict.disagreement:
        text += (
            f", paired. {of_rows(verdict.disagreement.newly_right)} newly right, "
            f"{verdict.disagreement.newly_wrong:,} newly wrong"
        )
    return text + "."


def _budget(verdict: Verdict | None) -> str:
    if verdict is None or verdict.spent is None:
        return ""
    line = budget_line(verdict.spent)
    return f" {line[:1].upper()}{line[1:]}."


def _rules_table(verdict: Verdict) -> str:
    results, groups = main_results(verdict)
    lines = [
        f"| | Rule | {escape(side_name(verdict))} | Candidate | Change (at {level_text(verdict.confidence)}) |",
        "|---|---|---:|---:|---|",
        *(_rule_row(result) for result in results),
        *(_group_row(group) for group in groups),
    ]
    return "\n".join(lines)


def _rule_row(result: RuleResult) -> str:
    label = escape(rule_text(result))
    if result.slice:
        label += f", {escape(result.slice[0])}: {bold(slice_value(result.slice[1]))}"
    mark = MARKS[result.outcome]
    if result.outcome in {"fail", "inconclusive", "incomparable"}:
        mark = f"**{mark}**"
    return f"| {mark} | {label} | {value_text(result.baseline)} | {value_text(result.candidate)} | {_change(result)} |"


def _group_row(group: list[RuleResult]) -> str:
    deciding = [result for result in group if result.decides]
    mark = MARKS["pass"] if all(result.outcome == "pass" for result in deciding) else " "
    return f"| {mark} | {escape(rule_text(group[0]))}, {escape(slices_line(group))} | | | |"


def _change(result: RuleResult) -> str:
    bound = bound_text(result)
    if result.change is None:
        return bound or escape(result.reason)
    change = change_text(result.change, result.candidate)
    if result.outcome == "pass" and result.interval:
        change = f"**{change}**"
    # A number and its bound stay on one line; the rule has the words that can be broken.
    return f"{change} ({bound})".replace(" ", _FIXED_SPACE) if bound else f"{change} ({escape(result.reason)})"


def _notes(report: Report) -> list[str]:
    return [f"> {_keeping_code(note[:1].upper() + note[1:])}." for note in report.notes]


def _changes(report: Report) -> str | None:
    if report.changes is None:
        return None
    texts = [
        f"{kind} {in_line(kind, items)}" if kind in _NAMED_KINDS else in_line(kind, items)
        for kind, items in changed(report.changes, Marking(name=code, text=escape))
    ]
    same = unchanged(report.changes)
    if same:
        texts.append(f"{'same' if texts else 'Same'} {same}")
    return f"**What changed since {escape(report.changes.before)}:** {'; '.join(texts)}."


def _onnx(conversion: Conversion) -> str:
    return f"**ONNX:** {'. '.join(escape(line) for line in conversion_lines(conversion))}."


def _slices(group: list[RuleResult]) -> str:
    worst_first = sorted(group, key=lambda result: (not result.decides, result.outcome == "pass"))
    rows = "\n".join(
        f"| {MARKS[result.outcome] if result.decides else '·'} | {escape(slice_value(result.slice[1]))} "
        f"| {result.rows or 0:,} | {value_text(result.baseline)} | {value_text(result.candidate)} | {_change(result)} |"
        for result in worst_first[:_FOLDED_SLICES]
        if result.slice
    )
    if len(group) > _FOLDED_SLICES:
        rows += f"\n| | and {len(group) - _FOLDED_SLICES:,} more | | | | |"
    column = escape(group[0].slice[0]) if group[0].slice else ""
    title = escape_html(f"Slices: {rule_text(group[0])}, {slices_line(group)}")
    return (
        f"<details><summary>{title}</summary>\n\n"
        f"| | {column} | Rows | Baseline | Candidate | Change |\n|---|---|---:|---:|---:|---|\n{rows}\n\n</details>"
    )


def _charts(shown: Shown) -> str:
    names = escape_html(", ".join(chart.title for chart, _ in shown))
    drawn = "\n\n".join(f"{text}\n\n{_legend(chart)}" for chart, text in shown)
    return f"<details><summary>Charts: {names}</summary>\n\n{drawn}\n\n</details>"


def _legend(chart: Chart) -> str:
    names = chart.names if isinstance(chart, Bars) else ()
    if isinstance(chart, Plot):
        names = tuple(series.name for series in chart.series if series.style != "points")
    told = [f"{colour}: {escape(name)}." for colour, name in zip(COLOUR_NAMES, names, strict=False)]
    return " ".join([*told, escape(chart.caption)])


def _explanation(found: ModelExplanation) -> str:
    if not found.importances:
        return f"**Explanation:** {escape(explanation_line(found))}."
    title = escape_html(f"What it goes by: {explanation_line(found)}")
    rows = "\n".join(
        f"| {escape(each.column)} | {value_text(each.mean)} | {value_text(each.deviation)} |"
        for each in found.importances[:_FOLDED_COLUMNS]
    )
    told = f"{found.repeats:,} shuffles of each column on {found.rows:,} rows"
    return (
        f"<details><summary>{title}</summary>\n\n| Column | {escape(found.metric)} lost | ± |\n|---|---:|---:|\n{rows}"
        f"\n\n{told}.\n\n</details>"
    )


def _foot(report: Report, *, merged: bool) -> str:
    stages = [*(["Merged"] if merged else []), *map(escape, report.stages)]
    line = " → ".join(stages)
    line = line[:1].upper() + line[1:]
    if report.url and (target := link_target(report.url)):
        line += f"{' · ' if line else ''}[The run]({target})"
    return line


def link_target(url: str) -> str | None:
    """An address as the target of a link; None for what leads nowhere on the web."""
    if not url.startswith(("https://", "http://")) or not url.isprintable() or len(url) > _LONGEST_LINK:
        return None
    return quote(url, safe=":/?#@!$&'*+,;=%~-._")


def _details(report: Report) -> str:
    lines = []
    if report.merge:
        lines.append(f"Ran on {code(report.merge[:7])}, the test merge of {code(report.commit.short)} with its target.")
    verdict = report.verdict
    if verdict and verdict.evaluation_set:
        lines.append(f"Evaluation set {code('sha256:' + short(verdict.evaluation_set))}.")
    if verdict:
        lines += [f"{escape(line)}." for line in (*method_lines(verdict), *trainings_lines(verdict))]
    steps = "; ".join(f"{code(name)} {escape(line)}" for name, line in step_lines(report.steps))
    lines.append(f"{steps}. Whole job {duration(report.seconds)}, run {code(report.run)}.")
    body = "\n".join(f"- {line}" for line in lines)
    return f"<details><summary>Methods and timings</summary>\n\n{body}\n\n</details>"
