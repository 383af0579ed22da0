"""A lock that its author keeps in the repository, beside the file that it was made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mlops_ci.errors import UsageError
from mlops_ci.records.digest import digest_of_value

_HEADER = "# mlops-ci environment lock: {digest}"
_FIRST_LINE = re.compile(r"# mlops-ci environment lock: (sha256:[0-9a-f]{64})\n")


def lock_file_name(source: str) -> str:
    """``requirements.lock.txt`` for ``requirements.txt``, ``environment.lock.yml`` for ``environment.yml``."""
    path = PurePosixPath(source)
    return str(path.with_name(f"{path.stem}.lock{path.suffix}"))


def lock_file_text(sources: Mapping[str, str], python: str | None, lock: str) -> str:
    """A lock as it is kept: with the digest of what it was made of, so that it cannot go stale unnoticed."""
    return f"{_HEADER.format(digest=_digest(sources, python))}\n{lock}"


def find_lock_file(source: str, sources: Mapping[str, str], python: str | None, folder: Path) -> str | None:
    """The text of the lock beside a file; None if there is none.

    Args:
        source: the file.
        sources: that file and those that it includes, with their texts.
        python: the Python version that the project asks for.
        folder: of the project.

    Raises:
        UsageError: it was made of something else than the file says now.
    """
    name = lock_file_name(source)
    try:
        text = (folder / name).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the lock cannot be read", where=name, hint="run mlops-ci environment lock") from error
    match = _FIRST_LINE.match(text)
    if match is None:
        raise UsageError("not a lock of ours", where=name, hint="run mlops-ci environment lock, or rename the file")
    if match[1] != _digest(sources, python):
        raise UsageError(f"{source} changed after it was locked", where=name, hint="run mlops-ci environment lock")
    return text


def _digest(sources: Mapping[str, str], python: str | None) -> str:
    return digest_of_value([dict(sources), python])
