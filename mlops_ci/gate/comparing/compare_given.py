"""Compares what was computed elsewhere: by a function of the user, or while a long file was read."""

from __future__ import annotations

from mlops_ci.gate.comparing.compare_rows import interval_of
from mlops_ci.gate.comparing.outcomes import outcome_of_estimate
from mlops_ci.gate.comparing.results import Test, bounds_of, no_share, reason_of, result_of, side_name
from mlops_ci.gate.comparing.undecided import distance_to_pass
from mlops_ci.gate.custom import CustomResult, alone, change, unlike
from mlops_ci.gate.evidence import Reference
from mlops_ci.gate.seeds import rows_beside_noise
from mlops_ci.gate.streamed import StreamedResult
from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import Outcome
from mlops_ci.statistics import Estimate


def judge_given(
    rule: Rule,
    confidence: float,
    ours: CustomResult | StreamedResult,
    reference: Reference | None,
    *,
    sliced: bool,
    same: bool,
) -> Test:
    """Judge a number that was computed elsewhere, or say what came in between.

    Args:
        rule: asks for it.
        confidence: of each bound.
        ours: of the candidate.
        reference: what it is compared with.
        sliced: whether a slice is asked about.
        same: whether the two models are known to give the same answers on all rows.
    """
    if ours.problem:
        return Test(result_of(rule, "fail", ours.problem))
    if sliced:
        reason = f"{rule.metric} returns one number for all rows; to be judged by {rule.per}, return one value a row"
        return Test(result_of(rule, "fail", reason, candidate=ours.value))
    theirs = reference.evidence.custom.get(rule.metric) if reference and reference.evidence else None
    if reference is not None:
        problem = reference.problem or unlike(rule.metric, ours, theirs, side_name(reference))
        if problem:
            return Test(result_of(rule, "incomparable", problem, candidate=ours.value))
    factor, bound = rule.bound.factor, rule.bound.offset
    if theirs is not None and factor != 1.0 and theirs.value <= 0:
        return Test(no_share(rule, ours.value, theirs.value))

    def estimate(level: float, share: float) -> Estimate:
        if (interval := interval_of(rule)) != "usual":
            value = ours.value - (share * theirs.value if theirs is not None else 0.0)
            why = f"{rule.metric} has no {interval} bounds: take interval: usual"
            return Estimate.unknown(value, interval).without_bounds(why)
        found = change(ours, theirs, share, level) if theirs is not None else alone(ours, level)
        if found.lower == found.upper and not same and isinstance(ours, CustomResult):
            return found.without_bounds("nothing that it was computed on tells how it varies")
        return found

    def judged(level: float) -> Outcome:
        return outcome_of_estimate(rule, estimate(level, factor), bound)

    shown, outcome = estimate(confidence, 1.0), judged(confidence)
    needed, assuming = None, ""
    if outcome == "inconclusive" and isinstance(ours, StreamedResult):
        decided = estimate(confidence, factor)
        distance, assuming = distance_to_pass(rule, decided.value, theirs.value if theirs is not None else None)
        needed = rows_beside_noise(decided, None, ours.rows, distance, factor, confidence, upwards=rule.upwards)
    result = result_of(
        rule,
        outcome,
        reason_of(outcome, needed, ours.rows, assuming, shown),
        candidate=ours.value,
        baseline=theirs.value if theirs is not None else None,
        change=ours.value - theirs.value if theirs is not None else None,
        interval=bounds_of(shown),
        method=shown.method,
        rows=ours.rows,
        rows_needed=needed,
    )
    return Test(result, judged)
