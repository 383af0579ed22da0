"""Notices what no single comparison shows: small losses, each allowed, that add up over several champions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from mlops_ci.gate.comparing.phrases import number
from mlops_ci.gate.judge import BASELINE
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import Rule
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.state import ModelState


def erosion(state: ModelState, gate: GateChoice, verdict: Verdict) -> tuple[str, ...]:
    """What a passing candidate would have lost, all in all, since the best champion on the same evaluation set.

    Args:
        state: the registry's state; the candidate may be registered in it already.
        gate: its rules with a margin against the baseline are looked at.
        verdict: the verdict on the candidate, with its numbers.
    """
    if verdict.outcome != "pass" or verdict.evaluation_set is None:
        return ()
    target = state.aliases.get(gate.baseline)
    champions = [
        version
        for _, version in sorted(state.versions.items())
        if version.version != verdict.candidate.version
        and ((target and target.version == version.version) or _was_champion(state, version))
        and version.evaluations[:1]
        and version.evaluations[0].set == verdict.evaluation_set
    ]
    anchored = {rule.metric for rule in gate.flat() if (rule.bound.reference or BASELINE) != BASELINE}
    found: list[str] = []
    for rule in gate.flat():
        if rule.bound.reference == BASELINE and rule.per is None and rule.metric not in anchored:
            found += _eroded(rule, champions, verdict)
    return tuple(dict.fromkeys(found))


def _eroded(rule: Rule, champions: list[ModelVersion], verdict: Verdict) -> Iterator[str]:
    own = next((result for result in verdict.rules if result.rule == rule.text and result.slice is None), None)
    values = [(version.version, version.metrics.get(rule.metric)) for version in champions]
    known = [(name, value) for name, value in values if value is not None and math.isfinite(value)]
    if own is None or own.candidate is None or not known:
        return
    sign = 1.0 if rule.upwards else -1.0
    best = max(range(len(known)), key=lambda index: sign * known[index][1])
    since = known[best:]
    if len(since) < 2:  # against the best itself, its own rule decides
        return
    losses = [sign * (before - after) for (_, before), (_, after) in pairwise(since)]
    losses.append(sign * (since[-1][1] - own.candidate))
    name, value = since[0]
    allowed = [_margin(rule, before) for _, before in since]
    if sum(losses) <= allowed[0] or any(loss > most for loss, most in zip(losses, allowed, strict=True)):
        return
    anchor = rule.text.replace(BASELINE, f"@v{name}")
    by = ", ".join(f"v{version}" for version, _ in since[1:])
    lost = number(float(f"{sum(losses):.3g}"))
    yield (
        f"small losses add up: {rule.metric} has lost {lost} since v{name} ({value:.4g} to {own.candidate:.4g})"
        f" by way of {by}, each step within `{rule.text}`; `{anchor}` does not let them"
    )


def _margin(rule: Rule, before: float) -> float:
    """What the rule lets a candidate lose against a baseline of that value."""
    lost = before - (rule.bound.factor * before + rule.bound.offset)
    return lost if rule.upwards else -lost


def _was_champion(state: ModelState, version: ModelVersion) -> bool:
    """Whether one of its verdicts has moved an alias."""
    return any(judgement.seq in state.spent for judgement in version.judgements)
