"""The one tree of errors. Each carries the exit code of the process and says what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MlopsError(Exception):
    """Something the user can understand and act on; printed as one line, never as a traceback.

    Args:
        what: what happened, in the user's words.
        where: the file, key or object it happened at.
        hint: what to do about it.
    """

    exit_code = 70

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def line(self) -> str:
        """The error as one line: ``what; where; what to do``."""
        parts = [_unended(self.what), self.where, self.hint]
        return " ".join("; ".join(part for part in parts if part).split())

    def __str__(self) -> str:
        """The whole line: in Python, too, an error says where and what to do."""
        return self.line()


def _unended(what: str) -> str:
    """Without the full stop that messages of others have; dots that leave something out stay."""
    return what[:-1] if what.endswith(".") and not what.endswith("..") else what


class UsageError(MlopsError):
    """The command line, the configuration or the repository has to change."""

    exit_code = 2


class RemoteError(MlopsError):
    """The environment or a remote failed, and retrying did not help."""

    exit_code = 3


class ConflictError(MlopsError):
    """Somebody else got there first, or the object is protected."""

    exit_code = 4


class ChangedMeanwhileError(ConflictError):
    """Data at an address are not what they were when they were looked at."""

    def __init__(self, where: str) -> None:
        what = "the data changed between the moment they were looked at and their download"
        super().__init__(what, where=where, hint="run the command again")


class IntegrityError(MlopsError):
    """Stored bytes are not what they should be, or the request is unsafe."""

    exit_code = 5


class OutcomeUnknownError(RemoteError):
    """A remote failed so that a write may or may not have happened; running the same command again is safe."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a file the user wrote, at a line and column counted from 1."""

    file: str
    row: int
    column: int
    what: str
    hint: str | None = None

    def line(self) -> str:
        """The finding as one line: ``file:line:column: what; nearest valid key``."""
        return f"{self.file}:{self.row}:{self.column}: {UsageError(self.what, hint=self.hint).line()}"


class ConfigurationError(UsageError):
    """All the problems of a configuration at once, one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.row, problem.column))
        super().__init__(self.problems[0].line())


class MissingExtraError(UsageError):
    """An optional dependency is not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs packages that are not installed", hint=f"pip install 'mlops-ci[{extra}]'")


class Interruption(BaseException):
    """A signal, turned into an exception so that every ``finally`` runs. The exit code is 128 plus its number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
