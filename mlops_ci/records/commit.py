"""Where the code came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the user's repository. ``repository`` is its remote's URL without credentials."""

    sha: str
    branch: str | None
    repository: str | None
    author: str
    message: str
    time: str

    @property
    def short(self) -> str:
        """The first seven hexadecimal digits."""
        return self.sha[:7]

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class DirtyTree:
    """What the working tree had that the commit has not; such a run is never registered.

    ``diff`` is redacted and cut at ``DIFF_LIMIT`` characters; ``digest`` is of the whole diff.
    """

    paths: tuple[str, ...]
    diff: str
    digest: str


DIFF_LIMIT = 65_536
