"""The verdict in one sentence."""

from __future__ import annotations

import re

from mlops_ci.project.metric_names import BUILT_IN
from mlops_ci.records.verdict import RuleOutcome, RuleResult, Side, Verdict

_SHOWN = 2
_ALLOWED = "which on_inconclusive allows"
_ALL = {1: "The rule passes", 2: "Both rules pass"}


def summarise(verdict: Verdict) -> str:
    """Say what was decided, and by what."""
    outcomes = verdict.outcomes
    total = len(outcomes)
    passing, undecided, skipped = (outcomes.count(outcome) for outcome in ("pass", "inconclusive", "skipped"))
    if verdict.outcome == "fail":
        return _reasons(verdict, "fail")
    if verdict.outcome == "inconclusive":
        return _reasons(verdict, "inconclusive", "incomparable")
    if skipped == total:
        return "There is nothing to compare with yet and no absolute rule: the first model passes."
    if skipped:
        return f"There is no champion yet: {_rules(skipped)} skipped, {_others(passing, undecided)}."
    than = f", compared with {side_name(verdict.baseline)}" if verdict.baseline else ""
    if undecided and total == 1:
        return f"The rule is undecided{than}, {_ALLOWED}."
    if undecided:
        return f"{passing} of {total} rules {_verb(passing)}{than}; {undecided} undecided, {_ALLOWED}."
    return f"{_ALL.get(total, f'All {total} rules pass')}{than}."


def side_name(side: Side) -> str:
    """Such as ``champion v12``."""
    return f"{side.name or 'version'} v{side.version}" if side.version else f"the {side.name or 'baseline'}"


def rule_name(result: RuleResult) -> str:
    """A rule's label, with the slice it was judged on."""
    return f"{result.label}, {result.slice[0]} {result.slice[1]}" if result.slice else result.label


def _reasons(verdict: Verdict, *wanted: RuleOutcome) -> str:
    """The first rules with one of the wanted outcomes, each with why; not alternatives to one that settles it."""
    found = [
        result
        for result in verdict.rules
        if result.decides
        and result.outcome in wanted
        and (result.any is None or verdict.outcomes[result.any] in wanted)
    ]
    if len({_why(result) for result in found}) == 1 < len(found):
        return _sentence(found[0], f", and {len(found) - 1} more")
    sentences = [_sentence(result) for result in found[:_SHOWN]]
    if len(found) > _SHOWN:
        sentences.append(f"And {len(found) - _SHOWN} more.")
    return " ".join(sentences)


def _sentence(result: RuleResult, others: str = "") -> str:
    text = f"{rule_name(result)}{others}: {_why(result)}."
    # The name of the user's own number stays as it is.
    return text[:1].upper() + text[1:] if re.split(r"[(\[]", result.metric)[0] in BUILT_IN else text


def _why(result: RuleResult) -> str:
    if result.outcome != "fail" or result.candidate is None:
        return result.reason
    if result.baseline is None:
        return f"it is {result.candidate:.6g}"
    return f"{result.candidate:.4g} after {result.baseline:.4g}"


def _others(passing: int, undecided: int) -> str:
    if not undecided:
        return "the other rule passes" if passing == 1 else f"the other {passing} rules pass"
    passes = f"{passing} {_verb(passing)}, " if passing else ""
    return f"{passes}{undecided} undecided, {_ALLOWED}"


def _verb(rules: int) -> str:
    return "passes" if rules == 1 else "pass"


def _rules(count: int) -> str:
    return "1 rule that compares with it is" if count == 1 else f"{count} rules that compare with it are"
