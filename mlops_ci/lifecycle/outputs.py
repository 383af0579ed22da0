"""What a job hands to those after it: the outputs of ``ci``, and the report as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.records.codec import encode
from mlops_ci.records.hand_over import handed_over
from mlops_ci.records.report import Report
from mlops_ci.report.html.page import render_html
from mlops_ci.report.markdown import render_markdown

_TEMPORARY = ("RUNNER_TEMP", "AGENT_TEMPDIRECTORY")


def hand_on(
    host: Host,
    report: Report,
    environ: Mapping[str, str],
    *,
    markdown: Path | None = None,
    html: Path | None = None,
    report_json: Path | None = None,
) -> None:
    """Write the report's files and name them, with what the journey came to, to later steps.

    Args:
        host: where the job runs.
        report: the report.
        environ: the environment variables.
        markdown: where the Markdown goes; by default into the job's own folder for temporary files, if it has one.
        html: where the page with charts goes; by default the same.
        report_json: where the hand-over for a poster goes; by default the same.

    Raises:
        UsageError: a file cannot be written.
    """
    temporary = next((Path(environ[name]) for name in _TEMPORARY if environ.get(name)), None)
    name = f"mlops-ci-{report.model}"
    files = {
        "report": (markdown or (temporary and temporary / f"{name}.md"), render_markdown(report).encode()),
        "report-html": (html or (temporary and temporary / f"{name}.html"), render_html(report).encode()),
        "report-json": (report_json or (temporary and temporary / f"{name}.json"), encode(handed_over(report))),
    }
    for file, content in files.values():
        try:
            if file:
                file.write_bytes(content)
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from error
    host.outputs(
        {
            "outcome": report.outcome,
            "model": report.model,
            "version": str(report.version or ""),
            "promoted": "true" if report.outcome == "promoted" else "false",
            "run": report.run,
            **{name: str(file.absolute()) if file else "" for name, (file, _) in files.items()},
        }
    )
