"""Says on the host what a journey came to: outputs, summary, annotations, comment, check run or status.

Nothing here decides anything: what the host refuses is a warning, and the job ends as the gate says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep
from typing import Any
from urllib.parse import quote

from mlops_ci.edge.picture import draw_png
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MissingExtraError, MlopsError, RemoteError
from mlops_ci.hosts.host import Host
from mlops_ci.hosts.reviews import Conversation, Reviews
from mlops_ci.lifecycle.commenting import converge
from mlops_ci.records.chart import Chart
from mlops_ci.records.codec import decode, encode, plain
from mlops_ci.records.conclusion import Annotation, Conclusion, Level
from mlops_ci.records.digest import digest_of_bytes, short
from mlops_ci.records.host import HostContext
from mlops_ci.records.report import Report
from mlops_ci.report.charts import comment_charts
from mlops_ci.report.conversion import conversion_lines
from mlops_ci.report.markdown import Shown, escape_html, markdown_parts, mermaid_charts, render_markdown
from mlops_ci.report.mermaid import render_mermaid
from mlops_ci.report.section import ASKING, Section
from mlops_ci.report.wording import headline, in_trouble, of_slice, rule_text

_REMARKS = 8  # hosts show ten of a kind, and the verdict and the conversion are two
# Words of our own, which a secret may happen to be.
_OURS = frozenset({"format", "outcome", "outcomes", "event", "status", "better_is", "on_inconclusive", "sha"})
_CHARTLESS = "charts need packages that are not installed (`mlops-ci[charts]`)"
_FORK = "a fork's job may write no comment: the report is in the summary of its run"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section belongs: the pull request, and the run that speaks."""

    number: int
    run: int
    attempt: int
    merged: bool = False


def announce(host: Host, context: HostContext, report: Report, *, pause: Callable[[float], None] = sleep) -> None:
    """Say it wherever the host lets us.

    Args:
        host: where the job runs.
        context: the event that it answers.
        report: what it came to, without secrets.
        pause: waits for so many seconds.
    """
    if context.host == "local":  # the terminal shows the report already
        return
    markdown = render_markdown(report, diagrams=context.host == "github")
    _try(host, "the summary", lambda: host.summary(markdown))
    for remark in remarks(report, context):
        host.annotate(remark)
    if context.pull_request and context.pull_request.fork:
        host.annotate(Annotation("notice", _FORK))
    _try(host, "the comment", lambda: comment_on(host, context, report, pause=pause))
    _try(host, "the status", lambda: _conclude(host, context, report))


def redacted(report: Report, redact: Redactor) -> Report:
    """The report without secrets, which are looked for before anything is escaped."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, dict):
            return {redact(key): item if key in _OURS else cleaned(item) for key, item in value.items()}
        return [cleaned(item) for item in value] if isinstance(value, (list, tuple)) else value

    return decode(encode(cleaned(plain(report))), Report, where="the report")


def comment_on(
    host: Host, context: HostContext, report: Report, *, pause: Callable[[float], None] = sleep
) -> int | None:
    """Write the section of a report into the comment of its pull request; return its number, None if there is none.

    A fork's job may not write, and a workflow of the default branch does it: see :mod:`mlops_ci.lifecycle.posting`.

    Raises:
        RemoteError: it cannot be written.
    """
    pull_request = context.pull_request
    if (pull_request is None and context.event != "push") or (pull_request is not None and pull_request.fork):
        return None
    reviews = host.reviews(context)
    place = _place(reviews, context, report) if reviews else None
    if reviews is None:
        if pull_request is not None:
            hint = "give the job its token: GITHUB_TOKEN, or SYSTEM_ACCESSTOKEN on Azure"
            raise RemoteError("there is no token to write it with", hint=hint)
        return None
    if place is None:
        return None
    conversation = reviews.conversation(place.number)
    section = section_of(report, place, charts_for(conversation, report, mermaid=context.host == "github"))
    converge(conversation, context.repository or "", [section], pause=pause)
    return place.number


def section_of(report: Report, place: Place, shown: Shown) -> Section:
    """The section that a report is in a comment."""
    return Section(
        model=report.model,
        outcome=report.outcome,
        sha=report.commit.sha,
        run=place.run,
        attempt=place.attempt,
        parts=markdown_parts(report, shown, merged=place.merged),
    )


def charts_for(conversation: Conversation, report: Report, *, mermaid: bool) -> Shown:
    """How a comment shows its charts: as pictures that the host keeps for it, or as Mermaid."""
    if mermaid:
        return mermaid_charts(report)
    charts = comment_charts(report)
    try:
        return [(chart, text) for chart in charts if (text := _picture(conversation, report.model, chart))]
    except MissingExtraError:
        return [(charts[0], f"> {_CHARTLESS[:1].upper()}{_CHARTLESS[1:]}.")]


def _picture(conversation: Conversation, model: str, chart: Chart) -> str | None:
    png = draw_png(chart)
    name = f"{quote(model, safe='')}-{short(digest_of_bytes(png))}.png"
    address = conversation.picture(name, png)
    # A host without a place for pictures draws Mermaid.
    return f"![{escape_html(chart.title)}]({address})" if address else render_mermaid(chart)


def conclusion_of(report: Report, context: HostContext) -> Conclusion:
    """What is shown beside the commit, in short."""
    state: dict[str, str] = {
        "promoted": "success",
        "passed": "success",
        "refused": "failure",
        "inconclusive": "failure",
    }
    chosen = state.get(report.outcome, "neutral")
    if (report.outcome in ASKING and context.is_asked_for) or (report.outcome == "passed" and report.verdict is None):
        chosen = "neutral"
    return Conclusion(
        model=report.model,
        state="success" if chosen == "success" else "failure" if chosen == "failure" else "neutral",
        title=headline(report),
        summary=render_markdown(report, diagrams=False),
        commit=report.commit.sha,
        url=report.url,
        annotations=tuple(remarks(report, context)),
        run=run_of(context.actor.run_id),
        attempt=context.actor.attempt or 1,
    )


def remarks(report: Report, context: HostContext) -> Iterator[Annotation]:
    """One for the verdict, and one for each rule that keeps the model from passing."""
    levels: dict[str, Level] = {"refused": "error", "inconclusive": "warning"}
    level = "notice" if context.is_asked_for else levels.get(report.outcome, "notice")
    yield Annotation(level, report.summary, title=f"{report.model}: {headline(report)}")
    if report.conversion and not report.conversion.forms:
        yield Annotation("warning", conversion_lines(report.conversion)[0], title=f"{report.model}: ONNX")
    for result in in_trouble(report.verdict)[:_REMARKS] if report.verdict else ():
        where = f", {of_slice(result.slice)}" if result.slice else ""
        yield Annotation(level, result.reason, title=f"{report.model}: {rule_text(result)}{where}")


def _place(reviews: Reviews, context: HostContext, report: Report) -> Place | None:
    run, attempt = run_of(context.actor.run_id), context.actor.attempt or 1
    if context.pull_request is None:
        number = reviews.merged_as(report.commit.sha)
        return Place(number, run, attempt, merged=True) if number else None
    if not reviews.is_open(context.pull_request.number):
        what = f"pull request {context.pull_request.number} is closed"
        raise RemoteError(what, hint="the report is in the summary of the run")
    return Place(context.pull_request.number, run, attempt)


def run_of(run: str | None) -> int:
    """The number of a run, by which the newer of two is known."""
    return int(run) if run and run.isdecimal() and len(run) <= 18 else 0


def _conclude(host: Host, context: HostContext, report: Report) -> None:
    pull_request = context.pull_request
    reviews = None if pull_request and pull_request.fork else host.reviews(context)
    if reviews is not None:
        reviews.conclude(conclusion_of(report, context), pull_request.number if pull_request else None)


def _try(host: Host, what: str, work: Callable[[], object]) -> None:
    """Do what must not decide how the job ends."""
    try:
        work()
    except (MlopsError, OSError) as error:
        line = error.line() if isinstance(error, MlopsError) else str(error)
        host.annotate(Annotation("warning", f"{what} could not be written: {line}"))
