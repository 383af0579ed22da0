"""The files by which a step hands values to later ones, and writes the page of the run.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from mlops_ci.errors import RemoteError, UsageError

SUMMARY_LIMIT = 1 << 20
"""The most bytes of a step's summary; of a longer one GitHub shows nothing at all."""
LARGEST_EVENT = 32 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def read_event(path: str | None) -> bytes:
    """The payload of the event.

    Raises:
        UsageError: there is no such file, or none of a size that GitHub sends.
    """
    if not path:
        raise UsageError("GITHUB_EVENT_PATH names no file", hint="hand the variable on to where mlops-ci runs")
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_EVENT + 1)
    except (OSError, ValueError) as error:
        hint = "a container needs the file, too"
        raise UsageError(f"the event cannot be read: {_reason(error)}", where=repr(path[:200]), hint=hint) from error
    if len(data) > LARGEST_EVENT:
        raise UsageError(f"the event has more than {LARGEST_EVENT:,} bytes", where=repr(path[:200]))
    return data


def write_outputs(path: str, values: Mapping[str, str]) -> None:
    """Append outputs. Each value ends with a delimiter that nobody can know beforehand, so that none forges another.

    Raises:
        UsageError: a name is none.
        RemoteError: the file cannot be written.
    """
    text = "".join(output(name, value) for name, value in values.items())
    _append(path, text.encode("utf-8", "replace"))


def output(name: str, value: str) -> str:
    """An output as the runner reads it."""
    if not _NAME.fullmatch(name):
        raise UsageError("not a name for an output", where=repr(name[:80]), hint="use letters, digits, _ and -")
    delimiter = f"ghadelimiter_{uuid4()}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def write_summary(path: str, markdown: str, rest: str) -> None:
    """Append to the page of the run, whatever of it there is room for; the line ``rest`` says where the rest is.

    Raises:
        RemoteError: the file cannot be written.
    """
    try:
        written = Path(path).stat().st_size if Path(path).exists() else 0
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    data = f"{markdown.rstrip()}\n\n".encode("utf-8", "replace")
    notice = f"\n{rest}\n".encode("utf-8", "replace")
    room = SUMMARY_LIMIT - written - 1  # a line that somebody has left open is ended first
    if len(data) > room - len(notice):  # room for the notice is kept, should more come after this
        if room < len(notice):
            return
        kept = data[: room - len(notice)]
        data = kept[: kept.rfind(b"\n") + 1] + notice
    _append(path, data)


def _append(path: str, data: bytes) -> None:
    try:
        with Path(path).open("ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    data = b"\n" + data
            file.write(data)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: Exception) -> RemoteError:
    return RemoteError(f"the runner's file cannot be written: {_reason(error)}", where=repr(path[:200]))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
