"""How a version was judged, and who made what of it."""

from __future__ import annotations

import re

from mlops_ci.records.digest import short
from mlops_ci.records.lineage import Holding, Judged, Lineage
from mlops_ci.records.verdict import RuleResult, Side, Verdict
from mlops_ci.report.why_words import because, cut, on, who
from mlops_ci.report.wording import (
    bound_text,
    change_text,
    count_rules,
    in_trouble,
    level_text,
    of_rows,
    of_slice,
    rule_text,
    value_text,
    visible,
)

_TOLD = 5
_JUDGED_BEFORE = {
    "pass": ", after the gate had let it pass",
    "fail": ", although the gate had refused it",
    "inconclusive": ", although the gate could not tell",
}
_IN_DOUBT = frozenset({"inconclusive", "incomparable"})


def judgement(found: Lineage) -> list[str]:
    """With what it was compared, and which rules decided, by which numbers."""
    decided = found.deciding
    if decided is None:
        return ["The gate has not judged it."]
    sentences = [_verdict(decided)]
    spent = decided.verdict.spent
    if spent:
        planned = f" of {spent.looks:,}" if spent.looks else ""
        sentences.append(f"That was look {spent.look:,}{planned} at this evaluation set.")
    if len(found.judged) > 1:
        which = "moved an alias to it first" if _moved(found, decided) else "is the newest"
        sentences.append(f"It was judged {len(found.judged)} times in all; this verdict {which}.")
    return sentences


def _moved(found: Lineage, decided: Judged) -> bool:
    moved = [holding for holding in found.holdings if holding.verdict == decided.act.entry]
    return any(holding.override is not None or not holding.by_hand for holding in moved)


def _verdict(decided: Judged) -> str:
    verdict = decided.verdict
    rows = f" on {of_rows(verdict.rows)}" if verdict.rows else ""
    its_set = f" (evaluation set {short(verdict.evaluation_set)})" if rows and verdict.evaluation_set else ""
    level = f", at {level_text(verdict.confidence)} confidence,"
    what = f"held it against {_side(verdict.baseline)}" if verdict.baseline else "judged it by itself"
    return f"On {on(decided.act.time)} the gate {what}{rows}{its_set}{level} and {_decision(verdict)}."


def _side(side: Side) -> str:
    commit = f" ({side.commit[:7]})" if side.commit else ""
    name = cut(side.name) if side.name else "the baseline"
    return f"{name} v{side.version}{commit}" if side.version else f"{name}{commit}"


def _decision(verdict: Verdict) -> str:
    if verdict.outcomes and all(outcome == "skipped" for outcome in verdict.outcomes):
        return "let it pass, as there was nothing yet to compare it with and no rule stands without that"
    counted = count_rules(verdict) if verdict.outcomes else "there are no rules"
    if verdict.outcome == "pass":
        counted = re.sub(r", (\d+) skipped$", _skipped, counted)
        doubt = sum(outcome in _IN_DOUBT for outcome in verdict.outcomes)
        allowed = f" ({doubt} in doubt, which on_inconclusive: allow lets pass)" if doubt else ""
        passed = [result for result in verdict.rules if result.decides and result.outcome == "pass"]
        return f"let it pass, as {counted}{allowed}{_told(sorted(passed, key=lambda result: result.slice is not None))}"
    did = "refused it" if verdict.outcome == "fail" else "could not tell"
    verb = "is" if counted.startswith("1 ") else "are"
    counted = counted.replace(" rules inconclusive", f" rules {verb} inconclusive")
    return f"{did}, as {counted}{_told(in_trouble(verdict))}"


def _skipped(match: re.Match[str]) -> str:
    return f" and {match[1]} {'was' if match[1] == '1' else 'were'} skipped, for want of anything to compare with"


def _told(results: list[RuleResult]) -> str:
    if not results:
        return ""
    more = f"; and {len(results) - _TOLD:,} more" if len(results) > _TOLD else ""
    return f": {'; '.join(map(_rule, results[:_TOLD]))}{more}"


def _rule(result: RuleResult) -> str:
    where = f", {of_slice(result.slice)}" if result.slice else ""
    label, bound = visible(rule_text(result) + where), bound_text(result)
    if result.candidate is None:
        return f"{label} ({visible(result.reason)})"
    against = f" against {value_text(result.baseline)}" if result.baseline is not None else ""
    change = f", {change_text(result.change, result.candidate)}" if result.change is not None else ""
    why = bound if bound and result.outcome in {"pass", "fail"} else ", ".join(filter(None, (bound, result.reason)))
    return f"{label}: {value_text(result.candidate)}{against}{change} ({visible(why)})"


def promotions(found: Lineage) -> list[str]:
    """Who pointed which alias to it, on which verdict or by hand, and what took its place."""
    if not found.holdings:
        return [_never(found)]
    sentences = []
    for holding in found.holdings:
        sentences += [_given(found, holding), *_taken(found, holding)]
    return sentences


def _never(found: Lineage) -> str:
    if found.outcome == "superseded" and found.champion_then:
        return f"It was superseded: v{found.champion_then}, which is newer, was the champion already."
    return "No alias has ever pointed to it, so that it was never promoted."


def _given(found: Lineage, holding: Holding) -> str:
    alias, actor, time = cut(holding.alias), who(holding.since.actor), on(holding.since.time)
    place = f" in place of v{holding.before}" if holding.before else ""
    if holding.override is not None:
        return f"{actor} overrode that verdict and made it {alias}{place} on {time}{because(holding.reason)}."
    # Who goes back refers to a verdict of then, too, but it is not that which decided.
    if holding.before and holding.before > found.version:
        return f"{actor} went back to it as {alias} from v{holding.before} on {time}{because(holding.reason)}."
    if not holding.by_hand:
        which = "that verdict" if holding.verdict == found.decided else f"the verdict in entry {holding.verdict}"
        return f"On {which} it became {alias}{place} on {time}, by {actor}{because(holding.reason)}."
    before = [judged.verdict for judged in found.judged if judged.act.entry < holding.since.entry]
    judged = _JUDGED_BEFORE[before[-1].outcome] if before else ", without a verdict of the gate"
    return f"{actor} made it {alias} by hand{place} on {time}{judged}{because(holding.reason)}."


def _taken(found: Lineage, holding: Holding) -> list[str]:
    until, after = holding.until, holding.after
    if until is None:
        return [] if found.deletion else [f"It is {cut(holding.alias)} now."]
    if after is None:
        taken = f"The alias {cut(holding.alias)} was taken from it on {on(until.time)} by {who(until.actor)}"
        return [f"{taken}{because(holding.after_reason)}."]
    if after < found.version:
        back = f"{who(until.actor)} went back from it to v{after} on {on(until.time)}{because(holding.after_reason)}."
        return [back]
    return [f"v{after} replaced it on {on(until.time)}{because(holding.after_reason)}."]
