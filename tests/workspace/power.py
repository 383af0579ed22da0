"""A disk that loses power: what a crash leaves of a folder if only fsynced things are sure to survive.

While a :class:`Disk` watches a folder, every change of names and every fsync below it goes through it. A *name*
is durable once the folder that holds it was fsynced, *bytes* once their file was. Anything else may survive a
power loss or not, in any mixture; :meth:`Disk.after_power_loss` makes the image of one such loss:

* ``least``: nothing survives but what was fsynced;
* ``names``: every name survives, but bytes that were not fsynced are gone;
* ``any``: each name and each file's bytes by the toss of a coin.

:class:`ProcessDied` can be raised at the N-th of these calls: the process is gone, but the machine runs on.
``fail_at`` gives that call an error of the operating system instead.

Linux only. Of an object that is deleted while the disk watches, nothing is remembered.
"""

from __future__ import annotations

import os
import random
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.parts.need import missing

Loss = Literal["least", "names", "any"]
_CHANGES = ("mkdir", "link", "unlink", "rename", "replace", "rmdir")


class ProcessDied(BaseException):
    """The process was killed before this call."""


@dataclass
class Disk:
    """Watches a folder; ``at_each_call`` is called before and after each of its calls."""

    folder: Path
    at_each_call: Callable[[str], None] | None = None
    die_at: int | None = None
    fail_at: tuple[int, int] | None = None
    calls: list[str] = field(default_factory=list)
    _names: dict[int, dict[str, int]] = field(default_factory=dict)
    _bytes: dict[int, bytes] = field(default_factory=dict)
    _fsync: Callable[[Any], None] = os.fsync
    _lock: threading.RLock = field(default_factory=threading.RLock)  # one call after the other, whichever thread calls

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the disk under the program, until ``monkeypatch`` is undone."""
        if not Path("/proc/self/fd").is_dir():
            missing("/proc, which tells the file of a descriptor")
        self._names.setdefault(self.folder.stat().st_ino, {})
        for name in _CHANGES:
            monkeypatch.setattr(os, name, self._changing(name, getattr(os, name)))
        monkeypatch.setattr(os, "fsync", self._syncing)

    def after_power_loss(self, target: Path, loss: Loss, chance: random.Random) -> Path:
        """Write to ``target`` what a power loss at this moment may leave of the folder."""
        self._restore(self.folder, self.folder.stat().st_ino, target, loss, chance)
        return target

    def _restore(self, now: Path, inode: int, target: Path, loss: Loss, chance: random.Random) -> None:
        target.mkdir()
        durable, current = self._names.get(inode, {}), {entry.name: entry.inode() for entry in os.scandir(now)}
        for name in sorted(durable.keys() | current.keys()):
            sure, here = durable.get(name), current.get(name)
            kept = here if loss == "names" or (loss == "any" and chance.random() < 0.5) else sure
            if kept is None:
                continue
            path = now / name
            if kept == here and path.is_dir():
                self._restore(path, kept, target / name, loss, chance)
            elif kept in self._bytes:
                (target / name).write_bytes(self._bytes[kept])
            else:
                whole = path.read_bytes() if kept == here else b""
                survives = loss == "any" and chance.random() < 0.5
                (target / name).write_bytes(whole if survives else whole[: len(whole) // 2])

    def _syncing(self, file: Any) -> None:
        with self._lock:
            self._sync(file)

    def _sync(self, file: Any) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        self._before(f"fsync {path}", path)
        self._fsync(file)
        status = os.fstat(file)
        if stat.S_ISDIR(status.st_mode):
            self._names[status.st_ino] = {entry.name: entry.inode() for entry in os.scandir(path)}
        else:
            self._bytes[status.st_ino] = path.read_bytes()
        self._after(f"fsync {path}", path)

    def _changing(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def change(path: Any, *arguments: Any, **options: Any) -> Any:
            first = Path(os.fspath(path))
            with self._lock:
                self._before(f"{name} {first}", first)
                if name == "unlink" and self._below(first) and first.lstat().st_nlink == 1:
                    self._bytes.pop(first.lstat().st_ino, None)  # the inode may be used again
                result = original(path, *arguments, **options)
                self._after(f"{name} {first}", first)
                return result

        return change

    def _before(self, call: str, path: Path) -> None:
        if not self._below(path):
            return
        self.calls.append(call)
        if self.die_at is not None and len(self.calls) >= self.die_at:  # the dead run no `finally` either
            raise ProcessDied(call)
        if self.fail_at and self.fail_at[0] == len(self.calls):
            raise OSError(self.fail_at[1], os.strerror(self.fail_at[1]), str(path))
        self._tell(call)

    def _after(self, call: str, path: Path) -> None:
        if self._below(path):
            self._tell(call)

    def _tell(self, call: str) -> None:
        if self.at_each_call:
            # What is done with the images is not done on this disk.
            tell, self.at_each_call = self.at_each_call, None
            try:
                tell(call)
            finally:
                self.at_each_call = tell

    def _below(self, path: Path) -> bool:
        return path == self.folder or self.folder in path.parents
