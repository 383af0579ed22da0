from __future__ import annotations

import numpy as np

from mlops_ci.gate.evidence import Evidence
from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import AnyOf, parse_rule
from mlops_ci.statistics import paired_proportions
from tests.gate.parts import SET, Bools, answers, any_of, evidence, gate, outcomes, right_in, sliced, verdict_on

ROWS = 1000


def with_disagreement(better: int, worse: int, rows: int = ROWS) -> tuple[Evidence, Evidence]:
    """A candidate that is newly right on some rows and newly wrong on others."""
    ours: Bools = np.arange(rows) % 2 == 0
    theirs = ours.copy()
    theirs[:better], ours[:better] = False, True
    theirs[better : better + worse], ours[better : better + worse] = True, False
    return evidence(answers(ours)), evidence(answers(theirs))


# At 95 % the loss is just certain; at 97.5 % it is not.
MARGINAL = (40, 58)


def upper_bound(confidence: float) -> float:
    return paired_proportions(*MARGINAL, ROWS, confidence).upper


def test_the_marginal_case_is_one() -> None:
    assert upper_bound(0.95) < 0 < upper_bound(0.975)


def test_a_single_rule_that_marginally_fails_fails() -> None:
    verdict = verdict_on(gate("accuracy >= baseline"), *with_disagreement(*MARGINAL))
    assert (verdict.outcome, outcomes(verdict)) == ("fail", ["fail"])


def test_one_of_many_rules_that_marginally_fails_is_inconclusive() -> None:
    verdict = verdict_on(gate("accuracy >= baseline", "accuracy > 0.1"), *with_disagreement(*MARGINAL))
    assert (verdict.outcome, outcomes(verdict)) == ("inconclusive", ["inconclusive", "pass"])
    assert "by chance" in verdict.summary


def test_a_clear_failure_among_many_rules_stays_one() -> None:
    rules = ["accuracy >= baseline", *(f"accuracy > 0.{digit}" for digit in range(1, 4))]
    verdict = verdict_on(gate(*rules), *with_disagreement(20, 120))
    assert (verdict.outcome, outcomes(verdict)[0]) == ("fail", "fail")


def test_after_a_clear_failure_the_next_is_held_to_a_milder_level() -> None:
    # The clear failure is settled at 97.5 %, which leaves one claim, at 95 %.
    verdict = verdict_on(gate("accuracy >= 0.9", "accuracy >= baseline"), *with_disagreement(*MARGINAL))
    assert outcomes(verdict) == ["fail", "fail"]


def test_plain_numbers_do_not_count_among_the_claims() -> None:
    ours, theirs = with_disagreement(*MARGINAL)
    ours = Evidence(ours.predictions, SET, {}, {"size": 9.0, "time": 1.0})
    verdict = verdict_on(gate("accuracy >= baseline", "time < 2", "size < 3"), ours, theirs)
    assert outcomes(verdict) == ["fail", "pass", "fail"]


def test_one_alternative_that_passes_is_enough() -> None:
    ours, theirs = with_disagreement(100, 20)
    verdict = verdict_on(gate(any_of("accuracy >= 0.99", "accuracy > baseline")), ours, theirs)
    assert (verdict.outcome, outcomes(verdict)) == ("pass", ["fail", "pass"])
    assert [(result.any, result.alternative) for result in verdict.rules] == [(0, 0), (0, 1)]
    assert verdict.summary == "The rule passes, compared with champion v12."


def test_alternatives_that_all_fail_fail() -> None:
    verdict = verdict_on(gate(any_of("accuracy >= 0.99", "accuracy >= 0.9")), evidence(right_in(100, ROWS)))
    assert verdict.outcome == "fail"


def test_a_passing_alternative_is_held_to_a_stricter_level() -> None:
    better, worse = MARGINAL[1], MARGINAL[0]
    ours, theirs = with_disagreement(better, worse)
    assert verdict_on(gate("accuracy > baseline"), ours, theirs).outcome == "pass"
    assert verdict_on(gate(any_of("accuracy > baseline")), ours, theirs).outcome == "pass"
    verdict = verdict_on(gate(any_of("accuracy > baseline", "accuracy > 0.99")), ours, theirs)
    assert (verdict.outcome, outcomes(verdict)[0]) == ("inconclusive", "inconclusive")


def test_a_failing_alternative_of_a_group_that_passes_is_not_given_as_a_reason() -> None:
    ours, theirs = with_disagreement(100, 20)
    verdict = verdict_on(gate("accuracy >= 0.98", any_of("accuracy >= 0.99", "accuracy > baseline")), ours, theirs)
    assert verdict.outcome == "fail"
    assert verdict.summary == "Accuracy ≥ 0.98: it is 0.54."


def in_slices(**sizes: tuple[int, int]) -> Evidence:
    """Slices with so many rows right, of so many."""
    right = np.concatenate([np.arange(rows) < good for good, rows in sizes.values()])
    names = [name for name, (_, rows) in sizes.items() for _ in range(rows)]
    return sliced(answers(right), "c", names)


BY_CARRIER = parse_rule("accuracy >= 0.8", per="c", min_rows=100)


def test_every_slice_is_judged_by_itself() -> None:
    verdict = verdict_on(gate(BY_CARRIER), in_slices(AA=(490, 500), BB=(100, 500)))
    assert [(result.slice, result.outcome, result.rows) for result in verdict.rules] == [
        (("c", "AA"), "pass", 500),
        (("c", "BB"), "fail", 500),
    ]
    assert (verdict.outcome, verdict.summary) == ("fail", "Accuracy ≥ 0.8, c BB: it is 0.2.")


def test_a_slice_with_too_few_rows_is_shown_and_does_not_decide() -> None:
    verdict = verdict_on(gate(BY_CARRIER), in_slices(AA=(490, 500), BB=(0, 99), CC=(100, 100)))
    assert verdict.outcome == "pass"
    assert [(result.outcome, result.decides) for result in verdict.rules] == [
        ("pass", True),
        ("fail", False),
        ("pass", True),
    ]
    assert verdict.rules[1].reason == "fewer than 100 rows: shown only"


def test_a_rule_whose_slices_are_all_too_small_is_inconclusive_and_not_waivable() -> None:
    choice = gate(BY_CARRIER, "accuracy > 0.5", on_inconclusive="allow")
    verdict = verdict_on(choice, in_slices(AA=(99, 99), BB=(50, 50)))
    assert verdict.outcome == "inconclusive"
    assert "no c has 100 rows, so the rule decides nothing" in verdict.summary


def test_slices_are_skipped_as_a_whole_without_a_champion() -> None:
    verdict = verdict_on(gate(parse_rule("accuracy >= baseline", per="c")), in_slices(AA=(10, 10)))
    assert [(result.outcome, result.slice) for result in verdict.rules] == [("skipped", None)]
    assert verdict.outcome == "pass"


def test_slices_are_paired_with_the_same_rows_of_the_champion() -> None:
    ours = in_slices(AA=(400, 500), BB=(300, 500))
    theirs = in_slices(AA=(500, 500), BB=(100, 500))
    verdict = verdict_on(gate(parse_rule("accuracy >= baseline", per="c")), ours, theirs)
    assert [(result.candidate, result.baseline) for result in verdict.rules] == [(0.8, 1.0), (0.6, 0.2)]
    assert outcomes(verdict) == ["fail", "pass"]


def test_many_slices_are_many_claims() -> None:
    sizes = {"bad": (75, 100), **{f"s{number}": (95, 100) for number in range(12)}}
    alone = verdict_on(gate(parse_rule("accuracy >= 0.82", per="c")), in_slices(bad=(75, 100)))
    among = verdict_on(gate(parse_rule("accuracy >= 0.82", per="c")), in_slices(**sizes))
    assert (alone.outcome, among.outcome) == ("fail", "inconclusive")


def test_an_alternative_per_slice_passes_only_with_all_its_slices() -> None:
    good, bad = in_slices(AA=(490, 500), BB=(490, 500)), in_slices(AA=(490, 500), BB=(10, 500))
    choice = gate(AnyOf((parse_rule("accuracy >= 0.9", per="c"), parse_rule("accuracy >= 0.99"))))
    assert verdict_on(choice, good).outcome == "pass"
    assert verdict_on(choice, bad).outcome == "fail"


def test_a_multiclass_task_is_judged_like_any_other() -> None:
    target = np.arange(600) % 3
    ours, theirs = target.copy(), target.copy()
    ours[:30], theirs[:200] = (target[:30] + 1) % 3, (target[:200] + 1) % 3
    predictions = [Predictions("multiclass", target, part, None, ("a", "b", "c")) for part in (ours, theirs)]
    verdict = verdict_on(gate("accuracy > baseline"), *map(evidence, predictions))
    assert (verdict.outcome, verdict.rules[0].candidate) == ("pass", 0.95)
