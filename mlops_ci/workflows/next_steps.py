"""What somebody has to do on the host, once the files are written."""

from __future__ import annotations

from mlops_ci.workflows.shapes import Host

_STEPS: dict[Host, tuple[str, ...]] = {
    "github": (
        "next:",
        "  1. commit and push; the first model becomes the champion",
        "     (a workspace other than git+origin: give its credentials as env of the step, from secrets)",
        "  2. in the rules of the default branch, require the check of the gate: 'mlops-ci / MODEL'",
        "  3. the jobs ask for the permissions that they need; the repository's setting may stay at read-only",
    ),
    "azure": (
        "next:",
        "  1. install the extension mlops-ci in the organisation, and make a service connection",
        "     of the kind workspace, called mlops-workspace",
        "  2. commit and push; make a pipeline of azure-pipelines.yml",
        "  3. Azure Repos: add a branch policy, build validation, with this pipeline; GitHub: nothing",
        "  4. Azure Repos: allow the build service 'Contribute to pull requests', for the comment,",
        "     and require the status mlops-ci/gate",
    ),
}


def next_steps(host: Host) -> tuple[str, ...]:
    """The lines that say it."""
    return _STEPS[host]
