"""``gate explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.gate_files import FILE, column_options, files_of
from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import argument, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import coloured, echo, print_json, width
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.explaining import explain_files, explain_run, explain_version
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.records.explanation import Explanation
from mlops_ci.registry.references import parse_reference
from mlops_ci.report.explanation import render_explanation


@click.command(short_help="Explain a verdict.")
@argument("reference", required=False, metavar="[REF]")
@option("--run", "run", metavar="ID", help="The verdict of this run, which may be of a pull request.")
@option("--candidate", type=FILE, help="Judge these predictions, and explain it.")
@option("--baseline", type=FILE, help="Predictions to compare them with.")
@option("--rule", "rules", multiple=True, metavar="RULE", help="The rules for two files; repeatable.")
@option("--confidence", type=float, default=0.95, show_default=True, help="Of each one-sided bound, for two files.")
@column_options
@option("--show", "columns", multiple=True, metavar="COLUMN", help="Tell this of changed rows, too; repeatable.")
@project_option
@workspace_option
@json_option
def explain(*, as_json: bool, **options: Any) -> None:
    """Explain a verdict: the numbers, the method and its source, and the rows that changed most.

    REF is a version: v12, champion, a commit, or MODEL@v12; without it, the newest that was judged.

    \b
      mlops-ci gate explain v12
      mlops-ci gate explain --candidate new.parquet --baseline old.parquet \\
          --rule "accuracy > baseline"
    """
    found = _explanation(**options)
    if as_json:
        print_json(found)
    else:
        echo(render_explanation(found, width=width(), colour=coloured()), nl=False)


def _explanation(
    *,
    reference: str | None,
    run: str | None,
    candidate: Path | None,
    baseline: Path | None,
    columns: tuple[str, ...],
    project: Path,
    workspace: str | None,
    **of_files: Any,
) -> Explanation:
    if sum(given is not None for given in (reference, run, candidate)) > 1:
        raise UsageError("explain one thing at a time", hint="name a version, a run or a candidate's file")
    if candidate is not None:
        return explain_files(files_of(candidate, baseline, **of_files), columns)
    if baseline is not None or of_files["rules"]:
        raise UsageError("there is nothing to judge", hint="name the candidate's predictions with --candidate")
    file = find_project_file(project)
    loaded = load_project_file(file)
    model, selector = loaded.model.name, reference
    if reference is not None and "@" in reference:
        parsed = parse_reference(reference)
        if parsed.model != model:
            raise UsageError(f"the project is one of {model}", where=reference, hint="name the model's with --project")
        selector = parsed.selector
    log = log_to_read(workspace, project, model)
    if run:
        return explain_run(loaded, file.parent, log, run, columns)
    return explain_version(loaded, log, selector, columns)
