"""Evidence and gates made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.judge import judge
from mlops_ci.metrics import Predictions
from mlops_ci.project.project import GateChoice, OnInconclusive
from mlops_ci.project.rules import AnyOf, Rule, parse_rule
from mlops_ci.records.verdict import Side, Verdict

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
SET = "sha256:set"


def gate(*rules: str | Rule | AnyOf, confidence: float = 0.95, on_inconclusive: OnInconclusive = "block") -> GateChoice:
    parsed = tuple(parse_rule(rule) if isinstance(rule, str) else rule for rule in rules)
    return GateChoice("champion", confidence, on_inconclusive, parsed)


def any_of(*rules: str) -> AnyOf:
    return AnyOf(tuple(map(parse_rule, rules)))


def answers(right: Bools | Sequence[bool]) -> Predictions:
    """A binary task of positives and negatives in turn, answered right where ``right`` says so."""
    right = np.asarray(right, dtype=bool)
    target = np.arange(len(right)) % 2 == 0
    return Predictions("binary", target, target == right, None, ("no", "yes"))


def scores(target: Bools, score: Floats) -> Predictions:
    return Predictions("binary", target, None, score, ("no", "yes")).with_prediction()


def regression(target: Floats, prediction: Floats) -> Predictions:
    return Predictions("regression", target, prediction, None, ())


def right_in(count: int, rows: int) -> Predictions:
    """The first ``count`` of the rows are right."""
    return answers(np.arange(rows) < count)


def evidence(predictions: Predictions | None = None, **numbers: float | None) -> Evidence:
    return Evidence(predictions, SET if predictions else None, {}, numbers)


def sliced(predictions: Predictions, column: str, values: Sequence[str]) -> Evidence:
    return Evidence(predictions, SET, {column: np.array(values)}, {})


def champion(found: Evidence | None, problem: str | None = None) -> Reference:
    return Reference(Side("sha256:old", version=12, commit="c" * 40, name="champion"), found, problem)


def verdict_on(choice: GateChoice, candidate: Evidence, baseline: Reference | Evidence | None = None) -> Verdict:
    reference = champion(baseline) if isinstance(baseline, Evidence) else baseline
    return judge(choice, Side("sha256:new", commit="d" * 40), candidate, {"baseline": reference})


def outcomes(verdict: Verdict) -> list[str]:
    return [result.outcome for result in verdict.rules]
