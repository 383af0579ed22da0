"""What is said of several trainings, in the same words everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.report.wording import duration, side_name, step_line, value_text


def trainings_lines(verdict: Verdict) -> list[str]:
    """Such as ``accuracy: 3 trainings, standard deviation 0.0040``, for each metric and what it is held against."""
    lines = dict.fromkeys(_trainings_line(result, side_name(verdict)) for result in verdict.rules if result.seeds)
    return [line for line in lines if not any(other.startswith(f"{line};") for other in lines)]


def _trainings_line(result: RuleResult, baseline: str) -> str:
    spread = result.seeds
    if spread is None:
        raise AssertionError("only results with several trainings have such a line")
    own = f"{result.metric}: {spread.candidate} trainings, standard deviation {value_text(spread.candidate_deviation)}"
    if not spread.baseline:
        return own
    named = baseline if "baseline" in result.rule else "what it is compared with"
    if spread.baseline_deviation is None:
        return f"{own}; 1 of {named}, taken to vary as much"
    return f"{own}; {spread.baseline} of {named}, {value_text(spread.baseline_deviation)}"


def steps_in_short(steps: Sequence[StepRun]) -> list[str]:
    """Each step and how long it took; one that ran for several seeds once."""
    found = []
    for name, runs in _by_name(steps):
        if len(runs) > 1:
            found.append(f"{name} {len(runs)} seeds{_spent(runs) or ' reused'}")
        else:
            found.append(f"{name} {'reused' if runs[0].status == 'reused' else duration(runs[0].seconds)}")
    return found


def step_lines(steps: Sequence[StepRun]) -> list[tuple[str, str]]:
    """Each step, what became of it and what it cost; one that ran for several seeds once."""
    found = []
    for name, runs in _by_name(steps):
        if len(runs) > 1:
            counted = [f"{count} {status}" for status, count in Counter(run.status for run in runs).items()]
            found.append((name, f"{len(runs)} seeds: {', '.join(counted)}{_spent(runs)}"))
        else:
            found.append((name, step_line(runs[0])))
    return found


def _by_name(steps: Sequence[StepRun]) -> list[tuple[str, list[StepRun]]]:
    names = dict.fromkeys(step.name for step in steps)
    return [(name, [step for step in steps if step.name == name]) for name in names]


def _spent(runs: Sequence[StepRun]) -> str:
    """The time that was not spared."""
    ran = [run.seconds for run in runs if run.status != "reused"]
    return f" in {duration(sum(ran))}" if ran else ""
