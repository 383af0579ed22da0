"""From rules, predictions and what is said of them to a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlops_ci.gate.planning import Known, most_cautious, plan_rule, plan_rules
from mlops_ci.gate.planning_power import Assumed
from mlops_ci.metrics import METRICS, Predictions, value
from mlops_ci.project.rules import AnyOf, Rule, parse_rule
from mlops_ci.records.gate_plan import RulePlan
from tests.gate.parts import answers, any_of, regression, right_in, scores

NOTHING = Known()


def plan(text: str, known: Known = NOTHING, *, rows: int | None = None, looks: int = 1, **assumed: float) -> RulePlan:
    confidence = 1 - 0.05 / looks
    return plan_rule(parse_rule(text), known, Assumed(**assumed), confidence=confidence, power=0.8, rows=rows)


def scored(seed: int, rows: int = 400) -> Predictions:
    random, target = np.random.default_rng(seed), np.arange(rows) % 4 == 0
    return scores(target, 1 / (1 + np.exp(-random.normal(np.where(target, 1.0, -1.0), 1.5))))


@pytest.mark.parametrize(
    ("text", "assumed", "needed"),
    [
        ("accuracy >= baseline - 0.01", {"disagreement": 0.1}, 6203),
        ("accuracy > baseline", {"disagreement": 0.1, "gain": 0.02}, 1538),
        ("accuracy >= baseline + 0.01", {"disagreement": 0.1, "gain": 0.03}, 1558),
        ("accuracy >= 0.8", {"value": 0.85}, 376),
        ("roc_auc >= baseline - 0.01", {"value": 0.8, "positives": 0.1, "correlation": 0.8}, 18320),
        ("mae <= baseline + 0.1", {"deviation": 2.0}, 2475),
        ("rmse <= baseline * 1.1", {"deviation": 2.0, "value": 1.0}, 2475),
    ],
)
def test_a_rule_is_planned_by_what_is_said(text: str, assumed: dict[str, Any], needed: int) -> None:
    found = plan(text, **assumed)
    assert found.problem is None
    assert found.needed == pytest.approx(needed, rel=0.02)
    assert found.method and found.source and found.assumes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("accuracy >= baseline - 0.01", "--disagreement"),
        ("accuracy >= 0.8", "--value"),
        ("rmse <= baseline * 1.1", "--value"),
        ("roc_auc > baseline", "--positives"),
        ("mae <= baseline + 0.1", "--deviation"),
        ("latency_ms <= 20", "without known uncertainty"),
    ],
)
def test_what_is_missing_is_said(text: str, says: str) -> None:
    found = plan(text)
    assert says in (found.problem or "") and found.needed is None and not found.curve


def test_a_gain_has_to_be_named_and_to_exceed_what_is_asked() -> None:
    unsaid = plan("accuracy > baseline", rows=1000, disagreement=0.1)
    assert "--gain" in (unsaid.problem or "") and unsaid.needed is None
    assert unsaid.shows == "gain"
    assert unsaid.detectable == pytest.approx(0.0255, abs=0.001)
    more = plan("accuracy >= baseline + 0.01", rows=1000, disagreement=0.1)
    assert more.detectable == pytest.approx((unsaid.detectable or 0) + 0.01, abs=0.002)
    small = plan("accuracy >= baseline + 0.02", disagreement=0.1, gain=0.01)
    assert small.problem == "a gain of 0.01 is not more than the rule asks for"


@pytest.mark.parametrize(
    ("text", "assumed", "says"),
    [
        (
            "accuracy >= baseline + 1.5",
            {},
            "no accuracy is above 1, and even beside a baseline of 0 the rule asks for 1.5",
        ),
        ("accuracy > baseline + 1", {"disagreement": 0.1}, "the rule asks for more than 1"),
        ("accuracy >= baseline + 0.1", {"value": 0.95}, "and beside a baseline of 0.95 the rule asks for 1.05"),
        ("roc_auc >= baseline * 1.2", {"value": 0.9}, "no ROC AUC is above 1, and beside a baseline of 0.9 the"),
        ("mcc >= baseline + 2.1", {}, "no MCC is above 1, and even beside a baseline of −1 the rule asks for 1.1"),
        ("r2 > 1", {}, "no R² is above 1, and the rule asks for more than 1"),
        (
            "rmse <= baseline - 2",
            {"value": 1.5},
            "no RMSE is below 0, and beside a baseline of 1.5 the rule asks for −0.5",
        ),
        ("accuracy <= -0.1", {}, "no accuracy is below 0, and the rule asks for −0.1"),
    ],
)
def test_a_rule_that_no_model_can_meet_is_called_so(text: str, assumed: dict[str, Any], says: str) -> None:
    found = plan(text, **assumed)
    assert says in (found.problem or "") and found.needed is None and not found.curve


@pytest.mark.parametrize("text", ["accuracy >= baseline + 1", "rmse <= baseline - 2", "r2 >= baseline + 5", "r2 >= 1"])
def test_a_rule_that_some_model_could_meet_is_not(text: str) -> None:
    assert "no " not in (plan(text).problem or "")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_what_a_metric_can_be_is_known(name: str) -> None:
    """A model that is always right has the best value there is."""
    metric = METRICS[name]
    target = np.arange(60) % 2 == 0
    if "regression" in metric.tasks:
        rows = regression(1.0 + np.arange(60.0), 1.0 + np.arange(60.0))
    elif "ranking" in metric.tasks:
        score = target.astype(float)
        rows = Predictions("ranking", score, None, score, (), group=np.arange(60) // 6)
    elif "binary" in metric.tasks:
        rows = scores(target, target.astype(float))
    else:
        return
    assert value(metric, rows) == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-12)


def test_a_value_below_its_floor_cannot_be_saved_by_rows() -> None:
    assert "does not meet it" in (plan("accuracy >= 0.9", value=0.8).problem or "")


def test_two_predictions_tell_how_far_models_differ() -> None:
    close, far = right_in(320, 400), answers(np.arange(400) >= 80)
    with_close, with_far = (
        plan("accuracy >= baseline - 0.05", Known(right_in(300, 400), other)) for other in (close, far)
    )
    assert with_close.rows == 400 and with_close.needed is not None and with_far.needed is not None
    assert with_close.needed < with_far.needed
    alone = plan("accuracy >= baseline - 0.05", Known(right_in(300, 400)))
    assert any("independently" in text for text in alone.assumes)


def test_other_metrics_take_their_spread_from_the_gates_own_estimates() -> None:
    known = Known(scored(1), scored(2))
    for text in ("roc_auc >= baseline - 0.02", "log_loss <= baseline * 1.05"):
        found = plan(text, known)
        assert found.problem is None and found.needed and found.detectable and found.rows == 400
        assert [point.detectable for point in found.curve] == sorted(
            (point.detectable or 9 for point in found.curve), reverse=True
        )
    target = np.linspace(0, 1, 50)
    same = regression(target, target + 0.1)
    assert "spread cannot be told" in (plan("rmse <= baseline", Known(same, same), gain=0.1).problem or "")


def test_more_looks_take_more_rows() -> None:
    once, often = (plan("mae <= baseline + 0.1", looks=looks, deviation=1.0).needed or 0 for looks in (1, 50))
    assert often > 1.8 * once


def test_slices_and_alternatives_are_planned_as_they_are_judged() -> None:
    known = Known(right_in(300, 400), right_in(310, 400), {"carrier": np.repeat(["AA", "ZZ"], [350, 50])})
    per = parse_rule("accuracy >= baseline - 0.05", per="carrier", min_rows=100)
    items: list[Rule | AnyOf] = [per, any_of("accuracy >= 0.5", "accuracy >= 0.6")]
    plans = plan_rules(items, known, Assumed(), confidence=0.95, power=0.8, rows=None)
    assert [(item.slice, item.rows, item.decides) for item in plans[:2]] == [
        (("carrier", "AA"), 350, True),
        (("carrier", "ZZ"), 50, False),
    ]
    assert [item.confidence for item in plans] == pytest.approx([0.95, 0.95, 0.975, 0.975])


def test_of_several_plans_the_rule_by_rule_most_cautious_counts() -> None:
    low, high = (
        plan("mae <= baseline + 1", rows=100, deviation=1.0),
        plan("mae <= baseline + 1", rows=100, deviation=2.0),
    )
    none = replace(low, detectable=None)
    assert most_cautious([(low, low), (high, none)]) == (high, none)


def test_a_metric_of_another_task_is_a_problem() -> None:
    assert "not defined for a binary task" in (plan("rmse <= 1", Known(right_in(3, 9))).problem or "")
