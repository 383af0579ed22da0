"""Paths as the user writes them: relative to the folder of ``mlops.yaml``, with forward slashes."""

from __future__ import annotations

import posixpath


def normalise(path: str) -> str:
    """The path without ``./``, doubled or trailing slashes."""
    return posixpath.normpath(path)


def escapes(path: str) -> bool:
    """Whether a normalised path leads out of its folder."""
    return path == ".." or path.startswith(("../", "/"))


def contains(folder: str, path: str) -> bool:
    """Whether ``path`` is ``folder`` or lies below it."""
    return folder in {".", path} or path.startswith(f"{folder}/")
