from __future__ import annotations

import math

import numpy as np
import pytest

from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.judge import judge, rules_digest
from mlops_ci.project.rules import Rule, parse_rule
from mlops_ci.records.verdict import Disagreement, Side, Verdict
from tests.gate.parts import answers, any_of, champion, evidence, gate, outcomes, regression, right_in, verdict_on

ALLOW = "allow"


def only(verdict: Verdict) -> str:
    (outcome,) = outcomes(verdict)
    return outcome


def test_a_clear_improvement_passes_and_says_what_it_was_compared_with() -> None:
    verdict = verdict_on(gate("accuracy > baseline"), evidence(right_in(900, 1000)), evidence(right_in(800, 1000)))
    (result,) = verdict.rules
    assert verdict.outcome == result.outcome == "pass"
    assert (result.candidate, result.baseline, result.rows) == (0.9, 0.8, 1000)
    assert result.change == pytest.approx(0.1)
    assert result.interval and result.interval[0] and 0 < result.interval[0] < 0.1
    assert verdict.disagreement == Disagreement(newly_right=100, newly_wrong=0)
    assert verdict.baseline == champion(None).side
    assert verdict.summary == "The rule passes, compared with champion v12."


def test_a_clear_loss_fails() -> None:
    verdict = verdict_on(gate("accuracy >= baseline"), evidence(right_in(800, 1000)), evidence(right_in(900, 1000)))
    assert verdict.outcome == "fail"
    assert verdict.summary == "Accuracy, not worse: 0.8 after 0.9."


def test_too_few_rows_are_inconclusive_and_block() -> None:
    verdict = verdict_on(gate("accuracy > baseline"), evidence(right_in(17, 20)), evidence(right_in(16, 20)))
    assert verdict.outcome == only(verdict) == "inconclusive"
    assert "20 rows cannot tell" in verdict.summary


def test_allow_lets_statistical_uncertainty_pass() -> None:
    verdict = verdict_on(
        gate("accuracy > baseline", on_inconclusive="allow"), evidence(right_in(17, 20)), evidence(right_in(16, 20))
    )
    assert (verdict.outcome, only(verdict)) == ("pass", "inconclusive")
    assert "allows" in verdict.summary


def test_allow_never_lets_a_failure_pass() -> None:
    choice = gate("accuracy > baseline", "accuracy >= 0.99", on_inconclusive="allow")
    verdict = verdict_on(choice, evidence(right_in(80, 100)), evidence(right_in(79, 100)))
    assert (outcomes(verdict), verdict.outcome) == (["inconclusive", "fail"], "fail")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
def test_a_prediction_that_is_no_useful_number_fails_even_where_uncertainty_is_allowed(bad: float) -> None:
    target = np.arange(50.0)
    broken = target + 0.1
    broken[7] = bad
    choice = gate("rmse <= baseline * 1.5", "rmse < 1000", on_inconclusive="allow")
    verdict = verdict_on(choice, evidence(regression(target, broken)), evidence(regression(target, target + 0.1)))
    assert (verdict.outcome, outcomes(verdict)) == ("fail", ["fail", "fail"])
    assert "it has no value" in verdict.summary


def test_a_metric_that_is_missing_or_null_fails() -> None:
    choice = gate("latency < 3", on_inconclusive="allow")
    assert only(verdict_on(choice, evidence())) == "fail"
    assert "latency is not in the metrics file" in verdict_on(choice, evidence()).summary
    assert "latency is not a number" in verdict_on(choice, evidence(latency=None)).summary


def test_a_metric_of_predictions_fails_where_there_are_none() -> None:
    assert only(verdict_on(gate("accuracy > 0.5"), evidence(accuracy=0.9))) == "fail"
    assert "no scores" in verdict_on(gate("roc_auc > 0.5"), evidence(right_in(9, 10))).summary


@pytest.mark.parametrize("latency", [3.0, 2.0])
def test_a_plain_number_is_compared_as_it_is(latency: float) -> None:
    found = evidence(latency=latency)
    assert only(verdict_on(gate("latency <= baseline"), found, evidence(latency=3.0))) == "pass"
    strict = verdict_on(gate("latency < baseline"), found, evidence(latency=3.0))
    assert only(strict) == ("pass" if latency < 3 else "fail")
    assert strict.rules[0].change == latency - 3.0
    assert only(verdict_on(gate("latency <= baseline * 0.5 "), found, evidence(latency=6.0))) == "pass"
    assert only(verdict_on(gate("latency <= baseline - 1"), found, evidence(latency=3.5))) == (
        "pass" if latency < 3 else "fail"
    )


INCOMPARABLE = {
    "another set": champion(Evidence(right_in(9, 10), "sha256:other")),
    "never evaluated": champion(None, "champion v12 was never evaluated"),
    "no predictions": champion(Evidence(evaluation_set="sha256:set")),
    "numbers of another set": champion(Evidence(evaluation_set="sha256:other", numbers={"accuracy": 0.5})),
}


@pytest.mark.parametrize("reference", INCOMPARABLE.values(), ids=INCOMPARABLE)
@pytest.mark.parametrize("policy", ["allow", "block"])
def test_what_cannot_be_compared_blocks_whatever_the_policy(reference: Reference, policy: str) -> None:
    choice = gate("accuracy >= baseline - 0.5", on_inconclusive="allow" if policy == ALLOW else "block")
    verdict = verdict_on(choice, evidence(right_in(9, 10)), reference)
    assert (verdict.outcome, only(verdict)) == ("inconclusive", "incomparable")
    assert verdict.rules[0].candidate == 0.9
    assert verdict.rules[0].reason in verdict.summary


def test_numbers_that_the_champion_lacks_are_incomparable() -> None:
    verdict = verdict_on(gate("bleu > baseline", on_inconclusive="allow"), evidence(bleu=0.9), evidence(f2=0.8))
    assert (verdict.outcome, only(verdict)) == ("inconclusive", "incomparable")
    assert "the baseline has no bleu" in verdict.summary


def test_a_champion_without_a_value_is_incomparable() -> None:
    target = np.arange(50.0)
    broken = evidence(regression(target, np.full(50, math.inf)))
    verdict = verdict_on(gate("rmse <= baseline"), evidence(regression(target, target)), broken)
    assert only(verdict) == "incomparable"


def test_without_a_champion_its_rules_are_skipped_and_absolute_ones_decide() -> None:
    choice = gate("accuracy > baseline", "accuracy >= 0.8", "log_loss <= baseline * 1.1")
    passed = verdict_on(choice, evidence(right_in(990, 1000)))
    assert (passed.outcome, outcomes(passed)) == ("pass", ["skipped", "pass", "skipped"])
    assert passed.summary == (
        "There is no champion yet: 2 rules that compare with it are skipped, the other rule passes."
    )
    assert verdict_on(choice, evidence(right_in(500, 1000))).outcome == "fail"


def test_a_skipped_rule_says_how_good_the_candidate_is() -> None:
    choice = gate("accuracy > baseline", "size <= baseline", "bleu > baseline")
    verdict = verdict_on(choice, evidence(right_in(990, 1000), size=3.0, bleu=math.nan))
    assert [result.candidate for result in verdict.rules] == [0.99, 3.0, None]
    [result] = verdict_on(gate(parse_rule("accuracy > baseline", per="c")), evidence(right_in(9, 10))).rules
    assert result.candidate is None, "of all rows, where each slice is asked for"


def test_a_skipped_rule_for_slices_says_so() -> None:
    [result] = verdict_on(gate(parse_rule("accuracy > baseline", per="c")), evidence(right_in(9, 10))).rules
    assert (result.outcome, result.label) == ("skipped", "accuracy, better, for each c")


def test_without_a_champion_and_absolute_rules_the_first_model_passes() -> None:
    for choice in (gate("accuracy > baseline"), gate(any_of("accuracy > baseline", "roc_auc > baseline"))):
        verdict = verdict_on(choice, evidence(right_in(1, 10)))
        assert verdict.outcome == "pass"
        assert "the first model passes" in verdict.summary


def test_a_skipped_alternative_does_not_excuse_a_failing_one() -> None:
    choice = gate(any_of("accuracy > baseline", "accuracy >= 0.9"))
    assert verdict_on(choice, evidence(right_in(100, 1000))).outcome == "fail"
    assert verdict_on(choice, evidence(right_in(999, 1000))).outcome == "pass"


def test_a_named_version_that_does_not_exist_blocks() -> None:
    missing = Reference(Side(None, name="@anchor"), problem="no version or alias 'anchor'")
    references = {"baseline": None, "@anchor": missing}
    choice = gate("accuracy >= @anchor - 0.1", on_inconclusive="allow")
    verdict = judge(choice, Side(None), evidence(right_in(9, 10)), references)
    assert (verdict.outcome, only(verdict)) == ("inconclusive", "incomparable")


def test_a_rule_may_name_a_version_besides_the_champion() -> None:
    anchor = Reference(Side("sha256:a", version=3, name="@v3"), evidence(right_in(500, 1000)))
    references = {"baseline": champion(evidence(right_in(990, 1000))), "@v3": anchor}
    verdict = judge(gate("accuracy > @v3"), Side(None), evidence(right_in(900, 1000)), references)
    assert verdict.outcome == "pass"
    assert verdict.rules[0].baseline == 0.5


@pytest.mark.parametrize("before", [0.0, -2.0])
def test_a_share_of_what_is_not_positive_is_inconclusive_and_not_waivable(before: float) -> None:
    choice = gate("gain >= baseline * 0.9", on_inconclusive="allow")
    verdict = verdict_on(choice, evidence(gain=5.0), evidence(gain=before))
    assert (verdict.outcome, only(verdict), verdict.rules[0].waivable) == ("inconclusive", "inconclusive", False)


def test_a_share_of_a_computed_metric_that_is_not_positive_is_not_waivable_either() -> None:
    target = np.arange(50.0)
    off = 1 + 0.1 * (-1) ** target
    ours, perfect = evidence(regression(target, target + off)), evidence(regression(target, target))
    choice = gate("rmse <= baseline * 1.1", on_inconclusive="allow")
    verdict = verdict_on(choice, ours, perfect)
    assert (verdict.outcome, verdict.rules[0].waivable) == ("inconclusive", False)
    assert verdict_on(gate("rmse <= baseline + 2"), ours, perfect).outcome == "pass"


@pytest.mark.parametrize("rule", ["accuracy <= baseline", "log_loss >= 0.1", "rmse > 3"])
def test_a_rule_against_the_direction_of_its_metric_is_warned_about(rule: str) -> None:
    (note,) = verdict_on(gate(rule, "bleu < 0.5"), evidence()).notes
    assert note.startswith(f"`{rule}` points against its metric")


def test_a_rule_in_the_direction_of_its_metric_is_not_warned_about() -> None:
    assert verdict_on(gate("accuracy >= baseline", "log_loss < 3", "r2 > 0"), evidence()).notes == ()


def test_the_rules_digest_tells_rules_confidence_and_policy_apart() -> None:
    one = gate("accuracy > baseline")
    others = [
        gate("accuracy >= baseline"),
        gate("accuracy > baseline", confidence=0.9),
        gate("accuracy > baseline", on_inconclusive="allow"),
        gate(any_of("accuracy > baseline")),
        gate(parse_rule("accuracy > baseline", per="c")),
        gate(parse_rule("accuracy > baseline", min_rows=5)),
    ]
    assert len({rules_digest(choice) for choice in [one, *others]}) == 7
    assert rules_digest(one) == rules_digest(gate("accuracy  >  baseline"))


def test_the_same_evidence_gives_the_same_verdict() -> None:
    target = np.linspace(0, 1, 300)
    noise = np.random.default_rng(5).normal(size=(2, 300))
    ours, theirs = (evidence(regression(target, target + 0.1 * part)) for part in noise)
    choice = gate("rmse < baseline", "mae <= baseline * 1.02", "r2 > 0.5")
    assert verdict_on(choice, ours, theirs) == verdict_on(choice, ours, theirs)


def test_disagreement_is_counted_only_on_the_same_rows() -> None:
    ours, theirs = answers([True, True, False, False, True]), answers([True, False, True, False, False])
    choice = gate("accuracy > 0.1")
    assert verdict_on(choice, evidence(ours), evidence(theirs)).disagreement == Disagreement(2, 1)
    assert verdict_on(choice, evidence(ours), champion(Evidence(theirs, "sha256:other"))).disagreement is None
    assert verdict_on(choice, evidence(ours)).disagreement is None


def test_every_result_says_which_way_its_rule_points() -> None:
    rules: list[Rule] = [parse_rule("accuracy > 0.5"), parse_rule("latency < 3")]
    verdict = verdict_on(gate(*rules), evidence(right_in(9, 10), latency=1.0))
    assert [result.better_is for result in verdict.rules] == ["higher", "lower"]


def test_a_share_of_the_baseline_decides_and_the_plain_change_is_shown() -> None:
    target, noise = np.linspace(0, 1, 400), np.random.default_rng(8).normal(size=400)
    ours, theirs = (evidence(regression(target, target + size * noise)) for size in (0.12, 0.10))
    verdict = verdict_on(gate("rmse <= baseline * 1.5", "rmse <= baseline * 1.1"), ours, theirs)
    assert outcomes(verdict) == ["pass", "fail"]
    for result in verdict.rules:
        assert result.change and result.interval and result.interval[0] and result.interval[1]
        assert 0 < result.interval[0] < result.change < result.interval[1]


def test_a_share_of_an_accuracy_decides_too() -> None:
    choice = gate("accuracy >= baseline * 0.8", "accuracy >= baseline * 0.95")
    verdict = verdict_on(choice, evidence(right_in(850, 1000)), evidence(right_in(950, 1000)))
    assert outcomes(verdict) == ["pass", "fail"]


def test_an_alternative_that_cannot_be_compared_is_not_waved_through_beside_an_undecided_one() -> None:
    ours, theirs = evidence(right_in(400, 500)), champion(evidence(right_in(401, 500)))
    undecided = "accuracy >= baseline - 0.002"
    references = {"baseline": theirs, "@old": champion(None, "the rows are others")}
    for rules, outcome in (
        ((undecided,), "pass"),
        ((any_of(undecided, "accuracy >= 0.99"),), "pass"),
        ((any_of(undecided, "accuracy >= @old - 0.01"),), "inconclusive"),
    ):
        verdict = judge(gate(*rules, on_inconclusive="allow"), Side("sha256:new"), ours, references)
        assert verdict.outcome == outcome
