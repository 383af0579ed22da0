"""``plan`` and ``run``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import force_option, json_option, option, session_options
from mlops_ci.cli.output import LineProgress, echo, print_json, print_table
from mlops_ci.cli.session import session_of
from mlops_ci.edge.standing_answer import StandingAnswer
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.bundling import require_place, require_tellable, write_bundle
from mlops_ci.lifecycle.execution import execution, keep_run
from mlops_ci.lifecycle.planning import hand_over, plan_session
from mlops_ci.lifecycle.restore import restore_outputs
from mlops_ci.lifecycle.standing import looked_at
from mlops_ci.records.plan import Plan
from mlops_ci.records.run import Run
from mlops_ci.report.wording import duration, visible

only_option = option("--only", multiple=True, metavar="STEP", help="This step and what it needs; repeatable.")


@click.command()
@session_options
@force_option
@only_option
@json_option
def plan(*, force: bool, only: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Show which steps would run, why, and how long they took last time. Installs and runs nothing.

    In CI the outputs jobs and matrix tell later jobs which steps have to run, and on which runner.
    """
    session = session_of(**options, promotes=False)
    planned = plan_session(session, force=force, only=only)
    hand_over(session, planned)
    _print_plan(planned, as_json=as_json)


@click.command()
@session_options
@force_option
@only_option
@option("--dry-run", is_flag=True, help="Show the plan instead.")
@option("--restore", is_flag=True, help="Copy the outputs into the working tree.")
@option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Leave all that ci --bundle needs to publish the run.",
)
@json_option
@click.pass_obj
def run(
    standing: StandingAnswer | None,
    /,
    *,
    force: bool,
    only: tuple[str, ...],
    dry_run: bool,
    restore: bool,
    bundle: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the steps that have to run, each in a scratch folder with its declared inputs and nothing else."""
    if bundle and only:
        raise UsageError("a bundle is of the whole pipeline", where="--only", hint="leave out --only or --bundle")
    if bundle and not dry_run:
        require_place(bundle)
    session = session_of(**options, promotes=bundle is not None)
    if dry_run:
        _print_plan(plan_session(session, force=force, only=only), as_json=as_json)
        return
    if bundle:
        require_tellable(session)
    with execution(
        session,
        LineProgress(session.host, to_stderr=as_json),
        force=force,
        only=only,
        whole=bundle is not None,
        restored=restore,
        judged=bundle is not None,
    ) as done:
        keep_run(session, done, done.run)
        digest = write_bundle(session, done, bundle) if bundle else None
        restored = restore_outputs(session, done) if restore else []
    session.host.outputs({"run": done.run.id})
    if as_json:
        print_json(done.run)
        return
    if digest:
        echo(f"bundle {digest}")
    for path in restored:
        echo(f"restored {path}")
    for line in _ended(done.run):
        echo(line)
    if standing and not (force or restore or bundle) and (looked := looked_at(session, done.run)):
        standing.keep(looked, _unchanged(done.run))


def _ended(run: Run) -> Iterator[str]:
    yield f"run {run.id}: {_steps(run)} in {duration(run.seconds)}"
    yield from _metrics(run)


def _unchanged(run: Run) -> str | None:
    """What to say instead of doing the same again; None if it did something."""
    if any(step.status != "reused" for step in run.steps):
        return None
    return "\n".join((f"nothing changed since run {run.id}: {_steps(run)}", *_metrics(run)))


def _steps(run: Run) -> str:
    count = len({step.name for step in run.steps})
    return "1 step" if count == 1 else f"{count} steps"


def _metrics(run: Run) -> Iterator[str]:
    for name, value in run.metrics.items():
        yield f"  {name} {'not a number' if value is None else f'{value:.6g}'}"


def _print_plan(planned: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(planned)
        return
    print_table(
        ("step", "action", "last took", "why"),
        (
            (
                step.name,
                step.action,
                duration(step.seconds) if step.seconds is not None else "",
                visible(", ".join(step.reasons)) or "nothing changed",
            )
            for step in planned.steps
        ),
    )
