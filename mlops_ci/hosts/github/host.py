"""GitHub Actions behind the Protocol of a host."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlops_ci.hosts.github import commands, event
from mlops_ci.hosts.github.api import GitHubApi
from mlops_ci.hosts.github.event import Job, event_name, repository_of, run_url, server, workflow_run
from mlops_ci.hosts.github.files import read_event, write_outputs, write_summary
from mlops_ci.hosts.github.reviews import GitHubReviews
from mlops_ci.hosts.host import Environment, Repository, Say
from mlops_ci.records.actor import Actor
from mlops_ci.records.conclusion import Annotation, Level
from mlops_ci.records.host import HostContext
from mlops_ci.records.workflow_run import WorkflowRun

SHOWN = 10
"""How many annotations of a level GitHub shows of a step."""


class GitHubHost:
    """The job of a workflow. The disk of a self-hosted runner counts as gone afterwards, too: nobody vouches for it."""

    def __init__(self, environ: Environment, say: Say, *, branch: str | None, default_branch: str | None) -> None:
        self._environ = environ
        self._say = say
        self._branch = branch
        self._default_branch = default_branch
        self._folded = 0
        self._annotated: Counter[Level] = Counter()

    def context(self, repository: Repository) -> HostContext:
        """Who runs us, for which event."""
        event_name(self._environ)  # without one there is no file to read
        job = Job(self._environ, self._payload(), repository, self._branch, self._default_branch)
        return job.context()

    def actor(self) -> Actor:
        """Who runs us."""
        return event.actor(self._environ)

    def neutralise(self, line: str) -> str:
        """Neither form of a command survives, nor what a terminal would act on."""
        return commands.neutralise(line)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold. GitHub knows no group in a group: an inner one is a heading."""
        if self._folded:
            self._say(self.neutralise(title))
            yield
            return
        self._folded += 1
        self._say(commands.group(title))
        try:
            yield
        finally:
            self._folded -= 1
            self._say(commands.GROUP_END)

    def mask(self, secret: str) -> None:
        """Hide a value, and each line of it."""
        for command in commands.masks(secret):
            self._say(command)

    def annotate(self, annotation: Annotation) -> None:
        """Show a remark beside the run; those that GitHub would drop silently are lines of the log."""
        self._annotated[annotation.level] += 1
        count = self._annotated[annotation.level]
        if count <= SHOWN:
            self._say(commands.annotation(annotation))
            return
        if count == SHOWN + 1:
            self._say(f"GitHub shows {SHOWN} remarks of a kind beside a run; the other {annotation.level}s are:")
        self._say(commands.plainly(annotation))

    def outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to later steps, and to jobs that need this one."""
        if path := self._environ.get("GITHUB_OUTPUT"):
            write_outputs(path, values)

    def summary(self, markdown: str) -> None:
        """Add to the page of the run."""
        if path := self._environ.get("GITHUB_STEP_SUMMARY"):
            url = run_url(self._environ)
            where = f"[the log of this run]({url})" if url else "the log of this run"
            write_summary(path, markdown, f"*GitHub shows 1 MiB of a step's summary. The rest is in {where}.*")

    def git_settings(self) -> Mapping[str, str]:
        """The token, for the server of this repository only.

        ``actions/checkout`` may have left such a header, and git would send both, which GitHub refuses. An empty value
        takes away what was set before; git does not tell the two spellings apart, and a mapping does.
        """
        token = token_of(self._environ)
        if token is None:
            return {}
        credential = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header = f"http.{server(self._environ)}/.extraheader"
        return {header.replace("extraheader", "extraHeader"): "", header: f"AUTHORIZATION: basic {credential}"}

    def reviews(self, context: HostContext | None) -> GitHubReviews | None:  # noqa: ARG002 - the Protocol's signature
        """The pull requests of the job's repository."""
        token, repository = token_of(self._environ), repository_of(self._environ)
        if token is None or repository is None:
            return None
        return GitHubReviews(GitHubApi(token, repository, base=self._environ.get("GITHUB_API_URL")))

    def workflow_run(self) -> WorkflowRun | None:
        """The run that a job of ``workflow_run`` speaks for."""
        if event_name(self._environ) != "workflow_run":
            return None
        return workflow_run(self._environ, self._payload())

    def _payload(self) -> bytes:
        return read_event(self._environ.get("GITHUB_EVENT_PATH"))


def token_of(environ: Environment) -> str | None:
    """The token of the job, or the one that it was given instead."""
    return environ.get("MLOPS_CI_TOKEN", "").strip() or environ.get("GITHUB_TOKEN", "").strip() or None
