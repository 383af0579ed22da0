"""What rules would have done to the versions there were."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.verdict import Outcome, RuleOutcome


@dataclass(frozen=True, slots=True)
class PastRule:
    """One result of a rule on a past version; ``slice`` is its column and value."""

    rule: str
    label: str
    outcome: RuleOutcome
    reason: str
    slice: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version, judged again on the set that it was judged on, against the champion of that time.

    ``then`` is what was decided when it came, null if nothing was; ``promoted`` tells whether it became the champion.
    ``now`` is what the rules of the backtest decide, null if it cannot be judged, and ``why`` says why in either case.
    ``rules`` are the results that did not pass.
    """

    version: int
    commit: str | None
    created: str
    champion: int | None
    then: Outcome | None
    promoted: bool
    now: Outcome | None
    why: str
    rows: int | None = None
    rules: tuple[PastRule, ...] = ()

    @property
    def would_be_held(self) -> bool:
        """Whether it became the champion, and would not."""
        return self.promoted and self.now in {"fail", "inconclusive"}

    @property
    def would_pass(self) -> bool:
        """Whether it did not become the champion, and might have."""
        return not self.promoted and self.then != "pass" and self.now == "pass"


@dataclass(frozen=True, slots=True)
class Backtest:
    """All of them, in the order in which they were registered. ``rules`` are those that they were judged by."""

    model: str
    rules: tuple[str, ...]
    confidence: float
    versions: tuple[PastVersion, ...]
    notes: tuple[str, ...] = ()
