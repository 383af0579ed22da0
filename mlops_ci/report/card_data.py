"""The parts of a model card about data, results and their limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlops_ci.records.dataset import ColumnProfile, DatasetVersion
from mlops_ci.records.digest import short
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.card_facts import CONFIDENCE, Bounds, CardFacts
from mlops_ci.report.markdown import code, escape
from mlops_ci.report.seeds import trainings_lines
from mlops_ci.report.tables import code_cell, table
from mlops_ci.report.wording import (
    MARKS,
    bound_text,
    change_text,
    level_text,
    of_slice,
    rule_text,
    side_name,
    value_text,
)

_SHOWN_COLUMNS = 30
_SHOWN_SLICES = 50


def data_section(facts: CardFacts) -> str:
    """The datasets with digests and profiles; where the run is not known only digests."""
    run, version = facts.run, facts.version
    if run is None:
        digests = [(code_cell(name), code(f"sha256:{short(digest)}")) for name, digest in version.datasets.items()]
        return table(("Dataset", "Digest"), digests) if digests else ""
    rows = [
        (
            code_cell(name),
            f"{data.profile.rows:,}" if data.profile else "",
            f"{len(data.profile.columns):,}" if data.profile else "",
            f"{data.size:,}",
            code(f"sha256:{short(data.digest)}"),
        )
        for name, data in run.datasets.items()
    ]
    if not rows:
        return ""
    parts = [table(("Dataset", "Rows", "Columns", "Bytes", "Digest"), rows, right=(1, 2, 3))]
    return "\n\n".join([*parts, *(text for name, data in run.datasets.items() if (text := _profile(name, data)))])


def _profile(name: str, data: DatasetVersion) -> str:
    if data.profile is None or not data.profile.columns:
        return ""
    shown = data.profile.columns[:_SHOWN_COLUMNS]
    rows = [(code_cell(column.name), escape(column.type), f"{column.missing:,}", _range(column)) for column in shown]
    rest = len(data.profile.columns) - len(shown)
    more = f"\n\nAnd {rest:,} more columns." if rest else ""
    return f"Columns of {code(name)}:\n\n" + table(("Column", "Type", "Missing", "Values"), rows, right=(2,)) + more


def _range(column: ColumnProfile) -> str:
    low, high = (_value(value) for value in (column.minimum, column.maximum))
    return f"{low} to {high}" if low or high else ""


def _value(value: float | str | None) -> str:
    if value is None:
        return ""
    return code_cell(value[:60]) if isinstance(value, str) else value_text(value)


def evaluation_section(facts: CardFacts) -> str:
    """The evaluation set, the metrics with their bounds as the gate found them, and slices."""
    version, verdict = facts.version, facts.verdict
    parts = []
    evaluation = version.evaluations[-1] if version.evaluations else None
    if evaluation and evaluation.set:
        rows = f"{evaluation.rows:,} rows, " if evaluation.rows else ""
        parts.append(f"Evaluation set: {rows}{code(f'sha256:{short(evaluation.set)}')}.")
    if version.metrics:
        parts += _metrics(version.metrics, facts.bounds)
    if verdict:
        parts.append(_rules(verdict))
    return "\n\n".join(parts)


def _metrics(metrics: Mapping[str, float | None], bounds: Mapping[str, Bounds]) -> Iterator[str]:
    """Each metric with how small and how large it may be in truth, and why that is not known of some."""
    rows, unknown = [], dict[str, list[str]]()
    for name, value in metrics.items():
        found = bounds.get(name, Bounds())
        ends = (value_text(found.lower) or "–", value_text(found.upper) or "–")
        rows.append((code_cell(name), value_text(value) if value is not None else "no value", *ends))
        if found.reason:
            unknown.setdefault(found.reason, []).append(code(name))
    header = ("Metric", "Value", "At least", "At most")
    known = any(found.lower is not None or found.upper is not None for found in bounds.values())
    if known:
        yield f"What each metric is in truth at least, and at most: one-sided bounds at {level_text(CONFIDENCE)}."
    yield table(header, rows, right=(1, 2, 3))
    for reason, names in unknown.items():
        yield f"Bounds that are not known of {', '.join(names)}: {escape(reason)}."


def _rules(verdict: Verdict) -> str:
    whole = [result for result in verdict.rules if result.slice is None]
    sliced = [result for result in verdict.rules if result.slice is not None]
    parts = [f"What the gate found, with one-sided bounds at {level_text(verdict.confidence)}:"]
    if verdict.baseline:
        parts[0] = f"Against {escape(side_name(verdict))}. {parts[0]}"
    header = ("", "Rule", "Baseline", "This model", "Change or bound", "Method")
    if whole:
        parts.append(table(header, [_rule(result, rule_text(result)) for result in whole], right=(2, 3)))
    if sliced:
        shown = sliced[:_SHOWN_SLICES]
        rows = [_rule(result, f"{rule_text(result)}, {' '.join(result.slice or ())}") for result in shown]
        parts += ["Slices:", table(header, rows, right=(2, 3))]
        if len(sliced) > len(shown):
            parts.append(f"And {len(sliced) - len(shown):,} more slices.")
    return "\n\n".join(parts)


def _rule(result: RuleResult, name: str) -> tuple[str, ...]:
    bound = bound_text(result)
    change = change_text(result.change, result.candidate)
    return (
        MARKS[result.outcome] if result.decides else "·",
        escape(name),
        value_text(result.baseline),
        value_text(result.candidate),
        escape(f"{change} ({bound})" if change and bound else change or bound),
        escape(result.method or ""),
    )


def limits(facts: CardFacts) -> Iterator[str]:
    """What is not known, was not decided, or was decided by somebody against the gate; as Markdown."""
    version, verdict = facts.version, facts.verdict
    if not version.judgements:
        yield "No gate has judged this version."
    if not version.evaluations:
        yield "It was never evaluated here: nothing is known of its answers."
    elif not version.evaluations[-1].set:
        yield "Its evaluation left numbers only: no uncertainty is known."
    if version.commit is None:
        yield "Nobody has stated the commit it was made from."
    if version.run is None:
        yield "It was trained elsewhere: data, environment and parameters are not on record."
    for line in (*facts.decisions, *facts.notes):
        yield f"{escape(line)}."
    if verdict is None:
        return
    if verdict.outcome != "pass":
        yield f"The gate: {escape(verdict.summary.rstrip('.'))}."
    for result in verdict.rules:
        if result.decides and result.outcome in {"fail", "inconclusive", "incomparable"}:
            where = f", {of_slice(result.slice)}" if result.slice else ""
            yield f"{escape(rule_text(result) + where)}: {result.outcome}, {escape(result.reason)}."
    small = [of_slice(result.slice) for result in verdict.rules if result.slice and not result.decides]
    if small:
        named = ", ".join(map(escape, dict.fromkeys(small[:10])))
        yield f"Too few rows to say anything of: {named}{f' and {len(small) - 10:,} more' if len(small) > 10 else ''}."
    if verdict.spent and verdict.spent.look > 1:
        yield f"This was look {verdict.spent.look:,} at the evaluation set."
    yield from (
        f"{escape(line)}." for line in (*trainings_lines(verdict), *(note.rstrip(".") for note in verdict.notes))
    )
