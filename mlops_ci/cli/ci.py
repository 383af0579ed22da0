"""``ci``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import force_option, json_option, on_inconclusive_option, option, session_options
from mlops_ci.cli.output import LineProgress, Silent, print_json, print_report
from mlops_ci.cli.session import session_of
from mlops_ci.cli.telling import tell, warn
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.ci import run_ci
from mlops_ci.lifecycle.triggering import first_failure, triggering_of
from mlops_ci.records.ci_result import CiResult
from mlops_ci.report.markdown import render_markdown

REFUSALS = frozenset({"refused", "inconclusive"})


@click.command()
@session_options
@on_inconclusive_option
@force_option
@option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as Markdown, too.")
@click.option("--quiet", is_flag=True, help="Print the report only.")
@json_option
@click.pass_context
def ci(
    context: click.Context, /, *, force: bool, markdown: Path | None, quiet: bool, as_json: bool, **options: Any
) -> None:
    """Do what the commit calls for.

    On the default branch: run what changed, register the model, judge it, and promote it if it passes. On any other
    branch: run, judge and report, as for a pull request.

    Exits with 1 if the gate refuses the model or cannot tell.
    """
    if markdown and not markdown.absolute().parent.is_dir():
        raise UsageError("no such folder", where=str(markdown.parent), hint="make it first")
    session = session_of(**options)
    report = run_ci(session, Silent() if quiet else LineProgress(session.host, to_stderr=as_json), force=force)
    if markdown:
        markdown.write_text(render_markdown(report), "utf-8")
    if as_json:
        print_json(CiResult(report.outcome, report.model, report.version, report.run, report.verdict))
    else:
        print_report(report)
    refused = report.outcome in REFUSALS
    if session.context.releases and session.dirty is None:
        failure = first_failure(tell(triggering_of(session), options["host"]))
        if failure and not refused:
            raise failure
        if failure:  # which does not hide that the gate refused
            warn(failure, options["host"])
    context.exit(1 if refused else 0)
