"""The gate on bare files, with neither workspace nor project."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from mlops_ci.edge.tables import read_table, require_columns, rows_in
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.judge import BASELINE, judge
from mlops_ci.gate.reading.evidence_difference import difference
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, read_evidence, read_numbers
from mlops_ci.gate.reading.evidence_stream import is_long, stream_evidence, target_values
from mlops_ci.metrics import metric_of
from mlops_ci.project.metric_names import BUILT_IN, call_problem, tasks_of
from mlops_ci.project.project import GateChoice, OnInconclusive, PredictionsFile, Task
from mlops_ci.project.rule_columns import named_columns
from mlops_ci.project.rules import Rule, parse_rule
from mlops_ci.records.verdict import Side, Verdict

_TASKS: tuple[Task, ...] = get_args(Task)
_CANDIDATE = Side(digest=None, name="candidate")
_UNCHECKED = "the files are too long to be held: ids were compared row by row, but not checked for repeats"


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
    weight: str | None = None
    group: str | None = None


def judge_files(request: FileGate) -> Verdict:
    """Judge the candidate's files against the baseline's.

    Raises:
        UsageError: a rule or a file is not right.
    """
    rules = _rules(request)
    task = request.task or _task(request, rules)
    if request.candidate and is_long(request.candidate) and task is not None:
        return _judge_long(request, rules, task)
    gate, candidate, reference = _sides(request, rules, task)
    return judge(gate, _CANDIDATE, candidate, {BASELINE: reference})


def read_sides(request: FileGate, *, columns: tuple[str, ...] = ()) -> tuple[GateChoice, Evidence, Reference | None]:
    """The rules, the candidate and the baseline of bare files; of the candidate also these columns, as slices.

    Raises:
        UsageError: a rule or a file is not right.
    """
    rules = _rules(request)
    return _sides(request, rules, request.task or _task(request, rules), columns)


def _sides(
    request: FileGate, rules: tuple[Rule, ...], task: Task | None, columns: tuple[str, ...] = ()
) -> tuple[GateChoice, Evidence, Reference | None]:
    candidate = _evidence(request, request.candidate, request.candidate_metrics, task, rules, columns)
    reference = None
    if request.baseline or request.baseline_metrics:
        side = Side(digest=None, name="baseline")
        theirs = _evidence(request, request.baseline, request.baseline_metrics, task, rules)
        reference = Reference(side, theirs, _difference(request, candidate, theirs, task))
    return _gate(request, rules), candidate, reference


def _gate(request: FileGate, rules: tuple[Rule, ...]) -> GateChoice:
    return GateChoice(
        baseline="champion", confidence=request.confidence, on_inconclusive=request.on_inconclusive, rules=rules
    )


def _judge_long(request: FileGate, rules: tuple[Rule, ...], task: Task) -> Verdict:
    """Judge files that are too long to be held."""
    files = [file for file in (request.candidate, request.baseline) if file]
    called = {rule.metric: metric_of(rule.call.name, rule.call.arguments, rule.call.of) for rule in rules}
    metrics = {name: metric for name, metric in called.items() if metric is not None}
    found = stream_evidence(files, _format(request, files[0], task, rules), metrics)
    numbers = [read_numbers(file, called=str(file)) if file else {} for file in _metrics_files(request)]
    reference = None
    if request.baseline or request.baseline_metrics:
        theirs = replace(found[1] if len(found) > 1 else Evidence(), numbers=numbers[1])
        reference = Reference(Side(digest=None, name="baseline"), theirs)
    ours = replace(found[0], numbers=numbers[0])
    verdict = judge(_gate(request, rules), _CANDIDATE, ours, {BASELINE: reference})
    rows = rows_in(files[0], called=str(files[0]))
    return replace(verdict, rows=rows, notes=(*verdict.notes, _UNCHECKED) if len(files) > 1 else verdict.notes)


def _metrics_files(request: FileGate) -> tuple[Path | None, Path | None]:
    return request.candidate_metrics, request.baseline_metrics


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
    if not tasks:
        raise UsageError("no task fits the metrics of all rules", where="--rule", hint="judge them one by one")
    if len(tasks) > 1 and tasks & {"binary", "multiclass"}:
        if is_long(request.candidate):
            return "binary" if request.positive is not None or _plain(request) else "multiclass"
        called = str(request.candidate)
        frame = read_table(request.candidate, called=called)
        if "rows" in tasks and request.target not in frame.columns:
            return "rows"
        require_columns(frame, [request.target], called=called)
        values = set(frame[request.target].cast(str).to_list())
        plain = values <= {"0", "1"} or values <= {"true", "false"} or values <= {"0.0", "1.0"}
        return "binary" if request.positive is not None or plain else "multiclass"
    return next(task for task in _TASKS if task in tasks)


def _plain(request: FileGate) -> bool:
    values = target_values(request.candidate, request.target) if request.candidate else set()
    return values <= {"0", "1"} or values <= {"true", "false"}


def _format(
    request: FileGate, predictions: Path, task: Task, rules: tuple[Rule, ...], slices: tuple[str, ...] = ()
) -> PredictionsFormat:
    names = (request.prediction, request.score, request.weight, request.group)
    columns = PredictionsFile(str(predictions), request.id_column, request.target, *names)
    return PredictionsFormat(columns, task, request.positive, slices, named=named_columns(rules))


def _evidence(
    request: FileGate,
    predictions: Path | None,
    metrics: Path | None,
    task: Task | None,
    rules: tuple[Rule, ...],
    columns: tuple[str, ...] = (),
) -> Evidence:
    numbers = read_numbers(metrics, called=str(metrics)) if metrics else {}
    if predictions is None or task is None:
        return Evidence(numbers=numbers)
    found = read_evidence(predictions, _format(request, predictions, task, rules, columns), called=str(predictions))
    return replace(found, numbers=numbers)


def _difference(request: FileGate, candidate: Evidence, baseline: Evidence, task: Task | None) -> str | None:
    """What the two files disagree about, if they are not predictions on the same rows."""
    files = (request.candidate, request.baseline)
    if candidate.evaluation_set == baseline.evaluation_set or task is None or files[0] is None or files[1] is None:
        return None
    return difference(*((file, _format(request, file, task, ())) for file in files if file))
