"""``reproduce``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import json_option, session_options
from mlops_ci.cli.output import LineProgress, echo, print_json
from mlops_ci.cli.session import session_of
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.lifecycle.reproducing import Reproducing, recorded_of, require_reproduced
from mlops_ci.pipeline.progress import Progress
from mlops_ci.records.reproduction import AgainMetric, Reproduction
from mlops_ci.records.run import StepRun
from mlops_ci.report.wording import duration, visible

_WORDS = {
    "identical": "reproduced, byte for byte",
    "equal": "reproduced within the tolerance",
    "different": "not reproduced: the results differ",
    "impossible": "not reproduced: it could not be run",
}


@click.command()
@click.argument("subject", metavar="REFERENCE|RUN")
@click.option("--cached", is_flag=True, help="Take over what the cache knows, instead of running every step.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=0.1),
    default=1e-6,
    show_default=True,
    help="By how much metrics and predictions may differ, relative where they are above 1.",
)
@session_options
@json_option
def reproduce(*, subject: str, cached: bool, tolerance: float, as_json: bool, **options: Any) -> None:
    """Run a version or a run again, as it was, and compare: MODEL@v12, or a run.

    In a worktree at its commit, with its locked software and the very data of then; nothing is written to the
    workspace, and the checkout stays as it is. Exit code 1 if the results differ by more than the tolerance, 3 if it
    cannot be run any more.
    """
    session = session_of(**(options | {"read_only": True, "promotes": False}))
    with scratch_folder() as scratch:
        recorded = recorded_of(session, subject, scratch)
        progress: Progress = LineProgress(session.host, to_stderr=as_json)
        progress = progress if cached else _Anew(progress)
        work = Path(scratch) / "reproduction"
        done = Reproducing(session, recorded, progress, work, tolerance, cached=cached).run()
    if as_json:
        print_json(done)
    else:
        _print(done)
    require_reproduced(done)
    if done.outcome == "different":
        click.get_current_context().exit(1)


@dataclass(frozen=True)
class _Anew:
    """Tells of a run whose steps all run, whatever the cache knows of them: no other reason would be true."""

    told: Progress

    def started(self, step: str, reasons: tuple[str, ...]) -> None:  # noqa: ARG002
        self.told.started(step, ("as it did then",))

    def line(self, step: str, text: str) -> None:
        self.told.line(step, text)

    def finished(self, step: StepRun) -> None:
        self.told.finished(step)


def _print(done: Reproduction) -> None:
    for note in done.notes:
        echo(f"note: {visible(note)}")
    if done.outcome == "impossible":
        return
    for file in done.files:
        same = "the same bytes" if file.recorded == file.again else "other bytes"
        echo(f"{visible(file.path)}: {same if file.recorded and file.again else 'only on one side'}")
    for metric in done.metrics:
        echo(f"{visible(metric.name)}: {_metric(metric)}")
    if rows := done.predictions:
        share = rows.equal / rows.rows if rows.rows else 0.0
        apart = f", the largest difference is {rows.difference:.3g} ({visible(rows.column)})" if rows.column else ""
        unpaired = "" if rows.difference is not None else f"; {rows.again:,} rows now, which cannot be paired"
        echo(f"predictions: {rows.equal:,} of {rows.rows:,} rows are the same ({share:.1%}){apart}{unpaired}")
    if done.first:
        echo(f"differs first: {', '.join(done.first)}")
    echo(f"{done.subject} of commit {done.commit[:7]}: {_WORDS[done.outcome]}, in {duration(done.seconds)}")


def _metric(metric: AgainMetric) -> str:
    then, now = ("none" if value is None else f"{value:.6g}" for value in (metric.recorded, metric.again))
    if metric.recorded == metric.again:
        return f"{then}, the same"
    apart = ""
    if metric.recorded is not None and metric.again is not None:
        apart = f" ({metric.again - metric.recorded:+.3g})"
    return f"{then} → {now}{apart}"
