"""What a job hands to those after it: the outputs of ``ci``, and the report as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.records.codec import encode
from mlops_ci.records.hand_over import handed_over
from mlops_ci.records.report import Report
from mlops_ci.report.markdown import render_markdown

_TEMPORARY = ("RUNNER_TEMP", "AGENT_TEMPDIRECTORY")


def hand_on(
    host: Host, report: Report, environ: Mapping[str, str], *, markdown: Path | None, report_json: Path | None
) -> None:
    """Write the report's files and name them, with what the journey came to, to later steps.

    Args:
        host: where the job runs.
        report: the report.
        environ: the environment variables.
        markdown: where the Markdown goes; by default into the job's own folder for temporary files.
        report_json: where the hand-over for a poster goes.

    Raises:
        UsageError: a file cannot be written.
    """
    folder = _folder(environ)
    markdown = (markdown or folder / f"mlops-ci-{report.model}.md").absolute()
    report_json = (report_json or folder / f"mlops-ci-{report.model}.json").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        markdown.write_text(render_markdown(report), "utf-8")
        report_json.write_bytes(encode(handed_over(report)))
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(error.filename)) from error
    host.outputs(
        {
            "outcome": report.outcome,
            "model": report.model,
            "version": str(report.version or ""),
            "promoted": "true" if report.outcome == "promoted" else "false",
            "run": report.run,
            "report": str(markdown),
            "report-json": str(report_json),
        }
    )


def _folder(environ: Mapping[str, str]) -> Path:
    """Where files outlive the process: the job's folder, or that of our cache, which has one of each model."""
    temporary = next((environ[name] for name in _TEMPORARY if environ.get(name)), None)
    return Path(temporary) if temporary else cache_folder(environ) / "reports"
