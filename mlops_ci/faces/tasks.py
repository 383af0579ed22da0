"""The verbs that are tasks."""

from __future__ import annotations

from mlops_ci.faces.task import Output, Task

_VERDICT = (
    Output("outcome", "promoted, passed, refused, inconclusive, unchanged or superseded."),
    Output("model", "The name of the model."),
    Output("version", "The number of the version; empty before it is registered."),
    Output("promoted", "'true' if the champion is this version since this job."),
    Output("run", "The id of the run."),
    Output("report", "The file of the report as Markdown."),
    Output("report-json", "The file of the report as JSON, for a workflow that posts it."),
)
_PRINTING = frozenset({"as_json", "quiet", "markdown"})

TASKS: tuple[Task, ...] = (
    Task("setup", "Set up mlops-ci", "Installs mlops-ci, apart from your Python, and puts it on the PATH."),
    Task(
        "ci",
        "mlops-ci",
        "Trains on commit, compares with the champion, comments on the pull request, registers and promotes.",
        outputs=_VERDICT,
        leave_out=_PRINTING,
    ),
)
