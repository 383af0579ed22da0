"""``report``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_report, width, write_text
from mlops_ci.cli.references import model_here
from mlops_ci.cli.session import say
from mlops_ci.lifecycle.history import later_failure, read_report
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.records.codec import encode_pretty
from mlops_ci.records.report import Report
from mlops_ci.report.html.page import render_html
from mlops_ci.report.markdown import render_markdown
from mlops_ci.report.terminal import render_terminal


@click.command()
@click.argument("run", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "html", "json"]),
    default="terminal",
    show_default=True,
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not to stdout.")
@project_option
@workspace_option
def report(run: str | None, form: str, output: Path | None, project: Path, workspace: str | None) -> None:
    """Show the report of a RUN again; without RUN, of the newest of the project's model.

    As HTML it is one file with charts, which needs no network.
    """
    store = workspace_to_read(workspace, project)
    found = read_report(store, run, model_here(project))
    if run is None and (failed := later_failure(store, found)):
        say(f"note: a newer run {failed.status}: see mlops-ci runs show {failed.id}")
    if output:
        write_text(output, _text(found, form))
        echo(str(output))
    elif form == "json":
        print_json(found)
    elif form == "terminal":
        print_report(found)
    else:
        echo(_text(found, form), nl=False)


def _text(found: Report, form: str) -> str:
    match form:
        case "html":
            return render_html(found)
        case "markdown":
            return render_markdown(found)
        case "json":
            return f"{encode_pretty(found)}\n"
        case _:
            return render_terminal(found, width=width(), colour=False)
