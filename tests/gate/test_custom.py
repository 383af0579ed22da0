"""What functions of the user have said, beside columns, numbers and intervals that have their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlops_ci.gate.custom import CustomResult, with_values
from mlops_ci.gate.evidence import Evidence
from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import Interval, parse_rule
from tests.gate.parts import SET, gate, right_in, scores, verdict_on

ROWS = 400
RANDOM = np.random.default_rng(7)
NUMBER = CustomResult(value=0.6, rows=ROWS, replicates=0.6 + 0.01 * RANDOM.standard_normal(1000), drawn=ROWS)


def drawn(around: float, spread: float, seed: int) -> np.ndarray:
    return around + spread * np.random.default_rng(seed).standard_normal(ROWS)


def by_rows(name: str, values: np.ndarray, predictions: Predictions) -> Evidence:
    said = {name: CustomResult(value=float(values.mean()), values=values, rows=len(values))}
    return Evidence(with_values(predictions, said), SET, custom=said)


def test_a_function_does_not_stand_in_for_the_column_of_its_name() -> None:
    slow = drawn(100, 1, seed=1)
    rows = Predictions("rows", np.zeros(ROWS), None, None, (), columns={"latency": slow})
    candidate = by_rows("latency", drawn(1, 0.1, seed=2), rows)
    verdict = verdict_on(gate("mean(latency) <= 20", "latency <= 20"), candidate)
    assert [rule.outcome for rule in verdict.rules] == ["fail", "pass"]
    assert verdict.rules[0].candidate == pytest.approx(slow.mean())


def test_numbers_of_trainings_are_not_those_of_a_function_of_the_same_name() -> None:
    rows = Predictions("rows", np.zeros(ROWS), None, None, (), columns={})
    values = drawn(1, 0.1, seed=3)
    candidate = replace(by_rows("mine", values, rows), seeds={"mine": (9.0, 9.1, 9.2)})
    [rule] = verdict_on(gate("mine >= 5"), candidate).rules
    assert rule.outcome == "fail"
    assert rule.candidate == pytest.approx(values.mean())


@pytest.mark.parametrize("interval", ["exact", "bernstein", "betting"])
def test_resamples_are_no_finite_sample_bounds(interval: Interval) -> None:
    candidate = Evidence(evaluation_set=SET, custom={"mine": NUMBER})
    assert verdict_on(gate("mine >= 0.5"), candidate).outcome == "pass"
    [rule] = verdict_on(replace(gate("mine >= 0.5"), interval=interval), candidate).rules
    assert (rule.outcome, rule.interval) == ("inconclusive", (None, None))
    assert f"mine has no {interval} bounds: take interval: usual" in rule.reason
    assert verdict_on(gate(parse_rule("mine >= 0.5", interval="usual")), candidate).outcome == "pass"


def test_a_number_that_no_resample_moves_settles_nothing_unless_the_answers_are_the_same() -> None:
    constant = CustomResult(value=0.9, rows=ROWS, replicates=np.full(1000, 0.9), drawn=ROWS)
    ours, theirs = (Evidence(right_in(right, ROWS), SET, custom={"mine": constant}) for right in (300, 350))
    verdict = verdict_on(gate("mine >= baseline", "mine >= 0.5"), ours, theirs)
    assert [rule.outcome for rule in verdict.rules] == ["inconclusive", "inconclusive"]
    scored = Evidence(scores(np.arange(ROWS) % 2 == 0, np.linspace(0, 1, ROWS)), SET, custom={"mine": constant})
    assert verdict_on(gate("mine >= baseline"), scored, scored).outcome == "pass"
