"""The folder in which collected requests wait for their journey to the workspace.

Lines go into a *part*, one for each model and worker; when it is large or old enough it becomes a segment. A worker
holds a lock on its parts, so that what a killed one left can be told from what is being written, and becomes a segment,
too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.collected import SegmentHead
from mlops_ci.serving.segments import pack, requests_in

_PARTS = "parts"
_SEGMENTS = "segments"
_LARGE = 4 << 20
_OLD = 60.0


@dataclass(slots=True)
class _Part:
    path: Path
    file: BinaryIO
    head: SegmentHead
    since: float
    size: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment on disk."""

    model: str
    path: Path

    @property
    def requests(self) -> int:
        """How many requests are in it."""
        return requests_in(self.path.name) or 0


class Spool:
    """The folder.

    Args:
        folder: may be shared by workers, and outlive them.
        disk: the bytes that finished segments may take; beyond that the oldest go.
        lost: hears of requests that are gone.
    """

    def __init__(self, folder: Path, disk: int, lost: Callable[[int], None]) -> None:
        self.folder = folder
        self._disk = disk
        self._lost = lost
        self._parts: dict[str, _Part] = {}
        (folder / _PARTS).mkdir(parents=True, exist_ok=True)
        (folder / _SEGMENTS).mkdir(exist_ok=True)

    def append(self, head: SegmentHead, lines: Sequence[bytes], now: float) -> None:
        """Add requests to the part of their model. ``now`` is any clock in seconds that never goes back."""
        try:
            part = self._parts.get(head.model) or self._begin(head, now)
            self._parts[head.model] = part
            part.size = _write(part.file, part.size, b"".join(lines))
        except OSError:
            self._lost(len(lines))  # such as a full disk

    def rotate(self, now: float, *, everything: bool = False) -> None:
        """Make segments of parts that are large or old enough, and keep to the bound."""
        for model, part in list(self._parts.items()):
            if everything or now - part.since >= _OLD or part.size >= _LARGE:
                del self._parts[model]
                self._finish(part.path, part.file)

    def recover(self) -> None:
        """Make segments of the parts that killed workers left."""
        for path in sorted((self.folder / _PARTS).glob("*.part")):
            with suppress(FileNotFoundError, BlockingIOError):
                file = path.open("r+b", buffering=0)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.fstat(file.fileno()).st_nlink:  # else its owner has finished it meanwhile
                        self._finish(path, file)
                finally:
                    file.close()

    def segments(self) -> list[Segment]:
        """The finished segments, oldest first."""
        found = (self.folder / _SEGMENTS).glob("*/*.jsonl.gz")
        return sorted((Segment(path.parent.name, path) for path in found), key=lambda each: each.path.name)

    def _begin(self, head: SegmentHead, now: float) -> _Part:
        path = self.folder / _PARTS / f"{head.model}.{uuid.uuid4().hex}.part"
        new = path.with_suffix(".new")
        # Nothing is buffered here: what is written outlives the process.
        file = new.open("x+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = _write(file, 0, encode(head) + b"\n")
            new.rename(path)  # only now: a part that nobody holds is that of a killed worker
        except OSError:
            file.close()
            new.unlink(missing_ok=True)
            raise
        return _Part(path, file, head, now, size)

    def _finish(self, path: Path, file: BinaryIO) -> None:
        """Make a segment of a part. Doing it again, after a crash in between, gives the same segment."""
        lines = b""
        try:
            file.seek(0)
            written = file.read()
            first, _, lines = written[: written.rfind(b"\n") + 1].partition(b"\n")
            head = decode(first, SegmentHead, where=path.name)
            if lines:
                name, data = pack(head, lines)
                target = self.folder / _SEGMENTS / head.model / name
                target.parent.mkdir(exist_ok=True)
                partial = target.with_suffix(f".{uuid.uuid4().hex}")
                partial.write_bytes(data)
                partial.replace(target)
            path.unlink(missing_ok=True)
        except OSError:
            self._lost(lines.count(b"\n"))
            with suppress(OSError):
                path.unlink()
        except IntegrityError:  # killed before it had written the first line
            path.unlink(missing_ok=True)
        finally:
            file.close()
        self._keep_to_bound()  # only now: there may be thousands to look at

    def _keep_to_bound(self) -> None:
        sizes = []
        for segment in self.segments():
            with suppress(FileNotFoundError):  # sent meanwhile
                sizes.append((segment, segment.path.stat().st_size))
        excess = sum(size for _, size in sizes) - self._disk
        for segment, size in sizes:
            if excess <= 0:
                return
            with suppress(FileNotFoundError):
                os.unlink(segment.path)  # noqa: PTH108 - whoever removes it counts it
                self._lost(segment.requests)
            excess -= size


def _write(file: BinaryIO, size: int, data: bytes) -> int:
    """Add to a file of a known size all of the data or nothing; return its new size."""
    if file.write(data) != len(data):
        file.truncate(size)
        file.seek(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return size + len(data)
