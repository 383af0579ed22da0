"""``runs``: list, show, diff, clone."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from mlops_ci.cli.differences import diff_runs
from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.cloning import clone_run, run_of_version
from mlops_ci.lifecycle.history import read_report, read_run, read_runs
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.pipeline.params import flatten
from mlops_ci.records.run import Run, RunStatus
from mlops_ci.registry.references import parse_reference
from mlops_ci.report.dataset import size_line
from mlops_ci.report.wording import OUTSIDE_CI, duration, event_text, step_line, value_text, visible
from mlops_ci.workspace.store import Store

_LONGEST = 50
_LOG_ABOVE, _LOG_BELOW = "; its log is above", "; its log is below"


@click.group()
def runs() -> None:
    """List, show, compare and clone runs."""


@runs.command("list")
@click.option("--model", metavar="NAME", help="Only of this model.")
@click.option("--status", type=click.Choice(get_args(RunStatus)), help="Only with this status.")
@click.option("--branch", metavar="NAME", help="Only of this branch.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@project_option
@workspace_option
@json_option
def list_runs(
    model: str | None,
    status: str | None,
    branch: str | None,
    limit: int,
    project: Path,
    workspace: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    found = read_runs(workspace_to_read(workspace, project), limit, model=model, status=status, branch=branch)
    if as_json:
        print_json(found)
        return
    if not found:
        echo("no runs")
        return
    print_table(
        ("run", "model", "commit", "branch", "took", "status"),
        (
            (
                run.id,
                run.model_name,
                run.commit.short + ("+" if run.dirty else ""),
                visible(run.commit.branch or ""),
                duration(run.seconds),
                visible(_shortly(run)),
            )
            for run in found
        ),
    )


@runs.command()
@click.argument("run")
@project_option
@workspace_option
@json_option
def show(run: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Show the record of a RUN."""
    store = workspace_to_read(workspace, project)
    found = read_run(store, run)
    if as_json:
        print_json(found)
        return
    for line in (*_about(store, found), *_made_with(found), *_made(found)):
        echo(line)


def _shortly(run: Run) -> str:
    """How it ended, for a line of a list: of an error what it is, not where, nor what to do."""
    status = _status(run, ": ").partition("; ")[0]
    return status if len(status) <= _LONGEST else f"{status[: _LONGEST - 1]}…"


def _status(run: Run, between: str) -> str:
    """How it ended, with the error where that says more."""
    # The log stood above the error when that was first told; here it follows.
    error = run.error and run.error.replace(_LOG_ABOVE, _LOG_BELOW)
    return f"{run.status}{between}{error}" if error and not error.startswith(run.status) else run.status


def _about(store: Store, run: Run) -> list[str]:
    branch = f" on {visible(run.commit.branch)}" if run.commit.branch else ""
    lines = [
        visible(f"run {run.id} of {run.model_name}: {_status(run, ', ')}"),
        f"commit {run.commit.sha}{branch} ({visible(run.commit.subject)})",
    ]
    if run.dirty:
        lines.append(f"not committed: {visible(', '.join(run.dirty.paths))}")
    if run.merge:
        lines.append(f"checked out as the test merge {run.merge.sha}")
    url = f", {visible(run.host.url)}" if run.host.url else ""
    where = OUTSIDE_CI if run.host.host == "local" else f"{run.host.host} host, {event_text(run.host.event, None)}"
    lines.append(f"{where}, by {visible(run.host.actor.name)}{url}")
    lines.append(f"started {run.started[:19].replace('T', ' ')} UTC, took {duration(run.seconds)}")
    try:
        report = read_report(store, run.id)
        lines.append(f"{report.outcome}: {visible(report.summary)}")
    except (UsageError, IntegrityError):  # a run without a gate, or of a job that ended before
        if run.verdict:
            lines.append(f"verdict {run.verdict.outcome}: {visible(run.verdict.summary)}")
    return lines


def _made_with(run: Run) -> list[str]:
    lines = [f"{run.environment.kind} environment, Python {run.environment.python}, {visible(run.machine.system)}"]
    lines += [f"param {visible(name)}: {visible(value)}" for name, value in flatten(run.params).items()]
    for name, dataset in run.datasets.items():
        lines.append(f"dataset {visible(name)}: {visible(dataset.path)}, {size_line(dataset)}")
    return lines


def _made(run: Run) -> list[str]:
    lines = []
    for step in run.steps:
        lines.append(f"step {visible(step.label)}: {step_line(step)}")
        lines += [f"  | {visible(line)}" for line in step.log_tail]
    lines += [f"metric {visible(name)}: {value_text(value) or 'not a number'}" for name, value in run.metrics.items()]
    files = {file.path: file for file in (*run.model, *run.files)}
    return [*lines, *(f"file {visible(file.path)}: {file.size:,} bytes" for file in files.values())]


runs.add_command(diff_runs)


@runs.command()
@click.argument("run")
@click.option("--branch", metavar="NAME", help="The branch to make.  [default: clone-RUN]")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="Such as train.depth=8; repeatable.")
@project_option
@workspace_option
@json_option
def clone(
    run: str, branch: str | None, params: tuple[str, ...], project: Path, workspace: str | None, as_json: bool
) -> None:
    """Make a branch of a past RUN, perhaps with other parameters, to go on from there.

    A version may stand for the run that made it: MODEL@champion, MODEL@v12, MODEL@<sha>. The branch begins
    at the run's commit. What its tree had besides that, and the parameters, are a commit on top. The checkout and its
    index stay as they are.
    """
    store = workspace_to_read(workspace, project)
    found = run_of_version(log_in(store, parse_reference(run).model), run) if "@" in run else read_run(store, run)
    made = clone_run(found, project, branch, params)
    if as_json:
        print_json(made)
        return
    changes = f" and changes to {', '.join(map(visible, made.changed))}" if made.changed else ""
    echo(f"branch {made.name}: commit {made.base[:7]}{changes}")
    echo(f"git switch {made.name} && mlops-ci run")
