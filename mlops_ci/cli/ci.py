"""``ci``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import force_option, json_option, on_inconclusive_option, option, session_options
from mlops_ci.cli.output import LineProgress, Silent, echo, print_json, print_report
from mlops_ci.cli.session import options_of
from mlops_ci.cli.telling import tell, warn
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.lifecycle.announcing import announce, redacted
from mlops_ci.lifecycle.arrival import Arrival, arrive
from mlops_ci.lifecycle.ci import conclude, fails, nothing_to_do, releases, run_ci
from mlops_ci.lifecycle.outputs import hand_on
from mlops_ci.lifecycle.session import Session, open_arrived
from mlops_ci.lifecycle.triggering import first_failure, triggering_of
from mlops_ci.lifecycle.unbundling import receive, taken_over
from mlops_ci.records.ci_result import CiResult


@click.command()
@session_options
@on_inconclusive_option
@force_option
@option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as Markdown, too.")
@option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write the report with its charts as a page.")
@option(
    "--report-json", type=click.Path(path_type=Path), metavar="FILE", help="Write the report for the verb comment here."
)
@option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Publish what run --bundle has left, running nothing.",
)
@option("--bundle-digest", metavar="DIGEST", help="What run --bundle has told of its manifest.")
@click.option("--quiet", is_flag=True, help="Print the report only.")
@json_option
@click.pass_context
def ci(
    context: click.Context,
    /,
    *,
    force: bool,
    markdown: Path | None,
    html: Path | None,
    report_json: Path | None,
    bundle: Path | None,
    bundle_digest: str | None,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Do what the event calls for.

    On the default branch: run what changed, register the model, judge it, and promote it if it passes. On any other
    branch, for a pull request or a merge group: run, judge and report. For a tag: the image of its commit's version,
    and the deployments that follow such tags.

    Exits with 1 if the gate refuses the model or cannot tell; not so on a schedule or a
    dispatch, where nobody has pushed anything.
    """
    for file in (markdown, html, report_json):
        if file and not file.absolute().parent.is_dir():
            raise UsageError("no such folder", where=str(file.parent), hint="make it first")
    chosen = options_of(**options)
    started = chosen.clock()
    arrival = arrive(chosen)
    if why := nothing_to_do(arrival.context, arrival.project):
        _say_nothing_done(arrival, why, as_json=as_json)
        return
    if arrival.context.event == "tag":
        from mlops_ci.cli.tagged import release_tagged  # which needs more than other events do

        tag, commit = arrival.context.tag or "", arrival.context.commit or arrival.checkout.head
        release_tagged(
            options["project"], options["workspace"], options["host"], tag=tag, commit=commit, as_json=as_json
        )
        return
    if bundle:
        received = receive(bundle, arrival, started, digest=bundle_digest)
        session = open_arrived(arrival, chosen, started, received.bundle.run)
        with taken_over(session, received) as trained:
            report = conclude(session, trained)
    else:
        session = open_arrived(arrival, chosen, started)
        report = run_ci(session, Silent() if quiet else LineProgress(session.host, to_stderr=as_json), force=force)
    report = redacted(report, session.redact)
    failures: list[MlopsError] = []
    try:
        hand_on(session.host, report, chosen.environ, markdown=markdown, html=html, report_json=report_json)
    except MlopsError as error:
        failures.append(error)  # what follows is owed to others, and is done first
    if as_json:
        print_json(CiResult(report.outcome, report.model, report.version, report.run, report.verdict))
    else:
        print_report(report)
    failed = fails(report, session.context)
    # First those whose work begins with it: comments may have to wait for a host's limits.
    if releases(session) and (failure := _tell(session, options["host"])):
        failures.append(failure)
    announce(session.host, session.context, report)
    # None of them hides that the gate refused.
    for failure in failures if failed else failures[1:]:
        warn(failure, options["host"])
    if failures and not failed:
        raise failures[0]
    context.exit(1 if failed else 0)


def _tell(session: Session, host: str) -> MlopsError | None:
    """Tell the receivers of what is due; return the first failure.

    What somebody tries on a laptop, in a workspace that may be nobody else's, starts no pipelines.
    """
    if host == "auto" and session.context.host == "local" and not session.context.ephemeral:
        if session.project.triggers:
            echo("triggers: nobody is told from a laptop; CI does it, or mlops-ci trigger", err=True)
        return None
    return first_failure(tell(triggering_of(session), host))


def _say_nothing_done(arrival: Arrival, why: str, *, as_json: bool) -> None:
    """Tell of an event that calls for nothing."""
    if as_json:
        print_json(CiResult("unchanged", arrival.project.model.name, None, None, None))
    else:
        echo(arrival.host.neutralise(why))
