"""The Protocol of a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mlops_ci.records.host import HostContext


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

    def branch_commit(self, branch: str) -> str | None:
        """The tip of a branch."""
        ...


class Host(Protocol):
    """Says which event the job answers. Everything is read when it is asked for, nothing at import."""

    def context(self, repository: Repository) -> HostContext:
        """Who runs us, for which event."""
        ...

    def neutralise(self, line: str) -> str:
        """Make a line of foreign text safe to print: no part of it may act as a command to the host."""
        ...


Environment = Mapping[str, str]
