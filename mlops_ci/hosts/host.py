"""The Protocol of a host: which event a job answers, and how the job speaks to the host that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from mlops_ci.hosts.reviews import Reviews
from mlops_ci.records.actor import Actor
from mlops_ci.records.conclusion import Annotation
from mlops_ci.records.host import HostContext
from mlops_ci.records.workflow_run import WorkflowRun

Environment = Mapping[str, str]
Say = Callable[[str], None]
"""Prints a line where the host reads commands: the output of the job."""


class Repository(Protocol):
    """What a host needs to know of the checkout."""

    @property
    def branch(self) -> str | None:
        """The branch that is checked out."""
        ...

    @property
    def default_branch(self) -> str | None:
        """The branch that releases, if the repository tells."""
        ...

    @property
    def parents(self) -> tuple[str, ...]:
        """The parents of the commit that is checked out, as it names them: a shallow clone need not have them."""
        ...

    def branch_commit(self, branch: str) -> str | None:
        """The tip of a branch."""
        ...


class Host(Protocol):
    """Says which event the job answers. Everything is read when it is asked for, nothing at import."""

    def context(self, repository: Repository) -> HostContext:
        """Who runs us, for which event.

        Raises:
            UsageError: the checkout or the event does not tell what to do.
        """
        ...

    def actor(self) -> Actor:
        """Who runs us, as records name them. Unlike the context it needs neither checkout nor event."""
        ...

    def neutralise(self, line: str) -> str:
        """Make a line of foreign text safe to print: no part of it may act as a command to the host."""
        ...

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold what is printed meanwhile under a title."""
        ...

    def mask(self, secret: str) -> None:
        """Have the host hide a value in everything that is printed from now on."""
        ...

    def annotate(self, annotation: Annotation) -> None:
        """Show a remark where the host shows them: beside the run, and the line of the file."""
        ...

    def outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to later steps and jobs; nothing in a value may forge another output."""
        ...

    def summary(self, markdown: str) -> None:
        """Add to the page that the host shows of the run."""
        ...

    def git_settings(self) -> Mapping[str, str]:
        """Settings (``key`` to ``value``) with which git reaches the job's repository as the job may; often none.

        Git gets them in this order. They carry the credential: they go to git through its environment, never to
        arguments, disk or steps.
        """
        ...

    def reviews(self, context: HostContext | None) -> Reviews | None:
        """The pull requests of the job's repository; None where there are none, or no credential for them.

        A job that speaks for another run has no context of its own.
        """
        ...

    def workflow_run(self) -> WorkflowRun | None:
        """The run that the job speaks for, which has ended; None for a job that speaks for itself.

        Raises:
            UsageError: the event is not what it should be.
        """
        ...
