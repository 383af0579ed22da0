"""``gate plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.gate_files import COLUMNS, FILE, column_options, files_of
from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import json_option, option, project_option, workspace_option
from mlops_ci.cli.output import coloured, echo, print_json, width
from mlops_ci.edge.picture import KINDS, draw
from mlops_ci.errors import UsageError
from mlops_ci.gate.planning_power import Assumed
from mlops_ci.lifecycle.gate_planning import PlanRequest, plan_by_assumption, plan_by_files, plan_project
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.records.gate_plan import GatePlan
from mlops_ci.report.gate_plan import plan_charts, render_plan
from mlops_ci.report.mermaid import render_mermaid

_ASSUMED = ("value", "gain", "disagreement", "positives", "correlation", "deviation")


@click.command(short_help="Tell how many rows a rule takes.")
@option("--rule", "rules", multiple=True, metavar="RULE", help="Plan this rule; repeatable.  [default: the project's]")
@option("--confidence", type=float, help="Of each one-sided bound.  [default: the project's, or 0.95]")
@option("--power", type=float, default=0.8, show_default=True, help="The chance with which a good model is to pass.")
@option("--looks", type=click.IntRange(min=1), metavar="N", help="How often the rows will be asked.  [default: budget]")
@option("--rows", type=click.IntRange(min=1), metavar="N", help="Say what so many rows can show.")
@option("--gain", type=float, metavar="X", help="By how much the candidate is better.  [default: not at all]")
@option("--value", type=float, metavar="X", help="The value of the metric to expect.")
@option("--disagreement", type=float, metavar="SHARE", help="Of the rows that just one of two models gets right.")
@option("--positives", type=float, metavar="SHARE", help="Of positive rows, for ROC AUC.")
@option("--correlation", type=float, metavar="X", help="Of the ROC AUC of two models on the same rows.  [default: 0]")
@option("--deviation", type=float, metavar="X", help="Standard deviation of one row's difference.")
@option("--candidate", type=FILE, help="Predictions of one model.")
@option("--baseline", type=FILE, help="Predictions of another one on the same rows: how far the two differ.")
@column_options
@option("--chart", type=FILE, metavar="FILE", help="Draw it: .md (Mermaid), .svg or .png.")
@project_option
@workspace_option
@json_option
def plan(
    *,
    rules: tuple[str, ...],
    candidate: Path | None,
    baseline: Path | None,
    chart: Path | None,
    project: Path,
    workspace: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Tell how many rows a rule takes, and what the rows there are can show.

    \b
      mlops-ci gate plan --rule "accuracy >= baseline - 0.01" \\
          --disagreement 0.1

    From two files of predictions, or in a project from those of its champion, the spread is that of the data.
    """
    if chart and chart.suffix.lower() not in {".md", *KINDS}:
        raise UsageError("not a kind of chart", where=str(chart), hint=f"use .md, {' or '.join(KINDS)}")
    columns = {name: options.pop(name) for name in COLUMNS}
    assumed = Assumed(**{name: options.pop(name) for name in _ASSUMED})
    request = PlanRequest(rules=rules, assumed=assumed, **options)
    if candidate or baseline:
        made = plan_by_files(request, files_of(candidate, baseline, rules, **columns))
    elif rules and not _has_project(project, assumed):
        made = plan_by_assumption(request)
    else:
        file = find_project_file(project)
        loaded = load_project_file(file)
        log = log_to_read(workspace, project, loaded.model.name)
        made = plan_project(request, loaded, log.store, log.read())
    if chart:
        _draw(made, chart)
    if as_json:
        print_json(made)
    else:
        echo(render_plan(made, width=width(), colour=coloured()), nl=False)


def _has_project(project: Path, assumed: Assumed) -> bool:
    """Whether the rules are to be planned by a project: not if the numbers that a plan rests on are all said."""
    said = (assumed.disagreement, assumed.positives, assumed.deviation, assumed.value)
    file = project / "mlops.yaml" if project.is_dir() else project
    return file.is_file() and all(number is None for number in said)


def _draw(made: GatePlan, file: Path) -> None:
    charts = plan_charts(made)
    if not charts:
        raise UsageError("there is nothing to draw", where=str(file))
    if file.suffix.lower() == ".md":
        data = "\n\n".join(render_mermaid(chart) or "" for _, chart in charts).encode() + b"\n"
    elif len(charts) > 1:
        raise UsageError("a picture shows one rule", where=str(file), hint="name it with --rule, or draw a .md")
    else:
        data = draw(charts[0][1], file.suffix.lower())
    try:
        file.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from error
