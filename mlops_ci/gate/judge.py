"""Judges a candidate by rules. Pure: evidence in, verdict out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlops_ci.gate.asking import asks_the_set, is_worn_out, level_of, worn_out_result
from mlops_ci.gate.comparing.compare import compare
from mlops_ci.gate.comparing.outcomes import Combined, combine_all, combine_any
from mlops_ci.gate.comparing.results import Test, result_of
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.seeds import one_training_against_many
from mlops_ci.gate.slices import other_slices, slices_of
from mlops_ci.gate.summary import summarise
from mlops_ci.metrics import metric_of
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.verdict import Disagreement, RuleResult, Side, Spent, Verdict

BASELINE = "baseline"


def judge(
    gate: GateChoice,
    side: Side,
    candidate: Evidence,
    references: Mapping[str, Reference | None],
    spent: Spent | None = None,
) -> Verdict:
    """Judge a candidate.

    Args:
        gate: the rules.
        side: what the candidate is.
        candidate: what is known of it.
        references: for ``baseline`` and each ``@name`` in a rule, the version it means; None where there is none yet.
        spent: what this costs of the evaluation set's budget, if it has one: the level is that of the look.
    """
    level = level_of(spent.error) if spent and not is_worn_out(spent) else gate.confidence
    tests: list[Test] = []
    groups: list[list[list[Test]]] = []
    for number, item in enumerate(gate.rules):
        alternatives = item.rules if isinstance(item, AnyOf) else (item,)
        alternatives = tuple(replace(rule, interval=rule.interval or gate.interval) for rule in alternatives)
        # An any-of group passes on luck more easily the more alternatives it has: each is held to a stricter
        # level (Bonferroni, which is the first step of Holm's procedure and the one that decides an any-of).
        confidence = 1.0 - (1.0 - level) / len(alternatives)
        group = [
            [
                _in_group(test, number, index) if isinstance(item, AnyOf) else test
                for test in _asked(rule, confidence, candidate, references, spent)
            ]
            for index, rule in enumerate(alternatives)
        ]
        groups.append(group)
        tests += [test for alternative in group for test in alternative]
    settled = _hold_failures_to_holm(tests, level)
    combined = [
        combine_any([combine_all(settled[id(test)] for test in alternative) for alternative in group])
        for group in groups
    ]
    results = tuple(settled[id(test)] for test in tests)
    baseline = references.get(BASELINE)
    outcome = _verdict_outcome(combined, gate)
    verdict = Verdict(
        outcome=outcome.outcome,
        summary="",
        outcomes=tuple("skipped" if item.skipped else item.outcome for item in combined),
        rules=results,
        candidate=side,
        baseline=baseline.side if baseline else None,
        evaluation_set=candidate.evaluation_set,
        rows=len(candidate.predictions) if candidate.predictions is not None else None,
        confidence=level,
        on_inconclusive=gate.on_inconclusive,
        rules_digest=rules_digest(gate),
        disagreement=None if spent and is_worn_out(spent) else _disagreement(candidate, baseline),
        notes=(*_warnings(gate.flat()), *one_training_against_many(gate.flat(), candidate, references)),
        spent=spent,
    )
    return replace(verdict, summary=summarise(verdict))


def rules_digest(gate: GateChoice) -> str:
    """Identifies what a verdict was reached by: rules, confidence, policy and the alias compared with."""
    return digest_of_value(gate)


def _asked(
    rule: Rule,
    confidence: float,
    candidate: Evidence,
    references: Mapping[str, Reference | None],
    spent: Spent | None,
) -> list[Test]:
    if spent and is_worn_out(spent) and asks_the_set(rule, candidate):
        return [Test(worn_out_result(rule, spent))]
    return _tests(rule, confidence, candidate, references)


def _tests(
    rule: Rule, confidence: float, candidate: Evidence, references: Mapping[str, Reference | None]
) -> list[Test]:
    nothing_to_compare = rule.bound.reference is not None and references.get(rule.bound.reference) is None
    if rule.per is None or candidate.predictions is None or nothing_to_compare:
        whole = compare(rule, confidence, candidate, references)
        label = f"{whole.result.label}, for each {rule.per}" if rule.per else whole.result.label
        return [replace(whole, result=replace(whole.result, label=label))]
    if rule.per not in candidate.slices:
        return [Test(result_of(rule, "fail", f"the predictions have no column {rule.per!r}"))]
    if problem := other_slices(rule.per, candidate, references.get(rule.bound.reference or BASELINE)):
        return [Test(result_of(rule, "incomparable", problem))]
    tests = []
    for value, rows in slices_of(candidate.slices[rule.per]):
        test = compare(rule, confidence, candidate, references, rows=rows)
        few = len(rows) < rule.min_rows
        result = replace(
            test.result,
            slice=(rule.per, value),
            rows=len(rows),
            decides=not few,
            reason=f"fewer than {rule.min_rows} rows: shown only" if few else test.result.reason,
        )
        tests.append(replace(test, result=result))
    if tests and not any(test.result.decides for test in tests):
        # A rule that decided on nothing would be a silent pass.
        tests[0] = replace(
            tests[0],
            result=replace(
                tests[0].result,
                outcome="inconclusive",
                decides=True,
                waivable=False,
                reason=f"no {rule.per} has {rule.min_rows} rows, so the rule decides nothing",
            ),
        )
    return tests


def _in_group(test: Test, number: int, alternative: int) -> Test:
    return replace(test, result=replace(test.result, any=number, alternative=alternative))


def _hold_failures_to_holm(tests: Sequence[Test], confidence: float) -> dict[int, RuleResult]:
    """Let a claim of failure stand only if it holds among as many claims as there are rules.

    One of twenty good rules "fails" at 95 % by luck alone. Holm (1979, Scandinavian Journal of Statistics 6:65-70):
    with m claims, the strongest must hold at level alpha/m, the next at alpha/(m-1), and so on; what does not is
    inconclusive, which blocks as well, but says what is known.
    """
    settled = {id(test): test.result for test in tests}
    family = [test for test in tests if test.again is not None and test.result.decides]
    open_claims = [test for test in family if test.result.outcome == "fail"]
    remaining = len(family)
    while open_claims and remaining > 1:
        level = 1.0 - (1.0 - confidence) / remaining
        held = [test for test in open_claims if test.again and test.again(level) == "fail"]
        if not held:
            break
        settled_now = set(map(id, held))
        open_claims = [test for test in open_claims if id(test) not in settled_now]
        remaining -= len(held)
    if remaining > 1:
        for test in open_claims:
            settled[id(test)] = replace(
                test.result,
                outcome="inconclusive",
                reason="it looks like a failure, but one of so many rules may look so by chance",
                waivable=False,
            )
    return settled


def _verdict_outcome(combined: Sequence[Combined], gate: GateChoice) -> Combined:
    if any(item.outcome == "fail" for item in combined):
        return Combined("fail")
    undecided = [item for item in combined if item.outcome == "inconclusive"]
    if undecided and (gate.on_inconclusive == "block" or any(item.blocked for item in undecided)):
        return Combined("inconclusive")
    return Combined("pass")


def _disagreement(candidate: Evidence, baseline: Reference | None) -> Disagreement | None:
    ours, theirs = candidate.predictions, baseline.evidence.predictions if baseline and baseline.evidence else None
    if ours is None or theirs is None or ours.task == "regression":
        return None
    if baseline is None or baseline.evidence is None or baseline.evidence.evaluation_set != candidate.evaluation_set:
        return None
    if ours.prediction is None or theirs.prediction is None:
        return None
    right, right_before = ours.target == ours.prediction, theirs.target == theirs.prediction
    return Disagreement(newly_right=int((right & ~right_before).sum()), newly_wrong=int((~right & right_before).sum()))


def _warnings(rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
        if metric and metric.higher_is_better is not None and metric.higher_is_better != rule.upwards:
            better = "higher" if metric.higher_is_better else "lower"
            yield f"`{rule.text}` points against its metric: of {metric.label}, {better} is better"
