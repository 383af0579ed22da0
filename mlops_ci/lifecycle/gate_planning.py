"""Plans the rules of a gate: by what is said, by two files of predictions, or by what the registry has recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.planning import Known, most_cautious, plan_rules
from mlops_ci.gate.planning_power import Assumed
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.lifecycle.file_gate import FileGate, read_sides
from mlops_ci.metrics import metric_of
from mlops_ci.project.project import BudgetChoice, EvaluationChoice, GateChoice, Project, reveals_gains_only
from mlops_ci.project.rules import AnyOf, Rule, parse_rule
from mlops_ci.records.gate_plan import GatePlan
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState
from mlops_ci.statistics import error_of_look
from mlops_ci.workspace.store import Store

_BESIDE = 3


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What the user asks for; what is None is taken from the project, or has its usual value."""

    rules: tuple[str, ...]
    assumed: Assumed
    confidence: float | None
    power: float
    looks: int | None
    rows: int | None


def plan_by_assumption(request: PlanRequest) -> GatePlan:
    """Plan rules by what the user says of models and data.

    Raises:
        UsageError: something of it makes no sense.
    """
    return _plan(request, rules_of(request.rules), [Known()], 0.95, None, ())


def plan_by_files(request: PlanRequest, files: FileGate) -> GatePlan:
    """Plan rules by the predictions of one model or of two.

    Raises:
        UsageError: a rule or a file is not right.
    """
    both = files.candidate is not None and files.baseline is not None
    one = files.baseline or files.candidate
    gate, candidate, reference = read_sides(replace(files, candidate=files.candidate or one, baseline=one))
    baseline = reference.evidence if reference else None
    known = Known(baseline.predictions if baseline else None)
    if both and baseline is not None:
        if candidate.evaluation_set != baseline.evaluation_set:
            raise UsageError(
                "the two files are not about the same rows", where=str(files.candidate), hint="other ids or targets"
            )
        known = replace(known, other=candidate.predictions)
    return _plan(request, gate.rules, [known], 0.95, None, ())


def plan_project(request: PlanRequest, project: Project, store: Store, state: ModelState) -> GatePlan:
    """Plan the rules of a project, or others, by the predictions that are recorded of its champion.

    How far candidates differ from it is told by the newest other versions that were evaluated on the same rows, each
    rule by that with the widest spread: a retrained model may well differ less than the next idea will.

    Raises:
        UsageError: the project has no gate, or nothing is recorded.
    """
    gate, evaluation = project.gate, project.evaluation
    if gate is None or evaluation is None:
        raise UsageError("there are no gate rules", where="mlops.yaml", hint="add the section gate")
    if reveals_gains_only(gate):
        what = "the budget reveals only gains, and how far recorded versions differ would tell more"
        raise UsageError(what, where="gate.budget", hint="plan by what you assume: mlops-ci gate plan --help")
    rules = rules_of(request.rules) if request.rules else gate.rules
    gate = replace(gate, rules=rules)
    known, notes = _recorded(store, state, evaluation, gate)
    if gate.budget and gate.budget.looks is None and request.looks is None:
        notes += ("the budget has no end: planned for one look, name more with --looks",)
    return _plan(request, rules, known, gate.confidence, gate.budget, notes)


def rules_of(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Rules from the command line.

    Raises:
        UsageError: there is none, or one is not right.
    """
    if not texts:
        raise UsageError("there are no rules", hint="add --rule 'accuracy >= baseline - 0.01'")
    try:
        rules = tuple(parse_rule(text) for text in texts)
        for rule in rules:
            metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    except ValueError as error:
        raise UsageError(str(error), where="--rule") from error
    return rules


def _plan(
    request: PlanRequest,
    rules: Sequence[Rule | AnyOf],
    known: Sequence[Known],
    confidence: float,
    budget: BudgetChoice | None,
    notes: tuple[str, ...],
) -> GatePlan:
    confidence = confidence if request.confidence is None else request.confidence
    planned = request.looks or (budget.looks if budget else None) or 1
    spend = budget.spend if budget and budget.looks else "even"
    if math.isnan(confidence) or not 0.5 <= confidence < 1.0:
        raise UsageError("the confidence must be at least 0.5 and below 1", where="--confidence", hint="use 0.95")
    if math.isnan(request.power) or not 0.5 <= request.power < 1.0:
        raise UsageError("the power must be at least 0.5 and below 1", where="--power", hint="use 0.8")
    _require_sensible(request.assumed)
    total = 1.0 - confidence
    # The same share for each, or of those that come early and late the last one's, which is the least.
    error = error_of_look(total, planned, planned, spend)
    plans = [
        plan_rules(rules, one, request.assumed, confidence=1.0 - error, power=request.power, rows=request.rows)
        for one in known
    ]
    return GatePlan(
        power=request.power, total=total, looks=planned, error=error, plans=most_cautious(plans), notes=notes
    )


def _require_sensible(assumed: Assumed) -> None:
    ranges = {
        "value": (assumed.value, -math.inf, math.inf),
        "gain": (assumed.gain, -math.inf, math.inf),
        "disagreement": (assumed.disagreement, 0.0, 1.0),
        "positives": (assumed.positives, 0.0, 1.0),
        "correlation": (assumed.correlation, -1.0, 1.0),
        "deviation": (assumed.deviation, 0.0, math.inf),
    }
    for name, (given, low, high) in ranges.items():
        if given is not None and not low < given < high:
            between = f"{low:g} and {high:g}" if high < math.inf else f"{low:g} and anything finite"
            raise UsageError(f"{given:g} is no {name}", where=f"--{name}", hint=f"it lies between {between}")


def _recorded(
    store: Store, state: ModelState, evaluation: EvaluationChoice, gate: GateChoice
) -> tuple[list[Known], tuple[str, ...]]:
    champion = state.alias(gate.baseline)
    if champion is None:
        raise UsageError(
            f"there is no {gate.baseline} yet", where=state.model, hint="say with --disagreement and the like"
        )
    its_set = next((found.set for found in reversed(champion.evaluations) if found.predictions), None)
    found = recorded_evidence(store, state, champion, gate.baseline, evaluation, gate, its_set)
    evidence = _predictions(found)
    if evidence is None:
        raise UsageError(found.problem or f"{gate.baseline} v{champion.version} has no recorded predictions",
                         where=state.model, hint="name files with --candidate and --baseline")  # fmt: skip
    champions = Known(evidence.predictions, slices=evidence.slices)
    name, beside = f"{gate.baseline} v{champion.version}", []
    for other in _newest_others(state, champion, its_set):
        read = _predictions(recorded_evidence(store, state, other, "version", evaluation, gate, its_set))
        if read is not None:
            beside.append((other.version, replace(champions, other=read.predictions)))
    if not beside:
        return [champions], (f"the rows are those of {name}; no other version was evaluated on them",)
    versions = ", ".join(f"v{number}" for number, _ in beside)
    widest = ", whichever differs most" if len(beside) > 1 else ""
    return [known for _, known in beside], (f"the spread is that of {name} beside {versions}{widest}",)


def _newest_others(state: ModelState, champion: ModelVersion, evaluation_set: str | None) -> list[ModelVersion]:
    found = []
    for number in sorted(state.versions, reverse=True):
        recorded = state.evaluation_on(number, evaluation_set)
        if number != champion.version and recorded and recorded.predictions:
            found.append(state.versions[number])
    return found[:_BESIDE]


def _predictions(found: Reference) -> Evidence | None:
    return found.evidence if found.evidence and found.evidence.predictions is not None else None
