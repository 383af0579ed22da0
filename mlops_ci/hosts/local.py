"""A laptop, or any machine that no adapter knows: the checked-out branch decides what happens."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Environment, Repository, Say
from mlops_ci.records.actor import Actor
from mlops_ci.records.conclusion import Annotation
from mlops_ci.records.host import HostContext


class LocalHost:
    """The default branch behaves as a push to it, any other branch as a pull request against it.

    So does a detached HEAD, where ``detached`` allows it.
    """

    def __init__(
        self,
        environ: Environment,
        say: Say,
        *,
        branch: str | None,
        default_branch: str | None,
        ephemeral: bool,
        detached: bool,
    ) -> None:
        self._environ = environ
        self._say = say
        self._branch = branch
        self._default_branch = default_branch
        self._ephemeral = ephemeral
        self._detached = detached

    def context(self, repository: Repository) -> HostContext:
        """Who runs us, for which branch."""
        branch = self._branch or repository.branch
        if branch is None and not self._detached:
            raise UsageError(
                "HEAD is detached, so no branch says whether to promote or only to report",
                hint="check out a branch, or name it with --branch",
            )
        default = self._default_branch or repository.default_branch
        if default is None:
            raise UsageError("which branch releases?", hint="name it with --default-branch")
        pushed = branch == default
        base = None if pushed else repository.branch_commit(default)
        if base is None and not pushed:
            raise UsageError(
                f"the rules of {default} judge this branch, and this clone does not have {default}",
                hint=f"run git fetch origin {default}:refs/remotes/origin/{default}",
            )
        return HostContext(
            host="local",
            event="push" if pushed else "pull_request",
            branch=branch,
            default_branch=default,
            base=base,
            ephemeral=self._ephemeral,
            actor=self.actor(),
        )

    def actor(self) -> Actor:
        """The user of the machine."""
        return Actor(name=user_name(self._environ))

    def neutralise(self, line: str) -> str:
        """Text can command nothing here but a terminal, so control characters go."""
        return "".join(character for character in line if character == "\t" or character.isprintable())

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A heading; nothing folds here."""
        self._say(self.neutralise(title))
        yield

    def mask(self, secret: str) -> None:
        """Nothing hides on a terminal; what we print ourselves is redacted already."""

    def annotate(self, annotation: Annotation) -> None:
        """A line like a compiler's, which editors can follow."""
        place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
        self._say(self.neutralise(f"{place}{annotation.level}: {annotation.message}"))

    def outputs(self, values: Mapping[str, str]) -> None:
        """Nobody comes after us."""

    def summary(self, markdown: str) -> None:
        """The report is on the terminal already."""

    def git_settings(self) -> Mapping[str, str]:
        """Git reaches its remotes as its user does."""
        return {}

    def reviews(self, context: HostContext | None) -> None:  # noqa: ARG002 - the Protocol's signature
        """A laptop has no pull requests."""
        return

    def workflow_run(self) -> None:
        """A laptop speaks for itself."""
        return


def user_name(environ: Environment) -> str:
    """Who is at the keyboard."""
    with suppress(OSError, KeyError, ImportError):  # no such user id in a container
        return environ.get("USER") or getpass.getuser()
    return "unknown"
