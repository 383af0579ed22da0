"""Where built environments are kept on this machine, by lock digest."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.records.digest import digest_of_value, hexadecimal
from mlops_ci.records.environment import EnvironmentLock

_COMPLETE = ".mlops-ci-complete"


def environments_folder(environ: Mapping[str, str]) -> Path:
    """Where built environments are kept."""
    return cache_folder(environ).absolute() / "environments"


def built_folder(environ: Mapping[str, str], lock: EnvironmentLock, build: Callable[[Path], None]) -> Path:
    """The folder of a lock's environment, built if it is not there yet; by one process at a time.

    Args:
        environ: the environment of the job.
        lock: what is in the environment.
        build: makes it in a folder that does not exist.
    """
    folder = environments_folder(environ) / hexadecimal(digest_of_value([lock.digest, lock.python]))[:32]
    if not _is_usable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(folder.with_suffix(".lock")):
            if not _is_usable(folder):
                shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left
                build(folder)
                (folder / _COMPLETE).touch()
    return folder


def _is_usable(folder: Path) -> bool:
    """Whether an environment was built to the end, and its interpreter is still there."""
    return (folder / _COMPLETE).exists() and (folder / "bin" / "python").exists()


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Let one process at a time build an environment; the lock goes with its holder, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
