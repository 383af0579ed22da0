"""Posts for the job of a fork, which may write nothing: from a workflow of the default branch, under its event.

What the fork's job left is read as what a stranger sends: numbers and names of a strict shape. Which pull request it
belongs to, which commit and which run say the host's event, and every word is found here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.gate.comparing.phrases import metric_label, rule_label
from mlops_ci.gate.summary import summarise
from mlops_ci.hosts.host import Host
from mlops_ci.lifecycle.announcing import Place, charts_for, run_of, section_of
from mlops_ci.lifecycle.commenting import converge
from mlops_ci.lifecycle.conversion_check import require_sound
from mlops_ci.project.names import is_name
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.codec import decode_strictly, plain
from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.hand_over import HAND_OVER_FORMAT, LONGEST_TEXT, MOST_RULES, HandOver
from mlops_ci.records.report import REPORT_FORMAT, Report
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.records.workflow_run import WorkflowRun

LARGEST = 1 << 20
MOST_FILES = 50
_LONGEST_LIST = 1_000
_LARGEST_NUMBER = 2**53
_LONGEST_JOB = 1e8  # seconds; three years
_LABEL = re.compile(r"v[0-9]{1,9}|this")
_NOTE = "measured by the {}'s own job, and not checked here"


def post_for_fork(host: Host, place: Path, repository: str, *, pause: Callable[[float], None] = sleep) -> int:
    """Write the sections of a fork's job into the comment of its pull request; return the number of that.

    Args:
        host: where this job runs.
        place: a file that ``ci --report-json`` wrote, or a folder of some.
        repository: the pull request's, as the host calls it.
        pause: waits for so many seconds.

    Raises:
        UsageError: this job does not speak for that of a pull request.
        IntegrityError: what the fork's job left is not what it should be.
        RemoteError: there is no such pull request any more, or the host refuses.
    """
    run = host.workflow_run()
    if run is None:
        raise UsageError("this job speaks for no other", hint="--from belongs into a workflow on: workflow_run")
    if run.event != "pull_request":  # only there does GitHub say which commit is the pull request's
        hint = "add if: github.event.workflow_run.event == 'pull_request' to the job"
        raise UsageError("the run that this job speaks for is not one of a pull request", hint=hint)
    reports = [report_of(read_hand_over(file), run, str(file)) for file in files_at(place)]
    reviews = host.reviews(None)
    if reviews is None:
        raise RemoteError("there is no token to write the comment with", hint="give the job GITHUB_TOKEN")
    number = reviews.of_head(run.owner, run.branch, run.commit) if run.owner and run.branch else None
    if number is None:
        what = f"no open pull request has {run.commit[:7]} as its newest commit"
        raise RemoteError(what, hint="it has a newer one, or is closed: there is nothing to do")
    conversation = reviews.conversation(number)
    written_by = Place(number, run_of(run.id), run.attempt)
    sections = [section_of(report, written_by, charts_for(conversation, report, mermaid=True)) for report in reports]
    converge(conversation, repository, sections, pause=pause)
    return number


def files_at(place: Path) -> Sequence[Path]:
    """The hand-overs at a place.

    Raises:
        UsageError: there is none.
        IntegrityError: there are too many.
    """
    files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
    if not files or not all(file.is_file() and not file.is_symlink() for file in files):
        raise UsageError("there is no report here", where=str(place), hint="name what ci --report-json wrote")
    if len(files) > MOST_FILES:
        raise IntegrityError(f"more than {MOST_FILES} reports", where=str(place))
    return files


def read_hand_over(file: Path) -> HandOver:
    """Read what a stranger's job left.

    Raises:
        IntegrityError: it is not of the shape, size and range that ours have.
    """
    where = str(file)
    with file.open("rb") as reading:
        data = reading.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise IntegrityError(f"larger than {LARGEST:,} bytes", where=where)
    found = decode_strictly(data, HandOver, where=where)
    if found.format != HAND_OVER_FORMAT:
        raise IntegrityError(f"of format {found.format}, not {HAND_OVER_FORMAT}", where=where)
    _require_bounded(plain(found), where)
    if not 0 <= found.seconds < _LONGEST_JOB:
        raise IntegrityError("not the time that a job takes", where=where)
    if not is_name(found.model):
        raise IntegrityError("not the name of a model", where=where)
    if found.verdict and len(found.verdict.rules) > MOST_RULES:
        raise IntegrityError(f"more than {MOST_RULES} rules", where=where)
    for result in found.verdict.rules if found.verdict else ():
        if result.any is not None and not 0 <= result.any < len(found.verdict.outcomes if found.verdict else ()):
            raise IntegrityError("an alternative to a rule that is not there", where=where)
    if found.conversion:
        require_sound(found.conversion, where)
    if found.outcome in {"refused", "inconclusive"} and found.verdict is None:
        raise IntegrityError("a refusal without a verdict", where=where)
    return found


def report_of(found: HandOver, run: WorkflowRun, where: str) -> Report:
    """The report that a hand-over stands for.

    Raises:
        IntegrityError: it is of another commit than the run, or its rules are none.
    """
    if found.commit != run.commit:
        raise IntegrityError("this report is of another commit than the run that left it", where=where)
    verdict = _worded(found.verdict, where) if found.verdict else None
    history = found.history
    if history and not (_labelled(history.points) and history.metric in found.metrics):
        history = None
    if history:
        history = replace(history, label=metric_label(history.metric))
    return Report(
        format=REPORT_FORMAT,
        model=found.model,
        outcome=found.outcome,
        event="pull_request",
        run=run.id,
        commit=Commit(run.commit, run.branch, None, "", "", ""),
        dirty=False,
        version=found.version,
        champion=found.champion,
        summary=verdict.summary if verdict else _summary(found),
        verdict=verdict,
        steps=(),
        seconds=found.seconds,
        metrics=found.metrics,
        changes=replace(found.changes, commits=None, notes=()) if found.changes else None,  # which are prose
        notes=(_NOTE.format("fork" if run.fork else "pull request"),),
        url=run.url,
        history=history,
        conversion=_worded_conversion(found.conversion) if found.conversion else None,
    )


def _worded_conversion(found: Conversion) -> Conversion:
    """The numbers of a conversion, with words of ours."""
    quantised = len(found.forms) > 1
    gate = "the gate lets it pass" if found.served == "int8" else "the gate does not let it pass"
    return replace(
        found,
        source="",
        kind="",
        fixes=(),
        reason=None if found.forms else "the log of the run says why",
        hint=None,
        int8=gate if quantised else None,
        tools={},
        forms=tuple(replace(form, inputs=(), outputs=()) for form in found.forms),
    )


def _labelled(points: Sequence[Any]) -> bool:
    return all(_LABEL.fullmatch(point.label) for point in points)


def _summary(found: HandOver) -> str:
    if found.outcome == "unchanged" and found.version:
        return f"This is the model of v{found.version}."
    return "There is nothing to judge by."


def _worded(verdict: Verdict, where: str) -> Verdict:
    worded = replace(verdict, summary="", notes=(), rules=tuple(_rule(result, where) for result in verdict.rules))
    return replace(worded, summary=summarise(worded))


def _rule(result: RuleResult, where: str) -> RuleResult:
    try:
        rule = parse_rule(result.rule)
    except ValueError as error:
        raise IntegrityError("a rule that is none", where=where) from error
    return replace(result, metric=rule.metric, label=rule_label(rule), reason=_reason(result), method=None)


def _reason(result: RuleResult) -> str:
    """Why, as far as the numbers say it."""
    if not result.decides:
        return "too few rows: shown only"
    match result.outcome:
        case "pass":
            return "it passes"
        case "fail":
            return "it misses the bound" if result.candidate is not None else "there is no such number"
        case "skipped":
            return "nothing to compare with yet"
        case "incomparable":
            return "the two cannot be compared"
    if result.rows and result.rows_needed:
        return f"{result.rows:,} rows cannot tell; about {result.rows_needed:,} would"
    return "the data cannot tell"


def _require_bounded(value: Any, where: str) -> None:
    """Refuse what is longer or larger than any of ours."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise IntegrityError(f"a text of more than {LONGEST_TEXT} characters", where=where)
    if (isinstance(value, int) and abs(value) > _LARGEST_NUMBER) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise IntegrityError("a number that is not finite or too large", where=where)
    if isinstance(value, dict | list | tuple):
        if len(value) > _LONGEST_LIST:
            raise IntegrityError(f"a list of more than {_LONGEST_LIST} items", where=where)
        items = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        for item in items:
            _require_bounded(item, where)
