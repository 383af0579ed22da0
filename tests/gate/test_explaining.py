"""What is told of each rule, and of the rows that changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlops_ci.gate.changed_rows import SHOWN, changed_rows
from mlops_ci.gate.custom import CustomResult, with_values
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.explaining import explain_rules
from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import Rule, parse_rule
from mlops_ci.records.explanation import ExplainedRule
from mlops_ci.records.verdict import Spent
from tests.gate.parts import any_of, champion, evidence, gate, regression, right_in, scores, sliced, verdict_on


def explained(*rules: str | Rule, ours: Evidence, theirs: Evidence, spent: Spent | None = None) -> list[ExplainedRule]:
    choice = gate(*rules)
    verdict = replace(verdict_on(choice, ours, theirs), spent=spent)
    return list(explain_rules(verdict, choice.rules, ours, {"baseline": champion(theirs)}))


def test_the_numbers_are_those_that_decided() -> None:
    ours, theirs = evidence(right_in(850, 1000), size=3.0), evidence(right_in(800, 1000), size=2.0)
    better, floor, size = explained("accuracy > baseline", "accuracy >= 0.8", "size <= 5", ours=ours, theirs=theirs)
    assert better.quantity == "candidate − baseline" and better.estimate == pytest.approx(0.05)
    assert better.asks == "> 0" and (better.lower or 0) > 0 and better.standard_error == pytest.approx(0.007, abs=0.001)
    assert floor.quantity == "candidate" and floor.asks == "≥ 0.8" and floor.source
    assert (size.quantity, size.standard_error, size.method) == (None, None, None)
    assert size.settles == "the number as it is: no uncertainty known"


def test_a_share_of_the_baseline_is_what_is_estimated() -> None:
    target = np.linspace(0.0, 1.0, 200)
    ours, theirs = (evidence(regression(target, target + size * np.cos(9 * target))) for size in (0.5, 1.0))
    [rule] = explained("mae <= baseline * 0.9", ours=ours, theirs=theirs)
    assert rule.quantity == "candidate − 0.9 × baseline"
    assert rule.candidate is not None and rule.baseline is not None
    assert rule.estimate == pytest.approx(rule.candidate - 0.9 * rule.baseline)
    assert rule.change == pytest.approx(rule.candidate - rule.baseline)


def test_the_level_says_where_it_comes_from() -> None:
    worse, before = evidence(right_in(700, 1000)), evidence(right_in(800, 1000))
    choice = gate("accuracy > baseline", any_of("accuracy >= 0.6", "accuracy >= 0.9"))
    verdict = verdict_on(choice, worse, before)
    first, one, _ = explain_rules(verdict, choice.rules, worse, {"baseline": champion(before)})
    assert first.level == "95 %, one-sided; the failure holds among 3 claims (Holm)"
    assert one.level == "95 %, one-sided; 97.5 % as one of 2 alternatives (Bonferroni)"
    assert one.confidence == pytest.approx(0.975)
    spent = Spent(look=7, looks=50, error=0.001, total=0.05, method="even")
    [rule] = explained("accuracy >= 0.6", ours=worse, theirs=before, spent=spent)
    assert rule.confidence == pytest.approx(0.999)
    assert "look 7 of 50 at this set, with 0.001 of the error 0.05" in rule.level


def test_what_would_settle_it() -> None:
    ours, theirs = evidence(right_in(400, 500)), evidence(right_in(401, 500))
    [rule] = explained("accuracy >= baseline - 0.002", ours=ours, theirs=theirs)
    assert rule.outcome == "inconclusive" and rule.rows_needed
    assert rule.settles.endswith(f"{rule.rows_needed - 500:,} more than there are")


def test_slices_are_explained_one_by_one() -> None:
    carriers = ["AA"] * 600 + ["ZZ"] * 400
    ours, theirs = (sliced(right_in(count, 1000), "carrier", carriers) for count in (900, 800))
    per = parse_rule("accuracy >= baseline - 0.05", per="carrier")
    first, second = explained(per, ours=ours, theirs=theirs)
    assert (first.slice, second.slice) == (("carrier", "AA"), ("carrier", "ZZ"))
    assert first.estimate == 0.0 and second.estimate == pytest.approx(0.25)


def test_without_the_rows_the_record_still_speaks() -> None:
    ours, theirs = evidence(right_in(850, 1000)), evidence(right_in(800, 1000))
    choice = gate("accuracy > baseline")
    [rule] = explain_rules(verdict_on(choice, ours, theirs), choice.rules, Evidence(), {})
    assert rule.standard_error is None and rule.estimate == pytest.approx(0.05)
    assert rule.lower is not None and rule.sentence


def test_what_a_function_said_is_explained_by_its_own_method_and_not_by_a_metric_of_its_name() -> None:
    random = np.random.default_rng(7)

    def said(value: float, by_rows: bool) -> Evidence:
        values = value + random.standard_normal(400)
        number = CustomResult(value=value, rows=400, replicates=value + random.standard_normal(999) / 20, drawn=400)
        each = CustomResult(value=float(values.mean()), values=values, rows=400)
        results = {"accuracy": each if by_rows else number}
        return replace(evidence(with_values(right_in(300, 400), results)), custom=results)

    for by_rows, method in ((False, "m out of n bootstrap"), (True, "jackknife")):
        [rule] = explained("accuracy > baseline", ours=said(5.0, by_rows), theirs=said(3.0, by_rows))
        assert rule.estimate == pytest.approx(rule.change) and 1.5 < (rule.change or 0.0) < 2.5
        assert rule.method and rule.method.startswith(method) and rule.sentence and rule.standard_error
    choice = gate("accuracy > 4")
    verdict = verdict_on(choice, said(5.0, by_rows=True), None)
    uncalled = replace(said(5.0, by_rows=True), custom={"accuracy": CustomResult("nobody calls it")})
    [rule] = explain_rules(verdict, choice.rules, uncalled, {})
    assert rule.standard_error is None and rule.estimate == pytest.approx(5.0, abs=0.2)


def test_bounds_are_explained_by_the_kind_that_was_asked_for() -> None:
    ours, choice = evidence(right_in(850, 1000)), replace(gate("accuracy >= 0.8"), interval="betting")
    verdict = verdict_on(choice, ours, None)
    [rule] = explain_rules(verdict, choice.rules, ours, {}, choice.interval)
    assert rule.method == "betting" and (rule.lower, rule.upper) == verdict.rules[0].interval


def test_rows_are_ordered_by_how_much_they_changed() -> None:
    target = np.array([True, True, False, False, True])
    before, now = (
        scores(target, np.array([0.9, 0.6, 0.4, 0.7, 0.2])),
        scores(target, np.array([0.1, 0.4, 0.6, 0.2, 0.3])),
    )
    found = changed_rows(now, before, list("abcde"), {"place": np.array(["x", "y", "x", "y", "z"])})
    assert found is not None and (found.wrong, found.right, found.loss, found.score_of) == (3, 1, "log loss", "yes")
    assert [row.row for row in found.newly_wrong] == ["a", "b", "c"]
    assert [(row.row, row.candidate, row.columns) for row in found.newly_right] == [("d", "no 0.2", {"place": "y"})]
    assert [row.row for row in found.largest] == ["a", "d", "b", "c", "e"]
    assert found.newly_wrong[0].loss_change == pytest.approx(np.log(9))


def test_regressions_have_losses_and_no_right_or_wrong() -> None:
    target = np.zeros(30)
    found = changed_rows(regression(target, target + 1), regression(target, np.arange(30.0)), None, {})
    assert found is not None and (found.wrong, found.newly_wrong, found.loss) == (None, (), "absolute error")
    assert len(found.largest) == SHOWN and found.largest[0].row == "30" and found.largest[0].loss_change == -28


def test_what_cannot_be_told_of_rows_is_left_out() -> None:
    plain = changed_rows(right_in(3, 9), right_in(5, 9), None, {})
    assert plain is not None and plain.loss is None and plain.largest == () and plain.wrong == 2
    logits = Predictions("binary", np.array([True, False]), None, np.array([3.0, -2.0]), ("no", "yes"))
    assert changed_rows(logits, logits, None, {}) is None
    rows = Predictions("rows", np.zeros(2), None, None, ())
    assert changed_rows(rows, rows, None, {}) is None
