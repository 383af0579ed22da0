"""``gate backtest``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import json_option, on_inconclusive_option, option, project_option, workspace_option
from mlops_ci.cli.output import coloured, echo, print_json, width
from mlops_ci.lifecycle.backtest import BacktestRequest, run_backtest
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.report.backtest import render_backtest


@click.command(short_help="Tell what rules would have done to past versions.")
@option("--last", type=click.IntRange(min=1), metavar="N", default=50, show_default=True, help="So many versions.")
@option("--rule", "rules", multiple=True, metavar="RULE", help="Try this rule; repeatable.  [default: the project's]")
@option("--confidence", type=float, help="Of each one-sided bound.  [default: the project's]")
@on_inconclusive_option
@project_option
@workspace_option
@json_option
def backtest(*, project: Path, workspace: str | None, as_json: bool, **options: Any) -> None:
    """Tell what rules would have done to past versions.

    Each is judged again on the rows that it was judged on, against the champion of that time. Nothing is written.

    \b
      mlops-ci gate backtest --last 50 --rule "accuracy >= baseline - 0.005"
    """
    file = find_project_file(project)
    loaded = load_project_file(file)
    log = log_to_read(workspace, project, loaded.model.name)
    done = run_backtest(BacktestRequest(**options), loaded, log)
    if as_json:
        print_json(done)
    else:
        echo(render_backtest(done, width=width(), colour=coloured()), nl=False)
