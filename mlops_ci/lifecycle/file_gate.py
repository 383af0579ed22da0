"""The gate on bare files, with neither workspace nor project."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci.edge.tables import read_table, require_columns
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.evidence_file import PredictionsFormat, read_evidence, read_numbers
from mlops_ci.gate.judge import BASELINE, judge
from mlops_ci.project.metric_names import BUILT_IN, call_problem, tasks_of
from mlops_ci.project.project import GateChoice, OnInconclusive, PredictionsFile, Task
from mlops_ci.project.rules import Rule, parse_rule
from mlops_ci.records.verdict import Side, Verdict


@dataclass(frozen=True, slots=True)
class FileGate:
    """What to judge, and by which rules. A column that is None has its usual name."""

    candidate: Path | None
    baseline: Path | None
    candidate_metrics: Path | None
    baseline_metrics: Path | None
    rules: tuple[str, ...]
    confidence: float
    on_inconclusive: OnInconclusive
    task: Task | None
    positive: Any
    id_column: str | None
    target: str
    prediction: str | None
    score: str | None


def judge_files(request: FileGate) -> Verdict:
    """Judge the candidate's files against the baseline's.

    Raises:
        UsageError: a rule or a file is not right.
    """
    rules = _rules(request)
    task = request.task or _task(request, rules)
    candidate = _evidence(request, request.candidate, request.candidate_metrics, task)
    reference = None
    if request.baseline or request.baseline_metrics:
        side = Side(digest=None, name="baseline")
        reference = Reference(side, _evidence(request, request.baseline, request.baseline_metrics, task))
    gate = GateChoice(
        baseline="champion", confidence=request.confidence, on_inconclusive=request.on_inconclusive, rules=rules
    )
    return judge(gate, Side(digest=None, name="candidate"), candidate, {BASELINE: reference})


def _rules(request: FileGate) -> tuple[Rule, ...]:
    if not request.rules:
        raise UsageError("there are no rules", hint="add --rule 'accuracy > baseline'")
    if math.isnan(request.confidence) or not 0.5 <= request.confidence < 1:
        raise UsageError("the confidence must be at least 0.5 and below 1", where="--confidence", hint="use 0.95")
    try:
        rules = tuple(parse_rule(text) for text in request.rules)
    except ValueError as error:
        raise UsageError(str(error), where="--rule") from error
    for rule in rules:
        if rule.call.name not in BUILT_IN and request.candidate_metrics is None:
            raise UsageError(
                f"unknown metric {rule.metric!r}",
                where="--rule",
                hint=f"known: {', '.join(BUILT_IN)}; your own numbers come with --candidate-metrics",
            )
        wrong = call_problem(rule.call) if rule.call.name in BUILT_IN else None
        if wrong:
            raise UsageError(wrong[0], where=f"--rule '{rule.text}'", hint=wrong[1])
        if rule.call.name in BUILT_IN and request.candidate is None:
            raise UsageError(f"{rule.metric} is computed from predictions", hint="name them with --candidate")
        if rule.bound.reference == BASELINE and not request.baseline and not request.baseline_metrics:
            raise UsageError("there is no baseline", where=f"--rule '{rule.text}'", hint="name it with --baseline")
        if rule.bound.reference not in {BASELINE, None}:
            raise UsageError(f"{rule.bound.reference} needs a registry", where="--rule", hint="use mlops.yaml for it")
    return rules


def _task(request: FileGate, rules: tuple[Rule, ...]) -> Task | None:
    """The task that the rules' metrics leave open, or else what the target looks like."""
    fitting = [tasks_of(rule.call) for rule in rules if rule.call.name in BUILT_IN]
    if not fitting or request.candidate is None:
        return None
    tasks = frozenset.intersection(*fitting)
    if len(tasks) == 1:
        return next(iter(tasks))
    if not tasks:
        raise UsageError("no task fits the metrics of all rules", where="--rule", hint="judge them one by one")
    called = str(request.candidate)
    frame = read_table(request.candidate, called=called)
    require_columns(frame, [request.target], called=called)
    values = set(frame[request.target].cast(str).to_list())
    plain = values <= {"0", "1"} or values <= {"true", "false"} or values <= {"0.0", "1.0"}
    return "binary" if request.positive is not None or plain else "multiclass"


def _evidence(request: FileGate, predictions: Path | None, metrics: Path | None, task: Task | None) -> Evidence:
    numbers = read_numbers(metrics, called=str(metrics)) if metrics else {}
    if predictions is None or task is None:
        return Evidence(numbers=numbers)
    columns = PredictionsFile(str(predictions), request.id_column, request.target, request.prediction, request.score)
    how = PredictionsFormat(columns, task, request.positive, slices=())
    found = read_evidence(predictions, how, called=str(predictions))
    return Evidence(found.predictions, found.evaluation_set, {}, numbers)
