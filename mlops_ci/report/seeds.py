"""What is said of several trainings, in the same words everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.wording import duration, side_name, step_line, value_text


def trainings_lines(verdict: Verdict) -> list[str]:
    """Such as ``accuracy: 3 trainings, standard deviation 0.0040``: a line for each metric and what it is held against."""
    return list(dict.fromkeys(_trainings_line(result, side_name(verdict)) for result in verdict.rules if result.seeds))


def _trainings_line(result: RuleResult, baseline: str) -> str:
    spread = result.seeds
    if spread is None:
        raise AssertionError("only results with several trainings have such a line")
    own = f"{result.metric}: {spread.candidate} trainings, standard deviation {value_text(spread.candidate_deviation)}"
    if not spread.baseline:
        return own
    if spread.baseline_deviation is None:
        return f"{own}; one training of what it is compared with, which is taken to vary as much"
    named = baseline if result.rule.partition("baseline")[1] else "what it is compared with"
    return f"{own}; {spread.baseline} of {named}, {value_text(spread.baseline_deviation)}"


def steps_in_short(steps: Sequence[StepRun]) -> list[str]:
    """Each step and how long it took; one that ran for several seeds once."""
    found = []
    for name, runs in _by_name(steps):
        if len(runs) > 1:
            found.append(f"{name} {len(runs)} seeds {_time_of(runs)}")
        else:
            found.append(f"{name} {'reused' if runs[0].status == 'reused' else duration(runs[0].seconds)}")
    return found


def step_lines(steps: Sequence[StepRun]) -> list[tuple[str, str]]:
    """Each step, what became of it and what it cost; one that ran for several seeds once."""
    found = []
    for name, runs in _by_name(steps):
        if len(runs) > 1:
            counted = ", ".join(f"{count} {status}" for status, count in Counter(run.status for run in runs).items())
            found.append((name, f"{len(runs)} seeds: {counted}, {_time_of(runs)}"))
        else:
            found.append((name, step_line(runs[0])))
    return found


def _by_name(steps: Sequence[StepRun]) -> list[tuple[str, list[StepRun]]]:
    names = dict.fromkeys(step.name for step in steps)
    return [(name, [step for step in steps if step.name == name]) for name in names]


def _time_of(runs: Sequence[StepRun]) -> str:
    """What was spent now, or what was spared."""
    spent = sum(run.seconds for run in runs if run.status != "reused")
    return duration(spent) if spent else "reused"
