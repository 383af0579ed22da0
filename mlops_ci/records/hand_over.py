"""What a job that may not write leaves for one that may: numbers and names, and no sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mlops_ci.records.conversion import Conversion
from mlops_ci.records.dataset import DatasetProfile, DatasetVersion
from mlops_ci.records.difference import Change, DatasetChange, Difference
from mlops_ci.records.report import History, Report
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
    changes: Difference | None = None
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


def _shortened(changes: Difference) -> Difference:
    """Names and numbers of what changed; no commits, whose messages are prose, and no profiles, which are long."""

    def few(items: tuple[Change, ...] | None) -> tuple[Change, ...] | None:
        shown = items and items[:MOST_NAMES]
        return shown and tuple(Change(_cut(item.name), *map(_cut_any, (item.before, item.after))) for item in shown)

    files = changes.files
    if files is not None:
        files = tuple(replace(item, path=_cut(item.path), old=_cut_any(item.old)) for item in files[:MOST_NAMES])
    return Difference(
        before=_cut(changes.before),
        after=_cut(changes.after),
        commits=None,
        files=files,
        params=few(changes.params),
        datasets=changes.datasets and tuple(map(_dataset, changes.datasets[:MOST_NAMES])),
        packages=few(changes.packages),
        rules=few(changes.rules),
    )


def _dataset(change: DatasetChange) -> DatasetChange:
    columns = tuple(
        replace(item, column=_cut(item.column), before=_cut_any(item.before), after=_cut_any(item.after))
        for item in change.columns[:MOST_NAMES]
    )
    return DatasetChange(_cut(change.name), _counted(change.before), _counted(change.after), columns)


def _counted(version: DatasetVersion | None) -> DatasetVersion | None:
    if version is None:
        return None
    profile = DatasetProfile(version.profile.rows, ()) if version.profile else None
    return replace(version, path="", digest=_cut(version.digest), profile=profile, source=None)


def _cut_any(text: str | None) -> str | None:
    return None if text is None else _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
