"""``report``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_report
from mlops_ci.lifecycle.history import read_report
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.report.markdown import render_markdown


@click.command()
@click.argument("run", required=False)
@click.option(
    "--format", "form", type=click.Choice(["terminal", "markdown", "json"]), default="terminal", show_default=True
)
@project_option
@workspace_option
def report(run: str | None, form: str, project: Path, workspace: str | None) -> None:
    """Show the report of a RUN again; without RUN, of the newest."""
    found = read_report(workspace_to_read(workspace, project), run)
    if form == "json":
        print_json(found)
    elif form == "markdown":
        echo(render_markdown(found), nl=False)
    else:
        print_report(found)
