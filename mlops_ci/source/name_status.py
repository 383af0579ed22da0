"""Reads what ``git diff --name-status -z`` prints."""

from __future__ import annotations

from typing import Literal

from mlops_ci.records.difference import FileChange

EXACT_RENAMES = "--find-renames=100%"
_STATUS: dict[str, Literal["added", "modified", "deleted"]] = {"A": "added", "D": "deleted"}


def read_name_status(output: bytes) -> tuple[FileChange, ...]:
    """The changes of files, by path. A file that became a link, say, is modified."""
    # Not surrogates in the place of bytes that are no text: these paths are shown and stored.
    fields = iter(output.decode("utf-8", "replace").split("\0"))
    found = []
    for status in fields:
        if not status:
            break
        path = next(fields)
        if status[0] == "R":
            found.append(FileChange(next(fields), "renamed", old=path))
        else:
            found.append(FileChange(path, _STATUS.get(status[0], "modified")))
    return tuple(sorted(found, key=lambda change: change.path))
