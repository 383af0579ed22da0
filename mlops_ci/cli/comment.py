"""``comment``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import argument, option, session_options
from mlops_ci.cli.output import echo
from mlops_ci.cli.session import options_of
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.announcing import comment_on, redacted
from mlops_ci.lifecycle.arrival import arrive
from mlops_ci.lifecycle.history import read_report
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.lifecycle.posting import post_for_fork


@click.command()
@argument("run", required=False, help="The id of a run. Default: the newest of the project's model.")
@option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Post what ci --report-json wrote in a fork's job: a file, or a folder of some.",
)
@session_options
def comment(run: str | None, source: Path | None, **options: Any) -> None:
    """Write the report of a RUN, or the newest of the project's model, into the comment of its pull request again.

    With --from, in a workflow on: workflow_run: speak for the job of a fork, which may not write itself. Pull request,
    commit and run are those of the event; of the file only numbers and names are believed.
    """
    chosen = options_of(**options)
    if source is not None:
        if run is not None:
            raise UsageError("either a RUN or --from, not both")
        environ = dict(os.environ)
        host = select_host(chosen.host, environ, chosen.say)
        # The event workflow_run is GitHub's alone, and so are these names.
        repository = environ.get("GITHUB_REPOSITORY", "")
        number = post_for_fork(host, source, repository)
        echo(f"pull request {number}: the comment stands")
        return
    arrival = arrive(chosen)
    report = read_report(workspace_to_read(chosen.workspace, chosen.project), run, arrival.project.model.name)
    commit = arrival.context.commit or arrival.checkout.head
    if report.commit.sha != commit:  # of another pull request, or of a push that is no longer the newest
        what = f"run {report.run} is of {report.commit.short}, and this job is of {commit[:7]}"
        raise UsageError(what, hint="name a RUN of this commit: mlops-ci runs list shows them")
    number_or_none = comment_on(arrival.host, arrival.context, redacted(report, redactor_for(chosen.environ)))
    if number_or_none is None:
        raise RemoteError("there is no pull request that this job may comment on", hint="run it in the job of one")
    echo(f"pull request {number_or_none}: the comment stands")
