"""What all formats say in the same words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from mlops_ci.records.host import Event
from mlops_ci.records.report import Report
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import RuleResult, Verdict

MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "incomparable": "?", "skipped": "–"}
OUTSIDE_CI = "run outside CI"
_MINUS = "−"
SHOWN_SLICES = 10
"""Slices in trouble that stand in the table; the line of their rule counts them all."""
_URGENCY = {"fail": 0, "incomparable": 1, "inconclusive": 2}
_VERBS = {
    "pass": ("passes", "pass"), "fail": ("fails", "fail"),
    "inconclusive": ("inconclusive", "inconclusive"), "skipped": ("skipped", "skipped"),
}  # fmt: skip
_NIL = 1e-9  # a smaller difference is rounding
_SMALL = 0.01  # beside a smaller value four decimals say too little
# Control characters move a terminal's cursor, and bidirectional ones turn the text around them.
_GROUPS = re.compile(r", [\d,]+ groups$")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Foreign text on one line, in which nothing acts that is not seen."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def of_slice(slice: tuple[str, str]) -> str:  # noqa: A002  # as in the verdict
    """Such as ``carrier AA``; a value in quotes whose ends or gaps nobody would see."""
    return f"{slice[0]} {slice_value(slice[1])}"


def slice_value(value: str) -> str:
    """The value of a slice, in quotes where white space would be lost on the way."""
    return value if value and value == " ".join(value.split()) else repr(value).replace("  ", " \\x20")


def of_rows(count: int) -> str:
    """Such as ``1 row`` or ``1,200 rows``."""
    return f"{count:,} row{'s' if count != 1 else ''}"


def headline(report: Report) -> str:
    """What was decided, in a few words, after the model's name."""
    version = f"v{report.version}" if report.version else "the candidate"
    counted = count_rules(report.verdict)
    match report.outcome:
        case "promoted":
            return f"{version} promoted"
        case "passed":
            if report.verdict is None and report.version:
                return f"{version} registered"
            return f"ready, {counted}" if counted else "ready"
        case "refused":
            return f"refused, {counted}"
        case "inconclusive":
            return f"on hold, {counted}"
        case "unchanged":
            return "unchanged"
        case "superseded":
            return f"{version} superseded by v{report.champion}"


def count_rules(verdict: Verdict | None) -> str:
    """Such as ``1 of 5 rules fails``; empty without a verdict."""
    if verdict is None:
        return ""
    total = len(verdict.outcomes)
    counts = Counter(verdict.outcomes)
    if total == 1:
        (outcome,) = counts
        return f"the rule {'is ' if outcome in {'inconclusive', 'skipped'} else ''}{_VERBS[outcome][0]}"
    for outcome in ("fail", "inconclusive"):
        if counts[outcome] and verdict.outcome == outcome:
            return f"{counts[outcome]} of {total} rules {_VERBS[outcome][counts[outcome] > 1]}"
    if counts["pass"] == total:
        return "both rules pass" if total == 2 else f"all {total} rules pass"
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return f"{counts['pass']} of {total} rules {_VERBS['pass'][counts['pass'] != 1]}{skipped}"


def in_trouble(verdict: Verdict) -> list[RuleResult]:
    """Results that keep the candidate from passing: not those with an alternative that passes."""
    return [
        result
        for result in verdict.rules
        if result.decides
        and result.outcome in {"fail", "incomparable", "inconclusive"}
        and (result.any is None or verdict.outcomes[result.any] != "pass")
    ]


def rule_text(result: RuleResult) -> str:
    """A rule's label; of an alternative also which it is."""
    return result.label if result.alternative is None else f"{result.label} (alternative {result.alternative + 1})"


def main_results(verdict: Verdict) -> tuple[list[RuleResult], list[list[RuleResult]]]:
    """Results for the table, and the slices of each per-slice rule; a slice in trouble is in both."""
    whole = [result for result in verdict.rules if result.slice is None]
    sliced = [result for result in verdict.rules if result.slice is not None]
    groups = [list(group) for _, group in groupby(sliced, key=lambda result: (result.rule, result.any))]
    trouble = in_trouble(verdict)
    troubled = {id(result) for result in trouble}
    settled = [result for result in whole if id(result) not in troubled]
    first = [result for result in whole if id(result) in troubled]
    slices = [result for result in sliced if id(result) in troubled]
    first += sorted(slices, key=_urgency)[:SHOWN_SLICES]
    return [*sorted(first, key=_urgency), *sorted(settled, key=lambda result: result.outcome == "skipped")], groups


def _urgency(result: RuleResult) -> int:
    return _URGENCY[result.outcome]


def slices_line(group: list[RuleResult]) -> str:
    """Such as ``per carrier: 9 of 10 pass, 2 too small to decide``."""
    deciding = [result for result in group if result.decides]
    passed = sum(result.outcome == "pass" for result in deciding)
    column = group[0].slice[0] if group[0].slice else ""
    small = len(group) - len(deciding)
    also = f", {small:,} too small to decide" if small else ""
    return f"per {column}: {passed:,} of {len(deciding):,} pass{also}"


def method_lines(verdict: Verdict) -> list[str]:
    """How the bounds of each metric were found; of slices, which have fewer groups each, not how many these are."""
    methods = (
        f"{result.label.partition(',')[0]}: {_GROUPS.sub('', result.method) if result.slice else result.method}"
        for result in verdict.rules
        if result.method
    )
    return list(dict.fromkeys(methods))


def value_text(value: float | None) -> str:
    """A metric's value, to four decimals, or to two to six digits where it is very small or large."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", _MINUS)
    size = abs(value)
    form = ".2g" if size < 0.001 else ".4f" if size < 10 else ",.6g"
    return format(value, form).replace("-", _MINUS)


def change_text(value: float | None, beside: float | None = None) -> str:
    """A difference with its sign, with the decimals of the value that it stands beside, or one digit that counts."""
    if value is None:
        return ""
    if abs(value) < _NIL:
        return "±0"
    decimals = 4
    if abs(beside or 1) < _SMALL or abs(value) < 0.5e-4:
        decimals = 1 - math.floor(math.log10(abs(value)))
    whole = value == int(value) or abs(beside or 0) >= 10
    size = f"{abs(value):,.6g}" if whole else f"{abs(value):.{decimals}f}"
    return ("+" if value > 0 else _MINUS) + size


def level_text(confidence: float) -> str:
    """A level in percent, with as many decimals as its error needs: one close to 1 is not called 100 %."""
    decimals = max(0, 1 - math.floor(math.log10(100 * (1.0 - confidence)))) if confidence < 1.0 else 0
    digits = f"{confidence * 100:.{decimals}f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits} %"


def bound_text(result: RuleResult) -> str:
    """The one-sided bound that decides: for a failure the opposite one, since that is what misses."""
    if result.interval is None:
        return ""
    low, high = result.interval
    least = (result.better_is == "higher") != (result.outcome == "fail")
    bound = low if least else high
    if bound is None:
        return "no bound known"
    text = change_text(bound, result.candidate) if result.change is not None else value_text(bound)
    return f"{'at least' if least else 'at most'} {text.removeprefix('±')}"


def side_name(verdict: Verdict) -> str:
    """What the baseline's column is called."""
    if verdict.baseline is None:
        return "Champion"
    return f"v{verdict.baseline.version}" if verdict.baseline.version else verdict.baseline.name or "Baseline"


def next_steps(report: Report) -> str | None:
    """What the author can do now; None where nothing is left to do."""
    if report.verdict is None or report.outcome not in {"refused", "inconclusive"}:
        return None
    step = _next_step(report, report.verdict)
    if step is None:
        return None
    if report.version is None or report.event in {"pull_request", "merge_group"}:
        return f"{step}; once it is merged, who answers for it can override the verdict"
    return (
        f"{step}; to answer for it all the same: mlops-ci gate override {report.model}@v{report.version} --reason TEXT"
    )


def _next_step(report: Report, verdict: Verdict) -> str | None:
    stays = f"v{report.champion} stays the champion" if report.champion else "no model is promoted"
    trouble = in_trouble(verdict)
    if report.outcome == "refused":
        absent = next((result for result in trouble if result.outcome == "fail" and result.candidate is None), None)
        what = f"see to {absent.label} first ({absent.reason})" if absent else "improve the model"
        return f"{what}; until then {stays}"
    incomparable = next((result.reason for result in trouble if result.outcome == "incomparable"), None)
    if incomparable:
        return f"make the comparison possible ({incomparable}); until then {stays}"
    spent = verdict.spent
    if spent and spent.reveal == "gains" and not spent.worn_out:
        return f"make a change that is large enough to see; until then {stays}"
    if all(not result.waivable for result in trouble):
        return f"see to the rule ({trouble[0].reason}); until then {stays}" if trouble else None
    scarcest = max(trouble, key=_missing, default=None)
    more = ""
    if scarcest and (rows := _missing(scarcest)):
        of = f" with {of_slice(scarcest.slice)}" if scarcest.slice else ""
        more = f"add about {of_rows(rows)}{of} to the evaluation set, or "
    return f"{more}make a change that is large enough to see; until then {stays}"


def _missing(result: RuleResult) -> int:
    return max(0, (result.rows_needed or 0) - (result.rows or 0))


def event_text(event: Event, host: str | None) -> str:
    """What started a job; outside CI nothing did, whatever it is treated as."""
    return f"none: {OUTSIDE_CI}" if host == "local" else event.replace("_", " ")


def step_line(step: StepRun) -> str:
    """What became of a step and what it cost."""
    if step.status == "reused":
        return f"reused (took {duration(step.seconds)} when it ran)"
    if step.status == "not run":
        return "not run"
    memory = f", {step.peak_memory / 2**20:,.0f} MiB" if step.peak_memory else ""
    return f"{step.status}, {duration(step.seconds)}{memory}"


def duration(seconds: float) -> str:
    """Such as ``0.4 s``, ``12 s``, ``6 min 12 s``."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def listed(words: Sequence[str]) -> str:
    """Such as ``one, two and three``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
