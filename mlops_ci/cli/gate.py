"""``gate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mlops_ci.cli.gate_backtest import backtest
from mlops_ci.cli.gate_explain import explain
from mlops_ci.cli.gate_files import COLUMNS, FILE, column_options
from mlops_ci.cli.gate_override import override
from mlops_ci.cli.gate_plan import plan
from mlops_ci.cli.options import json_option, on_inconclusive_option, option, session_options
from mlops_ci.cli.output import LineProgress, coloured, echo, hand_on, print_json, print_report, width
from mlops_ci.cli.session import session_of
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.ci import REFUSALS
from mlops_ci.lifecycle.execution import execution
from mlops_ci.lifecycle.file_gate import FileGate, judge_files
from mlops_ci.lifecycle.pull_request import judge_only
from mlops_ci.report.terminal import render_verdict

_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


@click.group(invoke_without_command=True)
@option("--candidate", type=FILE, help="Predictions of the candidate; without it the pipeline's are judged.")
@option("--baseline", type=FILE, help="Predictions to compare with.")
@option("--candidate-metrics", type=FILE, help="Further numbers of the candidate, as JSON.")
@option("--baseline-metrics", type=FILE, help="Further numbers of the baseline, as JSON.")
@option("--rule", "rules", multiple=True, metavar="RULE", help="Such as 'accuracy > baseline'; repeatable.")
@option("--confidence", type=float, default=0.95, show_default=True, help="Of each one-sided bound.")
@column_options
@on_inconclusive_option
@session_options
@json_option
@click.pass_context
def gate(context: click.Context, /, *, candidate: Path | None, as_json: bool, **options: Any) -> None:
    """Judge a candidate; exits with 1 if it is refused or the data cannot tell.

    On two files, with neither workspace nor mlops.yaml:

    \b
      mlops-ci gate --candidate new.parquet --baseline old.parquet \\
          --rule "accuracy > baseline"

    Without --candidate: run the pipeline of mlops.yaml and judge its model by its rules, registering nothing.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    names = ("baseline", "candidate_metrics", "baseline_metrics", "rules", "confidence", *COLUMNS)
    of_files = {name: options.pop(name) for name in names}
    if candidate is None and of_files["candidate_metrics"] is None:
        given = [name for name in names if context.get_parameter_source(name) in _GIVEN]
        if given:
            raise UsageError("there is nothing to judge", hint="name the candidate's predictions with --candidate")
        _judge_pipeline(context, as_json=as_json, options=options)
        return
    verdict = judge_files(
        FileGate(candidate=candidate, on_inconclusive=options["on_inconclusive"] or "block", **of_files)
    )
    hand_on(options["host"], {"outcome": verdict.outcome})
    if as_json:
        print_json(verdict)
    else:
        echo(render_verdict(verdict, width=width(), colour=coloured()), nl=False)
    context.exit(0 if verdict.outcome == "pass" else 1)


def _refuse_options_before(context: click.Context) -> None:
    """An option before the verb would be lost in silence."""
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        verb = context.invoked_subcommand
        raise UsageError(f"{given[0]} stands before {verb}", hint=f"write mlops-ci gate {verb} {given[0]}")


def _judge_pipeline(context: click.Context, /, *, as_json: bool, options: dict[str, Any]) -> None:
    session = session_of(**options)
    if session.project.gate is None:
        raise UsageError("there are no gate rules", where=session.project_file, hint="add the section gate")
    with execution(session, LineProgress(session.host, to_stderr=as_json)) as trained:
        report = judge_only(session, trained, again=True)
    if report.verdict:
        session.host.outputs({"outcome": report.verdict.outcome})
    if as_json:
        print_json(report.verdict)
    else:
        print_report(report)
    context.exit(1 if report.outcome in REFUSALS else 0)


for verb in (plan, backtest, explain, override):
    gate.add_command(verb)
