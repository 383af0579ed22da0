"""What the gate decided, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "fail", "inconclusive"]
RuleOutcome = Literal["pass", "fail", "inconclusive", "incomparable", "skipped"]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule, judged.

    ``change`` is candidate minus baseline, and ``interval`` its two one-sided bounds; a rule with an
    absolute bound has no change and the interval of the candidate's own value. ``None`` inside the interval
    means that no bound is known. ``slice`` names the column and value of a per-slice rule, ``any`` the
    number of the group of alternatives the rule belongs to. A rule that does not ``decide`` is shown only.
    ``needed`` estimates the rows that would settle an inconclusive rule.
    """

    rule: str
    metric: str
    label: str
    outcome: RuleOutcome
    reason: str
    candidate: float | None = None
    baseline: float | None = None
    change: float | None = None
    interval: tuple[float | None, float | None] | None = None
    method: str | None = None
    bound: float | None = None
    direction: Literal["at least", "at most"] = "at least"
    slice: tuple[str, str] | None = None
    any: int | None = None
    rows: int | None = None
    needed: int | None = None
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """The candidate or the baseline: what was compared."""

    digest: str | None
    version: int | None = None
    commit: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Rows that the candidate gets right and the baseline wrong, and the other way round."""

    newly_right: int
    newly_wrong: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a candidate. ``rules_digest`` identifies rules, confidence and policy."""

    outcome: Outcome
    summary: str
    rules: tuple[RuleResult, ...]
    candidate: Side
    baseline: Side | None
    evaluation_set: str | None
    rows: int | None
    confidence: float
    on_inconclusive: Literal["block", "allow"]
    rules_digest: str
    disagreement: Disagreement | None = None
    notes: tuple[str, ...] = ()
