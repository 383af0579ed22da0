"""What the gate decided, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "fail", "inconclusive"]
Reveal = Literal["all", "gains"]
RuleOutcome = Literal["pass", "fail", "inconclusive", "incomparable", "skipped"]


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """Training noise in a comparison: how many trainings each side has, and their standard deviations.

    ``baseline_deviation`` is null if the baseline has only one training; the candidate's then stands for it.
    """

    candidate: int
    baseline: int
    candidate_deviation: float
    baseline_deviation: float | None


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule, judged on all rows or on one slice of them.

    ``rule`` is the user's text and ``label`` the same for people. ``change`` is candidate minus baseline and
    ``interval`` its two one-sided bounds, null where a bound is not known; for an absolute rule there is no change
    and the interval is of the candidate's own value. ``better_is`` names the direction the rule asks for.
    ``slice`` is the column and value of a per-slice rule, ``any`` numbers the group of alternatives that the rule
    belongs to and ``alternative`` the alternative. ``rows_needed`` estimates the rows that would settle an
    inconclusive rule. A result that does not ``decide`` is only shown; an inconclusive one that is not ``waivable``
    blocks whatever ``on_inconclusive`` says. With ``seeds``, values are means over several trainings.
    """

    rule: str
    metric: str
    label: str
    outcome: RuleOutcome
    reason: str
    better_is: Literal["higher", "lower"]
    candidate: float | None = None
    baseline: float | None = None
    change: float | None = None
    interval: tuple[float | None, float | None] | None = None
    method: str | None = None
    slice: tuple[str, str] | None = None
    any: int | None = None
    alternative: int | None = None
    rows: int | None = None
    rows_needed: int | None = None
    decides: bool = True
    waivable: bool = True
    seeds: SeedSpread | None = None


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
class Spent:
    """What a verdict has cost of its evaluation set's budget.

    ``look`` is its number among all looks at the set, from 1; ``looks`` how many there may be, None without an end;
    ``error`` the chance of a false promotion that this look was given, of ``total``; ``method`` how it is shared out.
    An ``advisory`` look could not be put on record, as the workspace cannot be written from there. With
    ``reveal`` "gains" the numbers of a look that did not pass are not in the verdict.
    """

    look: int
    looks: int | None
    error: float
    total: float
    method: str
    reveal: Reveal = "all"
    advisory: bool = False

    @property
    def worn_out(self) -> bool:
        """Whether this look came after the last one that was planned."""
        return self.looks is not None and self.look > self.looks


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a candidate.

    ``outcomes`` has one outcome for each rule as the user wrote it; ``rules`` what each came from, slice by slice and
    alternative by alternative.
    ``rules_digest`` identifies rules, confidence and policy; ``basis`` what was looked at: predictions and numbers of
    the candidate, how they were read, and every version that they were compared with.
    """

    outcome: Outcome
    summary: str
    outcomes: tuple[RuleOutcome, ...]
    rules: tuple[RuleResult, ...]
    candidate: Side
    baseline: Side | None
    evaluation_set: str | None
    rows: int | None
    confidence: float
    on_inconclusive: Literal["block", "allow"]
    rules_digest: str
    basis: str | None = None
    disagreement: Disagreement | None = None
    notes: tuple[str, ...] = ()
    spent: Spent | None = None
