"""What is a key of a workspace, whatever stores it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mlops_ci.errors import IntegrityError

_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")  # NUL and lone surrogates


def require_key(key: str) -> PurePosixPath:
    """Return a key as a path.

    Raises:
        IntegrityError: it would lead out of the workspace, or is not in its one normal form.
    """
    pure = PurePosixPath(key)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or _UNSPEAKABLE.search(key):
        raise IntegrityError("a key leaves the workspace", where=repr(key))
    if str(pure) != key:
        raise not_a_key(key)
    return pure


def not_a_key(key: str) -> IntegrityError:
    """The error for a key that no workspace has."""
    return IntegrityError("not a key of the workspace", where=repr(key))
