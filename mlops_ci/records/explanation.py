"""How a verdict came about, in all its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.verdict import Outcome, RuleOutcome, Side, Spent


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule, on all rows or on one slice of them.

    ``quantity`` says what was estimated, such as ``candidate − 1.01 × baseline``; ``estimate`` is its value, ``lower``
    and ``upper`` its one-sided bounds, each at ``confidence``, and ``bound`` what it is held against. ``level`` says
    where that confidence comes from, ``method`` how the bounds were found, ``sentence`` the same for people and
    ``source`` who published it. ``settles`` says what decided the rule, or what would.
    """

    rule: str
    label: str
    outcome: RuleOutcome
    decides: bool
    slice: tuple[str, str] | None
    rows: int | None
    candidate: float | None
    baseline: float | None
    change: float | None
    quantity: str | None
    estimate: float | None
    lower: float | None
    upper: float | None
    standard_error: float | None
    bound: float
    asks: str
    confidence: float
    level: str
    method: str | None
    sentence: str | None
    source: str | None
    settles: str
    rows_needed: int | None = None


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that the two models answer differently. ``loss_change`` is above 0 where the candidate is worse."""

    row: str
    target: str
    baseline: str
    candidate: str
    loss_change: float | None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """The rows that changed most, a few of each kind; ``loss`` names the loss that they are ordered by.

    ``score_of`` is the class whose score stands beside the answers of a binary task.
    """

    wrong: int | None
    right: int | None
    newly_wrong: tuple[ChangedRow, ...]
    newly_right: tuple[ChangedRow, ...]
    largest: tuple[ChangedRow, ...]
    loss: str | None
    score_of: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict explained. ``recorded`` tells whether it is one of the log or of a run, or was reached just now."""

    outcome: Outcome
    summary: str
    recorded: bool
    candidate: Side
    baseline: Side | None
    evaluation_set: str | None
    rows: int | None
    rules: tuple[ExplainedRule, ...]
    spent: Spent | None = None
    changed: ChangedRows | None = None
    notes: tuple[str, ...] = ()
