"""The metrics of versions, as reports show them."""

from __future__ import annotations

from mlops_ci.lifecycle.metric_history import metric_histories
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.report import Point
from mlops_ci.registry.state import ModelState


def test_a_history_is_of_what_the_gate_asks_for_and_says_what_people_call_it() -> None:
    rules = tuple(map(parse_rule, ("roc_auc > baseline", "profit >= baseline")))
    gate = GateChoice("champion", 0.95, "block", rules)
    area, profit = metric_histories(ModelState("coin"), gate, {"roc_auc": 0.8, "profit": None}, None)
    assert (area.metric, area.label, area.points) == ("roc_auc", "ROC AUC", (Point("this", 0.8),))
    assert (profit.metric, profit.label, profit.points) == ("profit", None, ())
