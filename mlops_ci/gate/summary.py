"""The verdict in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_ci.records.verdict import Outcome, RuleResult, Side, Verdict

_SHOWN = 2


def summarise(verdict: Verdict, outcomes: Sequence[Outcome]) -> str:
    """Say what was decided, and by what; ``outcomes`` are those of the rules as the user wrote them."""
    total = len(outcomes)
    undecided = outcomes.count("inconclusive")
    skipped = _distinct(result for result in verdict.rules if result.outcome == "skipped")
    if verdict.outcome == "fail":
        return _reasons(verdict, "fail")
    if verdict.outcome == "inconclusive":
        return _reasons(verdict, "inconclusive", "incomparable")
    allowed = f" {undecided} undecided, which on_inconclusive allows." if undecided else ""
    if skipped and len(skipped) == total:
        return "There is nothing to compare with yet and no absolute rule: the first model passes."
    if skipped:
        passing = total - len(skipped) - undecided
        which = "the other rule passes" if passing == 1 else f"the other {passing} rules pass"
        return f"There is no champion yet: {_rules(len(skipped))} skipped, {which}.{allowed}"
    than = f", compared with {side_name(verdict.baseline)}" if verdict.baseline else ""
    passing = total - undecided
    return f"{'The rule passes' if total == 1 else f'All {passing} rules pass'}{than}.{allowed}"


def side_name(side: Side) -> str:
    """Such as ``champion v12``."""
    return f"{side.name or 'version'} v{side.version}" if side.version else f"the {side.name}"


def rule_name(result: RuleResult) -> str:
    """A rule's label, with the slice it was judged on."""
    return f"{result.label}, {result.slice[0]} {result.slice[1]}" if result.slice else result.label


def _reasons(verdict: Verdict, *outcomes: str) -> str:
    """The first rules with one of these outcomes, each with why."""
    found = [result for result in verdict.rules if result.decides and result.outcome in outcomes]
    sentences = [f"{rule_name(result)}: {_why(result)}." for result in found[:_SHOWN]]
    if len(found) > _SHOWN:
        sentences.append(f"And {len(found) - _SHOWN} more.")
    return " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _why(result: RuleResult) -> str:
    if result.outcome != "fail" or result.candidate is None:
        return result.reason
    if result.baseline is None:
        return f"it is {result.candidate:.6g}"
    return f"{result.candidate:.4g} after {result.baseline:.4g}"


def _distinct(results: Iterable[RuleResult]) -> set[tuple[str, int | None]]:
    return {(result.rule, result.any) for result in results}


def _rules(count: int) -> str:
    return "1 rule that compares with it is" if count == 1 else f"{count} rules that compare with it are"
