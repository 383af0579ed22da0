"""Finds in the log of a failed step what it wanted to read and had not declared. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

_PATH = re.compile(r"[\w.@+-]+(?:/[\w.@+-]+)*")
_MODULE = re.compile(r"No module named '([\w.]+)'")
_KEY = re.compile(r"KeyError: '([^']+)'")
_MISSING = re.compile(
    r"no such file|not found|does not exist|cannot open|can't open|unable to open|FileNotFound|No module named"
    r"|os error 2",
    re.IGNORECASE,
)


def undeclared_files(log: Iterable[str], known: Iterable[str], visible: Iterable[str]) -> tuple[str, ...]:
    """The existing files and folders that a log complains about and that the step could not see.

    Args:
        log: the lines of the log.
        known: the files that exist, relative to the folder of ``mlops.yaml``.
        visible: those that the step could see.
    """
    hidden = set(known) - set(visible)
    folders = {folder for path in hidden for folder in _folders(path)}
    found: dict[str, None] = {}
    for line in log:
        if not _MISSING.search(line):
            continue
        wanted = [posixpath.normpath(token.strip(".:,")) for token in _PATH.findall(line) if token.strip(".:,")]
        for module in _MODULE.findall(line):
            stem = module.replace(".", "/")
            wanted += [f"{stem}.py", *_parents(stem), stem]
        for path in wanted:
            match = path if path in folders else _match(path, hidden)
            if match:
                found[match] = None
    return tuple(found)


def undeclared_params(log: Iterable[str], known: Iterable[str], declared: Iterable[str]) -> tuple[str, ...]:
    """The top-level parameters that a log misses with a KeyError and that the step did not declare."""
    hidden = set(known) - {key.partition(".")[0] for key in declared}
    return tuple(dict.fromkeys(key for line in log for key in _KEY.findall(line) if key in hidden))


def _match(path: str, hidden: set[str]) -> str | None:
    if path in hidden:
        return path
    # A module or file named from another folder than ours: only if it can mean one file.
    if "/" in path or "." in path:
        ending = [candidate for candidate in hidden if candidate.endswith(f"/{path}")]
        return ending[0] if len(ending) == 1 else None
    return None


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _parents(stem: str) -> list[str]:
    parts = stem.split("/")
    return [f"{'/'.join(parts[:depth])}.py" for depth in range(1, len(parts))]
