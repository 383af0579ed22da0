"""Scratch folders that do not pile up: who is killed outright leaves one, and the next to come removes it."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_PREFIX = "mlops-ci-run-"
_LOCK = ".lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards. A lock in it says that its owner lives; the lock goes with its holder."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / f"{_LOCK}.new").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / f"{_LOCK}.new").rename(folder / _LOCK)  # nobody finds one that is not held yet
            yield folder


def scratch_folder_of(owner: object) -> Path:
    """A scratch folder that is gone when its owner is, at the latest when the process ends."""
    held = ExitStack()
    folder = held.enter_context(scratch_folder())
    weakref.finalize(owner, held.close)
    return folder


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        # No lock file: it is being made right now. Not ours, or locked: somebody else's.
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
