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
@project_option
@workspace_option
@json_option
def extras(*, extra: tuple[str, ...], project: Path, workspace: str | None, as_json: bool) -> None:
    """Name the extras that mlops.yaml and the credentials of this job need, one a line."""
    needs = needs_of(project, workspace, os.environ, extra)
    if as_json:
        print_json(needs)
        return
    for name in needs.extras:
        echo(name)
