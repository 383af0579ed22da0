"""``runs``: list, show, clone."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.lifecycle.cloning import clone_run
from mlops_ci.lifecycle.history import read_run, read_runs
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.report.wording import duration, step_line, visible


@click.group()
def runs() -> None:
    """List, show and clone runs."""


@runs.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@project_option
@workspace_option
@json_option
def list_runs(limit: int, project: Path, workspace: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    found = read_runs(workspace_to_read(workspace, project), limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("run", "model", "commit", "branch", "took", "status"),
        (
            (
                run.id,
                run.model_name,
                run.commit.short + ("+" if run.dirty else ""),
                run.commit.branch or "",
                duration(run.seconds),
                run.status + (f": {run.error}" if run.error else ""),
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
    found = read_run(workspace_to_read(workspace, project), run)
    if as_json:
        print_json(found)
        return
    echo(f"run {found.id}: {found.status}{f', {found.error}' if found.error else ''}")
    echo(f"commit {found.commit.sha} on {found.commit.branch} ({visible(found.commit.subject)})")
    echo(f"{found.environment.kind} environment, Python {found.environment.python}, {found.machine.system}")
    for name, dataset in found.datasets.items():
        rows = f", {dataset.profile.rows:,} rows" if dataset.profile else ""
        echo(f"dataset {name}: {dataset.path}, {dataset.size:,} bytes{rows}")
    for step in found.steps:
        echo(f"step {step.label}: {step_line(step)}")
        for line in step.log_tail:
            echo(f"  | {visible(line)}")
    for name, value in found.metrics.items():
        echo(f"metric {name}: {'not a number' if value is None else f'{value:.6g}'}")


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

    It begins at the run's commit. What its tree had besides that, and the parameters, are a commit on top. The checkout
    and its index stay as they are.
    """
    made = clone_run(read_run(workspace_to_read(workspace, project), run), project, branch, params)
    if as_json:
        print_json(made)
        return
    changes = f" and changes to {', '.join(map(visible, made.changed))}" if made.changed else ""
    echo(f"branch {made.name}: commit {made.base[:7]}{changes}")
    echo(f"git switch {made.name} && mlops-ci run")
