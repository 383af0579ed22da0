"""A report as a page: the decision, why and what to do first, then all that it rests on."""

from __future__ import annotations

from typing import Any

from mlops_ci.records.difference import Difference
from mlops_ci.records.digest import short
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.report import Report
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import Verdict
from mlops_ci.report.budget import budget_line
from mlops_ci.report.changes import changed, in_line, unchanged
from mlops_ci.report.charts import answer_charts, class_roc_charts, history_charts, importance_chart, slice_charts
from mlops_ci.report.conversion import conversion_lines
from mlops_ci.report.html.drawing import Figures
from mlops_ci.report.html.graph import drawn_graph
from mlops_ci.report.html.tables import changed_tables, dataset_tables, rule_rows, slice_tables
from mlops_ci.report.html.templating import filled
from mlops_ci.report.markdown import link_target
from mlops_ci.report.seeds import trainings_lines
from mlops_ci.report.wording import (
    change_text,
    duration,
    event_text,
    headline,
    level_text,
    method_lines,
    next_steps,
    of_rows,
    side_name,
    step_line,
    value_text,
)

_TONES = {"promoted": "good", "passed": "good", "refused": "bad", "inconclusive": "open"}
_MOST_EXPLAINED = 20
_MOST_METRICS = 100
_MOST_STEPS = 200


def render_html(report: Report) -> str:
    """The report as one HTML page that needs no network and runs no script."""
    figures, verdict, details = Figures(), report.verdict, report.details
    groups = [
        ("History", figures.of(history_charts(report))),
        ("Answers", figures.of(answer_charts(report))),
    ]
    baseline = side_name(verdict) if verdict else (details.compared_with if details else None) or "Champion"
    return filled(
        "report.html.j2",
        report=report,
        headline=headline(report),
        tone=_TONES.get(report.outcome, "calm"),
        sides=_sides(report),
        next=next_steps(report),
        baseline=baseline,
        level=level_text(verdict.confidence) if verdict else "",
        rules=rule_rows(verdict) if verdict else [],
        notes=_notes(report),
        changes=_changes(report.changes),
        onnx=conversion_lines(report.conversion) if report.conversion else [],
        chart_groups=[(title, drawn) for title, drawn in groups if drawn],
        class_figures=figures.of(class_roc_charts(report)),
        slice_figures=figures.of(slice_charts(report)),
        slices=slice_tables(verdict) if verdict else [],
        changed=changed_tables(details.changed, baseline) if details and details.changed else None,
        datasets=dataset_tables((report.changes and report.changes.datasets) or ()),
        explained=_explained(report.explanation, figures) if report.explanation else None,
        graph=drawn_graph(report.steps, details.needs) if details else None,
        steps=[_step(step) for step in report.steps[:_MOST_STEPS]],
        lineage=_lineage(report),
        metrics=[(name, value_text(value) or "–") for name, value in sorted(report.metrics.items())[:_MOST_METRICS]],
        methods=_methods(verdict) if verdict else [],
        foot=" → ".join(report.stages),
        url=link_target(report.url) if report.url else None,
    )


def _sides(report: Report) -> str:
    verdict = report.verdict
    candidate = f"Candidate {report.commit.short}" + (f" (v{report.version})" if report.version else "")
    if verdict is None or verdict.baseline is None:
        return f"{candidate}."
    commit = f" ({verdict.baseline.commit[:7]})" if verdict.baseline.commit else ""
    text = f"{candidate} against {side_name(verdict)}{commit}"
    if verdict.rows:
        text += f", on {of_rows(verdict.rows)}"
    if verdict.disagreement:
        told = verdict.disagreement
        text += f", paired. {of_rows(told.newly_right)} newly right, {told.newly_wrong:,} newly wrong"
    return f"{text}."


def _notes(report: Report) -> list[str]:
    notes = [*report.notes, *(report.details.notes if report.details else ())]
    return [f"{note[:1].upper()}{note[1:]}.".replace("`", "") for note in notes]


def _changes(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    kinds = [(kind, in_line(kind, items)) for kind, items in changed(difference)]
    return {"since": difference.before, "kinds": kinds, "same": unchanged(difference)}


def _explained(explanation: ModelExplanation, figures: Figures) -> dict[str, Any]:
    chart = importance_chart(explanation)
    rows = [
        {
            "title": f"{row.row}: {value_text(row.answer)}" + (f" for {row.label}" if row.label else ""),
            "parts": [
                ("an average row", "", value_text(row.base)),
                *(
                    (column, f"{row.values.get(column, '')}", change_text(adds, 1.0))
                    for column, adds in list(row.contributions.items())[:_MOST_EXPLAINED]
                ),
            ],
        }
        for row in explanation.explained
    ]
    told = explanation.reason or ""
    if explanation.attribution:
        told = f"Rows by {explanation.attribution}" + (f", in {explanation.unit}." if explanation.unit else ".")
    return {"figures": figures.of([chart] if chart else []), "rows": rows, "told": told}


def _step(step: StepRun) -> dict[str, str]:
    return {"label": step.label, "told": step_line(step), "why": "; ".join(step.reasons)}


def _lineage(report: Report) -> list[tuple[str, str]]:
    verdict, commit = report.verdict, report.commit
    facts = [
        ("Commit", f"{commit.sha}{', with changes that are not committed' if report.dirty else ''}"),
        ("Test merge", report.merge or ""),
        ("Branch", commit.branch or ""),
        ("Author", commit.author.partition(" <")[0]),
        ("Said", commit.subject),
        ("Event", event_text(report.event, report.host)),
        ("Run", report.run),
        ("Version", f"v{report.version}" if report.version else ""),
        ("Champion", f"v{report.champion}" if report.champion else ""),
        ("Evaluation set", f"sha256:{short(verdict.evaluation_set)}" if verdict and verdict.evaluation_set else ""),
        ("Budget", budget_line(verdict.spent) if verdict and verdict.spent else ""),
        ("Whole job", duration(report.seconds)),
    ]
    return [(name, value) for name, value in facts if value]


def _methods(verdict: Verdict) -> list[str]:
    return [*method_lines(verdict), *trainings_lines(verdict)]
