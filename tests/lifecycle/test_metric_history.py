"""The metrics of versions, as reports show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.lifecycle.metric_history import metric_histories
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.report import Point
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, registration, sha

RULES = tuple(map(parse_rule, ("roc_auc > baseline", "profit >= baseline")))
GATE = GateChoice("champion", 0.95, "block", RULES)


@pytest.fixture
def log(tmp_path: Path) -> ModelLog:
    return open_log(LocalStore(tmp_path / "ws"), "coin")


def test_a_history_is_of_what_the_gate_asks_for_and_says_what_people_call_it(log: ModelLog) -> None:
    area, profit = metric_histories(log.read(), GATE, {"roc_auc": 0.8, "profit": None}, None)
    assert (area.metric, area.label, area.points) == ("roc_auc", "ROC AUC", (Point("this", 0.8),))
    assert (profit.metric, profit.label, profit.points) == ("profit", None, ())


def test_each_version_met_the_champion_of_its_time_also_after_a_rollback(log: ModelLog, tmp_path: Path) -> None:
    for number, value, promoted in ((1, 0.6, 1), (2, 0.5, None), (3, 0.7, 3), (4, 0.65, None)):
        register(log, registration(tmp_path / "files", sha(number), str(number), metrics={"roc_auc": value}))
        if promoted:
            move_alias(log, "champion", promoted, rollback=False, reason=None)
        if number == 3:
            move_alias(log, "champion", 1, rollback=True, reason="it crashed")
            delete_version(log, 3, reason="it crashed")
    move_alias(log, "champion", 4, rollback=False, reason=None)
    area, _ = metric_histories(log.read(), GATE, {"roc_auc": 0.66}, None)
    assert area.points == (
        Point("v1", 0.6, champion=True),
        Point("v2", 0.5, met=0.6),
        Point("v4", 0.65, champion=True, met=0.6),
        Point("this", 0.66, met=0.65),
    )
