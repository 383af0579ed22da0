"""Sizes and times of objects, told by the commits that wrote them.

A partial clone does not have the files, and asking git for the size of one would fetch it. Each of our commits says
therefore what it wrote: ``<blob> <size> <path>``, a line each. That needs no file of its own that every writer would
have to change, and no request: the commits are here anyway. A blob has one size forever, whichever commit says it.
Nothing rests on it but listings and what is fetched along; what somebody else has committed is measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlops_ci.workspace.git.changes import Change

_LINE = re.compile(r"^([0-9a-f]{40,64}) (\d{1,15}) (.+)$", re.MULTILINE)


class History:
    """Sizes by blob, and times of the last write by path."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.newest = 0
        self._times: dict[str, float] = {}

    def read(self, log: bytes) -> None:
        """Take in some commits that are newer than all before: the output of ``git log``, newest first."""
        for record in reversed(log.decode("utf-8", "replace").split("\0")):
            seconds, _, message = record.partition("\n")
            self.newest = max(self.newest, int(seconds or 0))
            for blob, size, path in _LINE.findall(message):
                self.sizes[blob] = int(size)
                self._times[path] = float(seconds)

    def note(self, changes: Mapping[str, Change], seconds: int) -> None:
        """Take in a commit of our own."""
        self.newest = max(self.newest, seconds)
        for path, change in changes.items():
            if change.blob:
                self.sizes[change.blob] = change.size
                self._times[path] = float(seconds)

    def time(self, path: str, otherwise: float) -> float:
        """When a path was last written."""
        return self._times.get(path, otherwise)


def message_of(changes: Mapping[str, Change], unique: str) -> str:
    """The message of a commit: what it writes, for people and for :class:`History`.

    It has to be unique: two writers of the same bytes in the same second would make the same commit, and both be
    told that theirs was taken.
    """
    first, change = next(iter(changes.items()))
    verb = "Write" if change.blob else "Delete"
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    lines = [f"{change.blob} {change.size} {path}" for path, change in changes.items() if change.blob]
    # A branch of this name must start no pipeline.
    return "\n".join([f"{verb} {first}{more} [skip ci]", "", *lines, f"push {unique}", ""])
