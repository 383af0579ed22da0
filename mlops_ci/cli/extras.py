"""``extras``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.options import json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json
from mlops_ci.lifecycle.needs import needs_of


@click.command()
@option("--extra", multiple=True, metavar="NAME", help="An extra that is needed in any case; repeatable.")
@option("--verb", "verbs", multiple=True, metavar="VERB", help="What the job runs, such as 'deploy'; repeatable.")
@option("--name", metavar="NAME", help="The deployment that the job deals with.  [default: all of mlops.yaml]")
@project_option
@workspace_option
@json_option
def extras(
    *,
    extra: tuple[str, ...],
    verbs: tuple[str, ...],
    name: str | None,
    project: Path,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Name the extras that mlops.yaml and the credentials of this job need, one a line."""
    needs = needs_of(project, workspace, os.environ, extra, verbs=verbs, deployment=name)
    if as_json:
        print_json(needs)
        return
    for name in needs.extras:
        echo(name)
