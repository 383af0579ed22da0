"""``models card``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import project_option, workspace_option
from mlops_ci.cli.output import echo
from mlops_ci.cli.references import project_here, reference_here
from mlops_ci.errors import RemoteError
from mlops_ci.lifecycle.model_card import card_facts
from mlops_ci.registry.references import resolve
from mlops_ci.report.card import render_card
from mlops_ci.report.card_html import render_card_page


@click.command()
@click.argument("reference")
@click.option("--format", "form", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it there.")
@project_option
@workspace_option
def card(reference: str, form: str, output: Path | None, project: Path, workspace: str | None) -> None:
    """Write the model card of a version: what it is for, data, results, limits, and where it comes from."""
    parsed = reference_here(reference, project)
    log = log_to_read(workspace, project, parsed.model)
    found = resolve(log.read(), parsed.selector)
    here = project_here(project)
    facts = card_facts(log, found, here if here and here.model.name == parsed.model else None)
    text = render_card(facts) if form == "markdown" else render_card_page(facts)
    if output is None:
        echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise RemoteError(f"the card cannot be written: {error.strerror}", where=str(output)) from error
    echo(str(output))
