"""``models lineage`` and ``models why``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import json_option, project_option, workspace_option
from mlops_ci.cli.output import coloured, echo, print_json, width
from mlops_ci.cli.references import reference_here
from mlops_ci.lifecycle.lineage import trace
from mlops_ci.records.lineage import Lineage, Why
from mlops_ci.report.lineage import render_lineage
from mlops_ci.report.lineage_graph import render_lineage_graph
from mlops_ci.report.terminal import wrapped
from mlops_ci.report.why import why_text


@click.command()
@click.argument("reference")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "mermaid"]),
    default="terminal",
    show_default=True,
    help="Mermaid draws a graph, as GitHub does in Markdown.",
)
@project_option
@workspace_option
@json_option
def lineage(reference: str, form: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Tell where a version comes from, and its fate.

    REFERENCE is MODEL@champion, MODEL@v12 or MODEL@<sha>; of a deleted version, MODEL@v12. Without MODEL (v12) it is
    that of the project.
    """
    found = _trace(reference, project, workspace)
    if as_json:
        print_json(found)
    elif form == "mermaid":
        echo(render_lineage_graph(found))
    else:
        echo(render_lineage(found, width=width(), colour=coloured()), nl=False)


@click.command()
@click.argument("reference")
@project_option
@workspace_option
@json_option
def why(reference: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Tell an auditor why a version is what it is.

    In one paragraph: who made it, of what, how it was judged, and what followed. REFERENCE is MODEL@champion, MODEL@v12
    or MODEL@<sha>; of a deleted version, MODEL@v12. Without MODEL (v12) it is that of the project.
    """
    found = _trace(reference, project, workspace)
    if as_json:
        print_json(Why(why_text(found), found))
    else:
        echo(wrapped(why_text(found), width=width()), nl=False)


def _trace(reference: str, project: Path, workspace: str | None) -> Lineage:
    parsed = reference_here(reference, project)
    return trace(log_to_read(workspace, project, parsed.model), parsed.selector)
