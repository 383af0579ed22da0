"""What rules would have done to past versions. Only reads: no look is spent, nothing is put on record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mlops_ci.errors import UsageError
from mlops_ci.gate.judge import judge
from mlops_ci.lifecycle.gate_planning import rules_of
from mlops_ci.lifecycle.past_evidence import PastEvidence
from mlops_ci.project.project import EvaluationChoice, GateChoice, OnInconclusive, Project, reveals_gains_only
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.records.backtest import Backtest, PastRule, PastVersion
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.past import Moment, moments
from mlops_ci.registry.references import require_known


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """By what to judge; what is None, or no rules, is taken from the project. ``last`` versions are judged."""

    last: int
    rules: tuple[str, ...] = ()
    confidence: float | None = None
    on_inconclusive: OnInconclusive | None = None


def run_backtest(request: BacktestRequest, project: Project, log: ModelLog) -> Backtest:
    """Judge the newest versions again, each on its own set and against the champion of its time.

    Raises:
        UsageError: the project has no gate, or a rule is not right.
    """
    gate, evaluation = project.gate, project.evaluation
    if gate is None or evaluation is None:
        raise UsageError("there are no gate rules", where="mlops.yaml", hint="add the section gate")
    if reveals_gains_only(gate):
        what = "the budget reveals only gains, and a backtest would tell more"
        raise UsageError(what, where="gate.budget", hint="mlops-ci models history tells what was decided")
    gate, left_out = _without_functions(_gate(request, gate), evaluation)
    state = require_known(log.read())
    past = moments(log.entries(), gate.baseline)
    reader = PastEvidence(log.store, state, evaluation, gate)
    versions = [state.versions[number] for number in sorted(state.versions)[-request.last :]]
    judged = tuple(_judge(gate, version, past[version.version], reader) for version in versions)
    return Backtest(
        model=state.model,
        rules=tuple(rule.text + (f", per {rule.per}" if rule.per else "") for rule in gate.flat()),
        confidence=gate.confidence,
        versions=judged,
        notes=(*left_out, *_notes(gate, state.looks)),
    )


def _without_functions(gate: GateChoice, evaluation: EvaluationChoice) -> tuple[GateChoice, tuple[str, ...]]:
    """The rules that can be judged again: nobody calls today's functions on the predictions of long ago."""
    functions = {metric.function for metric in evaluation.custom}

    def asks(item: Rule | AnyOf) -> bool:
        return any(rule.metric in functions for rule in (item.rules if isinstance(item, AnyOf) else (item,)))

    kept = tuple(item for item in gate.rules if not asks(item))
    if len(kept) == len(gate.rules):
        return gate, ()
    if not kept:
        what = "all rules ask functions of the project's own, which are not called on past predictions"
        raise UsageError(what, where="gate.rules", hint="try others with --rule")
    left_out = f"{len(gate.rules) - len(kept)} rules on functions of the project's own are left out"
    return replace(gate, rules=kept), (left_out,)


def _gate(request: BacktestRequest, gate: GateChoice) -> GateChoice:
    if request.rules:
        gate = replace(gate, rules=rules_of(request.rules))
    if request.confidence is not None:
        if math.isnan(request.confidence) or not 0.5 <= request.confidence < 1.0:
            raise UsageError("the confidence must be at least 0.5 and below 1", where="--confidence", hint="use 0.95")
        gate = replace(gate, confidence=request.confidence)
    return replace(gate, on_inconclusive=request.on_inconclusive) if request.on_inconclusive else gate


def _judge(gate: GateChoice, version: ModelVersion, moment: Moment, reader: PastEvidence) -> PastVersion:
    found = PastVersion(
        version=version.version,
        commit=version.commit,
        created=version.created,
        champion=moment.aliases.get(gate.baseline),
        then=moment.verdict.outcome if moment.verdict else None,
        promoted=moment.promoted,
        now=None,
        why="",
    )
    its_set = moment.verdict.evaluation_set if moment.verdict else None
    if its_set is None:
        its_set = next((one.set for one in reversed(version.evaluations) if one.predictions), None)
    candidate = reader.of(version, "candidate", its_set)
    if candidate.evidence is None or (candidate.evidence.predictions is None and not candidate.evidence.numbers):
        return replace(found, why=candidate.problem or "nothing is recorded of its evaluation")
    if candidate.evidence.predictions is None and any(one.predictions for one in version.evaluations):
        return replace(found, why="its predictions on the set it was judged on are not recorded")
    references = reader.references(moment, its_set)
    verdict = judge(gate, candidate.side, candidate.evidence, references)
    if _only_incomparable(verdict):
        problems = (one.problem for one in references.values() if one and one.problem)
        return replace(found, why=next(problems, verdict.summary))
    return replace(found, now=verdict.outcome, why=verdict.summary, rows=verdict.rows, rules=tuple(_held(verdict)))


def _only_incomparable(verdict: Verdict) -> bool:
    """Whether nothing but what it is compared with keeps a version from passing: that is no judgement of the rules."""
    return verdict.outcome != "pass" and all(
        result.outcome in {"pass", "skipped", "incomparable"} for result in verdict.rules if result.decides
    )


def _held(verdict: Verdict) -> Iterable[PastRule]:
    for result in verdict.rules:
        if result.decides and result.outcome not in {"pass", "skipped"}:
            yield PastRule(result.rule, result.label, result.outcome, result.reason, result.slice)


def _notes(gate: GateChoice, looks: Mapping[str, object]) -> Iterable[str]:
    if gate.budget or looks:
        yield "advisory: shown without the budget of looks, none of which is spent by this"
        yield "rules chosen by what they would have done to these versions are fitted to their test sets"
