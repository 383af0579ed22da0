"""Creates files in a folder so that they outlive a power cut, and so that nobody ever sees one by half.

A file is written under a temporary name, fsynced, and given its name by ``link(2)``: a rename would overwrite, and
``O_EXCL`` would show half-written bytes to readers. Then the folders are fsynced that have got a name.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from mlops_ci.edge.files import fsync_folder

T = TypeVar("T")
TEMPORARY = ".tmp"
_LINK_ATTEMPTS = 5
_AT_ONCE = 16  # a journal takes all fsyncs that wait for it in one go
_FEW = 4  # for fewer files than these no threads are started


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is written, and neither durable nor under its name. It stays open: only so is no failure missed."""

    temporary: str
    target: str
    file: BinaryIO


class DurableFiles:
    """The files in a folder. Raises :class:`OSError` where the file system does."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._temporaries = os.path.join(self._root, TEMPORARY)
        self._durable: set[str] = set()

    def write(self, target: str, write: Callable[[BinaryIO], None]) -> Held:
        """Write a file that is to be given a name later."""
        temporary = self._temporary()
        file = open(temporary, "x+b")  # noqa: SIM115 - whoever holds it closes it
        held = Held(temporary, target, file)
        try:
            write(file)
            file.flush()
        except BaseException:
            drop_all([held])
            raise
        return held

    def create(self, held: Held) -> bool:
        """Make a file durable under its name, if that is free; whether it was."""
        try:
            folder = os.path.dirname(held.target)
            made = self._make_folders(folder)
            os.fsync(held.file.fileno())
            created = self._link(held.temporary, held.target)
            # The loser of a race fsyncs too: it may acknowledge what the winner wrote but has not yet synced.
            fsync_folder(folder)
            self._make_durable(made)  # now, as what follows a change at once makes a journal commit each time
        finally:
            drop_all([held])
        return created

    def create_all(self, several: Collection[Held]) -> None:
        """Make files durable under their names, those that are free; all at once, which takes far less time."""
        made: dict[str, None] = {}
        folders: dict[str, None] = {}
        try:
            _each(lambda held: os.fsync(held.file.fileno()), several)
            for held in several:
                folder = os.path.dirname(held.target)
                made |= dict.fromkeys(self._make_folders(folder))
                self._link(held.temporary, held.target)
                folders[folder] = None
            _each(fsync_folder, folders)
            _each(_fsync_names, {os.path.dirname(folder): None for folder in made})
            self._durable.update(made)
        finally:
            drop_all(several)

    def replace(self, target: str, data: bytes) -> None:
        """Replace a file as a whole; the file itself is not made durable."""
        self._make_durable(self._make_folders(os.path.dirname(target)))
        temporary = self._temporary()
        try:
            with open(temporary, "xb") as file:
                file.write(data)
            os.replace(temporary, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)

    def _temporary(self) -> str:
        self._make_durable(self._make_folders(self._temporaries))
        return f"{self._temporaries}/{uuid.uuid4().hex}"

    def _link(self, temporary: str, target: str) -> bool:
        for attempt in range(_LINK_ATTEMPTS):
            try:
                os.link(temporary, target)
            except FileExistsError:
                if os.path.isdir(target):  # a folder of keys: a file system cannot hold both "a" and "a/b"
                    raise
                return False
            except FileNotFoundError:
                # Somebody tidied an empty folder away between our mkdir and our link.
                if attempt == _LINK_ATTEMPTS - 1:
                    raise
                self._make_durable(self._make_folders(os.path.dirname(target)))
            else:
                return True
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _make_folders(self, folder: str) -> tuple[str, ...]:
        """Make a folder and those above it; return those that have to be made durable, the innermost first."""
        # A folder that is there already may be the work of somebody who died before the fsync of its parent.
        if folder in self._durable and os.path.isdir(folder):
            return ()
        parent = os.path.dirname(folder)
        is_below = folder.startswith(f"{self._root}/")
        above = self._make_folders(parent) if is_below or not os.path.exists(parent) else ()
        try:
            os.mkdir(folder)
        except FileExistsError:
            if not os.path.isdir(folder):
                raise
        return (folder, *above)

    def _make_durable(self, folders: tuple[str, ...]) -> None:
        for folder in folders:
            _fsync_names(os.path.dirname(folder))
        self._durable.update(folders)


def drop_all(several: Collection[Held]) -> None:
    """Close files and remove their temporary names."""
    for held in several:
        with suppress(OSError):  # what a full disk has not taken is tried again; what matters has been fsynced
            held.file.close()
    for held in several:
        with suppress(FileNotFoundError):
            os.unlink(held.temporary)


def _fsync_names(folder: str) -> None:
    with suppress(PermissionError):  # the root's parent need not be ours to read
        fsync_folder(folder)


def _each(function: Callable[[T], object], items: Collection[T]) -> None:
    """Do something to each item, by threads; a task of its own for each would take longer than the deed."""

    def do(some: list[T]) -> None:
        for one in some:
            function(one)

    listed = list(items)
    if len(listed) < _FEW:
        do(listed)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(do, listed[start::_AT_ONCE]) for start in range(min(_AT_ONCE, len(listed)))]:
            done.result()
