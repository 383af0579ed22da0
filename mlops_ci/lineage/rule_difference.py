"""What differs between the rules that two verdicts were reached by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from mlops_ci.records.difference import Change
from mlops_ci.records.verdict import Verdict


def rule_changes(
    name: str, before: Verdict | None, other: str, after: Verdict | None
) -> tuple[tuple[Change, ...] | None, tuple[str, ...]]:
    """Compare the rules of two verdicts, by the metric they are about; tell as well what is not known of them.

    Args:
        name: what the first side is called.
        before: its verdict, if it was judged.
        other: what the second side is called.
        after: its verdict, if it was judged.
    """
    if before is None or after is None:
        unjudged = " and ".join(side for side, verdict in ((name, before), (other, after)) if verdict is None)
        return None, (f"no rules are on record of {unjudged}",)
    if before.rules_digest == after.rules_digest:
        return (), ()
    settings = [
        Change(called, *sides)
        for called, *sides in (
            ("confidence", f"{before.confidence:g}", f"{after.confidence:g}"),
            ("on_inconclusive", before.on_inconclusive, after.on_inconclusive),
            ("budget", _budget(before), _budget(after)),
        )
        if sides[0] != sides[1]
    ]
    changes = (*_rules(before, after), *settings)
    finer = "the rules differ in what their verdicts do not tell, such as min_rows"
    return changes, () if changes else (finer,)


def _budget(verdict: Verdict) -> str | None:
    spent = verdict.spent
    if spent is None:
        return None
    looks = "looks without an end" if spent.looks is None else f"{spent.looks} looks"
    return f"{looks}, {spent.method}, total error {spent.total:g}, reveals {spent.reveal}"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as the user wrote it. What was skipped did not come to its slices, whose column is unknown then."""

    text: str
    per: str | None
    skipped: bool

    def is_same(self, other: _Rule) -> bool:
        """Whether two rules are the same as far as is known of both."""
        return self.text == other.text and (self.per == other.per or self.skipped or other.skipped)

    def __str__(self) -> str:
        return f"{self.text} per {self.per}" if self.per else self.text


def _rules(before: Verdict, after: Verdict) -> list[Change]:
    old, new = _by_metric(before), _by_metric(after)
    found = []
    for metric in dict.fromkeys([*old, *new]):
        theirs, ours = old.get(metric, []), new.get(metric, [])
        gone = [str(rule) for rule in theirs if not any(map(rule.is_same, ours))]
        come = [str(rule) for rule in ours if not any(map(rule.is_same, theirs))]
        found += [Change(metric, *pair) for pair in zip_longest(gone, come)]
    return found


def _by_metric(verdict: Verdict) -> dict[str, list[_Rule]]:
    """The rules of each metric, those with alternatives as one."""
    alternatives: dict[int, dict[_Rule, str]] = {}
    found: dict[str, list[_Rule]] = {}
    for result in verdict.rules:
        rule = _Rule(result.rule, result.slice[0] if result.slice else None, result.outcome == "skipped")
        if result.any is not None:
            alternatives.setdefault(result.any, {})[rule] = result.metric
        elif rule not in found.setdefault(result.metric, []):
            found[result.metric].append(rule)
    for group in alternatives.values():
        text = " or ".join(dict.fromkeys(map(str, group)))
        metrics = ", ".join(dict.fromkeys(group.values()))
        found.setdefault(metrics, []).append(_Rule(text, None, any(rule.skipped for rule in group)))
    return found
