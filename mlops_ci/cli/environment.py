"""``environment``: lock, check, diff."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.session import session_of
from mlops_ci.lifecycle.environments import Locked, check_lock, compare_locks, write_lock
from mlops_ci.pipeline.lock_packages import PackageChange


@click.group()
def environment() -> None:
    """Lock the software of the steps, check the lock, compare two.

    One lock serves training, conversion, image and endpoint. Without a lock in the repository it is made once and kept
    in the workspace; with one, the repository says it all.
    """


@environment.command()
@project_option
@workspace_option
@host_option
@json_option
def lock(project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """Lock environment.pip or environment.conda anew, into a file beside it: requirements.lock.txt, for example."""
    _show(write_lock(session_of(project, workspace, host)), "locked in", as_json=as_json)


@environment.command()
@project_option
@workspace_option
@host_option
@json_option
def check(project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """Exit with 2 if the lock in the repository is missing, or older than what it was made of."""
    _show(check_lock(session_of(project, workspace, host)), "up to date in", as_json=as_json)


@environment.command()
@click.argument("first", default="champion")
@click.argument("second", required=False)
@project_option
@workspace_option
@host_option
@json_option
def diff(first: str, second: str | None, project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """Show which packages differ between the versions FIRST and SECOND, or FIRST and the project as it is.

    FIRST is the champion where none is named.
    """
    found = compare_locks(session_of(project, workspace, host), first, second)
    if as_json:
        print_json(found)
    elif found:
        _print(found)
    else:
        echo("the same packages")


def _show(locked: Locked, how: str, *, as_json: bool) -> None:
    if as_json:
        print_json(locked)
        return
    echo(f"{locked.packages} packages {how} {locked.file}")
    if locked.changed:
        _print(locked.changed)


def _print(found: tuple[PackageChange, ...]) -> None:
    print_table(("package", "before", "after"), ((one.name, one.before or "-", one.after or "-") for one in found))
