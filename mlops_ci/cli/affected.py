"""``affected``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.options import branch_option, default_branch_option, host_option, json_option
from mlops_ci.cli.output import echo, print_json
from mlops_ci.cli.session import say
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.affected import AffectedRequest, affected_projects, hand_over
from mlops_ci.report.wording import visible


@click.command()
@click.argument("projects", nargs=-1, type=click.Path(path_type=Path), metavar="[PROJECT]...")
@click.option(
    "--since",
    metavar="REF",
    help="A commit, branch or tag, such as main or HEAD~1.  [default: what the event calls for]",
)
@host_option
@branch_option
@default_branch_option
@json_option
def affected(
    projects: tuple[Path, ...],
    since: str | None,
    host: str,
    branch: str | None,
    default_branch: str | None,
    *,
    as_json: bool,
) -> None:
    """List the models of the repository that a change affects, and why.

    Every mlops.yaml that git tracks is looked at, or the PROJECTs named. In CI the output projects is for a job matrix.

    \b
      mlops-ci affected --since main
      mlops-ci affected --json models/churn models/prices/other.yaml
    """
    runs_on = select_host(host, os.environ, say, branch=branch, default_branch=default_branch)
    found = affected_projects(AffectedRequest(Path(), projects, since), runs_on, os.environ)
    hand_over(found, runs_on)
    if as_json:
        print_json(list(found))
        return
    for each in found:
        echo(f"{visible(each.project)}: {each.model or 'broken'}")
        for reason in each.reasons:
            echo(f"  {visible(reason)}")
    if not found:
        echo("no model is affected")
