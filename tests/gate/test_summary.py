from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.gate.summary import side_name, summarise
from mlops_ci.records.verdict import Outcome, RuleOutcome, RuleResult, Side, Verdict

CHAMPION = Side("sha256:old", version=12, name="champion")
PASS = RuleResult("accuracy > 0.5", "accuracy", "accuracy > 0.5", "pass", "the bound clears it", "higher", 0.9)
FAIL = RuleResult("r", "accuracy", "accuracy, better", "fail", "misses", "higher", candidate=0.81234, baseline=0.85)
ABSENT = RuleResult("r", "bleu", "bleu > 0.5", "fail", "bleu is not in the metrics file", "higher")
FLOOR = RuleResult("r", "accuracy", "accuracy ≥ 0.9", "fail", "misses", "higher", candidate=0.81234)
OPEN = RuleResult("r", "accuracy", "accuracy, better", "inconclusive", "200 rows cannot tell", "higher", 0.8, 0.79)
SKIPPED = RuleResult("r", "accuracy", "accuracy, better", "skipped", "nothing to compare with yet", "higher")
SLICE = replace(FAIL, slice=("carrier", "HA"))
LOST = replace(SKIPPED, outcome="incomparable", reason="champion v12 was never evaluated")


def said(outcome: Outcome, *results: RuleResult, baseline: Side | None = CHAMPION) -> str:
    outcomes: tuple[RuleOutcome, ...] = tuple(
        "inconclusive" if result.outcome == "incomparable" else result.outcome for result in results
    )
    verdict = Verdict(outcome, "", outcomes, results, Side(None), baseline, None, None, 0.95, "block", "sha256:r")
    return summarise(verdict)


NO_CHAMPION = "There is no champion yet: "


@pytest.mark.parametrize(
    ("outcome", "results", "sentence"),
    [
        ("pass", [PASS], "The rule passes, compared with champion v12."),
        ("pass", [PASS] * 3, "All 3 rules pass, compared with champion v12."),
        ("pass", [PASS, OPEN],
         "1 of 2 rules passes, compared with champion v12; 1 undecided, which on_inconclusive allows."),
        ("pass", [PASS, PASS, OPEN, OPEN],
         "2 of 4 rules pass, compared with champion v12; 2 undecided, which on_inconclusive allows."),
        ("pass", [OPEN], "The rule is undecided, compared with champion v12, which on_inconclusive allows."),
        ("fail", [FAIL], "Accuracy, better: 0.8123 after 0.85."),
        ("fail", [FLOOR, PASS], "Accuracy ≥ 0.9: it is 0.81234."),
        ("fail", [ABSENT], "bleu > 0.5: bleu is not in the metrics file."),
        ("fail", [SLICE, OPEN], "Accuracy, better, carrier HA: 0.8123 after 0.85."),
        ("pass", [PASS] * 2, "Both rules pass, compared with champion v12."),
        ("fail", [FAIL, FLOOR, ABSENT, FAIL],
         "Accuracy, better: 0.8123 after 0.85. Accuracy ≥ 0.9: it is 0.81234. And 2 more."),
        ("inconclusive", [LOST, LOST, LOST], "Accuracy, better, and 2 more: champion v12 was never evaluated."),
        ("inconclusive", [OPEN, PASS], "Accuracy, better: 200 rows cannot tell."),
        ("inconclusive", [LOST], "Accuracy, better: champion v12 was never evaluated."),
    ],
)  # fmt: skip
def test_a_verdict_is_one_sentence(outcome: Outcome, results: list[RuleResult], sentence: str) -> None:
    assert said(outcome, *results) == sentence


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([SKIPPED], "There is nothing to compare with yet and no absolute rule: the first model passes."),
        ([SKIPPED, PASS], NO_CHAMPION + "1 rule that compares with it is skipped, the other rule passes."),
        ([SKIPPED, SKIPPED, PASS, PASS],
         NO_CHAMPION + "2 rules that compare with it are skipped, the other 2 rules pass."),
        ([SKIPPED, OPEN],
         NO_CHAMPION + "1 rule that compares with it is skipped, 1 undecided, which on_inconclusive allows."),
        ([SKIPPED, PASS, OPEN],
         NO_CHAMPION + "1 rule that compares with it is skipped, 1 passes, 1 undecided, which on_inconclusive allows."),
        ([PASS], "The rule passes."),
    ],
)  # fmt: skip
def test_a_first_model_is_told_what_was_skipped(results: list[RuleResult], sentence: str) -> None:
    assert said("pass", *results, baseline=None) == sentence


@pytest.mark.parametrize(
    ("side", "name"),
    [
        (CHAMPION, "champion v12"),
        (Side(None, version=3), "version v3"),
        (Side(None, name="baseline"), "the baseline"),
        (Side(None), "the baseline"),
    ],
)
def test_a_side_has_a_name(side: Side, name: str) -> None:
    assert side_name(side) == name
