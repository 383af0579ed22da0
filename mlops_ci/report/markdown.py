"""A report as Markdown, for a comment or a job's summary."""

from __future__ import annotations

import html
import re

from mlops_ci.records.digest import short
from mlops_ci.records.report import Report
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.wording import (
    MARKS,
    bound_text,
    change_text,
    changed,
    duration,
    headline,
    main_results,
    next_steps,
    rule_text,
    side_name,
    slices_line,
    step_line,
    unchanged,
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

_FOLDED_SLICES = 50  # a comment has a limit, and a reader too


def render_markdown(report: Report) -> str:
    """The report as Markdown: first screen the decision, why, and what to do; details folded."""
    blocks = [
        f"### {escape(report.model)}: {escape(headline(report))}",
        f"{bold(report.summary)}\n{_sides(report)}",
    ]
    if report.verdict:
        blocks.append(_rules_table(report.verdict))
    blocks += _notes(report)
    if changes := _changes(report):
        blocks.append(changes)
    if steps := next_steps(report):
        blocks.append(f"**To go on:** {escape(steps)}.")
    if report.verdict:
        blocks += [_slices(group) for group in main_results(report.verdict)[1]]
    blocks.append(_details(report))
    return "\n\n".join(blocks) + "\n"


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
        text += f", on {verdict.rows:,} rows"
    if verdict.disagreement:
        text += (
            f", paired. {verdict.disagreement.newly_right:,} rows newly right, "
            f"{verdict.disagreement.newly_wrong:,} newly wrong"
        )
    return text + "."


def _rules_table(verdict: Verdict) -> str:
    results, groups = main_results(verdict)
    lines = [
        f"| | Rule | {escape(side_name(verdict))} | Candidate | Change (at {verdict.confidence * 100:g} %) |",
        "|---|---|---:|---:|---|",
        *(_rule_row(result) for result in results),
        *(_group_row(group) for group in groups),
    ]
    return "\n".join(lines)


def _rule_row(result: RuleResult) -> str:
    label = escape(rule_text(result))
    if result.slice:
        label += f", {escape(result.slice[0])}: {bold(result.slice[1])}"
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
    return f"{change} ({bound or escape(result.reason)})"


def _notes(report: Report) -> list[str]:
    return [f"> {_keeping_code(note[:1].upper() + note[1:])}." for note in report.notes]


def _changes(report: Report) -> str | None:
    if report.changes is None:
        return None
    texts = [f"{kind} {', '.join(map(code, items))}" for kind, items in changed(report.changes)]
    same = unchanged(report.changes)
    if same:
        texts.append(escape(same if texts else same[:1].upper() + same[1:]))
    return f"**What changed since {escape(report.changes.since)}:** {'; '.join(texts)}."


def _slices(group: list[RuleResult]) -> str:
    worst_first = sorted(group, key=lambda result: (not result.decides, result.outcome == "pass"))
    rows = "\n".join(
        f"| {MARKS[result.outcome] if result.decides else '·'} | {escape(result.slice[1])} | {result.rows or 0:,} "
        f"| {value_text(result.baseline)} | {value_text(result.candidate)} | {_change(result)} |"
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


def _details(report: Report) -> str:
    lines = []
    verdict = report.verdict
    if verdict and verdict.evaluation_set:
        lines.append(f"Evaluation set {code('sha256:' + short(verdict.evaluation_set))}.")
    if verdict:
        methods = dict.fromkeys(
            f"{escape(result.label.partition(',')[0])}: {escape(result.method)}"
            for result in verdict.rules
            if result.method
        )
        lines += [f"{method}." for method in methods]
    steps = "; ".join(f"{code(step.name)} {escape(step_line(step))}" for step in report.steps)
    lines.append(f"{steps}. Whole job {duration(report.seconds)}, run {code(report.run)}.")
    body = "\n".join(f"- {line}" for line in lines)
    return f"<details><summary>Methods and timings</summary>\n\n{body}\n\n</details>"
