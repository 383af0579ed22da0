"""What a job that may not write leaves for one that may: numbers and names, and no sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mlops_ci.records.conversion import Conversion
from mlops_ci.records.report import Changes, History, Report
from mlops_ci.records.verdict import RuleResult, Verdict

HAND_OVER_FORMAT = 1
MOST_RULES = 300
MOST_NAMES = 50
LONGEST_TEXT = 200

JudgedOutcome = Literal["passed", "refused", "inconclusive", "unchanged"]
_JUDGED: dict[str, JudgedOutcome] = {"refused": "refused", "inconclusive": "inconclusive", "unchanged": "unchanged"}


@dataclass(frozen=True, slots=True)
class HandOver:
    """A report as far as it may be believed; what is said of it in words is for the reader to find.

    ``commit`` is the author's. Labels, reasons, methods, notes and the summary of the verdict are empty, and so are the
    words and tensors of the conversion.
    """

    format: int
    model: str
    commit: str
    outcome: JudgedOutcome
    version: int | None
    champion: int | None
    seconds: float
    metrics: dict[str, float | None]
    verdict: Verdict | None = None
    changes: Changes | None = None
    history: History | None = None
    conversion: Conversion | None = None


def handed_over(report: Report) -> HandOver:
    """The hand-over of a report, small whatever the report is: slices that pass are left out first."""
    return HandOver(
        format=HAND_OVER_FORMAT,
        model=report.model,
        commit=report.commit.sha,
        outcome=_JUDGED.get(report.outcome, "passed"),
        version=report.version,
        champion=report.champion,
        seconds=report.seconds,
        metrics={_cut(name): value for name, value in list(report.metrics.items())[:MOST_NAMES]},
        verdict=_wordless(report.verdict) if report.verdict else None,
        changes=_shortened(report.changes) if report.changes else None,
        history=report.history,
        conversion=_numbers(report.conversion) if report.conversion else None,
    )


def _numbers(conversion: Conversion) -> Conversion:
    """A conversion without what only words or tensors say of it."""
    forms = tuple(replace(form, inputs=(), outputs=()) for form in conversion.forms)
    reason = None if forms else ""
    return Conversion(
        conversion.format, "", "", opset=conversion.opset, forms=forms, served=conversion.served, reason=reason
    )


def _wordless(verdict: Verdict) -> Verdict:
    important = sorted(enumerate(verdict.rules), key=lambda item: _importance(item[1]))[:MOST_RULES]
    rules = tuple(
        replace(
            result,
            label="",
            reason="",
            method=None,
            slice=result.slice and (_cut(result.slice[0]), _cut(result.slice[1])),
        )
        for _, result in sorted(important, key=lambda item: item[0])
    )
    return replace(verdict, summary="", notes=(), rules=rules)


def _importance(result: RuleResult) -> int:
    if result.slice is None:
        return 0
    return 1 if result.decides and result.outcome != "pass" else 2 if result.decides else 3


def _shortened(changes: Changes) -> Changes:
    def few(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_cut, names[:MOST_NAMES]))

    files = few(changes.files) if changes.files is not None else None
    return Changes(_cut(changes.since), files, few(changes.params), few(changes.data), few(changes.environment))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
