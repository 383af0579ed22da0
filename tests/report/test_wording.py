from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.records.run import StepRun
from mlops_ci.report.html.scale import number
from mlops_ci.report.wording import (
    bound_text,
    change_text,
    count_rules,
    duration,
    headline,
    main_results,
    method_lines,
    next_steps,
    slices_line,
    step_line,
    value_text,
)
from tests.report.reports import (
    ALTERNATIVES,
    BETTER,
    FIRST,
    FLOOR,
    LATENCY,
    ON_HOLD,
    PASSED,
    REPORTS,
    SLICES,
    UNDECIDED,
    WORSE,
    verdict,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.0, "0"), (1.0, "1"), (-1.0, "−1"), (0.83591, "0.8359"), (-0.5, "−0.5000"), (12.1, "12.1"),
     (1234567.0, "1,234,567"), (12345.678, "12,345.7"), (0.00031, "0.00031"), (3.1234e-7, "3.1e−07"), (1e20, "1e+20")],
)  # fmt: skip
def test_a_value_is_as_long_as_it_has_to_be(value: float | None, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [(0.0047, 0.83, "+0.0047"), (-0.0097, 0.83, "−0.0097"), (1e-17, 0.8, "±0"), (0.0, 0.8, "±0"),
     (0.00003, 0.8, "+0.000030"), (-0.0007, 0.8, "−0.0007"), (3e-5, 2e-3, "+0.000030"),
     (13.4 - 12.1, 13.4, "+1.3"), (-2.0, 3.0, "−2"), (None, 0.8, "")],
)  # fmt: skip
def test_a_change_has_its_sign(value: float | None, beside: float, text: str) -> None:
    assert change_text(value, beside) == text


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (BETTER, "at least +0.0016"),
        (UNDECIDED, "at least −0.0012"),
        (WORSE, "at most −0.0079"),
        (FLOOR, "at least 0.8314"),
        (LATENCY, ""),
        (replace(BETTER, better_is="lower"), "at most +0.0078"),
        (replace(BETTER, better_is="lower", outcome="fail"), "at least +0.0016"),
        (replace(BETTER, interval=(None, 0.1)), "no bound known"),
        (replace(BETTER, interval=(0.0, 0.1)), "at least 0"),
    ],
)
def test_the_bound_that_decides_is_shown(result: object, text: str) -> None:
    assert bound_text(result) == text  # type: ignore[arg-type]  # a list of mixed tuples


def test_rules_are_counted_as_the_user_wrote_them() -> None:
    assert count_rules(PASSED) == "all 5 rules pass"
    assert count_rules(ON_HOLD) == "1 of 5 rules inconclusive"
    assert count_rules(FIRST) == "1 of 3 rules passes, 2 skipped"
    assert count_rules(ALTERNATIVES) == "both rules pass"
    assert count_rules(verdict("fail", "", WORSE)) == "the rule fails"
    assert count_rules(verdict("fail", "", WORSE, replace(WORSE, rule="other"), FLOOR)) == "2 of 3 rules fail"
    assert count_rules(None) == ""


def test_undecided_and_failed_rules_come_first() -> None:
    mixed = verdict("fail", "", BETTER, replace(UNDECIDED, rule="a"), replace(WORSE, rule="b"), *SLICES)
    assert [result.outcome for result in main_results(mixed)[0]] == ["fail", "inconclusive", "inconclusive", "pass"]


def test_slices_too_small_to_decide_are_counted_apart() -> None:
    assert slices_line(list(SLICES)) == "per carrier: 2 of 3 pass, 1 too small to decide"
    assert slices_line(list(SLICES[:2])) == "per carrier: 2 of 2 pass"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("promoted", "v13 promoted"),
        ("ready", "ready, all 5 rules pass"),
        ("refused", "refused, 1 of 4 rules fails"),
        ("inconclusive", "on hold, 1 of 5 rules inconclusive"),
        ("unchanged", "unchanged"),
        ("superseded", "v13 superseded by v14"),
        ("no-gate", "v13 registered"),
    ],
)
def test_the_headline_says_what_was_decided(name: str, text: str) -> None:
    assert headline(REPORTS[name]) == text


def test_the_rows_to_add_are_named_with_their_slice() -> None:
    steps = next_steps(REPORTS["inconclusive"])
    assert steps and steps.startswith("add about 640 rows with carrier HA to the evaluation set, or ")
    assert next_steps(REPORTS["promoted"]) is None


def test_the_scarcest_rows_are_the_ones_to_add() -> None:
    both = verdict("inconclusive", "", UNDECIDED, *SLICES)
    steps = next_steps(replace(REPORTS["inconclusive"], verdict=both))
    assert steps and steps.startswith("add about 32,760 rows to the evaluation set, or ")


def test_who_stays_champion_is_said() -> None:
    refused = REPORTS["refused"]
    assert (next_steps(refused) or "").startswith("improve the model; until then v12 stays the champion; ")
    alone = next_steps(replace(refused, champion=None)) or ""
    assert alone.startswith("improve the model; until then no model is promoted; ")


def test_how_to_override_is_said_where_that_is_possible() -> None:
    later = "; once it is merged, who answers for it can override the verdict"
    pull_request = replace(REPORTS["refused"], event="pull_request")
    assert (next_steps(pull_request) or "").endswith(later)
    assert (next_steps(replace(pull_request, event="push", version=None)) or "").endswith(later)
    pushed = replace(pull_request, event="push", model="flight-delay", version=13)
    assert (next_steps(pushed) or "").endswith(
        "; to answer for it all the same: mlops-ci gate override flight-delay@v13 --reason TEXT"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.97, "10 s"), (12.4, "12 s"), (59.7, "1 min 0 s"), (372.0, "6 min 12 s"),
     (3599.8, "1 h 0 min"), (7322.0, "2 h 2 min")],
)  # fmt: skip
def test_durations_carry_over(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (StepRun("s", "reused", seconds=31.0), "reused (took 31 s when it ran)"),
        (StepRun("s", "not run"), "not run"),
        (StepRun("s", "failed", seconds=2.0), "failed, 2.0 s"),
        (StepRun("s", "ran", seconds=2.0, peak_memory=3 * 2**20), "ran, 2.0 s, 3 MiB"),
    ],
)
def test_a_step_says_what_became_of_it(step: StepRun, text: str) -> None:
    assert step_line(step) == text


def test_numbers_along_an_axis_are_whole_where_they_are_large() -> None:
    assert [number(value) for value in (10_000.0, 123_456.0, -25_000.0, 2_000.0, 0.25, 1e8)] == [
        "10,000", "123,456", "−25,000", "2,000", "0.25", "1e+08",
    ]  # fmt: skip


def test_the_method_of_all_slices_is_told_once() -> None:
    result = replace(BETTER, label="Brier score, better", slice=None, method="jackknife, by group, 1,171 groups")
    slices = [replace(result, slice=("share", "x"), method=f"jackknife, by group, {count} groups") for count in (9, 8)]
    verdict = replace(PASSED, rules=(result, *slices))
    assert method_lines(verdict) == [
        "Brier score: jackknife, by group, 1,171 groups", "Brier score: jackknife, by group",
    ]  # fmt: skip
