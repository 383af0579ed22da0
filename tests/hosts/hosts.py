"""The hosts that the contract suite runs against; a new adapter joins ``HOSTS``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.hosts.host import Host
from mlops_ci.hosts.select import select_host
from tests.hosts import azure_jobs

BASE = "b" * 40
HEAD = "a" * 40


@dataclass(frozen=True)
class Repository:
    """A repository with a branch checked out."""

    branch: str | None = None
    default_branch: str | None = "main"
    tip: str | None = BASE
    parents: tuple[str, ...] = ()

    def branch_commit(self, branch: str) -> str | None:
        return self.tip if branch == self.default_branch else None


@dataclass
class Job:
    """A job as a host starts it: what it prints is in ``lines``."""

    kind: str
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)

    def host(self, branch: str | None = None, default_branch: str | None = None) -> Host:
        return select_host(self.kind, self.environ, self.lines.append, branch=branch, default_branch=default_branch)


def local_push(folder: Path, branch: str) -> tuple[Job, Repository]:
    return Job("local", {"USER": "somebody"}), Repository(branch)


def github_push(folder: Path, branch: str) -> tuple[Job, Repository]:
    # The checkout is detached, as actions/checkout leaves it on most events.
    payload = {"ref": f"refs/heads/{branch}", "repository": {"full_name": "acme/ml", "default_branch": "main"}}
    return github_job(folder, "push", payload, GITHUB_REF=f"refs/heads/{branch}"), Repository()


def github_job(folder: Path, event: str, payload: Any, **variables: str) -> Job:
    """A job of GitHub Actions with its files."""
    for name in ("event.json", "output", "summary.md"):
        (folder / name).touch()
    (folder / "event.json").write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    environ = {
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_ACTOR": "somebody",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REPOSITORY": "acme/ml",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_RUN_ID": "77",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_WORKFLOW": "model",
        **variables,
    }
    return Job("github", environ)


def azure_push(folder: Path, branch: str) -> tuple[Job, Repository]:
    (folder / "agent").mkdir()
    variables = {
        "BUILD_REQUESTEDFOR": "somebody",
        "BUILD_SOURCEBRANCH": f"refs/heads/{branch}",
        "AGENT_TEMPDIRECTORY": str(folder / "agent"),
        # A repository of Azure Repos has a notice for each job without a credential, which is tested apart.
        "BUILD_REPOSITORY_PROVIDER": "GitHub",
    }
    return Job("auto", azure_jobs.PUSH | variables), Repository()


Push = Callable[[Path, str], tuple[Job, Repository]]
"""A job for a push to a branch of a repository whose default branch is main, and its checkout."""

HOSTS: dict[str, Push] = {"local": local_push, "github": github_push, "azure": azure_push}
