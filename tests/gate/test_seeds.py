"""How the noise of training enters a rule."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from mlops_ci.gate.comparing.compare import compare
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.seeds import Trainings, rows_beside_noise, trainings_of, widen
from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.verdict import SeedSpread, Side
from mlops_ci.statistics import Estimate, paired_proportions
from tests.gate.parts import evidence, gate, right_in, verdict_on

ROWS = Estimate(0.02, -0.001, 0.045, 0.0125, "rows")
VALUES = st.floats(-10, 10)


def test_values_are_means_and_both_sources_of_noise_add_up() -> None:
    trainings = Trainings((0.80, 0.82, 0.84), (0.79, 0.80, 0.81))
    found = widen(ROWS, trainings, 1.0, 0.95)
    assert found.value == pytest.approx(0.02)
    assert found.standard_error == pytest.approx(math.sqrt(0.0125**2 + 0.02**2 / 3 + 0.01**2 / 3))
    assert found.method == "rows, 3 trainings"
    assert replace(trainings.spread, candidate_deviation=0, baseline_deviation=0) == SeedSpread(3, 3, 0, 0)
    assert trainings.spread.candidate_deviation == pytest.approx(0.02)
    assert trainings.spread.baseline_deviation == pytest.approx(0.01)


def test_without_noise_of_rows_it_is_welchs_t_test() -> None:
    """The bounds of ``scipy.stats.ttest_ind(ours, theirs, equal_var=False)``."""
    from scipy.stats import ttest_ind

    ours, theirs = (0.80, 0.82, 0.87, 0.81), (0.79, 0.80, 0.78)
    found = widen(Estimate(0.0, 0.0, 0.0, 0.0, "none"), Trainings(ours, theirs), 1.0, 0.95)
    reference = ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx((reference.low, reference.high))


def test_a_single_training_of_the_baseline_is_as_noisy_as_the_candidates() -> None:
    found = widen(Estimate(0.0, 0.0, 0.0, 0.0, "none"), Trainings((0.8, 0.82, 0.84), (0.8,)), 1.0, 0.95)
    t_of_two_degrees = 2.919986
    assert found.value - found.lower == pytest.approx(t_of_two_degrees * 0.02 * math.sqrt(1 / 3 + 1))
    assert found.method == "none, 3 trainings against 1"
    assert Trainings((0.8, 0.82), (0.8,)).spread.baseline_deviation is None


def test_a_factor_counts_squared() -> None:
    once, thrice = (Trainings((0.5, 0.5), (0.2, 0.4)).sources(factor)[1][0] for factor in (1.0, 3.0))
    assert thrice == pytest.approx(9 * once)


@given(
    st.lists(VALUES, min_size=2, max_size=6),
    st.lists(VALUES, max_size=6),
    st.floats(0, 3),
    st.floats(0, 3),
    st.sampled_from([0.5, 0.8, 0.95, 0.9999]),
    st.sampled_from([0.98, 1.0, 1.5]),
)
def test_bounds_are_never_tighter_than_those_of_the_rows(
    ours: list[float], theirs: list[float], below: float, above: float, confidence: float, factor: float
) -> None:
    estimate = Estimate(0.3, 0.3 - below, 0.3 + above, (below + above) / 4, "rows")
    found = widen(estimate, Trainings(tuple(ours), tuple(theirs)), factor, confidence)
    assert found.lower <= found.value - below + 1e-9
    assert found.upper >= found.value + above - 1e-9


def test_trainings_that_do_not_differ_change_nothing() -> None:
    found = widen(ROWS, Trainings((0.82, 0.82), (0.8, 0.8)), 1.0, 0.95)
    assert (found.lower, found.upper) == pytest.approx((ROWS.lower, ROWS.upper))
    assert widen(ROWS, None, 1.0, 0.95) is ROWS


@pytest.mark.parametrize(("ours", "theirs"), [(2, 1), (3, 1), (2, 2), (3, 3)])
@pytest.mark.parametrize("confidence", [0.95, 0.999])
def test_trainings_that_agree_by_luck_do_not_make_the_noise_look_known(
    ours: int, theirs: int, confidence: float
) -> None:
    """The same recipe twice: at most so often may it look better, however high the confidence."""
    random = np.random.default_rng(6)
    wrong, draws = 0, 4000
    reach = float(norm.ppf(confidence)) * 0.01
    for _ in range(draws):
        mine, others = (tuple(random.normal(0.8, 0.02, count)) for count in (ours, theirs))
        rows = random.normal(0.0, 0.01)
        trainings = Trainings(tuple(one + rows for one in mine), others)
        found = widen(Estimate(0.0, -reach, reach, 0.01, "rows"), trainings, 1.0, confidence)
        wrong += found.lower > 0
    assert wrong <= binom.ppf(0.9999, draws, 1.0 - confidence)


def test_a_bound_that_is_not_known_stays_unknown() -> None:
    found = widen(replace(ROWS, lower=math.nan, upper=math.inf), Trainings((0.8, 0.9)), 1.0, 0.95)
    assert math.isnan(found.lower)
    assert found.upper == math.inf


def test_rows_that_would_do_are_counted_beside_the_noise() -> None:
    widened = widen(ROWS, Trainings((0.80, 0.82, 0.84)), 1.0, 0.95)
    alone = rows_beside_noise(ROWS, None, 1000, 0.1, 1.0, 0.95, upwards=True)
    beside = rows_beside_noise(widened, Trainings((0.80, 0.82, 0.84)), 1000, 0.1, 1.0, 0.95, upwards=True)
    assert alone is not None
    assert beside is not None
    assert beside > alone
    assert rows_beside_noise(widened, Trainings((0.80, 0.82, 0.84)), 1000, 0.01, 1.0, 0.95, upwards=True) is None


def test_which_trainings_a_rule_asks_about() -> None:
    candidate = Evidence(seeds={"accuracy": (0.8, 0.9), "rmse": (1.0, None), "mae": (1.0,)})
    assert trainings_of("accuracy", candidate) == Trainings((0.8, 0.9))
    assert trainings_of("accuracy", candidate, Evidence(), 0.7) == Trainings((0.8, 0.9), (0.7,))
    other = Evidence(seeds={"accuracy": (0.6, 0.7, 0.8)})
    assert trainings_of("accuracy", candidate, other, 0.6) == Trainings((0.8, 0.9), (0.6, 0.7, 0.8))
    assert trainings_of("rmse", candidate) == "seed 1 of the candidate has no value"
    assert trainings_of("mae", candidate) is None
    assert trainings_of("r2", candidate) is None


def _evidence(right: int, seeds: tuple[float | None, ...] = ()) -> Evidence:
    prediction = np.arange(1000) < right
    predictions = Predictions("binary", np.ones(1000, dtype=bool), prediction, None, ("no", "yes"))
    return Evidence(predictions, "set", numbers={"size": 10.0}, seeds={"accuracy": seeds, "size": seeds})


def _outcome(rule: str, candidate: Evidence, baseline: Evidence | None = None) -> tuple[str, str]:
    references = {"baseline": Reference(Side(None, 1, name="champion"), baseline)}
    found = compare(parse_rule(rule), 0.95, candidate, references).result
    return found.outcome, found.reason


def test_a_lucky_model_does_not_pass_for_its_recipe() -> None:
    lucky, before = _evidence(850, (0.85, 0.79, 0.80)), _evidence(800)
    assert _outcome("accuracy > baseline", replace(lucky, seeds={}), before)[0] == "pass"
    assert _outcome("accuracy > baseline", lucky, before) == (
        "inconclusive", "1,000 rows and 3 trainings cannot tell; more seeds may",
    )  # fmt: skip
    assert _outcome("accuracy >= 0.82", lucky)[0] == "inconclusive"
    assert _outcome("accuracy >= 0.82", _evidence(850, (0.85, 0.851, 0.849)))[0] == "pass"


def test_a_training_without_a_value_decides_nothing_silently() -> None:
    good = _evidence(850, (0.85, 0.86))
    assert _outcome("accuracy > baseline", _evidence(850, (0.85, None)), _evidence(800)) == (
        "fail", "seed 1 of the candidate has no value",
    )  # fmt: skip
    assert _outcome("accuracy > 0.5", _evidence(850, (0.85, math.inf)))[0] == "fail"
    assert _outcome("accuracy > baseline", good, _evidence(800, (0.8, None, 0.8))) == (
        "incomparable", "seed 1 of what it is compared with has no value",
    )  # fmt: skip
    assert _outcome("size < 100", _evidence(850, (0.85, None)))[0] == "fail"


def test_numbers_of_the_metrics_file_have_the_noise_of_training() -> None:
    assert _outcome("size <= 100", _evidence(800, (98.0, 98.0, 98.0)))[0] == "pass"
    assert _outcome("size <= 100", _evidence(800, (90.0, 99.0, 108.0)))[0] == "inconclusive"
    assert _outcome("size <= 100", _evidence(800, (120.0, 121.0, 119.0)))[0] == "fail"
    ours, theirs = _evidence(800, (9.0, 9.1, 9.2)), _evidence(800, (11.0, 11.1, 10.9))
    assert _outcome("size <= baseline * 0.9", ours, theirs)[0] == "pass"
    assert _outcome("size <= baseline", ours, _evidence(800))[0] == "pass"


def test_slices_are_judged_by_the_models_rows() -> None:
    lucky, before = _evidence(850, (0.85, 0.79, 0.80)), _evidence(800)
    references = {"baseline": Reference(Side(None), before)}
    rule, rows = parse_rule("accuracy > baseline"), np.arange(1000) > 500
    result = compare(rule, 0.95, lucky, references, rows=rows).result
    assert (result.outcome, result.seeds) == ("pass", None)


@pytest.mark.parametrize("of_baseline", [1, 3])
def test_recipes_that_are_the_same_are_not_promoted_more_often_than_allowed(of_baseline: int) -> None:
    """Training moves the accuracy by 0.02, which is more than the rows leave open."""
    chance = np.random.default_rng(20_211_005 + of_baseline)
    runs, rows, alpha = 600, 4000, 0.05
    promoted = {"rows alone": 0, "with seeds": 0, "better, with seeds": 0}
    for _ in range(runs):
        skill = np.clip(chance.normal(0.8, 0.02, 3 + of_baseline), 0, 1)
        ours, theirs = skill[:3], skill[3:]
        right, right_before = (chance.random(rows) < level[0] for level in (ours, theirs))
        seen = [float(right.mean()), *chance.binomial(rows, ours[1:]) / rows]
        before = [float(right_before.mean()), *chance.binomial(rows, theirs[1:]) / rows]
        only_ours, only_theirs = int((right & ~right_before).sum()), int((~right & right_before).sum())
        estimate = paired_proportions(only_ours, only_theirs, rows, 1 - alpha)
        better = Trainings(tuple(value + 0.15 for value in seen), tuple(before))
        promoted["rows alone"] += estimate.lower > 0
        promoted["with seeds"] += widen(estimate, Trainings(tuple(seen), tuple(before)), 1.0, 1 - alpha).lower > 0
        promoted["better, with seeds"] += widen(estimate, better, 1.0, 1 - alpha).lower > 0
    assert promoted["with seeds"] <= runs * alpha + 3 * math.sqrt(runs * alpha * (1 - alpha))
    assert promoted["rows alone"] > runs * 0.2, "without seeds, luck is taken for progress"
    assert promoted["better, with seeds"] > runs * 0.6


def test_several_trainings_have_no_finite_sample_bounds() -> None:
    target = np.arange(400) % 2 == 0
    answers = Predictions("binary", target, np.where(np.arange(400) % 10 == 0, ~target, target), None, ("no", "yes"))
    candidate = Evidence(answers, "set", seeds={"accuracy": (0.9, 0.91, 0.89)})
    for interval, outcome in (("usual", "pass"), ("exact", "inconclusive")):
        found = compare(parse_rule("accuracy >= 0.8", interval=interval), 0.95, candidate, {}).result  # type: ignore[arg-type]
        assert found.outcome == outcome
    assert "several trainings have no exact bounds" in found.reason


def test_one_training_against_several_is_noted() -> None:
    ours, theirs = evidence(right_in(90, 100)), evidence(right_in(80, 100))
    many = replace(theirs, seeds={"accuracy": (0.8, 0.81, 0.79)})
    note = "champion v12 was judged by 3 trainings and the candidate by one: the noise of training is left out"
    assert verdict_on(gate("accuracy > baseline", "accuracy > 0.5"), ours, many).notes == (note,)
    assert not verdict_on(gate("accuracy > 0.5"), ours, many).notes
    assert not verdict_on(gate("accuracy > baseline"), ours, theirs).notes
    seeded = replace(ours, seeds={"accuracy": (0.9, 0.91)})
    assert not verdict_on(gate("accuracy > baseline"), seeded, many).notes
